"""Looking after an index, also one that can no longer be opened: what stands behind `searchkit verify` and its like."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.directory import IndexFolder, resolve_index
from searchkit.search.encoders import EncoderChoice, IndexSettings
from searchkit.search.upkeep.health import SAMPLE

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search.reports import ProgressSink
    from searchkit.search.upkeep.health import CopyReport, RepairReport, VerifyReport


def verify_index(
    index: str | Path | None = None,
    *,
    deep: bool = False,
    sample: int = SAMPLE,
    seed: int = 0,
    encoder: Encoder | str | Path | None = None,
    device: str = "auto",
) -> VerifyReport:
    """Look an index over: is all as it was written, and does what is derived agree with what it comes from.

    Args:
        index: its name or folder, as for `SearchEngine.open`.
        deep: also compare SQLite's indexes with their tables, the words with the chunks, and ``sample`` chunks, drawn
            by ``seed``, with the vectors file and with what the encoder makes of them now.
        encoder, device: for a deep look, instead of the encoder that the index was built with.

    Raises:
        InputError: a ``sample`` or ``seed`` below 0.
        IndexNotFoundError: there is no index.
        IndexFormatError: a newer searchkit wrote it.
    """
    from searchkit.search.upkeep.verify import verify

    folder = _existing(index)
    return verify(folder, _choice(folder, encoder, device), deep=deep, sample=sample, seed=seed)


def repair_index(
    index: str | Path | None = None,
    *,
    encoder: Encoder | str | Path | None = None,
    device: str = "auto",
    progress: ProgressSink | None = None,
    wait_s: float = 0,
) -> RepairReport:
    """Mend an index as far as it can be.

    What a damaged database still holds goes into a new one, row by row; the old one is kept aside. Vectors that are
    damaged are embedded again, words and the vectors file are made anew. An index in which nothing is wrong is left
    as it is.

    Args:
        index: its name or folder, as for `SearchEngine.open`.
        encoder, device: instead of the encoder that the index was built with.
        wait_s: how long to wait for another process that is writing.

    Returns:
        What was done, and which documents are not whole any more. Where they came from files, `index_paths` makes
        them whole.

    Raises:
        IndexNotFoundError: there is no index.
        IndexLockedError: another process is writing.
        IndexFormatError: a newer searchkit wrote it.
        EncoderError: vectors have to be made anew, and the encoder of the index is not to be had.
    """
    from searchkit.search.upkeep.repair import repair

    folder = _existing(index)
    return repair(folder, _choice(folder, encoder, device), progress or (lambda _: None), wait_s=wait_s)


def backup_index(
    place: str | Path,
    index: str | Path | None = None,
    *,
    overwrite: bool = False,
    progress: ProgressSink | None = None,
) -> CopyReport:
    """Copy an index as it is at this moment, while others read and write, into a folder that opens as it is.

    Args:
        place: the folder of the copy; it appears when all of it is there.
        index: its name or folder, as for `SearchEngine.open`.
        overwrite: replace an index that is at ``place``.

    Raises:
        IndexNotFoundError: there is no index.
        IndexDamagedError: it lacks changes that were acknowledged, or SQLite cannot read it.
        IndexStateError: something is at ``place``, or it cannot be written.
    """
    from searchkit.search.upkeep.backup import copy_index

    return copy_index(_existing(index), absolute(place), progress or (lambda _: None), overwrite=overwrite)


def restore_index(
    source: str | Path,
    index: str | Path | None = None,
    *,
    overwrite: bool = False,
    progress: ProgressSink | None = None,
    wait_s: float = 0,
) -> CopyReport:
    """Put a copy of an index where an index belongs, after looking it over; the copy stays.

    Args:
        source: the folder of the copy, or of any index.
        index: the name or folder that it is to have, as for `SearchEngine.open_or_create`.
        overwrite: replace the index that is there.
        wait_s: how long to wait for a process that writes to that one.

    Raises:
        IndexNotFoundError, IndexDamagedError: there is no index at ``source``, or it is not sound.
        IndexLockedError: another process writes to the index that would be replaced.
        IndexStateError: an index is there already, or it cannot be written.
    """
    from searchkit.search.upkeep.backup import restore

    copy = IndexFolder(absolute(source))
    copy.require()
    place = resolve_index(index, must_exist=False)
    return restore(copy, place, progress or (lambda _: None), overwrite=overwrite, wait_s=wait_s)


def absolute(place: str | Path) -> Path:
    """A folder as a person names it, with ``~`` for the home, whatever becomes of the current folder."""
    return Path(os.path.abspath(Path(place).expanduser()))  # noqa: PTH100 - must not follow links, as resolve() does


def _existing(index: str | Path | None) -> IndexFolder:
    return IndexFolder(resolve_index(index, must_exist=True))


def _choice(folder: IndexFolder, encoder: Encoder | str | Path | None, device: str) -> EncoderChoice:
    return EncoderChoice(encoder, IndexSettings(), folder.path, device)
