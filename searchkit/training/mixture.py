"""Sources -> batches: one source a batch, drawn by weight, no text twice inside it.

Step n draws from a generator seeded with (seed, n), so the choice needs no state. What has to be remembered is
how far each source has been read; `Mixture.position` gives it as plain numbers for the saved state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from searchkit.errors import TrainingError
from searchkit.training.crops import cloze_pair, crop_pair
from searchkit.training.recipe import DataSettings, Kind
from searchkit.training.sources import Row, Source


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one contrast, column by column: all anchors, all positives, all hard negatives.

    Unsupervised rows have one column; scored rows have two and ``scores``.
    """

    settings: DataSettings
    columns: tuple[tuple[str, ...], ...]
    scores: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.columns[0])


@dataclass(frozen=True, slots=True)
class Position:
    """How far a source has been read: passes done, rows taken of this pass, rows put off for a later batch."""

    epoch: int
    cursor: int
    waiting: tuple[int, ...]


class Mixture:
    """An endless, repeatable sequence of batches.

    Args:
        sources: at least one.
        batch_size: rows a batch where a source does not set its own.
        seed: the same seed and sources give the same batches.

    Raises:
        TrainingError: a source has fewer than two different rows: there would be nothing to contrast.
    """

    def __init__(self, sources: Sequence[Source], *, batch_size: int, seed: int) -> None:
        self._streams = [_Stream(source, seed=(seed, n)) for n, source in enumerate(sources)]
        weights = np.array([source.settings.weight for source in sources])
        self._shares = weights / weights.sum()
        self._batch_size = batch_size
        self._seed = seed

    def batch(self, number: int) -> Batch:
        """The next batch; ``number`` counts them from 0 and chooses the source."""
        rng = np.random.default_rng((self._seed, number))
        stream = self._streams[int(rng.choice(len(self._streams), p=self._shares))]
        settings = stream.source.settings
        rows = stream.take(settings.batch_size or self._batch_size)
        texts = [_texts(settings.kind, row, rng) for row in rows]
        scores = tuple(row.score for row in rows) if settings.kind is Kind.SCORED else ()
        return Batch(settings, tuple(zip(*texts, strict=True)), scores)

    @property
    def position(self) -> tuple[Position, ...]:
        """One a source, in order."""
        return tuple(stream.position for stream in self._streams)

    def seek(self, position: Sequence[Position]) -> None:
        """Go on from a saved position."""
        for stream, saved in zip(self._streams, position, strict=True):
            stream.position = saved


class _Stream:
    """One source in a new random order each pass."""

    def __init__(self, source: Source, *, seed: tuple[int, int]) -> None:
        self.source = source
        self.position = Position(epoch=0, cursor=0, waiting=())
        self._seed = seed
        self._order: tuple[int, np.ndarray[tuple[int], np.dtype[np.int64]]] | None = None

    def take(self, count: int) -> list[Row]:
        """Up to ``count`` rows without a text or group in common; fewer where the source has no more."""
        rows = self.source.rows
        chosen: list[int] = []
        put_off: list[int] = []
        seen: set[str] = set()
        for scanned, row in enumerate(self._candidates()):
            keys = _keys(rows[row])
            if seen.isdisjoint(keys):
                chosen.append(row)
                seen |= keys
            else:
                put_off.append(row)
            if len(chosen) == count or scanned >= len(rows):
                break
        self.position = Position(self.position.epoch, self.position.cursor, (*put_off, *self.position.waiting))
        if len(chosen) < 2:
            raise TrainingError(
                f"{self.source.settings.path} has one row or repeats one text, expected different rows to contrast"
            )
        return [rows[row] for row in chosen]

    def _candidates(self) -> Iterator[int]:
        while self.position.waiting:
            first, *rest = self.position.waiting
            self.position = Position(self.position.epoch, self.position.cursor, tuple(rest))
            yield first
        while True:
            epoch, cursor = self.position.epoch, self.position.cursor
            order = self._order_of(epoch)
            next_cursor = (epoch, cursor + 1) if cursor + 1 < len(order) else (epoch + 1, 0)
            self.position = Position(*next_cursor, waiting=())
            yield int(order[cursor])

    def _order_of(self, epoch: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        if self._order is None or self._order[0] != epoch:
            rng = np.random.default_rng((*self._seed, epoch))
            self._order = epoch, rng.permutation(len(self.source.rows))
        return self._order[1]


def _keys(row: Row) -> set[str]:
    keys = {text.casefold() for text in row.texts}
    return keys | {f"\0{row.group}"} if row.group else keys


def _texts(kind: Kind, row: Row, rng: np.random.Generator) -> tuple[str, ...]:
    if kind is Kind.CROP:
        return crop_pair(row.texts[0], rng)
    if kind is Kind.CLOZE:
        return cloze_pair(row.texts[0], rng)
    return row.texts
