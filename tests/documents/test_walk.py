from __future__ import annotations

import os
import random
import socket
import subprocess
from pathlib import Path

import pytest

from searchkit.documents import Refused, Source, WalkOptions, walk
from searchkit.documents.sources import size_in_words
from searchkit.errors import InputError


def make(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("words\n")


def paths(root: Path, **options: object) -> list[str]:
    found = walk(root, prefix="", options=WalkOptions(**options))  # type: ignore[arg-type]
    return [item.path for item in found if isinstance(item, Source)]


def refusals(root: Path, **options: object) -> dict[str, str]:
    found = walk(root, prefix="", options=WalkOptions(**options))  # type: ignore[arg-type]
    return {item.path: item.reason for item in found if isinstance(item, Refused)}


def test_paths_come_sorted_whatever_the_order_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "b.md", "a/z.md", "a.md", "a-b.md", "a/b/c.md", "B.md", "ä.md")
    expected = sorted(paths(tmp_path))
    assert len(expected) == 7
    scandir = os.scandir

    class Shuffled(list):  # type: ignore[type-arg]
        def __enter__(self) -> Shuffled:
            return self

        def __exit__(self, *_: object) -> None:
            return None

    def shuffled(path: str) -> Shuffled:
        with scandir(path) as listing:
            entries = Shuffled(listing)
        random.Random(3).shuffle(entries)
        return entries

    monkeypatch.setattr(os, "scandir", shuffled)
    assert paths(tmp_path) == expected


def test_prefix_leads_every_path(tmp_path: Path) -> None:
    make(tmp_path, "a/b.md")
    (found,) = walk(tmp_path, prefix="docs", options=WalkOptions())
    assert isinstance(found, Source)
    assert found.path == "docs/a/b.md"
    assert found.file.read_text() == "words\n"
    assert (found.size, found.mtime_ns) == (6, found.file.stat().st_mtime_ns)


def test_single_file_is_called_as_its_prefix_and_never_left_out(tmp_path: Path) -> None:
    make(tmp_path, ".gitignore", ".hidden.md")
    (tmp_path / ".gitignore").write_text("*")
    (found,) = walk(tmp_path / ".hidden.md", prefix="x/.hidden.md", options=WalkOptions(excludes=("*",)))
    assert isinstance(found, Source)
    assert found.path == "x/.hidden.md"


def test_missing_root_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        list(walk(tmp_path / "nowhere", prefix="", options=WalkOptions()))


def test_empty_folder_gives_nothing(tmp_path: Path) -> None:
    assert list(walk(tmp_path, prefix="", options=WalkOptions())) == []


def test_hidden_files_are_taken_only_when_asked_and_git_never(tmp_path: Path) -> None:
    make(tmp_path, "a.md", ".b.md", ".c/d.md", ".git/config", ".git/x.md")
    assert paths(tmp_path) == ["a.md"]
    assert paths(tmp_path, hidden=True) == [".b.md", ".c/d.md", "a.md"]


def test_other_peoples_files_are_left_out_unless_ignore_rules_are_off(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a.md",
        "node_modules/x/readme.md",
        "env/pyvenv.cfg",
        "env/lib/b.md",
        "cache/CACHEDIR.TAG",
        "cache/c.md",
    )
    assert paths(tmp_path) == ["a.md"]
    assert "node_modules/x/readme.md" in paths(tmp_path, use_ignore_files=False)
    assert "env/lib/b.md" in paths(tmp_path, use_ignore_files=False)


def test_saved_index_is_never_indexed(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "index_data/default/searchkit.db", "index_data/default/notes.md", "index_data/README.md")
    assert paths(tmp_path, use_ignore_files=False) == ["a.md", "index_data/README.md"]


def test_nested_gitignore_decides_before_the_one_above(tmp_path: Path) -> None:
    make(tmp_path, "a.log", "keep/b.log", "keep/c.log", "sub/d.log")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "keep" / ".gitignore").write_text("!b.log\n")
    assert paths(tmp_path) == ["keep/b.log"]


def test_nothing_below_an_ignored_folder_comes_back(tmp_path: Path) -> None:
    make(tmp_path, "build/a.md", "build/keep.md", "src/build/b.md", "c.md")
    (tmp_path / ".gitignore").write_text("build/\n!build/keep.md\n")
    assert paths(tmp_path) == ["c.md"]


def test_searchkitignore_wins_over_every_gitignore(tmp_path: Path) -> None:
    make(tmp_path, "a/x.md", "a/y.md", "b.md")
    (tmp_path / ".searchkitignore").write_text("!x.md\nb.md\n")
    (tmp_path / "a" / ".gitignore").write_text("*.md\n")
    assert paths(tmp_path) == ["a/x.md"]
    assert paths(tmp_path, use_ignore_files=False) == ["a/x.md", "a/y.md", "b.md"]


def test_rules_of_the_repository_above_hold_in_a_subfolder(tmp_path: Path) -> None:
    make(tmp_path, "docs/a.md", "docs/out/b.md", "docs/c.tmp", "docs/d.bak")
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("*.bak\n")
    (tmp_path / ".gitignore").write_text("/docs/out\n*.tmp\n")
    assert paths(tmp_path / "docs") == ["a.md"]


def test_rules_above_a_folder_without_repository_are_not_looked_for(tmp_path: Path) -> None:
    make(tmp_path, "docs/a.md")
    (tmp_path / ".gitignore").write_text("*.md\n")
    if any((parent / ".git").exists() for parent in tmp_path.parents):
        pytest.skip("the temporary folder lies in a repository")
    assert paths(tmp_path / "docs") == ["a.md"]


def test_folder_named_as_root_is_taken_though_the_rules_above_ignore_it(tmp_path: Path) -> None:
    make(tmp_path, "build/a.md")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("build/\n")
    assert paths(tmp_path / "build") == ["a.md"]


PATTERNS = (
    "*.py", "!keep.py", "/top.txt", "docs/", "doc?/", "a/**/z.txt", "**/deep", "a/*", "!a/b/", "*/x.txt", "***", "!*/",
    "[ab].txt", "[!a].txt", "\\!odd.txt", "name with space.txt", "a/b/**", "!a/b/c/", "foo.txt ", "#no", "[z-a]", "[",
)  # fmt: skip
FILES = (
    "top.txt", "a/top.txt", "keep.py", "x.py", "a/keep.py", "docs/a.txt", "a/docs/b.txt", "docs", "a/b/c/z.txt",
    "a/z.txt", "a/deep/x.txt", "deep", "b/x.txt", "a.txt", "b.txt", "c.txt", "!odd.txt", "name with space.txt",
    "foo.txt",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_the_same_files_as_git(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for file in FILES:
        if not (tmp_path / file).exists() and not any((tmp_path / parent).is_file() for parent in Path(file).parents):
            make(tmp_path, file)
    (tmp_path / ".gitignore").write_text("\n".join(chance.sample(PATTERNS, 4)))
    (tmp_path / "a" / ".gitignore").write_text("\n".join(chance.sample(PATTERNS, 3)))
    try:
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, capture_output=True)
        listed = subprocess.run(
            ["git", "-c", "core.excludesFile=", "ls-files", "-z", "-o", "--exclude-standard"],
            cwd=tmp_path, check=True, capture_output=True, text=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git is not here")
    expected = {path for path in listed.stdout.split("\0") if path and not path.endswith(".gitignore")}
    assert set(paths(tmp_path)) == expected


def test_glob_takes_files_and_whole_folders(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "b.txt", "docs/c.rst", "docs/d.md")
    assert paths(tmp_path, globs=("*.md",)) == ["a.md", "docs/d.md"]
    assert paths(tmp_path, globs=("./docs/",)) == ["docs/c.rst", "docs/d.md"]
    assert paths(tmp_path, globs=("docs/", "!*.rst")) == ["docs/d.md"]


def test_exclude_leaves_out_files_and_whole_folders(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "old/b.md", "new/old/c.md", "d.tmp")
    assert paths(tmp_path, excludes=("/old", "*.tmp")) == ["a.md", "new/old/c.md"]


@pytest.mark.parametrize("option", ["globs", "excludes"])
def test_pattern_without_meaning_is_an_input_error(tmp_path: Path, option: str) -> None:
    with pytest.raises(InputError, match="'!'"):
        paths(tmp_path, **{option: ("!",)})


def test_links_never_leave_the_tree_nor_repeat_it(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    make(outside, "secret.md")
    make(root, "a.md", "sub/b.md")
    (root / "again.md").symlink_to(root / "a.md")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "self").symlink_to(root / "self")
    (root / "out.md").symlink_to(outside / "secret.md")
    (root / "outdir").symlink_to(outside, target_is_directory=True)
    (root / "gone").symlink_to(root / "nothing")
    assert paths(root) == ["a.md", "sub/b.md"]
    leaves, broken = "a symbolic link that leaves the folder", "a broken symbolic link"
    assert refusals(root) == {"out.md": leaves, "outdir": leaves, "gone": broken, "self": broken}


def test_folder_with_a_name_that_begins_like_the_root_is_outside(tmp_path: Path) -> None:
    make(tmp_path, "root/a.md", "root-2/b.md")
    (tmp_path / "root" / "b.md").symlink_to(tmp_path / "root-2" / "b.md")
    assert list(refusals(tmp_path / "root")) == ["b.md"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_sockets_are_named_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    os.mkfifo(tmp_path / ".gitignore")
    with socket.socket(socket.AF_UNIX) as opened:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket may not be long
        try:
            opened.bind("door.md")
        finally:
            os.chdir(here)
        assert refusals(tmp_path) == {"door.md": "a socket, not a file", "pipe.md": "a named pipe, not a file"}


def test_large_file_is_refused_with_both_sizes(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_bytes(b"x" * (3 << 20))
    assert refusals(tmp_path, max_bytes=2 << 20) == {"big.txt": "3 MiB, over the limit of 2 MiB"}
    with pytest.raises(InputError, match="max_bytes"):
        WalkOptions(max_bytes=0)


@pytest.mark.parametrize(
    ("size", "words"), [(2300, "2,300 bytes"), (1_000_000, "0.954 MiB"), (5 << 19, "2.5 MiB"), (3 << 30, "3,072 MiB")]
)
def test_sizes_are_shown_in_plain_numbers(size: int, words: str) -> None:
    assert size_in_words(size) == words


def test_root_of_an_undecodable_name_is_an_input_error(tmp_path: Path) -> None:
    root = Path(os.fsdecode(b"caf\xe9"))
    for place in (tmp_path / root, tmp_path / root / "tea.md"):
        with pytest.raises(InputError, match=r"caf\\udce9.* is not valid Unicode"):
            list(walk(place, prefix="", options=WalkOptions()))


def test_undecodable_name_is_refused_in_printable_form(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    except (OSError, UnicodeError):
        pytest.skip("this file system takes only Unicode names")
    (refused,) = walk(tmp_path, prefix="", options=WalkOptions())
    assert refused == Refused("caf\\udce9.md", "its name is not valid Unicode")


def test_unreadable_folder_is_named_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/x.md", "locked/y.md", "z.md")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert paths(tmp_path) == ["a/x.md", "z.md"]
    assert refusals(tmp_path) == {"locked/": "cannot be listed: Permission denied"}


def test_very_deep_tree_is_walked_without_recursion(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(400):
        deep = deep / "d"
    deep.mkdir(parents=True)
    make(deep, "end.md")
    assert paths(tmp_path) == ["d/" * 400 + "end.md"]
