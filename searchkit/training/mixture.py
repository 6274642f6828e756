"""Sources -> batches: one source a batch, drawn by weight, no text twice inside it.

Step n draws from a generator seeded with (seed, n), so the choice needs no state. What has to be remembered is
how far each source has been read; `Mixture.position` gives it as plain numbers for the saved state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import TrainingError
from searchkit.training.crops import cloze_pair, crop_pair
from searchkit.training.settings import DataSettings, Kind
from searchkit.training.sources import Row, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    def rows(self, start: int, stop: int) -> Batch:
        """The rows ``start`` to ``stop`` as a batch."""
        columns = tuple(column[start:stop] for column in self.columns)
        return Batch(self.settings, columns, self.scores[start:stop])


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
        self._seed = seed
        self.position = Position(epoch=0, cursor=0, waiting=())

    @property
    def position(self) -> Position:
        return Position(self._epoch, self._cursor, tuple(self._waiting))

    @position.setter
    def position(self, saved: Position) -> None:
        self._epoch, self._cursor, self._waiting = saved.epoch, saved.cursor, deque(saved.waiting)
        self._order = self._shuffled()

    def take(self, count: int) -> list[Row]:
        """Up to ``count`` rows without a text or group in common; fewer where the source has no more."""
        rows = self.source.rows
        chosen: list[int] = []
        put_off: list[int] = []
        seen: set[str] = set()
        for _ in range(len(rows) + len(self._waiting)):
            row = self._next()
            keys = _keys(rows[row])
            fits = seen.isdisjoint(keys)
            (chosen if fits else put_off).append(row)
            seen |= keys
            if len(chosen) == count:
                break
        self._waiting = deque(dict.fromkeys([*put_off, *self._waiting]))  # once each, however often it was put off
        if len(chosen) < 2:
            raise TrainingError(
                f"{self.source.settings.path} gives a batch of one row, and one row has nothing to be contrasted with",
                hint="remove repeated texts, or the group column that holds the rows together",
            )
        return [rows[row] for row in chosen]

    def _next(self) -> int:
        if self._waiting:
            return self._waiting.popleft()
        if self._cursor == len(self._order):
            self._epoch, self._cursor = self._epoch + 1, 0
            self._order = self._shuffled()
        self._cursor += 1
        return int(self._order[self._cursor - 1])

    def _shuffled(self) -> NDArray[np.int64]:
        return np.random.default_rng((*self._seed, self._epoch)).permutation(len(self.source.rows))


def _keys(row: Row) -> set[str]:
    keys = {text.casefold() for text in row.texts}
    return keys | {f"\0{row.group}"} if row.group else keys


def _texts(kind: Kind, row: Row, rng: np.random.Generator) -> tuple[str, ...]:
    if kind is Kind.CROP:
        return crop_pair(row.texts[0], rng)
    if kind is Kind.CLOZE:
        return cloze_pair(row.texts[0], rng)
    return row.texts
