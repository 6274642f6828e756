"""SearchEngine: the one door to an index, for the command line, the library and everything built on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.directory import IndexFolder, resolve_index
from searchkit.search.asking.answers import Answer
from searchkit.search.asking.pipeline import LocalView, View, answer
from searchkit.search.asking.reasons import Why
from searchkit.search.asking.similar import (
    Example,
    embedded_example,
    fresh_example,
    neighbours_of,
    similar_question,
    stored_example,
)
from searchkit.search.backend import engine_for
from searchkit.search.changing import ChangingEngine
from searchkit.search.encoders import EncoderChoice, IndexSettings
from searchkit.search.looking import LookingEngine
from searchkit.search.question import Question, SearchOptions, SimilarOptions, check_list, check_query

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from searchkit.encoder import Encoder
    from searchkit.search.asking.calibration import Calibrator
    from searchkit.search.asking.rerank import Reranker
    from searchkit.search.backend import Reader, Vectors
    from searchkit.types import Document, Hit, Rows


class SearchEngine(ChangingEngine, LookingEngine):
    """An index that can be searched and changed.

    Opening costs almost nothing: the encoder is loaded when a text has to be encoded, the index when it is
    searched. Any number of engines may read the same index, in this process and in others; one writes at a time,
    and each change is seen by the next search. Searching is safe from many threads.

    >>> with SearchEngine.open("default") as engine:      # doctest: +SKIP
    ...     for hit in engine.search("how do I undo a commit?", k=3):
    ...         print(hit.score, hit.path, hit.line_start)
    """

    @classmethod
    def open(
        cls,
        index: str | Path | None = None,
        *,
        encoder: Encoder | str | Path | None = None,
        device: str = "auto",
        wait_s: float = 0,
    ) -> SearchEngine:
        """An existing index.

        Args:
            index: its name (``index_data/<name>`` here or in a parent folder) or its folder; None for the one that
                ``SEARCHKIT_INDEX`` names, or ``default``. An address such as ``milvus://host:19530/collection`` is an
                index on a server, which can be searched and not changed; see `searchkit push`.
            encoder: instead of the one that the index was built with; its fingerprint has to be the same.
            device: where a loaded encoder runs: ``auto``, ``cpu``, ``openvino``, ``cuda`` or ``mps``.
            wait_s: how long a change waits for another process that is writing.

        Raises:
            IndexNotFoundError: there is none; the message tells where it was looked for.
        """
        remote = engine_for(index, encoder=encoder, device=device)
        if remote is not None:
            return remote
        folder = IndexFolder(resolve_index(index, must_exist=True))
        return cls(folder, EncoderChoice(encoder, IndexSettings(), folder.path, device), wait_s)

    @classmethod
    def open_or_create(
        cls,
        index: str | Path | None = None,
        *,
        encoder: Encoder | str | Path | None = None,
        settings: IndexSettings | None = None,
        device: str = "auto",
        wait_s: float = 0,
    ) -> SearchEngine:
        """An index that comes into being with the first change, if it does not exist.

        Args:
            index: as for `open`.
            encoder: an encoder, or the name or folder of its checkpoint; None for the bundled one.
            settings: how documents are cut; only counts for a new index.
            device, wait_s: as for `open`.
        """
        folder = IndexFolder(resolve_index(index, must_exist=False))
        return cls(folder, EncoderChoice(encoder, settings or IndexSettings(), folder.path, device), wait_s)

    def search(self, query: str, k: int = 10, **options: Unpack[SearchOptions]) -> list[Hit]:
        """The ``k`` best chunks for the query, best first; ties by chunk id.

        Args:
            query: what is looked for, in plain words; longer than the encoder's limit it is cut.
            k: at most so many hits; at least 1.
            options: ``mode``, ``where``, ``path`` and all else that `Question` explains.

        Raises:
            InputError: an empty query, ``k`` below 1, or an option out of range.
            FilterError: ``where`` does not parse, or names a field that no document has.
            EncoderMismatchError: the index was built with another encoder.
        """
        return self.ask(query, k, **options).hits

    def search_many(self, queries: Sequence[str], k: int = 10, **options: Unpack[SearchOptions]) -> list[list[Hit]]:
        """`search` for many queries at once, in one snapshot of the index: a list of hits for each."""
        return [answer.hits for answer in self.ask_many(queries, k, **options)]

    def ask(self, query: str, k: int = 10, **options: Unpack[SearchOptions]) -> Answer:
        """`search`, with how the hits came about: candidates, filter, time a stage."""
        return self.ask_many([query], k, **options)[0]

    def ask_many(self, queries: Sequence[str], k: int = 10, **options: Unpack[SearchOptions]) -> list[Answer]:
        """`ask` for many queries at once, in one snapshot of the index."""
        check_list("queries", queries)
        question = Question.of(k, options)
        texts = [check_query(query) for query in queries]
        if not texts:
            return []
        with self._answering() as (reader, vectors):
            return answer(View(reader, vectors, *self._models(reader, question)), texts, question)

    @contextmanager
    def _answering(self) -> Iterator[tuple[Reader, Vectors]]:
        """One state of the index, and its vectors: all that questions are answered from, wherever it lies."""
        with self._reading() as found:
            yield found

    def _models(self, reader: Reader, question: Question) -> tuple[Encoder, Calibrator, Reranker | None]:
        """What a view of the index has besides."""
        encoder = self._encoder.for_index(reader.settings())
        return encoder, self._calibrator, self._rerankers.get(question.rerank)

    def why(self, query: str, target: int | str, k: int = 10, **options: Unpack[SearchOptions]) -> Why:
        """Why a document is not among the hits of a query, or where it is.

        Args:
            query, k, options: as for `search`.
            target: the path of a file, in the index or on disk, a document's id, or a chunk's.

        Raises:
            InputError: as for `search`; also a chunk that is not in the index, or a folder.
        """
        from searchkit.search.asking.absence import absence, find_target
        from searchkit.search.asking.why import why

        question, text = Question.of(k, options), check_query(query)
        with self._reading() as (reader, snapshot):
            found = find_target(reader, target)
            if not len(found.chunks):
                return Why(found.name, None, (absence(reader, found),), None, ())
            view = LocalView(reader, snapshot, *self._models(reader, question))
            return why(view, text, found, question)

    def similar(
        self, target: int | str | Document | Sequence[Document], k: int = 10, **options: Unpack[SimilarOptions]
    ) -> list[Hit]:
        """The chunks most like what is given, by the mean of its chunks' vectors.

        Args:
            target: the id of a chunk, the name of a document or file in the index, which is itself left out, or one or
                more documents that are not in it, such as ``Document("draft", "text")``.
            k: at most so many hits.
            options: ``where``, ``path``, ``fold`` and others that `Question` explains.

        Raises:
            InputError: there is no such chunk, document or file, or no text in the documents.
        """
        question = similar_question(k, options)
        with self._answering() as (reader, vectors):
            if isinstance(target, int | str | np.integer):
                example = stored_example(reader, target)
            else:
                example = self._example(reader, target)
            return neighbours_of(reader, vectors, example, question, self._negatives(reader, question))

    def search_embedding(
        self, embedding: Sequence[float] | Rows, k: int = 10, **options: Unpack[SimilarOptions]
    ) -> list[Hit]:
        """The chunks closest to a vector of the index's own encoder, by cosine.

        Args:
            embedding: (D,) numbers of any length, such as the vector of a made-up answer, or a mean of several.
            k: at most so many hits.
            options: as for `similar`.

        Raises:
            ShapeError: the embedding has another shape, or no direction.
        """
        question = similar_question(k, options)
        with self._answering() as (reader, vectors):
            example = embedded_example(embedding, reader.settings().dimension)
            return neighbours_of(reader, vectors, example, question, self._negatives(reader, question))

    def _negatives(self, reader: Reader, question: Question) -> Rows | None:
        """Rows of what hits should not be like; without such texts no encoder is loaded."""
        if not question.unlike:
            return None
        return self._encoder.for_index(reader.settings()).encode_passages(question.unlike)

    def _example(self, reader: Reader, documents: Document | Sequence[Document]) -> Example:
        stored = reader.settings()
        return fresh_example(self._encoder.for_index(stored), stored, documents)
