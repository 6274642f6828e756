"""Patterns of pathspec matched in linear time.

pathspec makes one regular expression of a pattern. With many stars it tries every way to share the path out among
them: ``*a*a*a*a*b`` takes minutes for a file name of a hundred letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable

FEW = 2  # stars, or double stars, that may be left to a regular expression
_FOLDERS_FIRST = "(?:.+/)?"  # any number of them
_FOLDERS = re.compile(rf"{re.escape(_FOLDERS_FIRST)}|{re.escape('(?:/.+)?/')}")
_ABOVE = "(?P<ps_d>/)"  # only what lies below a folder
_TOKEN = re.compile(
    rf"""
      (?P<folders> {_FOLDERS.pattern} ) | (?P<end> \(\?:\(\?P<ps_d>/\)\|\$\) \Z ) | (?P<slash> / )
    | (?P<star> \[\^/\]\* ) | (?P<plus> \[\^/\]\+ ) | (?P<one> \[\^?\]?[^\]]*\] | \\. | [^\\\[()*+?.|] )
    """,
    re.VERBOSE | re.DOTALL,
)
_Step = re.Pattern[str] | None  # the pattern of one name; None: any number of folders


def is_slow(regex: str) -> bool:
    """Whether the regular expression of a pattern could take more than linear time that matters."""
    return max(regex.count("[^/]*") + regex.count("[^/]+"), len(_FOLDERS.findall(regex))) > FEW


def linear(regex: str) -> Callable[[str], bool] | None:
    """A test for paths that pathspec's expression matches as a whole; None for an expression of another kind."""
    if regex.endswith(_ABOVE):
        return lambda _: False
    steps: list[_Step] = []
    name: list[str] = []  # what one name has to have, cut at its stars
    at = 1
    ends_below = False
    while at < len(regex):
        token = _TOKEN.match(regex, at)
        if token is None or regex[0] != "^":
            return None
        at, kind = token.end(), token.lastgroup
        ends_below = kind == "slash"
        if kind in {"folders", "slash", "end"}:
            if token[0] != _FOLDERS_FIRST:
                steps.append(_name(name))
            steps += [None] * (kind == "folders")
            name = []
        else:
            name = name or [""]
            name[-1] += token[0] if kind == "one" else "." * (kind == "plus")
            name += [""] * (kind != "one")
    if name:
        return None
    return lambda path: _matches(steps, path, below=ends_below)


def _name(parts: list[str]) -> re.Pattern[str]:
    """The first place that fits is kept for all but the last part: nothing is tried again."""
    first, *others = parts or [""]
    kept = "".join(f"(?=(?P<part{n}>.*?{part}))(?P=part{n})" for n, part in enumerate(others[:-1]))
    return re.compile(f"(?s:{first}{kept}{f'.*{others[-1]}' if others else ''})\\Z")


def _matches(steps: list[_Step], path: str, *, below: bool) -> bool:
    """Follows all the ways to match at once: `reached` holds how many steps each of them has taken."""
    reached = _after_any_folders({0}, steps)
    for name in path.split("/"):
        if below and len(steps) in reached:
            return True
        taken = {
            start + (step is not None)
            for start in reached
            if start < len(steps)
            for step in [steps[start]]
            if step is None or step.match(name)
        }
        reached = _after_any_folders(taken, steps)
    return len(steps) in reached and not below


def _after_any_folders(reached: set[int], steps: list[_Step]) -> set[int]:
    """Any number of folders is also none."""
    closed = set(reached)
    for taken in reached:
        while taken < len(steps) and steps[taken] is None:
            taken += 1
            closed.add(taken)
    return closed
