"""What can be learnt of an open index without a query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.search import inspect
from searchkit.search.context import context_around
from searchkit.search.question import Question, Where, check_list
from searchkit.search.reports import (
    DocumentInfo,
    IndexStatus,
    StoredChunk,
    StoredDocument,
)
from searchkit.search.session import IndexSession
from searchkit.store import SourceInfo

if TYPE_CHECKING:
    from searchkit.search.asking.topics import TopicCount
    from searchkit.search.corpus import Corpus
    from searchkit.search.outgoing import Outgoing
    from searchkit.store.judgements import Judgement
    from searchkit.types import Context, Hit, Ids


class LookingEngine(IndexSession):
    """The part of `SearchEngine` that shows what is there."""

    def judgements(self) -> list[Judgement]:
        """All that was judged, in the order in which it first was."""
        from searchkit.store.judgements import read_judgements

        with self._looking() as reader:
            return read_judgements(reader)

    def context(self, hit: Hit | int, count: int = 1) -> Context:
        """The text of up to ``count`` chunks before and after a hit, or a chunk by its id.

        Raises:
            InputError: the chunk is not in the index (any more).
        """
        with self._looking() as reader:
            return context_around(reader, hit, count)

    def status(self) -> IndexStatus:
        """The state of the index."""
        with self._looking() as reader:
            state = inspect.status(self._folder, reader)
        if state.vectors_problem is None:
            return state
        with self._looking() as reader:  # once more: a writer may just have put another file in its place
            return inspect.status(self._folder, reader)

    def sources(self, path: str | None = None) -> list[SourceInfo]:
        """The files, indexed or refused, by path; ``path`` a glob."""
        with self._looking() as reader:
            return inspect.sources(reader, path)

    def documents(self, name: str) -> list[DocumentInfo]:
        """The documents of that ``doc_id`` or of that file.

        Raises:
            InputError: there is none; the message suggests a close one.
        """
        with self._looking() as reader:
            return inspect.documents(reader, name)

    def iter_documents(self, names: Sequence[str] | None = None, *, where: Where = None) -> Iterator[StoredDocument]:
        """Documents with their text, in the order in which they were added; one committed state of the index.

        Args:
            names: their ``doc_id``; unknown ones are passed over. None for all.
            where: a filter, as of a search; None for all.

        Raises:
            FilterError: as for `search`.
        """
        from searchkit.search.listing import stored_documents

        with self._looking() as reader:
            yield from stored_documents(reader, names, where)

    def list_documents(self, *, where: Where = None, limit: int = 100, offset: int = 0) -> list[DocumentInfo]:
        """A page of the documents, without their text, in the order in which they were added; ``where`` a filter.

        Raises:
            InputError: a negative ``limit`` or ``offset``.
            FilterError: as for `search`.
        """
        from searchkit.search.listing import listed_documents

        with self._looking() as reader:
            return listed_documents(reader, where, limit, offset)

    def chunk(self, chunk_id: int) -> StoredChunk:
        """The chunk of that id.

        Raises:
            InputError: it is not in the index (any more).
        """
        with self._looking() as reader:
            return inspect.chunk(reader, chunk_id)

    def topics(self, within: Sequence[str | Path] | None = None) -> list[TopicCount]:
        """The kept topics with their sizes now, the largest of when they were found first.

        Args:
            within: places on disk, below which chunks are counted as `TopicCount.allowed`; None for all.

        Raises:
            IndexStateError: none were found yet, or they belong to another encoder.
        """
        from searchkit.search.asking.filtering import allowed_chunks
        from searchkit.search.asking.topics import topic_counts

        with self._looking() as reader:
            allowed = allowed_chunks(reader, Question.of(1, {"within": within}))
            return topic_counts(reader, None if allowed is None else allowed.ids)

    def chunks(self, doc_id: str) -> list[StoredChunk]:
        """The chunks of a document in order."""
        with self._looking() as reader:
            return inspect.chunks(reader, doc_id)

    def iter_chunks(self) -> Iterator[StoredChunk]:
        """All chunks by id, those of one document together and in order; one committed state of the index."""
        with self._looking() as reader:
            for row in reader.iter_chunks():
                yield inspect.stored_chunk(row)

    @contextmanager
    def corpus(self) -> Iterator[Corpus]:
        """All chunks with their vectors, from one committed state that lasts as long as the block."""
        from searchkit.search.corpus import Corpus

        with self._looking() as reader:
            yield Corpus(reader)

    @contextmanager
    def outgoing(self) -> Iterator[Outgoing]:
        """The whole index, to be served from elsewhere; one committed state that lasts as long as the block."""
        from searchkit.search.outgoing import Outgoing

        with self._looking() as reader:
            yield Outgoing(reader, self._encoder)

    def locate(self, path: str) -> Path | None:
        """Where the file of a hit lies, or None when its folder was moved away."""
        from searchkit.search.indexing.roots import locate

        with self._looking() as reader:
            return locate(reader, path)

    def known_as(self, place: str | Path) -> str | None:
        """What `locate` undoes: the path in the index of a file or folder on disk; None outside of what was indexed."""
        from searchkit.search.indexing.roots import known_as

        with self._looking() as reader:
            return known_as(reader, Path(place))

    def chunk_ids(self, within: Sequence[str | Path]) -> Ids:
        """The chunks of the files that lie at or below the places, ascending."""
        from searchkit.search.asking.filtering import allowed_chunks

        with self._looking() as reader:
            allowed = allowed_chunks(reader, Question.of(1, {"within": within}))
            assert allowed is not None
            return allowed.ids

    def is_within(self, path: str | None, places: Sequence[str | Path]) -> bool:
        """Whether the file of that path in the index lies at or below one of the places; not so without a file."""
        from searchkit.search.within import is_within

        check_list("places", places)
        with self._looking() as reader:
            return is_within(reader, path, places)
