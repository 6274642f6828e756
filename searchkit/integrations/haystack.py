"""searchkit in Haystack: an index as a document store with its retriever, an encoder as embedders.

A Haystack document is a document of the index: its content is cut and encoded when it is written, so a pipeline needs
no splitter and no embedder before the store; an ``embedding`` or ``blob`` that a document brings is not kept.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from searchkit.encoder import load_encoder
from searchkit.errors import FilterError as OurFilterError
from searchkit.errors import InputError, MissingExtraError
from searchkit.integrations.conditions import (
    NOTHING,
    ORDERINGS,
    all_of,
    among,
    any_of,
    compared,
    metadata_field,
    negated,
)
from searchkit.integrations.opening import deleted, opened, stored, texts_of, unless_empty
from searchkit.types import Document as OurDocument

try:
    from haystack import Document, component, default_from_dict, default_to_dict
    from haystack.document_stores.errors import DuplicateDocumentError
    from haystack.document_stores.types import DuplicatePolicy, FilterPolicy, apply_filter_policy
    from haystack.errors import FilterError
except ImportError as exc:
    raise MissingExtraError("haystack-ai", "haystack") from exc

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search import SearchEngine
    from searchkit.search.reports import StoredDocument
    from searchkit.types import Hit

Filters = dict[str, Any]


class SearchkitDocumentStore:
    """A searchkit index. Its ``engine`` is there for all that Haystack has no word for."""

    def __init__(self, index: SearchEngine | str | None = None, encoder: str | None = None) -> None:
        """Open an index, or one that comes into being with the first document.

        Args:
            index: its name or folder, or an engine, with which the store cannot be serialized.
            encoder: the name or folder of a checkpoint; None for the one that the index has, or the bundled one.
        """
        self._index, self._encoder = index, encoder
        self.engine = opened(index, encoder)

    def to_dict(self) -> dict[str, Any]:
        """The store as a mapping, for pipelines that are saved."""
        if self._index is not None and not isinstance(self._index, str):
            raise InputError("a store over an open engine cannot be serialized", hint="give the name of the index")
        return default_to_dict(self, index=self._index, encoder=self._encoder)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SearchkitDocumentStore:
        """The store of such a mapping."""
        return default_from_dict(cls, data)  # type: ignore[no-any-return]

    def count_documents(self) -> int:
        """How many documents there are."""
        return sum(unless_empty(self.engine, lambda: [self.engine.status().documents]))

    def count_documents_by_filter(self, filters: Filters) -> int:
        """How many documents pass the filter."""
        return len(self._matching(filters))

    def filter_documents(self, filters: Filters | None = None) -> list[Document]:
        """The documents that pass the filter, in the order in which they were written."""
        return [_whole(found) for found in self._matching(filters)]

    def write_documents(self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE) -> int:
        """Write documents; how many were written. Without a policy one with the same id is overwritten.

        Raises:
            DuplicateDocumentError: the policy is FAIL and there is one; nothing was written.
            InputError: something that is no document, or metadata that is no JSON.
        """
        if not isinstance(documents, list) or not all(isinstance(document, Document) for document in documents):
            raise InputError("documents is no list of Haystack documents")
        chosen = {document.id: document for document in documents}
        if policy in (DuplicatePolicy.SKIP, DuplicatePolicy.FAIL):
            known = {document.doc_id for document in stored(self.engine, list(chosen))}
            if policy is DuplicatePolicy.FAIL and (known or len(chosen) < len(documents)):
                raise DuplicateDocumentError(f"there is a document {min(known or chosen)!r} already")
            chosen = {name: document for name, document in chosen.items() if name not in known}
        self.engine.add(OurDocument(one.id, one.content or "", metadata=one.meta) for one in chosen.values())
        return len(documents) if policy in (DuplicatePolicy.NONE, DuplicatePolicy.OVERWRITE) else len(chosen)

    def delete_documents(self, document_ids: list[str]) -> None:
        """Delete documents by id; unknown ids are passed over."""
        deleted(self.engine, document_ids)

    def delete_all_documents(self) -> None:
        """Delete every document; the index and its encoder stay."""
        deleted(self.engine)

    def delete_by_filter(self, filters: Filters) -> int:
        """Delete the documents that pass the filter; how many there were."""
        return deleted(self.engine, [found.doc_id for found in self._matching(filters)])

    def update_by_filter(self, filters: Filters, meta: dict[str, Any]) -> int:
        """Set fields of the metadata of the documents that pass the filter; how many there were.

        What is written again is not encoded again.
        """
        found = self._matching(filters)
        self.engine.add(OurDocument(one.doc_id, one.text, one.title, {**one.metadata, **meta}) for one in found)
        return len(found)

    async def count_documents_async(self) -> int:
        """`count_documents` in a thread."""
        return await asyncio.to_thread(self.count_documents)

    async def count_documents_by_filter_async(self, filters: Filters) -> int:
        """`count_documents_by_filter` in a thread."""
        return await asyncio.to_thread(self.count_documents_by_filter, filters)

    async def filter_documents_async(self, filters: Filters | None = None) -> list[Document]:
        """`filter_documents` in a thread."""
        return await asyncio.to_thread(self.filter_documents, filters)

    async def write_documents_async(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """`write_documents` in a thread."""
        return await asyncio.to_thread(self.write_documents, documents, policy)

    async def delete_documents_async(self, document_ids: list[str]) -> None:
        """`delete_documents` in a thread."""
        await asyncio.to_thread(self.delete_documents, document_ids)

    async def delete_all_documents_async(self) -> None:
        """`delete_all_documents` in a thread."""
        await asyncio.to_thread(self.delete_all_documents)

    async def delete_by_filter_async(self, filters: Filters) -> int:
        """`delete_by_filter` in a thread."""
        return await asyncio.to_thread(self.delete_by_filter, filters)

    async def update_by_filter_async(self, filters: Filters, meta: dict[str, Any]) -> int:
        """`update_by_filter` in a thread."""
        return await asyncio.to_thread(self.update_by_filter, filters, meta)

    def _matching(self, filters: Filters | None) -> list[StoredDocument]:
        where = where_of(filters)
        try:
            return stored(self.engine, where=where)
        except OurFilterError as exc:
            raise FilterError(str(exc)) from exc


@component
class SearchkitRetriever:
    """Finds documents by a query, in meaning and words."""

    def __init__(
        self,
        document_store: SearchkitDocumentStore,
        filters: Filters | None = None,
        top_k: int = 10,
        passages: bool = False,
        filter_policy: FilterPolicy | str = FilterPolicy.REPLACE,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Search a store.

        Args:
            document_store: a `SearchkitDocumentStore`.
            filters: used where a run brings none, or joined with those, as ``filter_policy`` says.
            top_k: at most so many results.
            passages: whether a result is a passage that was found instead of the whole document; its ``source_id``
                is then the id of the document, as of Haystack's splitters.
            filter_policy: ``replace`` or ``merge``.
            options: all else that `SearchEngine.search` takes: ``mode``, ``rerank``, ``diverse`` and others.
        """
        if not isinstance(document_store, SearchkitDocumentStore):
            raise InputError(f"document_store is {type(document_store).__name__}; expected SearchkitDocumentStore")
        self.document_store, self.filters, self.top_k, self.passages = document_store, filters, top_k, passages
        self.filter_policy: FilterPolicy = (
            FilterPolicy.from_str(filter_policy) if isinstance(filter_policy, str) else filter_policy
        )
        self.options = options

    def to_dict(self) -> dict[str, Any]:
        """The retriever as a mapping, for pipelines that are saved."""
        return default_to_dict(  # type: ignore[no-any-return]
            self,
            document_store=self.document_store.to_dict(),
            filters=self.filters,
            top_k=self.top_k,
            passages=self.passages,
            filter_policy=self.filter_policy.value,
            options=self.options,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SearchkitRetriever:
        """The retriever of such a mapping."""
        given = dict(data["init_parameters"])
        if isinstance(given["document_store"], dict):
            given["document_store"] = SearchkitDocumentStore.from_dict(given["document_store"])
        return default_from_dict(cls, {**data, "init_parameters": given})  # type: ignore[no-any-return]

    @component.output_types(documents=list[Document])
    def run(self, query: str, filters: Filters | None = None, top_k: int | None = None) -> dict[str, list[Document]]:
        """The documents that answer the query best, with their cosine as score, under ``documents``."""
        where = where_of(apply_filter_policy(self.filter_policy, self.filters, filters))
        engine, k = self.document_store.engine, self.top_k if top_k is None else top_k
        options = {**({} if self.passages else {"group": "document"}), **(self.options or {}), "where": where}
        try:
            hits = unless_empty(engine, lambda: engine.search(query, k, **options))
        except OurFilterError as exc:
            raise FilterError(str(exc)) from exc
        if self.passages:
            return {"documents": list(map(_passage, hits))}
        texts = texts_of(engine, (hit.doc_id for hit in hits))
        return {"documents": [_found(hit, texts.get(hit.doc_id, hit.text)) for hit in hits]}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, filters: Filters | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """`run` in a thread."""
        return await asyncio.to_thread(self.run, query, filters, top_k)


@component
class SearchkitTextEmbedder:
    """Embeds a query."""

    def __init__(self, model: str | None = None) -> None:
        """Use the checkpoint of that name or folder; None for the bundled one. It is loaded with the first text."""
        self.model = model
        self._encoder: Encoder | None = None

    def warm_up(self) -> None:
        """Load the checkpoint."""
        self._encoder = self._encoder or load_encoder(self.model)

    @component.output_types(embedding=list[float])
    def run(self, text: str) -> dict[str, list[float]]:
        """The unit vector of the text, as a query, under ``embedding``."""
        self.warm_up()
        assert self._encoder is not None
        return {"embedding": self._encoder.encode_queries([text])[0].tolist()}


@component
class SearchkitDocumentEmbedder:
    """Embeds documents, for another store; `SearchkitDocumentStore` embeds what is written to it by itself."""

    def __init__(self, model: str | None = None, meta_fields_to_embed: list[str] | None = None) -> None:
        """Use the checkpoint of that name or folder; None for the bundled one. It is loaded with the first text.

        Args:
            model: name or folder.
            meta_fields_to_embed: fields whose values are put before the content, a line each.
        """
        self.model, self.meta_fields_to_embed = model, meta_fields_to_embed
        self._encoder: Encoder | None = None

    def warm_up(self) -> None:
        """Load the checkpoint."""
        self._encoder = self._encoder or load_encoder(self.model)

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        """Copies of the documents with their embeddings, under ``documents``."""
        self.warm_up()
        assert self._encoder is not None
        rows = self._encoder.encode_passages([self._text(document) for document in documents])
        pairs = zip(documents, rows.tolist(), strict=True)
        return {"documents": [replace(document, embedding=row) for document, row in pairs]}

    def _text(self, document: Document) -> str:
        values = (document.meta.get(field) for field in self.meta_fields_to_embed or [])
        return "\n".join([*(str(value) for value in values if value is not None), document.content or ""])


def where_of(filters: Filters | None) -> str | None:
    """The ``where`` expression of Haystack's filters; None for none.

    Raises:
        haystack.errors.FilterError: they are not well formed, or compare what cannot be compared.
    """
    if not filters:
        return None
    try:
        return _condition(filters)
    except OurFilterError as exc:
        raise FilterError(str(exc)) from exc


def _condition(given: Filters) -> str:
    if "field" in given:
        missing = [key for key in ("operator", "value") if key not in given]
        if missing:
            raise OurFilterError(f"the filter {given} has no {missing[0]!r}")
        return _comparison(_field(given["field"]), given["operator"], given["value"])
    if "operator" not in given or "conditions" not in given:
        raise OurFilterError(f"the filter {given} has neither 'field' nor 'operator' and 'conditions'")
    parts = [_condition(part) for part in given["conditions"]]
    joined = {"AND": all_of, "OR": any_of, "NOT": all_of}.get(given["operator"], lambda _: None)(parts)
    if joined is None:
        raise OurFilterError(f"the filter {given} joins nothing, or not by AND, OR or NOT")
    return negated(joined) if given["operator"] == "NOT" else joined


def _field(name: str) -> str:
    if name == "id":
        return "doc_id"
    if name in ("content", "embedding", "score", "blob"):
        raise OurFilterError(f"documents cannot be filtered by their {name}")
    return metadata_field(name.removeprefix("meta."))


def _comparison(field: str, operator: str, value: Any) -> str:
    if operator in ("in", "not in"):
        if not isinstance(value, list):
            raise OurFilterError(f"field {field!r} is looked for in {value!r}; expected a list")
        return among(field, value) if operator == "in" else negated(among(field, value))
    if operator in ORDERINGS:
        if value is None:
            return NOTHING
        if isinstance(value, str) and not _is_date(value):
            raise OurFilterError(f"field {field!r} is compared by {operator} with {value!r}; expected number or date")
    elif operator not in ("==", "!="):
        raise OurFilterError(f"there is no operator {operator!r}; known: ==, !=, >, >=, <, <=, in, not in")
    return compared(field, "=" if operator == "==" else operator, value)


def _is_date(text: str) -> bool:
    from datetime import datetime

    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _whole(found: StoredDocument) -> Document:
    return Document(id=found.doc_id, content=found.text or None, meta={**found.metadata, **_place(found.path)})


def _found(hit: Hit, text: str) -> Document:
    return Document(id=hit.doc_id, content=text, meta={**hit.metadata, **_place(hit.path)}, score=hit.score)


def _passage(hit: Hit) -> Document:
    place: dict[str, Any] = {"source_id": hit.doc_id, "split_idx_start": hit.start, **_place(hit.path)}
    if hit.page is not None:
        place["page_number"] = hit.page
    name = f"{hit.doc_id}[{hit.start}:{hit.end}]"
    return Document(id=name, content=hit.text, meta={**hit.metadata, **place}, score=hit.score)


def _place(path: str | None) -> dict[str, Any]:
    return {} if path is None else {"file_path": path}
