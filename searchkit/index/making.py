"""Making the file of an index: rows as they come, codes where the kind has them, and what they were tuned to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import IO

from searchkit.errors import IndexStateError, InputError
from searchkit.index.compressed import CompressedIndex
from searchkit.index.contract import Batch, IndexFacts
from searchkit.index.exact import ExactIndex
from searchkit.index.facts import to_json
from searchkit.index.layout import mapped, parts_of, write_end, write_rows
from searchkit.index.scanner import Scanner, write_codes
from searchkit.index.tuning import MOST_CANDIDATES, Trial, least_effort, share_found

KINDS = ("exact", "pq", "ivf")
AUTO = "auto"
TARGET_RECALL = 0.99

_FEWEST_TO_COMPRESS = 256
_PQ_FROM, _IVF_FROM = 30_000, 2_000_000


def write(
    kind: str, path: Path, batches: Iterable[Batch], dimension: int, *, target_recall: float = TARGET_RECALL
) -> IndexFacts:
    """Writes the file of an index over all batches and gives what became of it.

    Neither synced nor atomic, which is the caller's part (see ``directory``). Memory holds one batch, 8 bytes a chunk
    and, while codes are made, 200 more (at 384 dimensions) and up to 0.2 GB. The same chunks give the same file.

    Args:
        kind: one of ``KINDS``, or ``AUTO``: exact for few chunks and where the target cannot be reached, then `pq`,
            then `ivf`. Fewer than 256 chunks are always exact.
        path: the file; replaced if it exists.
        batches, dimension: as for `searchkit.index.build`.
        target_recall: the share of the true 10 nearest that an approximate kind has to find, above 0, at most 1.

    Raises:
        IndexStateError: the file cannot be written.
        InputError, ShapeError: an unknown kind, a target out of range, and as for `searchkit.index.build`.
    """
    check_choice(kind, target_recall)
    try:
        with path.open("w+b") as file:
            count = write_rows(file, batches, dimension)
            chosen = kind_for(count) if kind == AUTO else kind
            if chosen == "exact" or count < _FEWEST_TO_COMPRESS:
                return IndexFacts(count)
            end = file.tell()
            facts = _add_codes(file, path, chosen, target_recall)
            if kind == AUTO and facts.ann_recall < target_recall:
                file.truncate(end)  # what is left is the exact index
                return IndexFacts(count)
            return facts
    except OSError as exc:
        raise IndexStateError(f"{path} could not be written: {exc.strerror}") from exc


def check_choice(kind: str, target_recall: float) -> None:
    """Refuses a kind or a target that there is not."""
    if kind not in (*KINDS, AUTO):
        raise InputError(f"index kind {kind!r} is not known; expected one of {', '.join((AUTO, *KINDS))}")
    if not 0 < target_recall <= 1:
        raise InputError(f"target recall is {target_recall}; expected above 0 and at most 1, such as 0.99")


def kind_for(count: int) -> str:
    """The kind that `AUTO` stands for with so many chunks."""
    return "exact" if count < _PQ_FROM else "pq" if count < _IVF_FROM else "ivf"


def _add_codes(file: IO[bytes], path: Path, kind: str, target_recall: float) -> IndexFacts:
    file.flush()
    exact, start = ExactIndex(parts_of(mapped(path))), file.tell()
    write_codes(file, exact.rows, 1 if kind == "pq" else max(4, round(exact.count**0.5 / 2)))
    file.flush()
    codes = mapped(path)[start:]
    facts = _tuned(exact, Scanner(codes), kind, target_recall)
    write_end(file, codes, to_json(facts))
    return facts


def _tuned(exact: ExactIndex, scanner: Scanner, kind: str, target_recall: float) -> IndexFacts:
    trial = Trial.of(exact.rows)
    effort = least_effort(trial, scanner, target_recall)
    while True:
        facts = IndexFacts(exact.count, kind, target_recall, 0.0, effort.parameters())
        found = CompressedIndex(exact, scanner, facts).search(trial.queries, trial.nearest.shape[1]).ids
        recall = share_found(exact.ids[trial.nearest], found)
        if recall >= target_recall or effort.candidates >= MOST_CANDIDATES:
            return replace(facts, ann_recall=recall)
        effort = effort.raised()
