"""Path globs in the manner of ``.gitignore``, matched in linear time.

pathspec's patterns would fit, but become one regular expression a path, in which ``*a*a*a*`` backtracks for
ever.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from functools import lru_cache

from searchkit.errors import InputError

_LONGEST_GLOB = 1000
_ANY_FOLDERS = None  # stands for ** between the patterns of single names


@lru_cache(maxsize=64)  # the same test for the same glob, so that what it let through can be found again
def path_matcher(glob: str) -> Callable[[str], bool]:
    """Gives a test for paths with ``/``: whether the glob matches the path, or a folder that it lies in.

    ``*`` ``?`` ``[a-z]`` ``[!a-z]`` match within one name, ``**`` any number of folders, ``[*]`` a star
    itself. A leading ``/`` binds the glob to the beginning; otherwise it may begin at any folder
    (``guide/**`` matches ``docs/guide/x.md``). A trailing ``/`` asks for a folder. Upper and lower case
    differ.

    Raises:
        InputError: the glob is empty or longer than 1,000 characters.
    """
    if len(glob) > _LONGEST_GLOB:
        raise InputError(f"the path glob has {len(glob):,} characters; at most {_LONGEST_GLOB:,} are read")
    names = [name for name in glob.split("/") if name not in {"", "."}]
    if not names:
        raise InputError(f"the path glob {glob!r} names nothing", hint="such as docs/** or *.md")
    steps = [_ANY_FOLDERS if name == "**" else _name_pattern(name) for name in names]
    if not glob.startswith("/"):
        steps.insert(0, _ANY_FOLDERS)
    inside_only = glob.endswith("/") or names[-1] == "**"
    while steps and steps[-1] is _ANY_FOLDERS:
        steps.pop()
    return lambda path: _matches(steps, path, inside_only=inside_only)


def _name_pattern(name: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(name))  # its stars do not backtrack


def _matches(steps: list[re.Pattern[str] | None], path: str, *, inside_only: bool) -> bool:
    """Follows all the ways to match at once: `reached` holds how many steps each of them has taken."""
    reached = _after_any_folders({0}, steps)
    for name in path.split("/"):
        if len(steps) in reached:  # by a folder that the rest lies in
            return True
        reached = {
            taken if step is _ANY_FOLDERS else taken + 1
            for taken in reached
            for step in [steps[taken]]
            if step is _ANY_FOLDERS or step.match(name)
        }
        reached = _after_any_folders(reached, steps)
    return len(steps) in reached and not inside_only


def _after_any_folders(reached: set[int], steps: list[re.Pattern[str] | None]) -> set[int]:
    """``**`` also stands for no folder."""
    closed = set(reached)
    for taken in reached:
        while taken < len(steps) and steps[taken] is _ANY_FOLDERS:
            taken += 1
            closed.add(taken)
    return closed
