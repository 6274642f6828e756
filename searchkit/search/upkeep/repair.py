"""Mending an index: what a damaged database still holds goes into a new one, and all that is derived is made anew."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.directory import (
    IndexFolder,
    LastCommit,
    WriterLock,
    finish_replacement,
    place_for_mended,
    read_commit,
    replace_database,
)
from searchkit.errors import IndexFormatError, IndexStateError, counted
from searchkit.search.acknowledged import is_swapped, missing_commits, missing_words, noting
from searchkit.search.upkeep.health import Loss, RepairReport
from searchkit.search.upkeep.mending import mend_settings, mend_vectors, mend_vectors_file, mend_words
from searchkit.store import StoreWriter
from searchkit.store.audit import StoreAudit, says_newer_by_mistake
from searchkit.store.checksums import CHECKED
from searchkit.store.connection import is_half_done
from searchkit.store.wreck.reclaim import Reclaimed, reclaim
from searchkit.store.wreck.wal import has_damage

if TYPE_CHECKING:
    from searchkit.search.encoders import EncoderChoice
    from searchkit.search.reports import ProgressSink

_MENDED_IN_PLACE = ("embeddings", "generations")


def repair(folder: IndexFolder, choice: EncoderChoice, progress: ProgressSink, *, wait_s: float = 0) -> RepairReport:
    """Mend the index in a folder as far as it can be.

    Args:
        choice: the encoder for chunks whose vector is damaged.

    Raises:
        IndexNotFoundError: there is no index.
        IndexLockedError: another process is writing.
        IndexFormatError: a newer searchkit wrote it.
        EncoderError: vectors have to be made anew, and the encoder of the index is not to be had.
    """
    folder.require()
    started = time.monotonic()
    with WriterLock(folder, wait_s=wait_s):
        work = _Database(folder)
        work.mend()
        actions = work.actions
        with StoreWriter.opened(folder.database, noting(folder)) as store:
            actions += mend_settings(store, choice)
            actions += mend_vectors(folder, store, choice, progress)
            actions += mend_words(folder, store)
            actions += mend_vectors_file(folder, store)
            if actions or read_commit(folder) != LastCommit(store.read.identity() or "", store.read.revision()):
                with store.change():  # and with it a note of the last commit that agrees with the database
                    store.move_revision_to(work.revision)
    seconds = time.monotonic() - started
    return RepairReport(folder.path, tuple(actions), tuple(work.lost), work.lost_commits, work.kept_aside, seconds)


@dataclass
class _Database:
    """The database itself; the caller holds the lock."""

    folder: IndexFolder
    actions: list[str] = field(default_factory=list)
    lost: list[Loss] = field(default_factory=list)
    lost_commits: int = 0
    revision: int = 0  # that the last commit had, as far as it is known
    kept_aside: Path | None = None

    def mend(self) -> None:
        """Make a new database where the old one is not sound, or lacks what its log still holds."""
        self.kept_aside = finish_replacement(self.folder)
        if self.kept_aside is not None:
            self.actions.append("finished a repair that had been cut off")
        if is_half_done(self.folder.database):
            with suppress(IndexStateError), StoreWriter.opened(self.folder.database):
                self.actions.append("undid a change that had been cut off")
        last = read_commit(self.folder)
        self.revision = 0 if last is None else last.revision
        missing = self._missing(last)
        is_log_damaged = has_damage(self.folder.database.with_name(self.folder.database.name + "-wal"))
        if missing is None or (missing and is_log_damaged) or not self._is_sound():
            found = self._replace(whole_log=missing != 0)
            missing = max(0, self.revision - found.revision) if missing else 0
        self.lost_commits = missing
        if missing:
            self.actions.append(f"gave up {missing_words(missing)}, of which nothing is left")

    def _missing(self, last: LastCommit | None) -> int | None:
        """How many acknowledged commits the database lacks as SQLite sees it; None where it sees nothing."""
        try:
            with StoreAudit.opened(self.folder.database) as audit:
                if is_swapped(self.folder, last, audit.read):
                    self.actions.append("took the database, which is of another index, for that of this one")
                return missing_commits(last, audit.read)
        except IndexFormatError:
            if not says_newer_by_mistake(self.folder.database):
                raise
            return None
        except IndexStateError:
            return None

    def _is_sound(self) -> bool:
        """Whether the database needs no more than changes of some rows."""
        try:
            with StoreAudit.opened(self.folder.database) as audit:
                findings = [*audit.header(), *audit.pages(deep=True), *audit.schema(), *audit.foreign_keys()]
                findings += [*audit.reused_ids(), *audit.incomplete_documents(), *audit.unreadable_documents()]
                tables = (table for table in CHECKED if table not in _MENDED_IN_PLACE)
                return not findings and not any(True for table in tables for _ in audit.altered_rows(table))
        except IndexStateError:
            return False

    def _replace(self, *, whole_log: bool) -> Reclaimed:
        fresh = place_for_mended(self.folder)
        found = reclaim(self.folder.database, fresh, whole_log=whole_log, revision=self.revision)
        self.kept_aside = replace_database(self.folder)
        restored = f"; {found.undone:,} rows were restored to the bit" if found.undone else ""
        what = f"{counted(found.documents, 'document')}, {counted(found.chunks, 'chunk')}{restored}"
        self.actions.append(f"made a new database of what the old one holds: {what}")
        self.lost += [Loss(name, lack) for name, lack in found.lost]
        return found
