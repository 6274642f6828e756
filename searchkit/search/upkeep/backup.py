"""Copies of an index: one committed state, complete in a folder of its own that opens as it is."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.directory import (
    IndexFolder,
    LastCommit,
    check_generation,
    note_commit,
    staged_folder,
)
from searchkit.errors import IndexDamagedError, InputError
from searchkit.search.acknowledged import noting, open_reader
from searchkit.search.encoders import INSIDE, EncoderChoice, IndexSettings
from searchkit.search.indexing.compaction import compact
from searchkit.search.inspect import size_of
from searchkit.search.reports import Progress, ProgressSink
from searchkit.search.upkeep.health import CopyReport
from searchkit.search.upkeep.verify import verify
from searchkit.store import StoreReader, StoreWriter
from searchkit.store.copying import copy_database

if TYPE_CHECKING:
    from searchkit.store import Counts


def restore(
    source: IndexFolder, place: Path, progress: ProgressSink, *, overwrite: bool = False, wait_s: float = 0
) -> CopyReport:
    """`copy_index` of a backup to where an index belongs, after looking it over.

    Raises:
        IndexDamagedError: the backup is not sound.
    """
    report = verify(source, EncoderChoice(None, IndexSettings(), source.path))
    if not report.is_clean:
        problems = [problem.found for check in report.checks for problem in check.problems]
        raise IndexDamagedError(
            f"the backup {source.path} is damaged: {problems[0]}", hint=f"searchkit repair --index {source.path}"
        )
    return copy_index(source, place, progress, overwrite=overwrite, wait_s=wait_s)


def copy_index(
    source: IndexFolder, place: Path, progress: ProgressSink, *, overwrite: bool = False, wait_s: float = 0
) -> CopyReport:
    """Copy the committed state of this moment; a writer beside goes on.

    The copy has the database, the vectors file (made anew where that of the source is not to be had), and the
    encoder where it lies in the index folder.

    Raises:
        IndexNotFoundError, IndexDamagedError: there is no index, or it lacks commits that were acknowledged.
        InputError: ``place`` lies in the index folder, or the other way round.
        IndexStateError: something is at ``place``, or it cannot be written.
    """
    source.require()
    started = time.monotonic()
    ours, theirs = source.path.resolve(), place.resolve()
    if ours == theirs or ours in theirs.parents or theirs in ours.parents:
        raise InputError(f"{place} lies in the index folder {source.path}, or holds it", hint="choose another place")
    open_reader(source).close()
    with staged_folder(place, overwrite=overwrite, wait_s=wait_s) as part:
        copy_database(source.database, part.database, lambda done, total: progress(Progress("copy", done, total)))
        reader = StoreReader(part.database)
        try:
            with reader.snapshot():
                counts, updated = reader.counts(), reader.updated()
                _copy_encoder(source, part, _encoder_of(reader, counts))
                has_file = _copy_vectors(source, part, reader)
                note_commit(part, LastCommit(reader.identity() or "", reader.revision()))
        finally:
            reader.close()
        if not has_file and counts.chunks:
            with StoreWriter.opened(part.database, noting(part)) as store:
                compact(part, store)
        _remove_logs(part)
        size = size_of(part)
    return _report(place, counts, size, updated, started)


def _copy_vectors(source: IndexFolder, part: IndexFolder, reader: StoreReader) -> bool:
    """Whether the vectors file of this state could be copied: it may be damaged, or a writer may have replaced it."""
    record = reader.generation()
    if record is None:
        return False
    try:
        shutil.copyfile(source.vectors(record.file), part.vectors(record.file))
        check_generation(part, record)
    except (OSError, IndexDamagedError):
        part.vectors(record.file).unlink(missing_ok=True)
        return False
    return True


def _encoder_of(reader: StoreReader, counts: Counts) -> str:
    try:
        return reader.settings().encoder
    except IndexDamagedError:
        if counts.chunks:
            raise
        return ""  # a first run that was cut off had not settled it


def _copy_encoder(source: IndexFolder, part: IndexFolder, encoder: str) -> None:
    if not encoder.startswith(INSIDE):
        return
    folder, home = source.path / encoder, source.path.resolve()
    for file in (folder, *folder.rglob("*")):  # which follows no link to a folder
        if home not in file.resolve().parents:
            raise IndexDamagedError(f"the encoder of the index leads out of its folder: {file}")
    if not folder.is_dir():
        raise IndexDamagedError(
            f"the encoder of the index is missing: {folder}", hint="give it another one: searchkit rebuild --model NAME"
        )
    shutil.copytree(folder, part.path / encoder)


def _remove_logs(part: IndexFolder) -> None:
    """Of the reader that looked at the copy; empty, since nothing was written or all was folded in."""
    for ending in ("-wal", "-shm"):
        log = part.database.with_name(part.database.name + ending)
        if log.exists() and (ending == "-shm" or log.stat().st_size == 0):
            log.unlink()


def _report(place: Path, counts: Counts, size: int, updated: str | None, started: float) -> CopyReport:
    return CopyReport(place, counts.documents, counts.chunks, size, updated, time.monotonic() - started)
