"""Chooses between Rich and plain output, so that commands need not: Rich is imported for a terminal alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from searchkit.cli.terminal import wants_rich
from searchkit.cli.wording import Facts, Finding, HitView, Table

if TYPE_CHECKING:
    from searchkit.types import Hit


class Renderer(Protocol):
    """What both ``plain`` and ``console`` offer."""

    def show_hits(self, hits: Sequence[Hit], view: HitView) -> None:
        """Hits, best first."""

    def show_hits_of(self, query: str, hits: Sequence[Hit], view: HitView) -> None:
        """The hits of one of many questions, under the question."""

    def show_facts(self, facts: Facts) -> None:
        """What is known about one thing."""

    def show_table(self, table: Table) -> None:
        """Many things, one a row."""

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """The lines of ``doctor``."""

    def show_text(self, heading: str, text: str) -> None:
        """A text under a line that says where it stands."""


def renderer() -> Renderer:
    """The one that suits standard output."""
    if wants_rich(sys.stdout):
        from searchkit.cli import console

        return console
    from searchkit.cli import plain

    return plain
