"""What callers may hand to ``SearchEngine.add``, made into documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from searchkit.errors import InputError
from searchkit.types import Document, Metadata

if TYPE_CHECKING:
    from searchkit.store import StoreReader

_GIVEN_NAME = re.compile("text-([0-9]{1,18})")  # a larger number is none that is given here


def as_documents(items: Iterable[Document | str | Mapping[str, Any]], reader: StoreReader) -> Iterator[Document]:
    """The items as documents; one without a name is called ``text-<number>``, as none in the index or before it is."""
    if isinstance(items, str | bytes | Mapping | Document):
        raise InputError(f"documents is one {type(items).__name__}; expected a list of them")
    number = reader.next_text_number()
    for item in items:
        document = _as_document(item, f"text-{number}")
        _check(document)
        document = storable(document)
        number = 1 + max(number, _text_number(document.doc_id))
        if reader.is_taken(document.doc_id, path=None):
            raise InputError(
                f"document {document.doc_id!r} has the name of an indexed file or of a record in one",
                hint="give it another id, or remove the file from the index first",
            )
        yield document


def _text_number(doc_id: str) -> int:
    """The number in a name such as those that are given here; 0 for other names."""
    found = _GIVEN_NAME.fullmatch(doc_id)
    return 0 if found is None else int(found[1])


def _as_document(item: Document | str | Mapping[str, Any], name: str) -> Document:
    if isinstance(item, Document):
        return item
    if isinstance(item, str):
        return Document(name, item)
    if not isinstance(item, Mapping):
        raise InputError(f"{name} is {type(item).__name__}; expected a Document, text, or a mapping with 'text'")
    rest = dict(item)
    if "text" not in rest:
        raise InputError(f"{name} has no 'text'; its keys are {', '.join(map(repr, rest)) or 'none'}")
    text, doc_id, title = rest.pop("text"), rest.pop("id", None), rest.pop("title", "")
    return Document(name if doc_id is None else str(doc_id), text, title or "", rest)


def _check(document: Document) -> None:
    for field, value in (("id", document.doc_id), ("text", document.text), ("title", document.title)):
        if not isinstance(value, str):
            raise InputError(f"the {field} of document {document.doc_id!r} is {type(value).__name__}; expected text")
    if not document.doc_id.strip():
        raise InputError("a document has an empty id", hint="leave the id out to have one given")
    _check_metadata(document.doc_id, document.metadata)


def _check_metadata(doc_id: str, metadata: Metadata) -> None:
    if not isinstance(metadata, Mapping):
        raise InputError(f"the metadata of document {doc_id!r} is {type(metadata).__name__}; expected a mapping")
    for name, value in metadata.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(
                f"metadata {name!r} of document {doc_id!r} is not a JSON value: {error}",
                hint="use text, numbers, true/false, null, lists or objects of these",
            ) from error
        if not isinstance(name, str):
            raise InputError(f"metadata of document {doc_id!r} has the key {name!r}; expected text")


def storable(document: Document) -> Document:
    """Lone surrogates, which no encoding of text can hold, become question marks; positions stay.

    The text of a document that is a title alone is its title, so that it is found.
    """
    metadata = json.loads(_encodable(json.dumps(dict(document.metadata), ensure_ascii=False)))
    doc_id, text, title = map(_encodable, (document.doc_id, document.text, document.title))
    return replace(document, doc_id=doc_id, text=text if text.strip() else title, title=title, metadata=metadata)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
