"""Records (rows, JSON objects) -> one document each: which fields are the text, the title, the name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from searchkit.documents.encodings import clean, clean_lines
from searchkit.documents.metadata import jsonable, metadata, one_line
from searchkit.documents.raw import RawFile
from searchkit.errors import DocumentRefusedError
from searchkit.types import Document

TEXT_FIELDS = (
    ("question", "answer"),
    *((name,) for name in ("text", "content", "body", "abstract", "passage", "contents", "full_text")),
    *((name,) for name in ("document", "article", "description", "summary", "sentence", "question", "message")),
    *((name,) for name in ("comment", "review", "quote")),
)
TITLE_FIELDS = ("title", "name", "headline", "subject")
_SAMPLE = 200  # records that are looked at before fields are guessed
_SHOWN_FIELDS = 12
_LONGEST_NAME = 2_000  # characters, as of the longest addresses; what is longer is a text


@dataclass(frozen=True, slots=True)
class Record:
    """One row or object.

    Attributes:
        number: counts from 1.
        line: where it ends in the file, from 1; 0 where records have no lines.
    """

    number: int
    line: int
    fields: Mapping[str, object]

    @property
    def place(self) -> str:
        return f"record {self.number} (line {self.line})" if self.line else f"record {self.number}"


@dataclass(frozen=True, slots=True)
class Roles:
    """Which fields of a file's records are the text, joined in this order, and which is the title."""

    text: tuple[str, ...]
    title: str | None


def record_documents(
    records: Iterable[Record], raw: RawFile, kind: str, roles: Roles | None = None
) -> Iterator[Document]:
    """A document for each record that has text; its other fields are metadata.

    Args:
        roles: for a part of a file, what `survey` found for the whole.

    Raises:
        DocumentRefusedError: no field holds text, or the names of two records are the same.
    """
    stream = iter(records)
    sample = list(islice(stream, _SAMPLE)) if roles is None else []
    roles, is_whole = roles or _roles(sample, raw), roles is None
    names = _Names(raw.options.id_field)
    has_text_field = not (sample and is_whole)
    for record in chain(sample, stream):
        has_text_field = has_text_field or any(name in record.fields for name in roles.text)
        document = _document(record, names.of(record), roles, raw, kind)
        if document.text.strip():
            yield document
    if not has_text_field:
        raise _textless(roles, sample)


def survey(records: Iterable[Record], raw: RawFile) -> Roles:
    """The roles of the fields of all records, which are read once and not kept.

    Raises:
        DocumentRefusedError: as `record_documents` would for the same records.
    """
    stream = iter(records)
    sample = list(islice(stream, _SAMPLE))
    roles, names = _roles(sample, raw), _Names(raw.options.id_field)
    has_text_field = False
    for record in chain(sample, stream):
        has_text_field = has_text_field or any(name in record.fields for name in roles.text)
        names.of(record)
    if not has_text_field:
        raise _textless(roles, sample) if sample else DocumentRefusedError("empty")
    return roles


def _textless(roles: Roles, sample: Sequence[Record]) -> DocumentRefusedError:
    return DocumentRefusedError(f"no field {_named(roles.text)}; found {_named(_names(sample))}")


def _roles(sample: Sequence[Record], raw: RawFile) -> Roles:
    names = _names(sample)
    by_lower = {name.lower(): name for name in reversed(names)}
    text = raw.options.text_fields or _known_text(by_lower) or _longest_text(sample, names)
    if sample and not text:
        raise DocumentRefusedError(f"no field holds text; found {_named(names)}; choose with --text-field")
    title = raw.options.title_field
    if title is None:
        title = next((by_lower[name] for name in TITLE_FIELDS if name in by_lower), None)
        title = None if title in text else title
    return Roles(text, title)


def _names(sample: Iterable[Record]) -> list[str]:
    return list(dict.fromkeys(name for record in sample for name in record.fields))


def _known_text(by_lower: Mapping[str, str]) -> tuple[str, ...]:
    found = next((names for names in TEXT_FIELDS if all(name in by_lower for name in names)), ())
    return tuple(by_lower[name] for name in found)


def _longest_text(sample: Sequence[Record], names: Sequence[str]) -> tuple[str, ...]:
    """The field with the most text in all."""
    sizes = {
        name: sum(len(value) for record in sample if isinstance(value := record.fields.get(name), str))
        for name in names
    }
    longest = max(names, key=lambda name: sizes[name], default=None)
    return (longest,) if longest is not None and sizes[longest] else ()


def _document(record: Record, name: str, roles: Roles, raw: RawFile, kind: str) -> Document:
    parts = (clean_lines(as_text(record.fields.get(field))) for field in roles.text)
    title = one_line(as_text(record.fields.get(roles.title))) if roles.title else ""
    left = {key: value for key, value in record.fields.items() if key not in (*roles.text, roles.title)}
    return Document(
        doc_id=f"{raw.name}#{name}",
        text="\n\n".join(part for part in parts if part.strip()) or title,  # a record that is a title alone is found
        title=title,
        metadata=metadata(kind, left),
        lines_are_source=False,
    )


class _Names:
    """Names for records: their numbers, or the id field, which must then name one record each."""

    def __init__(self, id_field: str | None) -> None:
        self._field = id_field
        self._taken: dict[str, str] = {}

    def of(self, record: Record) -> str:
        if self._field is None:
            return str(record.number)
        name = " ".join(clean(as_text(record.fields.get(self._field))).split())
        if not name:
            raise DocumentRefusedError(f"{record.place} has no {self._field!r}; found {_named(list(record.fields))}")
        if len(name) > _LONGEST_NAME:
            found = f"the {self._field!r} of {record.place} has {len(name):,} characters"
            raise DocumentRefusedError(f"{found}; expected a name of at most {_LONGEST_NAME:,}")
        if name in self._taken:
            same = f"{record.place} has the same {self._field!r} as {self._taken[name]}"
            raise DocumentRefusedError(f"{same}: {one_line(name)!r}")
        self._taken[name] = record.place
        return name


def as_text(value: object) -> str:
    """A field's value as text: lists of texts as lines, other structures as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    if isinstance(value, (list, Mapping)):
        return json.dumps(jsonable(value), ensure_ascii=False)
    return str(value)


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(repr(one_line(name)) for name in names[:_SHOWN_FIELDS]) or "no fields"
    return shown if len(names) <= _SHOWN_FIELDS else f"{shown} and {len(names) - _SHOWN_FIELDS} more"
