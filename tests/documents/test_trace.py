from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.documents import LeftOut, Refused, Source, WalkOptions, trace, walk


def outcome(root: Path, path: str, **options: object) -> Source | Refused | LeftOut | None:
    return trace(root, path, prefix="docs", options=WalkOptions(**options))  # type: ignore[arg-type]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("# logs\n*.log\ndrafts/\n")
    for path in ("a.md", "x.log", "deep/y.log", "deep/kept.log", "drafts/new/b.md", ".hidden.md", "venv/lib.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("words\n")
    (tmp_path / "deep" / ".gitignore").write_text("!kept.log\n")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "c.js").write_text("words\n")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "left_out", "rule"),
    [
        ("x.log", "docs/x.log", "{root}/.gitignore, line 2: *.log"),
        ("deep/y.log", "docs/deep/y.log", "{root}/.gitignore, line 2: *.log"),
        ("drafts/new/b.md", "docs/drafts/", "{root}/.gitignore, line 3: drafts/"),
        (".hidden.md", "docs/.hidden.md", "its name begins with a dot"),
        ("venv/lib.py", "docs/venv/", "the folder holds pyvenv.cfg"),
        ("node_modules/c.js", "docs/node_modules/", "folders named node_modules hold other people's files"),
    ],
)
def test_what_is_left_out_is_told_with_its_rule(root: Path, path: str, left_out: str, rule: str) -> None:
    assert outcome(root, path) == LeftOut(left_out, rule.format(root=root))


def test_options_leave_out_too(root: Path) -> None:
    assert outcome(root, "a.md", excludes=("*.txt", "a.*")) == LeftOut("docs/a.md", "--exclude, line 2: a.*")
    assert outcome(root, "a.md", globs=("*.txt",)) == LeftOut("docs/a.md", "no --glob takes it")


def test_a_file_is_traced_to_what_the_walk_gives(root: Path) -> None:
    found = {item.path: item for item in walk(root, prefix="docs", options=WalkOptions())}
    assert sorted(found) == ["docs/a.md", "docs/deep/kept.log"]
    for path, item in found.items():
        assert outcome(root, path.removeprefix("docs/")) == item


def test_what_is_not_there_and_folders_are_nothing(root: Path) -> None:
    assert outcome(root, "no.md") is None
    assert outcome(root, "a.md/b") is None
    assert outcome(root, "deep") is None


def test_a_refusal_is_passed_on(root: Path) -> None:
    (root / "gone.md").symlink_to(root / "nothing")
    assert outcome(root, "gone.md") == Refused("docs/gone.md", "a broken symbolic link")
    assert outcome(root, "a.md", max_bytes=2) == Refused("docs/a.md", "6 bytes, over the limit of 2 bytes")


def test_a_link_to_another_file_of_the_folder_is_nothing(root: Path) -> None:
    (root / "alias.md").symlink_to(root / "a.md")
    assert outcome(root, "alias.md") is None
