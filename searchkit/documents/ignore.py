"""Which paths ``.gitignore`` and ``.searchkitignore`` leave out, by git's own rules.

pathspec reads a pattern; the order of decisions is git's (gitignore(5)): within a file the last pattern that
matches decides, a deeper file before the files above it, and nothing below an ignored folder is looked at.
A pattern is therefore asked about the path itself, never about the folders above it: those were decided on
the way down.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from searchkit.documents.wildcards import is_slow, linear
from searchkit.errors import InputError

GIT_FILE = ".gitignore"
OWN_FILE = ".searchkitignore"
_LONGEST_FILE = 1 << 20  # bytes; no list of patterns written by a person is longer
_MANY_STARS = re.compile(r"(?<!\\)\*{3,}")  # git reads them as two, pathspec as one
_ABOVE = "ps_d"  # the group by which pathspec marks that a pattern matched a folder above the path


class Rules:
    """The patterns of one ignore file, asked about paths relative to its folder."""

    def __init__(self, lines: Iterable[str], origin: str = "") -> None:
        found = (_compile(line, f"{origin}, line {number}") for number, line in enumerate(lines, start=1))
        self._rules = [rule for rule in found if rule is not None][::-1]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def decide(self, path: str, *, is_folder: bool) -> bool | None:
        """True when ``path`` (no leading or trailing ``/``) matches, False when it is taken back by a ``!``
        pattern, None when no pattern speaks of it."""
        rule = self.deciding(path, is_folder=is_folder)
        return None if rule is None else rule.is_match

    def deciding(self, path: str, *, is_folder: bool) -> Rule | None:
        """The last pattern that speaks of ``path``."""
        for rule in self._rules:
            if (is_folder or not rule.is_for_folders) and rule.matches(path):
                return rule
        return None

    @classmethod
    def given(cls, patterns: Iterable[str], option: str) -> Rules:
        """Rules from the command line, where a pattern that means nothing is an error.

        Raises:
            InputError: git would pass over the pattern.
        """
        lines = [pattern.removeprefix("./") for pattern in patterns]
        for line in lines:
            if _compile(line, option) is None:
                raise InputError(f"{option} {line!r} is not a gitignore pattern", hint="for example '*.md'")
        return cls(lines, option)


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern, as it is written and where."""

    written: str
    place: str
    matches: Callable[[str], bool]
    is_match: bool
    is_for_folders: bool


def _compile(line: str, place: str) -> Rule | None:
    """One line of an ignore file, or None for comments, blank lines and what git does not understand."""
    from pathspec import GitIgnoreSpec

    line = line.rstrip("\r\n")
    bare = _MANY_STARS.sub("**", line if line.endswith("\\ ") else line.rstrip(" "))
    is_for_folders = bare.endswith("/") and len(bare) > 1
    try:
        with warnings.catch_warnings():  # "[[:alpha:]]" makes `re` warn of a nested set
            warnings.simplefilter("error", FutureWarning)
            found = GitIgnoreSpec.from_lines([bare[:-1] if is_for_folders else bare]).patterns
    except (ValueError, re.error, FutureWarning):
        return None
    if not found or found[0].include is None or not isinstance(found[0].regex, re.Pattern):
        return None
    return Rule(bare, place, _test(found[0].regex), bool(found[0].include), is_for_folders)


def _test(regex: re.Pattern[str]) -> Callable[[str], bool]:
    """Whether a path itself matches, not a folder above it."""
    quick = linear(regex.pattern) if is_slow(regex.pattern) else None

    def matches(path: str) -> bool:
        found = regex.search(path)
        return found is not None and found.groupdict().get(_ABOVE) is None

    return quick or matches


@dataclass(frozen=True, slots=True)
class _Layer:
    """The rules of one folder; ``lead + path[cut:]`` is a walked path as seen from there."""

    rules: Rules
    lead: str
    cut: int


@dataclass(frozen=True, slots=True)
class IgnoreStack:
    """Every ignore file that has a say at one folder of a walk, the outermost first.

    ``.searchkitignore`` files are asked before any ``.gitignore``, wherever they lie.
    """

    own: tuple[_Layer, ...] = ()
    git: tuple[_Layer, ...] = ()

    def against(self, path: str, *, is_folder: bool) -> Rule | None:
        """The pattern that leaves out ``path``, relative to the walked root, whose folders are known not to be."""
        for layers in (self.own, self.git):
            for layer in reversed(layers):
                rule = layer.rules.deciding(layer.lead + path[layer.cut :], is_folder=is_folder)
                if rule is not None:
                    return rule if rule.is_match else None
        return None

    def entered(self, folder: Path, names: frozenset[str], *, lead: str = "", cut: int = 0) -> IgnoreStack:
        """The stack inside ``folder``, which holds ``names``. A repository in it answers to itself alone."""
        git = () if ".git" in names else self.git
        if ".git" in names:
            git += _layer(folder / ".git" / "info" / "exclude", lead, cut)
        if GIT_FILE in names:
            git += _layer(folder / GIT_FILE, lead, cut)
        own = self.own + (_layer(folder / OWN_FILE, lead, cut) if OWN_FILE in names else ())
        return IgnoreStack(own, git)


def rules_above(root: Path) -> IgnoreStack:
    """The ignore files of the folders above ``root``, from the repository's root down; none outside of one."""
    above = Path(root).resolve()
    if (above / ".git").exists():
        return IgnoreStack()
    home = next((parent for parent in above.parents if (parent / ".git").exists()), None)
    stack = IgnoreStack()
    for folder in reversed(above.parents) if home is not None else ():
        if home == folder or home in folder.parents:
            names = frozenset(name for name in (".git", GIT_FILE, OWN_FILE) if (folder / name).exists())
            stack = stack.entered(folder, names, lead=above.relative_to(folder).as_posix() + "/")
    return stack


def _layer(file: Path, lead: str, cut: int) -> tuple[_Layer, ...]:
    """The layer of one ignore file; nothing when it is missing, unreadable or empty."""
    try:
        if not file.is_file():  # a pipe of that name would be waited on for ever
            return ()
        with file.open("rb") as stream:
            text = stream.read(_LONGEST_FILE).decode("utf-8-sig", "replace")
    except OSError:
        return ()
    rules = Rules(text.split("\n"), str(file))
    return (_Layer(rules, lead, cut),) if rules else ()
