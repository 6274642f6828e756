"""SearchEngine: the one door to an index, for the command line, the library and everything built on them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from searchkit.directory import IndexFolder, resolve_index
from searchkit.errors import InputError
from searchkit.search import inspect
from searchkit.search.acknowledged import writing
from searchkit.search.answers import Answer
from searchkit.search.backend import engine_for
from searchkit.search.calibration import Calibrator, calibrate_if_due
from searchkit.search.context import context_of
from searchkit.search.encoders import EncoderChoice, IndexSettings
from searchkit.search.pipeline import LocalView, answer
from searchkit.search.question import Question, SearchOptions, SimilarOptions, Where, check_query
from searchkit.search.readers import ReaderPool
from searchkit.search.reasons import Why
from searchkit.search.reports import (
    AddReport,
    DocumentInfo,
    IndexReport,
    IndexStatus,
    Progress,
    ProgressSink,
    RefreshReport,
    StoredChunk,
    StoredDocument,
)
from searchkit.search.rerank import Rerankers
from searchkit.search.similar import (
    Example,
    embedded_example,
    fresh_example,
    neighbours_of,
    similar_question,
    stored_example,
)
from searchkit.search.snapshot import Snapshot, take_snapshot
from searchkit.store import SourceInfo, StoreReader, StoreWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from searchkit.documents import ReadOptions, WalkOptions
    from searchkit.encoder import Encoder
    from searchkit.search.corpus import Corpus
    from searchkit.search.health import CopyReport
    from searchkit.search.intake import EncodedCorpus
    from searchkit.search.outgoing import Outgoing
    from searchkit.search.topics import TopicCount
    from searchkit.store.judgements import Judgement
    from searchkit.store.topics import KeptTopics
    from searchkit.types import Context, Document, Hit, Ids, Rows


class SearchEngine:
    """An index that can be searched and changed.

    Opening costs almost nothing: the encoder is loaded when a text has to be encoded, the index when it is
    searched. Any number of engines may read the same index, in this process and in others; one writes at a time,
    and each change is seen by the next search. Searching is safe from many threads.

    >>> with SearchEngine.open("default") as engine:      # doctest: +SKIP
    ...     for hit in engine.search("how do I undo a commit?", k=3):
    ...         print(hit.score, hit.path, hit.line_start)
    """

    def __init__(self, folder: IndexFolder, encoder: EncoderChoice, wait_s: float = 0) -> None:
        """Use `open` or `open_or_create`."""
        self._folder = folder
        self._encoder = encoder
        self._wait_s = wait_s
        self._readers = ReaderPool(folder)
        self._guard = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._calibrator = Calibrator()
        self._rerankers = Rerankers(encoder.device)

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
            device: where a loaded encoder runs: ``auto``, ``cpu``, ``cuda`` or ``mps``.
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

    @property
    def folder(self) -> Path:
        """The folder that holds the index."""
        return self._folder.path

    @property
    def encoder(self) -> Encoder:
        """The encoder that the index is searched with, loaded now if it was not.

        Raises:
            EncoderMismatchError: the index was built with another one.
        """
        with self._looking() as reader:
            return self._encoder.for_index(reader.settings())

    # --- changing

    def add(self, documents: Iterable[Document | str | Mapping[str, Any]]) -> AddReport:
        """Add documents from memory, each in place of one with the same ``doc_id``.

        Args:
            documents: a `Document`, a bare text (which is given a name), or a mapping with ``text`` and, if wanted,
                ``id`` and ``title``; all other keys become metadata.

        Raises:
            InputError: an item is none of these, or has the name of an indexed file; what was committed before stays.
        """
        from searchkit.search.incoming import as_documents

        with self._writing() as store:
            ingest = self._encoder.ingest(store)
            for document in as_documents(documents, store.read):
                ingest.take_document(document)
            ingest.flush()
            self._settle(store)
            return AddReport(ingest.documents, ingest.replaced, ingest.chunks_added)

    def index_paths(
        self,
        paths: Sequence[Path],
        *,
        walk: WalkOptions | None = None,
        read: ReadOptions | None = None,
        progress: ProgressSink | None = None,
        dry_run: bool = False,
    ) -> IndexReport:
        """Make the index mirror folders and files: only what is new or changed is read and encoded.

        Args:
            paths: folders or files; each remembers its own, so files that vanished from them are dropped.
            progress: called with each step.
            dry_run: only tell what would be done.

        Raises:
            InputError: a path does not exist.
            IndexLockedError: another process is writing.
        """
        from searchkit.documents import ReadOptions, WalkOptions
        from searchkit.search.sync import FolderSync

        _check_exist(paths)
        tell: Callable[[Progress], None] = progress or (lambda _: None)
        with self._writing() as store:
            ingest = None if dry_run else self._encoder.ingest(store)
            run = FolderSync(store, store.read.settings(), ingest, read or ReadOptions(), tell)
            report = run.run([Path(path) for path in paths], walk or WalkOptions())
            if not dry_run:
                tell(Progress("commit", 0))
                self._settle(store)
            return report

    def watch_paths(
        self,
        paths: Sequence[Path],
        *,
        walk: WalkOptions | None = None,
        read: ReadOptions | None = None,
        progress: ProgressSink | None = None,
        notice: Callable[[str], None] | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[IndexReport]:
        """`index_paths` now, and again after every burst of changes; others may write between the runs.

        Args:
            paths, walk, read, progress: as for `index_paths`; a path that vanishes later is waited for.
            notice: is told once what stands in the way: a path that is gone, another writer.
            stop: ends it, within half a second.

        Yields:
            A report of the first run, and of each that changed something.

        Raises:
            InputError: a path does not exist.
            MissingExtraError: watchfiles is not installed (``searchkit[watch]``).
        """
        from searchkit.documents import WalkOptions
        from searchkit.search.watch import watch

        _check_exist(paths)
        walking = walk or WalkOptions()

        def run(there: Sequence[Path]) -> IndexReport:
            return self.index_paths(there, walk=walking, read=read, progress=progress)

        return watch(
            run,
            paths,
            walking=walking,
            aside=self.folder,
            notice=notice or (lambda _: None),
            stop=stop or threading.Event(),
        )

    def refresh(self, *, progress: ProgressSink | None = None) -> RefreshReport:
        """Bring the index up to date with all folders and files that `index_paths` was given, each as it last was.

        Args:
            progress: called with each step.

        Raises:
            IndexLockedError: another process is writing.
        """
        from searchkit.search.refresh import refresh

        tell: Callable[[Progress], None] = progress or (lambda _: None)
        with self._looking() as reader:
            reader.roots()  # an index that is not there is not made here
        with self._writing() as store:
            done = refresh(store, self._encoder.ingest(store), tell)
            self._settle(store)
            return done

    def index_encoded(self, corpus: EncodedCorpus, *, progress: ProgressSink | None = None) -> IndexReport:
        """Make a new index of documents that were cut and encoded elsewhere; goes on where a run was cut off.

        Args:
            corpus: such as `searchkit.scale.intake.ShardCorpus`.
            progress: called with each step.

        Raises:
            EncoderMismatchError: its encoder is another than that of this index; nothing was changed.
            InputError: the index holds other documents.
        """
        from searchkit.search.intake import Intake, check_settings

        tell: Callable[[Progress], None] = progress or (lambda _: None)
        if not self._folder.holds_index():
            check_settings(self._encoder.new_settings(), corpus)
        with self._writing() as store:
            report = Intake(store, corpus, tell).run()
            tell(Progress("commit", 0))
            self._settle(store)
            return report

    def delete(self, names: Sequence[str]) -> int:
        """Remove documents by ``doc_id``, by file path, or by folder (all files below it). How many documents went.

        A file that is still there comes back with the next `index_paths` over its folder.
        """
        with self._writing() as store:
            with store.change():
                dropped = sum(store.drop_named(name) for name in names)
            self._compact_if_due(store)
            return dropped

    def judge(
        self, query: str, *, accept: Sequence[int | str] = (), reject: Sequence[int | str] = ()
    ) -> list[Judgement]:
        """Keep that passages answer a query, or do not; what was kept.

        Args:
            query: as it was asked.
            accept, reject: chunks (their ids), documents or files, of which the chunk closest to the query counts.

        Raises:
            InputError: an empty query, a target that is not there, or one that is accepted and rejected.
        """
        from searchkit.search.judging import judgements_of
        from searchkit.store.judgements import keep_judgements

        with self._reading() as (reader, _):
            found = judgements_of(reader, self._encoder.for_index(reader.settings()), query, accept, reject)
        with self._writing() as store, store.change():
            keep_judgements(store, found)
        return found

    def judgements(self) -> list[Judgement]:
        """All that was judged, in the order in which it first was."""
        from searchkit.store.judgements import read_judgements

        with self._looking() as reader:
            return read_judgements(reader)

    def keep_topics(self, topics: KeptTopics, ids: Ids, numbers: NDArray[np.int64]) -> None:
        """Keep topics in the index, in the place of those before.

        Args:
            topics: of the encoder that the index has now.
            ids: (N,) chunks; one that was removed meanwhile is passed over.
            numbers: (N,) the topic of each, from 1; 0 for none.

        Raises:
            InputError: the topics are of another encoder.
        """
        from searchkit.store.topics import keep_topics

        with self._writing() as store:
            if topics.fingerprint != store.read.settings().fingerprint:
                raise InputError("the topics belong to another encoder", hint="find them again")
            with store.change():
                keep_topics(store, topics, ids, numbers)

    def rebuild(
        self,
        *,
        encoder: Encoder | str | Path | None = None,
        kind: str | None = None,
        target_recall: float | None = None,
        progress: ProgressSink | None = None,
    ) -> int:
        """Make everything derived anew; with another encoder, embed every chunk again. How many were encoded.

        Searches go on meanwhile with what was there before; the change is seen as a whole, or not at all.

        Args:
            encoder: as for `open_or_create`; None for the one in use.
            kind: of the vector index, from now on: ``exact``, ``pq``, ``ivf``, or ``auto`` by the number of chunks;
                None for what was chosen before.
            target_recall: the share of the true 10 nearest chunks that an approximate kind is tuned to find.
            progress: called with each step.

        Raises:
            InputError: an unknown kind, or a target that is no share.
        """
        from searchkit.search.compaction import IndexPlan, compact
        from searchkit.search.reencode import reencode

        choice = self._encoder if encoder is None else self._encoder.instead(encoder)
        with self._writing() as store:
            plan = IndexPlan.of(store.read).with_changes(kind, target_recall)
            encoded = reencode(store, choice, progress or (lambda _: None))
            self._encoder = choice
            compact(self._folder, store, plan)
            calibrate_if_due(store, choice.for_index(store.read.settings()))
            return encoded

    def compact(self) -> int:
        """Fold the newest changes into the files and give back room that nothing needs. How many bytes became free.

        Searches go on meanwhile.
        """
        from searchkit.search.tidy import tidy

        with self._writing() as store:
            return tidy(self._folder, store)

    def backup(self, place: str | Path, *, overwrite: bool = False) -> CopyReport:
        """Copy the index as it is at this moment; see `searchkit.search.backup_index`."""
        from searchkit.search.care import backup_index

        return backup_index(place, self._folder.path, overwrite=overwrite)

    # --- searching

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
        question = Question.of(k, options)
        texts = [check_query(query) for query in queries]
        if not texts:
            return []
        with self._reading() as (reader, snapshot):
            return answer(self._view(reader, snapshot, question), texts, question)

    def _view(self, reader: StoreReader, snapshot: Snapshot, question: Question) -> LocalView:
        encoder, reranker = self._encoder.for_index(reader.settings()), self._rerankers.get(question.rerank)
        return LocalView(reader, snapshot, encoder, self._calibrator, reranker)

    def why(self, query: str, target: int | str, k: int = 10, **options: Unpack[SearchOptions]) -> Why:
        """Why a document is not among the hits of a query, or where it is.

        Args:
            query, k, options: as for `search`.
            target: the path of a file, in the index or on disk, a document's id, or a chunk's.

        Raises:
            InputError: as for `search`; also a chunk that is not in the index, or a folder.
        """
        from searchkit.search.absence import absence, find_target
        from searchkit.search.why import why

        question, text = Question.of(k, options), check_query(query)
        with self._reading() as (reader, snapshot):
            found = find_target(reader, target)
            if not len(found.chunks):
                return Why(found.name, None, (absence(reader, found),), None, ())
            return why(self._view(reader, snapshot, question), text, found, question)

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
        with self._reading() as (reader, snapshot):
            example = stored_example(reader, target) if isinstance(target, int | str) else self._example(reader, target)
            return neighbours_of(reader, snapshot, example, similar_question(k, options))

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
        with self._reading() as (reader, snapshot):
            example = embedded_example(embedding, reader.settings().dimension)
            return neighbours_of(reader, snapshot, example, similar_question(k, options))

    def _example(self, reader: StoreReader, documents: Document | Sequence[Document]) -> Example:
        stored = reader.settings()
        return fresh_example(self._encoder.for_index(stored), stored, documents)

    def context(self, hit: Hit | int, count: int = 1) -> Context:
        """The text of up to ``count`` chunks before and after a hit, or a chunk by its id.

        Raises:
            InputError: the chunk is not in the index (any more).
        """
        chunk_id = hit if isinstance(hit, int) else hit.chunk_id
        if count < 0:
            raise InputError(f"context is {count}; expected a number of chunks, 0 or more")
        with self._looking() as reader:
            found = context_of(reader, chunk_id, count)
        if found is None:
            raise InputError(f"there is no chunk {chunk_id} in the index", hint="search again: it may have changed")
        return found

    # --- looking

    def status(self) -> IndexStatus:
        """The state of the index."""
        with self._looking() as reader:
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
        """A page of the documents, without their text, in the order in which they were added; ``where`` a filter."""
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
        from searchkit.search.filtering import allowed_chunks
        from searchkit.search.topics import topic_counts

        with self._looking() as reader:
            question = Question(within=None if within is None else tuple(within))
            allowed = allowed_chunks(reader, question)
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
        from searchkit.search.roots import locate

        with self._looking() as reader:
            return locate(reader, path)

    def known_as(self, place: str | Path) -> str | None:
        """What `locate` undoes: the path in the index of a file or folder on disk; None outside of what was indexed."""
        from searchkit.search.roots import known_as

        with self._looking() as reader:
            return known_as(reader, Path(place))

    def chunk_ids(self, within: Sequence[str | Path]) -> Ids:
        """The chunks of the files that lie at or below the places, ascending."""
        from searchkit.search.filtering import allowed_chunks

        with self._looking() as reader:
            allowed = allowed_chunks(reader, Question(within=tuple(within)))
            assert allowed is not None
            return allowed.ids

    def is_within(self, path: str | None, places: Sequence[str | Path]) -> bool:
        """Whether the file of that path in the index lies at or below one of the places; not so without a file."""
        from searchkit.search.within import is_within

        with self._looking() as reader:
            return is_within(reader, path, places)

    # --- life

    def close(self) -> None:
        """Close the database. The engine cannot be used afterwards; searches that are under way end well."""
        self._readers.close()
        self._snapshot = None

    def __enter__(self) -> SearchEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _looking(self) -> Iterator[StoreReader]:
        """One committed state of the database."""
        with self._readers.snapshot() as reader:
            yield reader

    @contextmanager
    def _reading(self) -> Iterator[tuple[StoreReader, Snapshot]]:
        """One committed state, with the vectors that belong to it."""
        with self._looking() as reader:
            with self._guard:
                snapshot = self._snapshot
                if snapshot is None or snapshot.revision != reader.revision():
                    snapshot = self._snapshot = take_snapshot(self._folder, reader, snapshot)
            yield reader, snapshot

    @contextmanager
    def _writing(self) -> Iterator[StoreWriter]:
        """The one writer, with the index made and its encoder settled."""
        self._readers.check_open()
        if not self._folder.holds_index():
            self._encoder.load()  # without one there is no index, and nothing is left behind
        self._folder.create()
        with writing(self._folder, wait_s=self._wait_s) as store:
            if store.is_new():
                settings = self._encoder.new_settings()
                with store.change():
                    store.save_settings(settings)
            yield store

    def _settle(self, store: StoreWriter) -> None:
        """After documents came: what is derived from all of them is made anew where it is due."""
        from searchkit.search.topics import place_new_chunks

        self._compact_if_due(store)
        place_new_chunks(store)
        calibrate_if_due(store, self._encoder.for_index(store.read.settings()))

    def _compact_if_due(self, store: StoreWriter) -> None:
        from searchkit.search.compaction import compact_if_due

        compact_if_due(self._folder, store)


def _check_exist(paths: Sequence[Path]) -> None:
    missing = [path for path in paths if not os.path.exists(path)]  # noqa: PTH110 - a Path's own raises OSError
    if missing:
        raise InputError(f"{missing[0]} does not exist", hint="check the path; nothing was changed")
