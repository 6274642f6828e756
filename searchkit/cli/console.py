"""What Rich draws of results: hits, facts, tables, findings and texts. Bars are in ``bars``.

Document text arrives as ``Text`` objects only, so Rich never reads it as markup, and has been through
``visible``, so the terminal never reads it as commands. Colours are the terminal's own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text

from searchkit.cli.excerpt import Excerpt, excerpt
from searchkit.cli.explained import matched_words, standing_of
from searchkit.cli.terminal import one_line, visible
from searchkit.cli.wording import Facts, Finding, HitView, Level, Table, company, place, trail

if TYPE_CHECKING:
    from searchkit.types import Hit

READING_WIDTH = 100  # longer lines of prose tire the eye, however wide the window
_EXCERPT_LINES = 4
_TITLE = Style(bold=True)
_QUIET = Style(dim=True)
_PLACE = Style(color="cyan")
_SCORE = Style(color="green")
_MATCHED = Style(underline=True)


def output() -> Console:
    """Standard output as Rich sees it, with nothing in documents coloured, replaced or interpreted."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=False, emoji=False, markup=False)


def show_hits(hits: Sequence[Hit], view: HitView, console: Console | None = None) -> None:
    """One block a hit: rank, title and headings, cosine, a link to the place, and the part that answers."""
    console = console or output()
    width = min(console.width, READING_WIDTH)
    grid = RichTable.grid(padding=(0, 1), expand=True)
    grid.add_column(justify="right", style=_QUIET, width=max((len(str(hit.rank)) for hit in hits), default=1))
    grid.add_column(ratio=1)
    grid.add_column(justify="right", width=6)
    for hit in hits:
        body = Group(_heading(hit), _place(hit, view), *_standing(hit), *_text(hit, view, width))
        grid.add_row(str(hit.rank), Padding(body, (0, 0, 1, 0)), Text(f"{hit.score:.3f}", style=_SCORE))
    console.print(grid, width=width)


def show_hits_of(query: str, hits: Sequence[Hit], view: HitView, console: Console | None = None) -> None:
    """The question in bold above its hits."""
    console = console or output()
    console.print(Text(one_line(query), style=_TITLE))
    show_hits(hits, view, console)


def _standing(hit: Hit) -> list[Text]:
    said = standing_of(hit)
    return [Text(visible("  ".join(said)), style=_QUIET)] if said else []


def _text(hit: Hit, view: HitView, width: int) -> list[Text]:
    """What is shown of the chunk, the words that were matched in it underlined."""
    shown, matched = _unmarked(hit, view, width), matched_words(hit)
    if matched is not None:
        for text in shown:
            text.highlight_regex(matched, _MATCHED)
    return shown


def _unmarked(hit: Hit, view: HitView, width: int) -> list[Text]:
    """The excerpt; or the whole chunk, between its context where there is one."""
    if hit.context is not None:
        before, after = (
            Text(visible(text.strip("\n")), style=_QUIET) for text in (hit.context.before, hit.context.after)
        )
        return [text for text in (before, Text(visible(hit.text)), after) if text.plain.strip()]
    return [Text(visible(hit.text)) if view.full else _marked(_excerpt_of(hit, width), marked=view.marked)]


def _excerpt_of(hit: Hit, width: int) -> Excerpt:
    """Around the snippet, without the heading lines, which stand above it already."""
    from searchkit.search.asking.highlight import body_start

    body = min(body_start(hit.text, hit.heading_path[-1] if hit.heading_path else hit.title), hit.snippet_start)
    start = hit.snippet_start - body
    return excerpt(hit.text[body:], start, start + len(hit.snippet), room=_EXCERPT_LINES * (width - 12))


def _heading(hit: Hit) -> Text:
    steps = trail(hit.title, hit.heading_path) or (one_line(hit.doc_id),)
    heading = Text(steps[0], style=_TITLE)
    for step in steps[1:]:
        heading.append(" › ", style=_QUIET).append(step, style=_TITLE)
    return heading


def _place(hit: Hit, view: HitView) -> Text:
    target = view.link(hit)
    shown = Text(place(hit), style=_PLACE + Style(link=target) if target else _PLACE, overflow="fold")
    return shown.append(f"  {company(hit)}", style=_QUIET) if company(hit) else shown


def _marked(shown: Excerpt, *, marked: bool) -> Text:
    """The best sentence bold among dimmed ones: unlike a colour, that reads well on light and dark."""
    around = _QUIET if marked else Style.null()
    return Text.assemble((shown.before, around), (shown.best, _TITLE if marked else around), (shown.after, around))


def show_facts(facts: Facts, console: Console | None = None) -> None:
    """A title and aligned labels and values."""
    grid = RichTable.grid(padding=(0, 2))
    grid.add_column(style=_QUIET, no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in facts.pairs:
        grid.add_row(Text(one_line(label)), Text(visible(value)))
    _titled(facts.title, grid, console or output())


def show_table(table: Table, console: Console | None = None) -> None:
    """A table with a head and no lines between rows, as many of its columns as the window holds."""
    console = console or output()
    unbounded = console.options.update(max_width=10_000)
    drawn, whole = _drawn(table), table
    while table.spare and Measurement.get(console, unbounded, drawn).maximum > console.width:
        table = table.without(table.spare[0])
        drawn = _drawn(table)
    _titled(table.title, drawn, console)
    lost = [column for column in whole.columns if column in whole.numbers and column not in table.columns]
    if lost:
        console.print(Text(f"the window is too narrow for {', '.join(map(one_line, lost))}", style=_QUIET))


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style=_QUIET)
    for column in table.columns:
        is_number = column in table.numbers
        head = Text(one_line(column))
        drawn.add_column(head, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(one_line(cell)) for cell in row))
    return drawn


def show_text(heading: str, text: str, console: Console | None = None) -> None:
    """A quiet line and the text that belongs to it."""
    console = console or output()
    console.print(Text(one_line(heading), style=_PLACE))
    console.print(Padding(Text(visible(text).rstrip()), (0, 0, 1, 2)), width=min(console.width, READING_WIDTH))


def show_findings(findings: Sequence[Finding], console: Console | None = None) -> None:
    """A mark, what was looked at, what was found, and below it what mends it."""
    grid = RichTable.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for finding in findings:
        mark, color = _MARKS[finding.level]
        found = Text(visible(finding.found))
        if finding.remedy:
            found.append(f"\n→ {visible(finding.remedy)}", style=_TITLE)
        grid.add_row(Text(mark, style=color), Text(finding.name), found)
    (console or output()).print(grid)


_MARKS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.PROBLEM: ("✗", "red")}


def _titled(title: str, body: RenderableType, console: Console) -> None:
    if title:
        console.print(Text(one_line(title), style=_TITLE))
    console.print(body)
