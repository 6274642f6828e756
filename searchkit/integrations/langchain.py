"""searchkit in LangChain: an index as a `VectorStore`, an encoder as `Embeddings`.

A LangChain document is a document of the index. It comes back as it was added, once, however many of its passages
were found; with ``passages=True`` each passage that was found is a result, which is what an index of files wants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.encoder import load_encoder
from searchkit.errors import FilterError, InputError, MissingExtraError
from searchkit.integrations.conditions import all_of, among, any_of, compared, metadata_field, negated
from searchkit.integrations.foreign import ForeignEncoder
from searchkit.integrations.opening import deleted, new_name, opened, stored, texts_of, unless_empty
from searchkit.types import Document as OurDocument

try:
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_core.vectorstores import VectorStore
except ImportError as exc:
    raise MissingExtraError("langchain-core", "langchain") from exc

if TYPE_CHECKING:
    from typing_extensions import Self

    from searchkit.encoder import Encoder
    from searchkit.search import SearchEngine
    from searchkit.types import Hit

_COMPARISONS = {"$eq": "=", "$ne": "!=", "$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">=", "$like": "LIKE"}


class SearchkitEmbeddings(Embeddings):
    """Embeddings of an encoder; queries and documents have their own prompts where the checkpoint has."""

    def __init__(self, encoder: Encoder | str | Path | None = None) -> None:
        """Use an encoder, or the name or folder of its checkpoint; None for the bundled one."""
        self.encoder = load_encoder(encoder) if encoder is None or isinstance(encoder, str | Path) else encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A unit vector for each text."""
        return self.encoder.encode_passages(texts).tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a query."""
        return self.encoder.encode_queries([text])[0].tolist()  # type: ignore[no-any-return]


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
        options = self._asked(kwargs)
        options.pop("mode", None)  # there are no words to look for
        hits = unless_empty(self.engine, lambda: self.engine.search_embedding(embedding, k, **options))
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
        whole = {} if self._passages else texts_of(self.engine, (hit.doc_id for hit in hits))
        return [
            (_document(hit.doc_id, whole.get(hit.doc_id, hit.text), hit.metadata, hit.path, hit.line_start), hit.score)
            for hit in hits
        ]


def where_of(given: Mapping[str, Any]) -> str | None:
    """The ``where`` expression of a filter in the manner of MongoDB; None for an empty one.

    Raises:
        FilterError: an operator that is not known, or a value that it does not take.
    """
    return all_of([_condition(name, value) for name, value in given.items()])


def _condition(name: str, value: Any) -> str:
    if name in ("$and", "$or"):
        parts = [part for one in value if (part := where_of(one)) is not None]
        joined = all_of(parts) if name == "$and" else any_of(parts)
        if joined is None:
            raise FilterError(f"{name} is of nothing; expected a list of filters")
        return joined
    if name == "$not":
        return negated(where_of(value) or "")
    if name.startswith("$"):
        raise FilterError(f"there is no operator {name!r}; known beside fields: $and, $or, $not")
    field = metadata_field(name)
    if isinstance(value, Mapping):
        parts = [_compared(field, operator, operand) for operator, operand in value.items()]
        return all_of(parts) or compared(field, "!=", None)
    return among(field, value) if isinstance(value, list | tuple | set) else compared(field, "=", value)


def _compared(field: str, operator: str, value: Any) -> str:
    if operator in _COMPARISONS:
        return compared(field, _COMPARISONS[operator], value)
    if operator == "$in":
        return among(field, value)
    if operator == "$nin":
        return negated(among(field, value))
    if operator == "$contains":
        return compared(field, "CONTAINS", value)
    if operator == "$exists":
        return compared(field, "!=" if value else "=", None)
    known = ", ".join([*_COMPARISONS, "$in", "$nin", "$contains", "$exists"])
    raise FilterError(f"there is no operator {operator!r}; known: {known}")


def encoder_of(embedding: Embeddings) -> Encoder:
    """The encoder under our own embeddings; others as one, known by their class and model name."""
    if isinstance(embedding, SearchkitEmbeddings):
        return embedding.encoder
    model = getattr(embedding, "model", None) or getattr(embedding, "model_name", None) or ""
    name = f"langchain {type(embedding).__name__} {model}".rstrip()

    def embed_queries(texts: list[str]) -> list[list[float]]:
        return [embedding.embed_query(text) for text in texts]

    return ForeignEncoder(name, embed_queries, embedding.embed_documents)


def _document(name: str, text: str, metadata: Mapping[str, Any], path: str | None, line: int | None = None) -> Document:
    """Of a file, the metadata tell the path and the line too, under LangChain's names."""
    place = {} if path is None else {"source": path, **({} if line is None else {"start_line": line})}
    return Document(id=name, page_content=text, metadata={**metadata, **place})
