"""Chunks that say the same twice, word for word or nearly."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import InputError
from searchkit.insight.model import DUPLICATE_COSINE, Passage
from searchkit.insight.pairs import join_groups, similar_pairs
from searchkit.insight.passages import passage_of
from searchkit.insight.topics import rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.search import SearchEngine
    from searchkit.search.corpus import Corpus
    from searchkit.types import Rows

KEPT_PAIRS = 1000


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two different texts that are nearly alike."""

    first: Passage
    second: Passage
    cosine: float


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Chunks that are joined by pairs, the first one by place first; each with its cosine to that one."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Attributes:
    threshold: the least cosine of a pair.
    chunks: compared.
    spare: chunks that could go, when one of each group stays.
    pair_count: pairs of different texts; equal texts count once.
    pairs: the most alike of them, at most ``KEPT_PAIRS``.
    groups: the largest first.
    """

    threshold: float
    chunks: int
    spare: int
    pair_count: int
    pairs: tuple[DuplicatePair, ...]
    groups: tuple[DuplicateGroup, ...]


def find_duplicates(
    engine: SearchEngine, *, threshold: float = DUPLICATE_COSINE, across_documents: bool = False
) -> Duplicates:
    """Groups of chunks that are nearly alike. Exact; equal texts are compared once, whatever their number.

    Args:
        threshold: the least cosine of a pair, above 0 and at most 1.
        across_documents: pass over pairs within one document.

    Raises:
        InputError: a threshold out of range, or an index without chunks.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold is {threshold:g}; expected a cosine above 0 and at most 1")
    with engine.corpus() as corpus:
        texts = _Texts.of(corpus)
        group = np.arange(len(texts.first))
        best: list[tuple[float, int, int]] = []
        count = 0
        rows = rows_of(corpus)
        for pairs in similar_pairs(rows[texts.first], threshold):
            first, second, cosines = pairs.first, pairs.second, pairs.cosines
            if across_documents:
                apart = texts.in_different_documents(first, second)
                first, second, cosines = first[apart], second[apart], cosines[apart]
            count += len(first)
            best = heapq.nlargest(
                KEPT_PAIRS, [*best, *zip(cosines.tolist(), (-first).tolist(), (-second).tolist(), strict=True)]
            )
            group = join_groups(group, first, second)
        groups = _groups(texts, group, across_documents=across_documents)
        return Duplicates(
            threshold=threshold,
            chunks=len(rows),
            spare=sum(len(part) - 1 for part in groups),
            pair_count=count,
            pairs=tuple(_pair(corpus, texts, *found) for found in best),
            groups=tuple(_group(corpus, rows, part) for part in groups),
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Texts:
    """The different texts of a corpus: where each stands first, which one every chunk is, and its document.

    ``document`` is that of all its chunks, or -1 where they are of several.
    """

    first: NDArray[np.int64]
    which: NDArray[np.int64]
    document: NDArray[np.int64]

    @classmethod
    def of(cls, corpus: Corpus) -> _Texts:
        layout = corpus.layout
        _, first, which = np.unique(layout.passages, return_index=True, return_inverse=True)
        document = layout.documents[first].copy()
        document[which[layout.documents != document[which]]] = -1
        return cls(first, which, document)

    def in_different_documents(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
        apart: NDArray[np.bool_] = (self.document[first] != self.document[second]) | (self.document[first] < 0)
        return apart


def _groups(texts: _Texts, group: NDArray[np.int64], *, across_documents: bool) -> list[NDArray[np.int64]]:
    """Positions of the chunks of each group of two or more, the largest group first."""
    of_chunks = group[texts.which]
    order = np.argsort(of_chunks, kind="stable")
    starts = np.flatnonzero(np.diff(of_chunks[order], prepend=-1))
    parts = [part for part in np.split(order, starts[1:]) if len(part) > 1]
    if across_documents:
        parts = [part for part in parts if _is_across(texts, part)]
    return sorted(parts, key=lambda part: (-len(part), int(part[0])))


def _is_across(texts: _Texts, part: NDArray[np.int64]) -> bool:
    documents = texts.document[texts.which[part]]
    return bool((documents != documents[0]).any() or documents[0] < 0)


def _pair(corpus: Corpus, texts: _Texts, cosine: float, first: int, second: int) -> DuplicatePair:
    """A pair as it was ranked: the positions of its texts below 0, so that the first ones win among equals."""
    one, other = corpus.chunks(corpus.layout.ids[texts.first[[-first, -second]]])
    return DuplicatePair(passage_of(one, cosine), passage_of(other, cosine), cosine)


def _group(corpus: Corpus, rows: Rows, part: NDArray[np.int64]) -> DuplicateGroup:
    chunks = corpus.chunks(corpus.layout.ids[part])
    order = sorted(
        range(len(part)), key=lambda place: (chunks[place].path or chunks[place].doc_id, chunks[place].start)
    )
    cosines = rows[part[order]] @ rows[part[order[0]]]
    return DuplicateGroup(
        tuple(passage_of(chunks[place], min(1.0, float(c))) for place, c in zip(order, cosines, strict=True))
    )
