"""The vector store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore

from searchkit.errors import InputError
from searchkit.integrations.langchain.embeddings import SearchkitEmbeddings, encoder_of
from searchkit.integrations.langchain.filters import where_of
from searchkit.integrations.opening import (
    around,
    deleted,
    known,
    new_name,
    opened,
    stored,
    unless_empty,
    with_whole_texts,
)
from searchkit.types import Document as OurDocument

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from typing_extensions import Self

    from searchkit.search import SearchEngine
    from searchkit.types import Hit


class SearchkitVectorStore(VectorStore):
    """A searchkit index. Its ``engine`` is there for all that LangChain has no word for."""

    def __init__(
        self,
        index: SearchEngine | str | Path | None = None,
        embedding: Embeddings | None = None,
        *,
        passages: bool = False,
        **options: Any,
    ) -> None:
        """Open an index, or one that comes into being with the first document.

        Args:
            index: its name or folder, or an engine; None as for `SearchEngine.open`.
            embedding: None for the encoder that the index has, or the bundled one; any other embeddings are used
                by their class and model name, and have to be given again to open the index.
            passages: whether a result is a passage, under the id of its document, instead of the whole document.
            options: for every search, as `SearchEngine.search` takes them: ``mode``, ``where``, ``rerank`` and others.
        """
        self._given = embedding
        self.engine = opened(index, None if embedding is None else encoder_of(embedding))
        self._passages, self._options = passages, options

    @property
    def embeddings(self) -> Embeddings:
        """Those that were given, or those of the index's encoder."""
        if self._given is not None:
            return self._given
        own = unless_empty(self.engine, lambda: [self.engine.encoder])
        return SearchkitEmbeddings(own[0] if own else None)

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts, each in the place of one with the same id; the ids.

        Raises:
            InputError: metadata or ids of another number than texts, or metadata that is no JSON.
        """
        if kwargs:
            raise InputError(f"add_texts() got an unexpected option {next(iter(kwargs))!r}")
        found = list(texts)
        for name, given in (("metadatas", metadatas), ("ids", ids)):
            if given is not None and len(given) != len(found):
                raise InputError(f"there are {len(given)} {name} for {len(found)} texts; expected one for each")
        names = [name or new_name() for name in ids or [None] * len(found)]
        columns = zip(names, found, metadatas or [{}] * len(found), strict=True)
        self.engine.add(OurDocument(name, text, metadata=metadata or {}) for name, text, metadata in columns)
        return names

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool:
        """Delete by id; all documents without ids. Unknown ids are passed over."""
        deleted(self.engine, ids)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids, whole, in the order in which they were added."""
        found = stored(self.engine, list(ids))
        return [_document(one.doc_id, one.text, one.metadata, one.path) for one in found]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The documents that answer the query best.

        Args:
            query: what is looked for, in plain words.
            k: at most so many.
            kwargs: options as `SearchEngine.search` takes them; ``filter`` is another word for ``where``, and takes
                ``{"year": {"$gte": 2020}}`` too, with $eq, $ne, $lt, $lte, $gt, $gte, $in, $nin, $like, $contains,
                $exists, $and, $or and $not.
        """
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> list[tuple[Document, float]]:
        """As `similarity_search`, each with its cosine, -1 to 1.

        A hybrid search may rank a document of lower cosine first; ``mode="dense"`` goes by the cosine alone.
        """
        options = self._asked(kwargs)
        return self._results(unless_empty(self.engine, lambda: self.engine.search(query, k, **options)))

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        """The documents closest to a vector; options as for `SearchEngine.similar`."""
        hits = around(self.engine, embedding, k, self._asked(kwargs))
        return [document for document, _ in self._results(hits)]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        **kwargs: Any,
    ) -> list[Document]:
        """Documents that are relevant and unlike each other; ``fetch_k`` is chosen by the engine."""
        return self.similarity_search(query, k, diverse=lambda_mult, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        **kwargs: Any,
    ) -> list[Document]:
        """The same around a vector."""
        return self.similarity_search_by_vector(embedding, k, diverse=lambda_mult, **kwargs)

    def _select_relevance_score_fn(self) -> Any:
        return lambda cosine: min(1.0, max(0.0, cosine))

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings | None = None,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A store with these texts; ``index`` and all else as for a store."""
        store = cls(embedding=embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def _asked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        options = {**({} if self._passages else {"group": "document"}), **self._options, **given}
        options.pop("score_threshold", None)  # LangChain compares scores itself
        if "filter" in options:
            chosen = options.pop("filter")
            options["where"] = where_of(chosen) if isinstance(chosen, Mapping) else chosen
        return options

    def _results(self, hits: Sequence[Hit]) -> list[tuple[Document, float]]:
        found = [(hit, hit.text) for hit in hits] if self._passages else with_whole_texts(self.engine, hits)
        return [(_document(hit.doc_id, text, hit.metadata, hit.path, hit.line_start), hit.score) for hit, text in found]


def _document(name: str, text: str, metadata: Mapping[str, Any], path: str | None, line: int | None = None) -> Document:
    """Of a file, the metadata tell the path and the line too, under LangChain's names."""
    place = {} if path is None else known(source=path, start_line=line)
    return Document(id=name, page_content=text, metadata={**metadata, **place})
