"""The document store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from haystack import Document, default_from_dict, default_to_dict
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError

from searchkit.errors import FilterError as OurFilterError
from searchkit.errors import InputError
from searchkit.integrations.haystack.documents import MODULE, whole_document
from searchkit.integrations.haystack.filters import Filters, where_of
from searchkit.integrations.opening import deleted, opened, stored, unless_empty
from searchkit.integrations.threads import in_thread
from searchkit.types import Document as OurDocument

if TYPE_CHECKING:
    from searchkit.search import SearchEngine
    from searchkit.search.reports import StoredDocument


class SearchkitDocumentStore:
    """A searchkit index. Its ``engine`` is there for all that Haystack has no word for."""

    __module__ = MODULE

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
        return [whole_document(found) for found in self._matching(filters)]

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

    count_documents_async = in_thread(count_documents)
    count_documents_by_filter_async = in_thread(count_documents_by_filter)
    filter_documents_async = in_thread(filter_documents)
    write_documents_async = in_thread(write_documents)
    delete_documents_async = in_thread(delete_documents)
    delete_all_documents_async = in_thread(delete_all_documents)
    delete_by_filter_async = in_thread(delete_by_filter)
    update_by_filter_async = in_thread(update_by_filter)

    def _matching(self, filters: Filters | None) -> list[StoredDocument]:
        where = where_of(filters)
        try:
            return stored(self.engine, where=where)
        except OurFilterError as exc:
            raise FilterError(str(exc)) from exc
