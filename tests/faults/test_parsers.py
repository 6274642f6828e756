"""What people and strangers write in files of their own: read, or refused by an error of ours, in bounded work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strange_texts import ANY, TEXTS, Slowest, many

from searchkit.documents.frontmatter import split
from searchkit.documents.ignore import Rules
from searchkit.errors import InputError
from searchkit.settings import PROJECT_FILE, load_settings
from searchkit.store.filters.globs import path_matcher
from searchkit.store.filters.since import moment_since

YAML = st.sampled_from(
    [
        "a: b",
        "- c",
        "  - d: e",
        "a:",
        "k: |",
        "k: >",
        "k: [1, 'b",
        "]",
        "'x': 'y''z'",
        '"\\ud800": "\\',
        "# c",
        "{a: 1}",
        "\t",
        "",
    ]
)
TOML = st.sampled_from(
    [
        "index",
        "limit",
        "min_score",
        "model",
        "mode",
        "full",
        "=",
        "0x" + "f" * 5000,
        "'''",
        '"a/b"',
        "[",
        "]",
        "{",
        "}",
        "nan",
        "-inf",
        "true",
        "1979-05-27T07:32:00Z",
        "\n",
        "[[a]]",
        "a.b",
        "'../..'",
        "'loop'",
        "1" * 5000,
        "[" * 3000,
        '"\\u0000"',
        "1e999",
    ]
)
PATTERNS = st.one_of(
    TEXTS,
    st.lists(st.sampled_from([*"ab*?[]!/\\.^-# ", "**", "[[:alpha:]]", "[z-a]", "\0", "\ud800"]), max_size=30).map(
        "".join
    ),
)
PATHS = st.lists(st.text(ANY, max_size=8) | st.sampled_from(["a", "b" * 200, "a.b"]), min_size=1, max_size=6).map(
    "/".join
)


def test_any_front_matter_is_read(tell_figures: Callable[[str, str], None]) -> None:
    slowest = Slowest()

    @many(60, 5000)
    @given(st.sampled_from(["---\n", "+++\n"]), st.lists(YAML | TOML | TEXTS, max_size=12).map("\n".join))
    def read(fence: str, body: str) -> None:
        slowest.of(lambda: split(fence + body + "\n" + fence + "text"))

    read()
    tell_figures(f"{slowest.answered:,} texts as front matter, YAML and TOML", slowest.told())


def test_any_line_is_a_pattern_of_files_or_says_nothing(tell_figures: Callable[[str, str], None]) -> None:
    slowest = Slowest()

    @many(60, 5000)
    @given(st.lists(PATTERNS, max_size=4), PATHS, st.booleans())
    def ignore(lines: list[str], path: str, is_folder: bool) -> None:
        slowest.of(lambda: Rules(lines).decide(path, is_folder=is_folder))

    ignore()
    tell_figures(f"{slowest.answered:,} lists of .gitignore patterns, each asked about a path", slowest.told())


def test_any_text_is_a_path_glob_or_refused(tell_figures: Callable[[str, str], None]) -> None:
    slowest = Slowest()

    @many(60, 5000)
    @given(PATTERNS, PATHS)
    def match(glob: str, path: str) -> None:
        slowest.of(lambda: path_matcher(glob)(path), InputError)

    match()
    tell_figures(f"{slowest.answered + slowest.refused:,} path globs, each asked about a path", slowest.told())


def test_any_text_is_a_time_or_refused() -> None:
    @many(60, 5000)
    @given(st.from_regex(r"-?[0-9]{1,30}[dwmyh]?", fullmatch=True) | st.from_regex(r"\d{1,5}-\d{1,3}-\d{1,3}") | TEXTS)
    def ask(since: str) -> None:
        with suppress(InputError):
            moment_since(since, datetime(2026, 1, 31, tzinfo=timezone.utc))

    ask()


def test_any_project_file_is_taken_or_refused_by_name(tmp_path: Path, tell_figures: Callable[[str, str], None]) -> None:
    slowest = Slowest()
    (tmp_path / "loop").symlink_to("loop")

    @many(60, 5000)
    @given(st.lists(TOML, max_size=12).map(" ".join) | TEXTS)
    def load(content: str) -> None:
        (tmp_path / PROJECT_FILE).write_bytes(content.encode("utf-8", "surrogatepass"))
        slowest.of(lambda: load_settings(cwd=tmp_path, environ={"XDG_CONFIG_HOME": str(tmp_path)}), InputError)

    load()
    tell_figures(f"{slowest.answered + slowest.refused:,} texts as the settings of a project", slowest.told())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("index = " + "[" * 60_000, "without end"),
        ("a = " + "{a=" * 9000, "without end"),
        ("index = './loop'", "cannot be followed"),
        ("mode = 0x" + "f" * 5000, "mode is something of the kind int"),
        ("index = [0x" + "f" * 5000 + "]", "index is something of the kind list"),
        ("limit = 1" + "0" * 5000, "not valid TOML"),
        ("mode = '" + "x" * 5000 + "'", "x{99} "),
    ],
)
def test_settings_on_which_the_language_chokes_are_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / PROJECT_FILE).write_text(content)
    with pytest.raises(InputError, match=told) as caught:
        load_settings(cwd=tmp_path, environ={"XDG_CONFIG_HOME": str(tmp_path)})
    assert len(str(caught.value)) < 1000
