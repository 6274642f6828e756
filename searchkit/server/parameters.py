"""What a request may say: names, kinds and bounds, made from the options of the library, so that they are said once."""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from searchkit.search.question import Fusion, Group, Mode, Question, SearchOptions, SimilarOptions
from searchkit.server.failures import BadRequestError
from searchkit.store.filters.parser import LONGEST_EXPRESSION

LONGEST_TEXT = 20_000  # characters of a query
MOST_HITS = 1000
_BOUNDS = {"k": (1, MOST_HITS), "context": (0, 100), "per_document": (1, MOST_HITS)}
_LONGEST = {"where": LONGEST_EXPRESSION}
_MOST_TEXTS = 32
_MOST_NAMES = 100  # of an object; each is looked up in every document
_NOT_OFFERED = ("within",)  # names places on the server's disk
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class Kind(Enum):
    """What a value is; the values are JSON Schema's words."""

    TEXT = "string"
    WHOLE = "integer"
    NUMBER = "number"
    TRUTH = "boolean"
    TEXTS = "array"
    TEXT_OR_TEXTS = "string or array"
    NAMES = "strings or numbers"
    OBJECTS = "array of objects"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a request may say.

    Attributes:
        name: in the address and in JSON alike.
        kind: of its value.
        meaning: for the document of the interface.
        choices: the texts that it may be; empty for any.
        least, most: of a number, both included; of a text its characters, of a list how many.
        longest: characters of each text, where there may be several.
        says_something: whether a text of nothing but blanks makes no sense.
        required: whether there is no answer without it.
        default: what holds where it is not given, to show.
        takes_object: whether JSON may give an object instead.
    """

    name: str
    kind: Kind
    meaning: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    longest: int | None = None
    required: bool = False
    default: object = None
    takes_object: bool = False
    says_something: bool = False

    def from_text(self, texts: Sequence[str]) -> Any:
        """The value that the address gives, by each time it names the parameter.

        Raises:
            BadRequestError: it is given twice, or is not of its kind.
        """
        if self.kind in (Kind.TEXTS, Kind.NAMES):
            return self.checked(list(texts))
        if len(texts) > 1:
            raise BadRequestError(f"{self.name} is given {len(texts)} times; expected once")
        try:
            return self.checked(_READERS[self.kind](texts[0]))
        except (ValueError, KeyError):
            raise self._wrong(texts[0]) from None

    def checked(self, value: Any) -> Any:
        """The value, once it is known to be of its kind and within its bounds.

        Raises:
            BadRequestError: it is not.
        """
        if self.kind is Kind.WHOLE and isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON has one kind of number
        if not (_IS[self.kind](value) or (self.takes_object and isinstance(value, dict))):
            raise self._wrong(value)
        if not self._fits(value):
            raise self._wrong(value)
        if self.choices and value not in self.choices:
            raise self._wrong(value)
        return value

    def _fits(self, value: Any) -> bool:
        """Whether a number is within its bounds, a text or a list not too long."""
        if self.kind in (Kind.WHOLE, Kind.NUMBER):
            return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)
        if isinstance(value, dict):
            return len(value) <= _MOST_NAMES
        if self.kind is Kind.TEXT:
            return self.most is None or len(value) <= self.most
        items = value if isinstance(value, list) else [value]
        is_short = self.longest is None or all(len(one) <= self.longest for one in items if isinstance(one, str))
        return is_short and (self.most is None or len(items) <= self.most)

    def _wrong(self, value: object) -> BadRequestError:
        shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
        return BadRequestError(f"{self.name} is {shown}; expected {self._expected()}")

    def _expected(self) -> str:
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        words = _WORDS[self.kind]
        if self.kind is Kind.TEXT:
            instead = f", or an object of at most {_MOST_NAMES} names" if self.takes_object else ""
            return words if self.most is None else f"{words}, at most {self.most:,.0f} characters{instead}"
        if self.longest is not None:
            return f"{words}: at most {self.most:,.0f}, each of at most {self.longest:,} characters"
        if self.least is not None and self.most is not None:
            return f"{words}, {self.least:g} to {self.most:g}"
        return words


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list(value: object, *kinds: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kinds) for item in value)


_WORDS = {
    Kind.TEXT: "text",
    Kind.WHOLE: "a whole number",
    Kind.NUMBER: "a number",
    Kind.TRUTH: "true or false",
    Kind.TEXTS: "a list of texts",
    Kind.TEXT_OR_TEXTS: "a text, or a list of texts",
    Kind.NAMES: "a name or a number, or a list of them",
    Kind.OBJECTS: "a list of texts and objects",
}
_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.WHOLE: int,
    Kind.NUMBER: float,
    Kind.TRUTH: lambda text: _TRUTHS[text.lower()],
}
_IS: dict[Kind, Callable[[Any], bool]] = {
    Kind.TEXT: lambda value: isinstance(value, str),
    Kind.WHOLE: _is_whole,
    Kind.NUMBER: _is_number,
    Kind.TRUTH: lambda value: isinstance(value, bool),
    Kind.TEXTS: lambda value: _is_list(value, str),
    Kind.TEXT_OR_TEXTS: lambda value: isinstance(value, str) or _is_list(value, str),
    Kind.NAMES: lambda value: isinstance(value, str) or _is_whole(value) or _is_list(value, str, int),
    Kind.OBJECTS: lambda value: _is_list(value, str, dict),
}


class Parameters:
    """The parameters of one operation, by name."""

    def __init__(self, *parameters: Parameter) -> None:
        self.known = {parameter.name: parameter for parameter in parameters}

    def __iter__(self) -> Any:
        return iter(self.known.values())

    def from_query(self, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """What an address says, checked.

        Raises:
            BadRequestError: an unknown name, a value of the wrong kind, or a missing one.
        """
        given: dict[str, list[str]] = {}
        for name, text in pairs:
            given.setdefault(name, []).append(text)
        self._check_names(given)
        return {name: self.known[name].from_text(texts) for name, texts in given.items()}

    def from_object(self, body: object) -> dict[str, Any]:
        """What a JSON body says, checked; null is the same as not given. As `from_query` otherwise."""
        if not isinstance(body, dict):
            raise BadRequestError("the body is no JSON object", hint=f"known names: {', '.join(self.known)}")
        given = {name: value for name, value in body.items() if value is not None}
        self._check_names(given)
        return {name: self.known[name].checked(value) for name, value in given.items()}

    def _check_names(self, given: Mapping[str, object]) -> None:
        known = ", ".join(self.known) or "none"
        for name in given:
            if name not in self.known:
                close = difflib.get_close_matches(name, self.known, n=1)
                guess = f"did you mean {close[0]!r}? " if close else ""
                raise BadRequestError(f"unknown parameter {name[:60]!r}", hint=f"{guess}known: {known}")
        for parameter in self.known.values():
            if parameter.required and parameter.name not in given:
                raise BadRequestError(f"{parameter.name} is missing", hint=f"known: {known}")


def search_parameters() -> Parameters:
    """What a search may be told: the query, ``k``, and all of `SearchOptions`."""
    query = Parameter("q", Kind.TEXT, "What is looked for, in plain words.", most=LONGEST_TEXT, says_something=True)
    return Parameters(replace(query, required=True), _k(), *_options(SearchOptions))


def similar_parameters() -> Parameters:
    """What a search by example may be told: the example, ``k``, and all of `SimilarOptions`."""
    target = Parameter("id", Kind.TEXT, "A chunk's number, a document's id, or a file's path.", most=LONGEST_TEXT)
    return Parameters(replace(target, required=True), _k(), *_options(SimilarOptions))


def _k() -> Parameter:
    return Parameter("k", Kind.WHOLE, "At most so many hits.", least=1, most=MOST_HITS, default=10)


def _options(options: type) -> list[Parameter]:
    from pathlib import Path

    names = {"Path": Path, "Reranker": object, "Where": str, "Mapping": Mapping}
    hints = get_type_hints(options, localns=names)
    meanings, defaults = _meanings(), {name: Question.__dataclass_fields__[name].default for name in hints}
    offered = {name: hint for name, hint in hints.items() if name not in _NOT_OFFERED}
    return [_parameter(name, hint, meanings.get(name, ""), defaults[name]) for name, hint in offered.items()]


def _parameter(name: str, hint: Any, meaning: str, default: object) -> Parameter:
    least, most = _BOUNDS.get(name, (None, None))
    kinds = [kind for kind in (get_args(hint) if _is_union(hint) else (hint,)) if kind is not type(None)]
    enum = next((kind for kind in kinds if kind in (Mode, Fusion, Group)), None)
    if enum is not None:
        shown = default.value if isinstance(default, Enum) else default
        return Parameter(name, Kind.TEXT, meaning, tuple(member.value for member in enum), default=shown)
    if any(get_origin(kind) is not None and issubclass(get_origin(kind), Sequence) for kind in kinds):
        several = Kind.NAMES if int in kinds else Kind.TEXTS
        return Parameter(name, several, meaning, most=_MOST_TEXTS, longest=LONGEST_TEXT)
    simple = {bool: Kind.TRUTH, int: Kind.WHOLE, float: Kind.NUMBER}
    kind = next((simple[kind] for kind in kinds if kind in simple), Kind.TEXT)
    if kind is Kind.TEXT:
        is_filter = name == "where"
        return Parameter(name, kind, meaning, most=_LONGEST.get(name, LONGEST_TEXT), takes_object=is_filter)
    return Parameter(name, kind, meaning, least=least, most=most, default=default)


def _is_union(hint: Any) -> bool:
    return get_origin(hint) is Union or type(hint).__name__ == "UnionType"


def _meanings() -> dict[str, str]:
    """What `Question` says of each of its attributes."""
    _, _, listed = (inspect.getdoc(Question) or "").partition("Attributes:\n")
    entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", listed, re.MULTILINE)
    return {name: _plain(text) for name, text in entries}


def _plain(text: str) -> str:
    words = re.sub(r"; see `\w+`|, see `\w+`", "", " ".join(text.split()))
    words = words.replace("``", "`")
    return words[:1].upper() + words[1:]
