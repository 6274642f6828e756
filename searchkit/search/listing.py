"""Documents as they were added, with their text: by name, or by what a filter says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from searchkit.errors import InputError
from searchkit.search.context import joined_text
from searchkit.search.question import check_list
from searchkit.search.reports import DocumentInfo, StoredDocument
from searchkit.store.documents import DocumentsReader
from searchkit.store.filters.where import compile_filter

if TYPE_CHECKING:
    from searchkit.search.question import Where
    from searchkit.store import StoreReader


def stored_documents(reader: StoreReader, names: Sequence[str] | None, where: Where) -> Iterator[StoredDocument]:
    """The documents that have one of the names and pass the filter, in the order in which they were added."""
    check_list("names", names)
    condition = None if where is None else compile_filter(where, reader.metadata_fields())
    for row in DocumentsReader(reader).matching(condition, names):
        chunks = reader.chunks_of(row.doc_id) if row.chunks else []
        yield StoredDocument(row.doc_id, row.path, row.title, row.metadata, joined_text(chunks) if chunks else "")


def listed_documents(reader: StoreReader, where: Where, limit: int, offset: int) -> list[DocumentInfo]:
    """A page of the documents that pass the filter, without their text, in the order in which they were added."""
    if limit < 0 or offset < 0:
        raise InputError(f"limit is {limit} and offset is {offset}; expected 0 or more")
    condition = None if where is None else compile_filter(where, reader.metadata_fields())
    rows = islice(DocumentsReader(reader).matching(condition, None), offset, offset + limit)
    return [DocumentInfo(row.doc_id, row.path, row.title, row.metadata, row.chunks) for row in rows]
