"""What README.md and the pages of docs/ show is what happens: their commands, Python and links, page by page."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from doc_pages import MODULES, REASONS, Line, PageBlock, blocks_of, is_as_shown, lines_of, parts_of, without_comment

from searchkit.cli import main
from searchkit.cli.app import COMMANDS
from searchkit.store.schema import migrate

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
PROSE = [*sorted(ROOT.glob("*.md")), *PAGES[1:], ROOT / "index_data" / "README.md", ROOT / "benchmarks" / "README.md"]
FINDERS = {"query", "similar", "duplicates", "outliers"}  # whose exit code 1 means that there is nothing
HELPERS = {
    "cat",
    "cp",
    "echo",
    "grep",
    "head",
    "jq",
    "ls",
    "mkdir",
    "mv",
    "printf",
    "sqlite-utils",
    "sqlite3",
    "tail",
    "xargs",
}

BEFORE = {  # what a page takes for granted
    "docs/scale.md": ["searchkit embed docs passages.jsonl shards"],
}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def marked_blocks() -> list[tuple[str, PageBlock]]:
    return [(name_of(page), block) for page in PAGES for block in blocks_of(page) if block.not_run or block.needs]


class Reader:
    """Somebody who types what a page shows."""

    def __init__(self, page: Path) -> None:
        self.page, self.names, self.missing = page, {"__name__": "__main__"}, set()

    def read(self, block: PageBlock) -> None:
        absent = {extra for extra in block.needs if importlib.util.find_spec(MODULES[extra]) is None}
        self.missing |= absent
        if absent or block.not_run:
            return
        if block.file:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.body, encoding="utf-8")
        elif block.language == "python":
            exec(compile("\n" * block.line + block.body, name_of(self.page), "exec"), self.names)
        elif block.language == "console":
            for line in lines_of(block.body):
                printed = self.type(line)
                where = f"{name_of(self.page)}:{block.line}: {line.typed}"
                assert not line.shown.strip() or is_as_shown(printed, line.shown), f"{where}\nprinted:\n{printed}"

    def type(self, line: Line) -> str:
        """What a line prints."""
        if all(why_not(words) for words in parts_of(line.typed)[:1]):
            return ""
        if any("|" in typed or not typed.startswith("searchkit ") for typed in line.typed.split("; ")):
            return by_shell(line.typed)
        return "".join(in_process(words) for words in parts_of(line.typed) if not why_not(words))


def why_not(words: list[str]) -> str:
    """Why a command that every page may show is not run: a key of REASONS, or ""."""
    program, command, *rest = [*words, "", ""]
    if program in ("pip", "pipx", "make", "docker"):
        return "install"
    if program != "searchkit":
        return ""
    if command in ("serve", "mcp") or "--watch" in rest:
        return "endless"
    if "--milvus" in rest or "--ray" in rest or command == "push":
        return "server"
    if command == "judge" and not {"--accept", "--reject", "--export"} & set(rest) and rest[0]:
        return "interactive"
    return "network" if [command, rest[0]] == ["model", "download"] else ""


def in_process(words: list[str]) -> str:
    """What a command prints on a terminal of 90 columns; it has to succeed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setenv("FORCE_COLOR", "1")
        patch.setenv("COLUMNS", "90")
        code = main(words[1:])
    assert code == 0 or (code == 1 and words[1] in FINDERS), f"{' '.join(words)}\n{err.getvalue()[-500:]}"
    return out.getvalue() + err.getvalue() if words[1] == "index" else out.getvalue()


def by_shell(typed: str) -> str:
    """What a line with other programs prints; nothing where one of them is not installed."""
    programs = [words[0] for words in parts_of(typed) if words]
    unknown = set(programs) - HELPERS - {"searchkit"}
    assert not unknown, f"{typed}: {unknown} is neither searchkit nor among {sorted(HELPERS)}"
    folder = Path(sys.executable).parent
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    if any(shutil.which(program, path=path) is None for program in programs):
        return ""
    done = subprocess.run(
        ["bash", "-c", typed], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{typed}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_page_does_what_it_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(DOCS / "sample", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "SEARCHKIT_INDEX", "SEARCHKIT_MODEL", "SEARCHKIT_LINK", "SEARCHKIT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    reader = Reader(page)
    for typed in BEFORE.get(name_of(page), []):
        reader.type(Line(typed, ""))
    for block in blocks_of(page):
        reader.read(block)
    if reader.missing:
        pytest.skip(f"all else ran; not installed: {', '.join(sorted(MODULES[extra] for extra in reader.missing))}")


def test_marks_give_a_reason_that_counts() -> None:
    marks = marked_blocks()
    assert {block.not_run for _, block in marks if block.not_run} <= set(REASONS)
    assert {extra for _, block in marks for extra in block.needs} <= set(MODULES)


def shown_commands() -> list[tuple[str, list[str]]]:
    """Every ``searchkit ...`` of every page, those that are not run included."""
    bodies = [(name_of(page), block.body) for page in PAGES for block in blocks_of(page) if block.language == "console"]
    lines = [(page, line.typed) for page, body in bodies for line in lines_of(body)]
    return [(page, words[1:]) for page, typed in lines for words in parts_of(typed) if words[:1] == ["searchkit"]]


def test_every_command_shown_exists_with_its_flags() -> None:
    unknown = []
    for page, words in shown_commands():
        command = COMMANDS[words[0]].load(words[0], None) if words[0] in COMMANDS else None
        if hasattr(command, "commands"):
            command = command.commands.get(words[1])
        known = {flag for one in getattr(command, "params", []) for flag in [*one.opts, *one.secondary_opts]}
        flags = {word.partition("=")[0] for word in words if re.fullmatch(r"-[A-Za-z]|--[a-z0-9-]+(=.*)?", word)}
        if command is None and words[0] not in ("--version", "--install-completion"):
            unknown.append((page, words))
        elif command is not None and not flags <= known | {"--help"}:
            unknown.append((page, words, flags - known))
    assert unknown == []


def test_every_command_is_on_a_page_of_the_docs() -> None:
    shown = {words[0] for page, words in shown_commands() if page != "README.md"}
    assert set(COMMANDS) - shown == set()


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`{name}`" not in readme and f"searchkit {name}" not in readme] == []


def test_every_table_is_on_the_page_of_saved_indexes() -> None:
    page = (ROOT / "index_data" / "README.md").read_text(encoding="utf-8")
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        migrate(database)
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    inside = re.compile(r"_?sqlite_|chunk_words_|chunk_word_places")  # SQLite's own
    assert [name for name in tables if not inside.match(name) and f"`{name}`" not in page] == []


@pytest.mark.parametrize("page", PROSE, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    made = {"reference/commands.md", "reference/library.md", "reference/recipes.md", "model-card.md"}  # by make_site.py
    inside = [target for target in targets if "://" not in target and target not in made]
    assert [target for target in inside if not (page.parent / target).exists()] == []


def measured_claims() -> list[tuple[str, str]]:
    """Each item, table row or paragraph of the pages that claim the most, with the one result that it links to."""
    claims = []
    for page in (ROOT / "README.md", DOCS / "peers.md"):
        for claim in re.split(r"\n(?:(?=\||- )|\n)", page.read_text(encoding="utf-8")):
            targets = re.findall(r"\]\(((?:\.\./)?benchmarks/(?:results/)?(?!README)\w+\.md)\)", claim)
            claims += [(claim, target.removeprefix("../")) for target in targets]
    return claims


def numbers_of(text: str) -> list[str]:
    return [found.replace(",", "") for found in re.findall(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?![\w-])", text)]


@pytest.mark.parametrize(("claim", "result"), measured_claims(), ids=lambda text: text[:40])
def test_a_figure_is_that_of_the_result_beside_it(claim: str, result: str) -> None:
    measured = [float(number) for number in numbers_of((ROOT / result).read_text(encoding="utf-8"))]
    without_links = re.sub(r"\]\([^)]*\)", "]", claim)
    for number in numbers_of(without_links):
        decimals = len(number.partition(".")[2])
        assert any(abs(one - float(number)) <= 0.5001 * 10**-decimals for one in measured), (number, result)


def test_a_number_may_differ_from_what_is_shown_and_a_word_may_not() -> None:
    assert is_as_shown("\x1b[1m1 Notes\x1b[0m   0.743\nrest of it\n", "1 Notes 0.61\n...\n")
    assert not is_as_shown("1 Notes 0.743", "1 Books 0.743")


def test_comments_and_pipes_are_told_from_text() -> None:
    assert without_comment('searchkit query "a # b" # why') == 'searchkit query "a # b"'
    assert parts_of("searchkit query 'a | b' --json | jq '.[0]'") == [
        ["searchkit", "query", "a | b", "--json"],
        ["jq", ".[0]"],
    ]
