"""What a cosine means in one index: how close unrelated texts come there, and how close questions about anything.

Cosines of different encoders and corpora do not compare. Two distributions, measured on the index itself, do:

background    Cosines of random pairs: a heading or sentence of one document as query, and a chunk of another document.
              A hit's *percentile* is the share of these pairs below its cosine. Of at most `SAMPLED_QUERIES` x
              `SAMPLED_CHUNKS` pairs the table keeps `SHARES`; above the highest pair the percentile is that of the
              resolution, 100 * pairs / (pairs + 1).
off topic     For each of the everyday questions the cosine of its best chunk among all. A query whose best chunk is
              not closer than most of these is one that the index need not know anything about. Its p-value is

                  p = (1 + everyday questions with a best chunk at least as close) / (1 + everyday questions)

              and a search abstains where p exceeds the rate that is asked for. For a query that is to the index as the
              everyday questions are, that is, exchangeable with them, P(p <= rate) <= rate, whatever the encoder, the
              corpus and its size (Vovk, Gammerman, Shafer 2005, "Algorithmic Learning in a Random World", section 2.2).
              It is the best of all chunks that is compared, so nothing has to be assumed of how the maximum grows with
              their number. What the index can answer of the everyday questions makes p larger and the promise safer
              (Bates et al. 2023, "Testing for outliers with conformal p-values", https://arxiv.org/abs/2104.08279).
              Queries from a field next to the corpus are not like the everyday ones, and are answered more often.

A filter leaves fewer chunks, among which the best is no closer: the promise holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from searchkit.chunking import sentence_spans
from searchkit.search.asking.everyday import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from searchkit.encoder import Encoder
    from searchkit.search.backend import Reader
    from searchkit.store import ChunkRow, StoreWriter
    from searchkit.types import HalfRows, Ids, Rows

VERSION = 1  # one more whenever the same index would give other numbers
SAMPLED_QUERIES = 200
CHUNKS_A_QUERY = 10  # in a small index: encoding them must not take longer than encoding what is in it
SAMPLED_CHUNKS = 2000
SHARES = (*(percent / 100 for percent in range(100)), 0.995, 0.998, 0.999, 0.9995, 0.9999)
LOWEST_RATE = 1 / (len(QUESTIONS) + 1)  # below it no p-value gets
FEWEST_CHUNKS = 500  # a smaller index is measured when it is asked, not with each change
GROWTH = 0.25  # of the chunks, by which an index may grow or shrink before it is measured again
FEWEST_WORDS, MOST_WORDS = 3, 16  # of a heading or sentence that stands for a query
_SEED = 0


@dataclass(frozen=True, slots=True)
class Calibration:
    """The two distributions of an index.

    Attributes:
        version, fingerprint, chunks: what it was measured with and on.
        pairs: how many pairs the background is made of; 0 where there is but one document.
        background: their cosines at the shares `SHARES`, and the highest.
        off_topic: the best cosine of each everyday question, ascending.
    """

    version: int
    fingerprint: str
    chunks: int
    pairs: int
    background: tuple[float, ...]
    off_topic: tuple[float, ...]

    def percentile(self, cosine: float) -> float | None:
        """The share of background pairs below, in percent; None without a background."""
        if not self.pairs:
            return None
        most = self.pairs / (self.pairs + 1)
        return 100 * float(np.interp(cosine, self.background, (*SHARES, most), left=0.0))

    def p_value(self, best: float) -> float:
        """How likely a best chunk is at least that close when the question is as everyday ones."""
        closer = len(self.off_topic) - bisect_left(self.off_topic, best)
        return (1 + closer) / (1 + len(self.off_topic))


class Measurable(Protocol):
    """All chunks of an index, by their ids; each method is that of `StoreReader`."""

    def chunk_ids(self) -> Ids: ...

    def chunk_rows(self, ids: Ids) -> dict[int, ChunkRow]: ...

    def vectors(self, ids: Ids) -> HalfRows: ...

    def document_numbers(self, ids: Ids) -> Ids: ...

    def iter_vectors(self) -> Iterator[tuple[Ids, HalfRows]]: ...


class Calibrator:
    """Gives the calibration of one index; what had to be measured is remembered for one state of it."""

    def __init__(self) -> None:
        self._measured: tuple[int, Calibration] | None = None

    def get(self, reader: Reader, encoder: Encoder, *, measure: bool) -> Calibration | None:
        """The stored calibration, else one that is measured now if that is wanted; None for an empty index.

        Measuring reads all vectors, so an index on a server was measured when it was sent.
        """
        from searchkit.store import StoreReader

        stored = stored_calibration(reader, encoder.fingerprint)
        if stored is not None or not measure:
            return stored
        if not isinstance(reader, StoreReader):
            values = reader.measured()
            return None if values is None else _from_values(values)
        if self._measured is None or self._measured[0] != reader.revision():
            fresh = calibrate(reader, encoder)
            if fresh is None:
                return None
            self._measured = reader.revision(), fresh
        return self._measured[1]


def stored_calibration(reader: Reader, fingerprint: str) -> Calibration | None:
    """The one in the index, if it was made as this version makes it, with the encoder of that fingerprint."""
    values = reader.calibration()
    if values is None or (values.get("version"), values.get("fingerprint")) != (VERSION, fingerprint):
        return None
    return _from_values(values)


def calibrate_if_due(store: StoreWriter, encoder: Callable[[], Encoder]) -> bool:
    """Measure the index and keep the result, if it has none or became another since. Whether it was measured."""
    chunks = store.read.counts().chunks
    before = stored_calibration(store.read, store.read.settings().fingerprint)
    if chunks < FEWEST_CHUNKS or (before is not None and abs(chunks - before.chunks) <= GROWTH * before.chunks):
        return False
    fresh = calibrate(store.read, encoder())
    if fresh is None:
        return False
    with store.change():
        store.save_calibration(asdict(fresh))
    return True


def calibrate(reader: Measurable, encoder: Encoder) -> Calibration | None:
    """Measure an index: at most 400 short texts are encoded, and all vectors are read once. None for an empty one."""
    ids = reader.chunk_ids()
    if not len(ids):
        return None
    cosines = _background(reader, encoder, ids)
    off_topic = np.sort(_best_cosines(reader, encoder.encode_queries(QUESTIONS)))
    return Calibration(
        version=VERSION,
        fingerprint=encoder.fingerprint,
        chunks=len(ids),
        pairs=len(cosines),
        background=_rounded(np.quantile(cosines, (*SHARES, 1.0))) if len(cosines) else (),
        off_topic=_rounded(off_topic),
    )


def _background(reader: Measurable, encoder: Encoder, ids: Ids) -> NDArray[np.float64]:
    """The cosines of all pairs of a sampled query and a sampled chunk that are not of one document."""
    rng = np.random.default_rng(_SEED)
    asked = _sample(rng, ids, min(SAMPLED_QUERIES, 1 + len(ids) // CHUNKS_A_QUERY))
    answers = _sample(rng, ids, SAMPLED_CHUNKS)
    rows = reader.chunk_rows(asked)
    queries = encoder.encode_queries([_query_from(rows[chunk_id], rng) for chunk_id in asked.tolist()])
    cosines = queries.astype(np.float64) @ reader.vectors(answers).astype(np.float64).T
    others = reader.document_numbers(asked)[:, np.newaxis] != reader.document_numbers(answers)
    distinct: NDArray[np.float64] = cosines[others]
    return distinct


def _sample(rng: np.random.Generator, ids: Ids, size: int) -> Ids:
    return np.sort(rng.choice(ids, min(size, len(ids)), replace=False))


def _query_from(row: ChunkRow, rng: np.random.Generator) -> str:
    """What somebody might ask in the words of a chunk: the beginning of one of its headings or sentences, drawn."""
    texts = [*row.heading_path, row.title, *(row.text[start:end] for start, end in sentence_spans(row.text))]
    said = [words for words in map(str.split, texts) if len(words) >= FEWEST_WORDS]
    chosen = said[int(rng.integers(len(said)))] if said else row.text.split()
    return " ".join(chosen[:MOST_WORDS])


def _best_cosines(reader: Measurable, queries: Rows) -> NDArray[np.float64]:
    """The highest cosine of each query (Q, D) among all stored vectors."""
    best = np.full(len(queries), -1.0)
    for _, rows in reader.iter_vectors():
        best = np.maximum(best, (queries @ rows.astype(np.float32).T).max(axis=1))
    return best


def _rounded(values: NDArray[np.floating]) -> tuple[float, ...]:
    """Five digits: less than the float16 of the stored vectors tells apart."""
    return tuple(round(float(value), 5) for value in values)


def _from_values(values: Mapping[str, Any]) -> Calibration:
    return Calibration(**{**values, "background": tuple(values["background"]), "off_topic": tuple(values["off_topic"])})
