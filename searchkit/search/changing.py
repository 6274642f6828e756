"""Everything that changes an open index."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.errors import InputError
from searchkit.search.asking.calibration import calibrate_if_due
from searchkit.search.question import check_list
from searchkit.search.reports import (
    AddReport,
    IndexReport,
    Progress,
    ProgressSink,
    RefreshReport,
)
from searchkit.search.session import IndexSession
from searchkit.store import StoreWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from searchkit.documents import ReadOptions, WalkOptions
    from searchkit.encoder import Encoder
    from searchkit.search.indexing.intake import EncodedCorpus
    from searchkit.search.upkeep.health import CopyReport
    from searchkit.store.judgements import Judgement
    from searchkit.store.topics import KeptTopics
    from searchkit.types import Document, Ids


class ChangingEngine(IndexSession):
    """The part of `SearchEngine` that writes; one process at a time, and each change is seen by the next search."""

    def add(self, documents: Iterable[Document | str | Mapping[str, Any]]) -> AddReport:
        """Add documents from memory, each in place of one with the same ``doc_id``.

        Args:
            documents: a `Document`, a bare text (which is given a name), or a mapping with ``text`` and, if wanted,
                ``id`` and ``title``; all other keys become metadata.

        Raises:
            InputError: an item is none of these, or has the name of an indexed file; what was committed before stays.
        """
        from searchkit.search.indexing.incoming import as_documents

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
        from searchkit.search.indexing.sync import FolderSync

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
        from searchkit.search.indexing.watch import watch

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
        from searchkit.search.indexing.refresh import refresh

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
        from searchkit.search.indexing.intake import Intake, check_settings

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

        Raises:
            InputError: one name instead of a list of them.
        """
        check_list("names", names)
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
        from searchkit.search.asking.judging import judgements_of
        from searchkit.store.judgements import keep_judgements

        check_list("accept", accept)
        check_list("reject", reject)
        with self._reading() as (reader, _):
            found = judgements_of(reader, self._encoder.for_index(reader.settings()), query, accept, reject)
        with self._writing() as store, store.change():
            keep_judgements(store, found)
        return found

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
        from searchkit.search.indexing.compaction import IndexPlan, compact
        from searchkit.search.indexing.reencode import reencode

        former = self._encoder
        choice = former if encoder is None else former.instead(encoder)
        with self._writing() as store:
            plan = IndexPlan.of(store.read).with_changes(kind, target_recall)
            choice.load(store.read.settings().encoder)  # here, lest a search be the one that finds it missing
            self._encoder = choice
            try:
                encoded = reencode(store, choice, progress or (lambda _: None))
            except BaseException:
                self._encoder = former
                raise
            compact(self._folder, store, plan)
            calibrate_if_due(store, lambda: choice.for_index(store.read.settings()))
            choice.settled()
            return encoded

    def compact(self) -> int:
        """Fold the newest changes into the files and give back room that nothing needs. How many bytes became free.

        Searches go on meanwhile.
        """
        from searchkit.search.upkeep.tidy import tidy

        with self._writing() as store:
            return tidy(self._folder, store)

    def backup(self, place: str | Path, *, overwrite: bool = False) -> CopyReport:
        """Copy the index as it is at this moment; see `searchkit.search.backup_index`."""
        from searchkit.search.upkeep.care import backup_index

        return backup_index(place, self._folder.path, overwrite=overwrite)

    def _settle(self, store: StoreWriter) -> None:
        """After documents came: what is derived from all of them is made anew where it is due."""
        from searchkit.search.asking.topics import place_new_chunks

        self._compact_if_due(store)
        place_new_chunks(store)
        calibrate_if_due(store, lambda: self._encoder.for_index(store.read.settings()))

    def _compact_if_due(self, store: StoreWriter) -> None:
        from searchkit.search.indexing.compaction import compact_if_due

        compact_if_due(self._folder, store)


def _check_exist(paths: Sequence[Path]) -> None:
    check_list("paths", paths)
    missing = [path for path in paths if not os.path.exists(path)]  # noqa: PTH110 - a Path's own raises OSError
    if missing:
        raise InputError(f"{missing[0]} does not exist", hint="check the path; nothing was changed")
