from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from searchkit.cli import console as drawing
from searchkit.cli.wording import Facts, Finding, HitView, Level, Table
from searchkit.types import Explanation, Hit, Part


@pytest.fixture
def screen() -> Callable[[int], Console]:
    def make(width: int) -> Console:
        return Console(file=io.StringIO(), force_terminal=True, width=width, color_system="standard", markup=False)

    return make


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def without_escapes(text: str) -> str:
    return re.sub(r"\x1b\][^\x1b]*\x1b\\|\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("width", [20, 60, 140])
def test_hits_fit_the_window(width: int, make_hit: Callable[..., Hit], screen: Callable[[int], Console]) -> None:
    console = screen(width)
    drawing.show_hits([make_hit(1, text="word " * 200), make_hit(2)], HitView(marked=True), console)
    lines = without_escapes(written(console)).splitlines()
    assert all(len(line) <= min(width, drawing.READING_WIDTH) for line in lines)
    assert "0.900" in "".join(lines)


def test_the_best_sentence_is_bold_and_the_rest_dim(
    make_hit: Callable[..., Hit], screen: Callable[[int], Console]
) -> None:
    console = screen(80)
    drawing.show_hits([make_hit(1, snippet="Dogs do not.")], HitView(marked=True), console)
    assert "\x1b[1mDogs do not." in written(console)
    assert "\x1b[2mCats sleep" in written(console)


def test_a_heading_stands_above_the_excerpt_alone(
    make_hit: Callable[..., Hit], screen: Callable[[int], Console]
) -> None:
    console = screen(80)
    text = "## Naps\n\nCats sleep long. Dogs do not."
    hit = make_hit(1, text=text, heading_path=("Naps",), snippet="Dogs do not.", snippet_start=text.index("Dogs"))
    drawing.show_hits([hit], HitView(), console)
    shown = without_escapes(written(console))
    assert "Cats sleep long. Dogs do not." in shown
    assert "## Naps" not in shown
    assert "…" not in shown


@pytest.mark.parametrize("full", [False, True])
def test_matched_words_are_underlined_and_parts_told(
    full: bool, make_hit: Callable[..., Hit], screen: Callable[[int], Console]
) -> None:
    explanation = Explanation(Part(2, 0.4), Part(1, 7.5), Part(1, 0.9), ("sleep",), ((5, 10),))
    console = screen(80)
    drawing.show_hits([make_hit(1, explanation=explanation)], HitView(full=full), console)
    assert re.search(r"Cats \x1b\[4msleep\x1b\[0m for", written(console))
    assert "dense 2 (0.400)  lexical 1 (7.500)  fused 1 (0.900)  matched sleep" in without_escapes(written(console))


def test_a_place_is_a_link_where_there_is_one(make_hit: Callable[..., Hit], screen: Callable[[int], Console]) -> None:
    console = screen(80)
    drawing.show_hits([make_hit(1)], HitView(link=lambda _: "file:///animals/1.md"), console)
    assert "file:///animals/1.md\x1b\\" in written(console)
    bare = screen(80)
    drawing.show_hits([make_hit(1)], HitView(), bare)
    assert "\x1b]8;" not in written(bare)


@pytest.mark.parametrize("full", [False, True])
def test_document_text_is_neither_markup_nor_terminal_commands(
    full: bool, make_hit: Callable[..., Hit], screen: Callable[[int], Console]
) -> None:
    console = screen(100)
    evil = "[bold red]x[/bold red] :smile: [link=http://e]y[/link] [/] \x1b[31mz\x1b]8;;http://e\x07"
    hit = make_hit(1, text=evil, snippet=evil, title=evil, path=evil, heading_path=(evil,))
    drawing.show_hits([hit], HitView(full=full, marked=True), console)
    out = written(console)
    assert "[bold red]x[/bold red] :smile: [link=http://e]y[/link] [/]" in without_escapes(out)
    assert "\x1b[31m" not in out
    assert "\x1b]8;" not in out


def test_tables_facts_findings_and_texts_show_brackets_as_they_are(screen: Callable[[int], Console]) -> None:
    console = screen(80)
    drawing.show_table(Table("t", ("[p]path\x1b",), (("[red]a\x1b[0m",),)), console)
    drawing.show_facts(Facts("[b]title", (("[i]la\nbel\x1b", "[u]value\x07"),)), console)
    drawing.show_findings([Finding(Level.PROBLEM, "[x]", "[y]\x1b", "[z]")], console)
    drawing.show_text("[h]", "[t]\x1b", console)
    out = without_escapes(written(console))
    for shown in (
        "[p]path␛",
        "[red]a␛[0m",
        "[b]title",
        "[i]la bel␛",
        "[u]value␇",
        "[x]",
        "[y]␛",
        "→ [z]",
        "[h]",
        "[t]␛",
    ):
        assert shown in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("width", "kept"), [(60, "path size modified note"), (40, "path size note"), (28, "path note")]
)
def test_a_narrow_window_loses_the_columns_that_can_be_spared(
    width: int, kept: str, screen: Callable[[int], Console]
) -> None:
    console = screen(width)
    rows = (("docs/a.md", "12 kB", "2026", "refused: torn"),)
    drawing.show_table(Table("", ("path", "size", "modified", "note"), rows, spare=("modified", "size")), console)
    head = without_escapes(written(console)).splitlines()[0].split()
    assert head == kept.split()


def test_counts_that_a_narrow_window_loses_are_named(screen: Callable[[int], Console]) -> None:
    table = Table("", ("label", "2020", "2021"), (("x" * 30, "7", "8"),), frozenset({"2020", "2021"}), ("2020", "2021"))
    for width, told in ((80, ""), (42, "too narrow for 2020"), (33, "too narrow for 2020, 2021")):
        console = screen(width)
        drawing.show_table(table, console)
        shown = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue()).split())  # type: ignore[attr-defined]
        assert shown.partition("the window is ")[2] == told


def test_a_rank_is_never_broken_however_few_hits_are_shown(
    make_hit: Callable[..., Hit], screen: Callable[[int], Console]
) -> None:
    console = screen(60)
    drawing.show_hits([make_hit(123)], HitView(), console)
    assert without_escapes(written(console)).splitlines()[0].startswith("123 Animals")
