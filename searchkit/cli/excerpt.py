"""Which part of a chunk is shown, and how its lines are joined for reading."""

from __future__ import annotations

import re
from dataclasses import dataclass

from searchkit.cli.terminal import visible

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
# A line that means something as a line: indented, an item, a table row, a prompt, a fence, a rule.
_LAID_OUT = re.compile(
    r"^(?: {2,}|\t|[-*+•] |\d+[.)] |\||>+ |[$%] |#+ |```|~~~|\.\. |:[\w ]+: |[=~^\"-]{3,}$)", re.MULTILINE
)
_TABLE_PADDING = re.compile(r" {2,}(?=\|)|(?<=\|) {2,}")
_ELLIPSIS = "…"
_LINES_BEFORE, _LINES_AFTER = 2, 6


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a chunk, safe to show; ``best`` is the sentence to mark."""

    before: str
    best: str
    after: str

    @property
    def text(self) -> str:
        return self.before + self.best + self.after


def excerpt(text: str, start: int, end: int, *, room: int) -> Excerpt:
    """About ``room`` characters around ``text[start:end]``, cut between words; a longer span is cut too."""
    best = _cut_end(text[start:end], room)
    spare = max(room - len(best), 0)
    after_room = max(spare * 2 // 3, spare - start)
    after = "" if best.endswith(_ELLIPSIS) else _cut_end(text[end:], after_room, lines=_LINES_AFTER)
    before = _cut_start(text[:start], spare - len(after), lines=_LINES_BEFORE)
    return Excerpt(_reflow(_from_first_word(before)), _reflow(best), _reflow(after).rstrip())


def _cut_end(text: str, room: int, *, lines: int = 12) -> str:
    kept = "\n".join(text.split("\n")[: lines + 1])
    if len(kept) > room:
        kept = kept[:room]
        kept = kept[: max(kept.rfind(" "), kept.rfind("\n"), 0)] or kept
    return kept if len(kept.rstrip()) >= len(text.rstrip()) else kept.rstrip() + f" {_ELLIPSIS}"


def _cut_start(text: str, room: int, *, lines: int) -> str:
    kept = "\n".join(text.split("\n")[-lines - 1 :])
    if len(kept) > room:
        kept = kept[len(kept) - max(room, 0) :]
        _, _, kept = kept.partition(" ")
    return kept if len(kept.lstrip()) >= len(text.lstrip()) else f"{_ELLIPSIS} " + kept.lstrip()


def _from_first_word(text: str) -> str:
    """Without the lines above the first word: the edge of a table or fence says nothing."""
    lines = text.split("\n")
    while lines and not any(map(str.isalnum, lines[0])):
        del lines[0]
    return "\n".join(lines)


def _reflow(text: str) -> str:
    """Join the lines of prose, which were broken for another width; keep lines that were laid out."""
    joined = (part if _LAID_OUT.search(part) else part.replace("\n", " ") for part in _BLANK_LINES.split(text))
    return visible(_TABLE_PADDING.sub(" ", "\n".join(joined).expandtabs(4)))
