"""Haystack's documents of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haystack import Document

from searchkit.integrations.opening import known, passage_name

if TYPE_CHECKING:
    from searchkit.search.reports import StoredDocument
    from searchkit.types import Hit

MODULE = "searchkit.integrations.haystack"  # pipelines are saved with the names of classes: these stay


def whole_document(found: StoredDocument) -> Document:
    """A document that was asked for by name or filter."""
    return Document(id=found.doc_id, content=found.text or None, meta={**found.metadata, **known(file_path=found.path)})


def found_document(hit: Hit, text: str) -> Document:
    """A document that was found, whole."""
    return Document(id=hit.doc_id, content=text, meta={**hit.metadata, **known(file_path=hit.path)}, score=hit.score)


def passage(hit: Hit) -> Document:
    """A passage, with the names that Haystack's splitters use."""
    place = known(source_id=hit.doc_id, split_idx_start=hit.start, file_path=hit.path, page_number=hit.page)
    return Document(id=passage_name(hit), content=hit.text, meta={**hit.metadata, **place}, score=hit.score)
