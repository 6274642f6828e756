"""Output for pipes, files and simple terminals: no colour, nothing to undo.

A hit is one line, ``path:line: score  title > heading  snippet``, so that grep, head and editors work.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from searchkit.cli.explained import standing_of
from searchkit.cli.terminal import one_line, visible
from searchkit.cli.wording import Facts, Finding, HitView, Table, company, place, trail

if TYPE_CHECKING:
    from searchkit.types import Hit


def show_hits(hits: Sequence[Hit], view: HitView) -> None:
    """One line a hit; with ``view.full`` or context that line and the whole chunk below it, indented.

    Lines of the context begin with a hyphen, as those of grep do.
    """
    for hit in hits:
        heading = " > ".join(trail(hit.title, hit.heading_path))
        line = "  ".join(part for part in (f"{place(hit)}: {hit.score:.3f}", heading) if part)
        more = f"  ({company(hit)})" if company(hit) else ""
        if view.full or hit.context is not None:
            sys.stdout.write(f"{line}{more}\n{_in_context(hit)}\n\n")
        else:
            sys.stdout.write(f"{line}  {one_line(hit.snippet)}{more}\n")
        if said := standing_of(hit):
            sys.stdout.write(f"    {one_line('; '.join(said))}\n")


def _in_context(hit: Hit) -> str:
    if hit.context is None:
        return _indented(hit.text)
    around = [
        _indented(text.strip("\n"), "  - ") if text.strip() else "" for text in (hit.context.before, hit.context.after)
    ]
    return "\n".join(part for part in (around[0], _indented(hit.text), around[1]) if part)


def show_hits_of(query: str, hits: Sequence[Hit], view: HitView) -> None:
    """A line with the question, its hits, and a blank line."""
    sys.stdout.write(f"# {one_line(query)}\n")
    show_hits(hits, view)
    sys.stdout.write("\n")


def show_facts(facts: Facts) -> None:
    """``label: value``, one a line, values in a column."""
    pairs = [(one_line(label), value) for label, value in facts.pairs]
    width = max((len(label) for label, _ in pairs), default=0) + 1
    for label, value in pairs:
        first, *others = visible(value).split("\n")
        sys.stdout.write(f"{label + ':':{width}} {first}".rstrip() + "\n")
        sys.stdout.writelines(f"{'':{width}} {line}\n" for line in others)


def show_table(table: Table) -> None:
    """Tab-separated rows without a header, as cut and awk like them."""
    for row in table.rows:
        sys.stdout.write("\t".join(one_line(cell) for cell in row).rstrip("\t") + "\n")


def show_findings(findings: Sequence[Finding]) -> None:
    """``level  name: found``, and the remedy on a line of its own."""
    for finding in findings:
        sys.stdout.write(f"{finding.level.value:8} {finding.name}: {one_line(finding.found)}\n")
        if finding.remedy:
            sys.stdout.write(f"{'':8} mend it with: {one_line(finding.remedy)}\n")


def show_text(heading: str, text: str) -> None:
    """A line and the text that belongs to it, indented."""
    sys.stdout.write(f"{one_line(heading)}\n{_indented(text)}\n\n")


def _indented(text: str, margin: str = "    ") -> str:
    return "\n".join(f"{margin}{line}".rstrip() for line in visible(text).rstrip().split("\n"))
