"""Hard negatives for pairs: passages that are near an anchor without being its answer.

Passages nearer than a share of the anchor's own positive are left alone, since they are likely to be right too.
Moreira et al. 2024, "NV-Retriever", https://arxiv.org/abs/2407.15831
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from searchkit.errors import TrainingError
from searchkit.training.settings import MiningSettings
from searchkit.training.sources import Row, Source

if TYPE_CHECKING:
    from searchkit.types import Rows


class PairEncoder(Protocol):
    """What mining needs of an encoder."""

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """(N, D) unit rows."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        """(N, D) unit rows."""
        ...


def with_mined_negatives(source: Source, encoder: PairEncoder, *, seed: int) -> Source:
    """The source with a hard negative in every row where its settings ask for mining; otherwise as it is."""
    mining = source.settings.mine
    if mining is None:
        return source
    return dataclasses.replace(source, rows=tuple(mine_hard_negatives(source.rows, encoder, mining, seed=seed)))


def mine_hard_negatives(rows: Sequence[Row], encoder: PairEncoder, mining: MiningSettings, *, seed: int) -> list[Row]:
    """A hard negative for each pair, drawn from the positives of the others.

    Args:
        rows: (anchor, positive); a text may occur in several pairs, whose positives are never its negatives,
            and neither are those of its group.
        encoder: ranks all positives for each anchor.
        mining: the window of ranks and the ceiling of similarity.
        seed: chooses among the passages that qualify.

    Returns:
        (anchor, positive, negative) in the order of ``rows``. Where no passage qualifies, a random one.

    Raises:
        TrainingError: there is no passage that could be a negative.
    """
    import faiss

    passages = list(dict.fromkeys(row.texts[1] for row in rows))
    numbers = {passage: number for number, passage in enumerate(passages)}
    queries = encoder.encode_queries([row.texts[0] for row in rows])
    vectors = encoder.encode_passages(passages)
    depth = min(mining.last_rank, len(passages))
    scores, nearest = faiss.knn(queries, vectors, depth, metric=faiss.METRIC_INNER_PRODUCT)
    rng = np.random.default_rng(seed)
    mined = []
    for number, (row, forbidden) in enumerate(zip(rows, _forbidden(rows, numbers), strict=True)):
        own = float(queries[number] @ vectors[numbers[row.texts[1]]])
        window = slice(mining.first_rank - 1, depth)
        fits = nearest[number, window][scores[number, window] <= mining.ceiling * own]
        choice = [int(passage) for passage in fits if int(passage) not in forbidden]
        negative = choice[int(rng.integers(len(choice)))] if choice else _any(len(passages), forbidden, rng)
        mined.append(dataclasses.replace(row, texts=(*row.texts, passages[negative])))
    return mined


def _forbidden(rows: Sequence[Row], numbers: Mapping[str, int]) -> Iterator[set[int]]:
    """For each row the passages that answer it: those of the same anchor, of the same group, and the anchor itself."""
    by_anchor: dict[str, set[int]] = defaultdict(set)
    by_group: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        by_anchor[row.texts[0]].add(numbers[row.texts[1]])
        if row.group:
            by_group[row.group].add(numbers[row.texts[1]])
    for row in rows:
        itself = {numbers[row.texts[0]]} if row.texts[0] in numbers else set()
        yield by_anchor[row.texts[0]] | by_group.get(row.group, set()) | itself


def _any(count: int, forbidden: set[int], rng: np.random.Generator) -> int:
    if len(forbidden) == count:
        raise TrainingError("mining found no passage that is not an answer itself", hint="add pairs, or leave out mine")
    while (passage := int(rng.integers(count))) in forbidden:
        pass
    return passage
