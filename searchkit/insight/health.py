"""The state of the space that an index lives in, in a few figures that two encoders can be compared by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.chunking import passage_text
from searchkit.errors import InputError
from searchkit.evaluation import alignment, effective_rank, hubness, spearman, uniformity
from searchkit.insight.model import DUPLICATE_COSINE, HEALTH_SAMPLE, Tell
from searchkit.insight.pairs import similar_pairs
from searchkit.search.asking.topics import unit_rows
from searchkit.types import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.encoder import Encoder
    from searchkit.search import SearchEngine
    from searchkit.search.corpus import Corpus
    from searchkit.store import ChunkRow
    from searchkit.store.corpus import Layout
    from searchkit.types import Rows

_FEWEST = 12  # chunks; hubness looks at the nearest ten
_ENCODED = 256  # between two words on progress


@dataclass(frozen=True, slots=True)
class Health:
    """Figures of one encoder on the chunks of an index.

    Attributes:
        encoder: its name.
        chunks: looked at, of whole documents.
        of_chunks: in the index.
        pairs: neighbouring chunks of one document, which count as positive pairs.
        alignment: mean squared distance of those, 0 to 4; lower is better. None without pairs.
        uniformity: how evenly chunks fill the sphere; lower is better, 0 where all are one point.
        effective_rank: dimensions in use.
        dimensions: of the encoder.
        hubness: skewness of how often a chunk is among the ten nearest of others; near 0 without hubs.
        length_bias: Spearman's correlation of a chunk's length with its mean cosine to all; near 0 when long chunks are
            no nearer to everything than short ones.
        duplicate_rate: share of the chunks that have another with a cosine of at least 0.95.
    """

    encoder: str
    chunks: int
    of_chunks: int
    pairs: int
    alignment: float | None
    uniformity: float
    effective_rank: float
    dimensions: int
    hubness: float
    length_bias: float
    duplicate_rate: float


def health_of(
    engine: SearchEngine,
    *,
    encoder: Encoder | None = None,
    sample: int = HEALTH_SAMPLE,
    tell: Tell = lambda _: None,
) -> Health:
    """The figures of the index, or of another encoder on the same chunks, which are then embedded here.

    Args:
        encoder: instead of the one whose vectors are stored; the index is not changed.
        sample: documents are taken whole until there are so many chunks; which ones depends on their content alone, so
            two encoders are compared on the same.
        tell: called with a word on the progress of embedding.

    Raises:
        InputError: fewer than a dozen chunks, or a sample as small.

    Alignment and uniformity: Wang, Isola 2020, https://arxiv.org/abs/2005.10242. Longer texts lying nearer to each
    other: Zhou et al. 2024, "Length-Induced Embedding Collapse in PLM-based Models", https://arxiv.org/abs/2410.24200
    """
    if sample < _FEWEST:
        raise InputError(f"sample is {sample}; expected at least {_FEWEST} chunks")
    with engine.corpus() as corpus:
        layout = corpus.layout
        if len(layout.ids) < _FEWEST:
            held = f"{len(layout.ids)} chunk{'' if len(layout.ids) == 1 else 's'}"
            raise InputError(
                f"the index holds {held}; these figures need at least {_FEWEST}",
                hint="index more first: searchkit index FOLDER",
            )
        chosen = _whole_documents(layout, sample)
        name = corpus.settings.encoder or "default"
        if encoder is None:
            rows = unit_rows(corpus.vectors()[chosen])
        else:
            name, rows = encoder.name, _encoded(corpus, encoder, chosen, tell)
        return _figures(name, layout, chosen, rows)


def _whole_documents(layout: Layout, sample: int) -> NDArray[np.int64]:
    """Positions of the chunks of as many documents as the sample holds, at least one; by their first content hash."""
    if len(layout.ids) <= sample:
        return np.arange(len(layout.ids))
    documents, first, counts = np.unique(layout.documents, return_index=True, return_counts=True)
    order = np.argsort(first)
    fits = np.cumsum(counts[order]) <= sample
    fits[0] = True
    return np.flatnonzero(np.isin(layout.documents, documents[order][fits]))


def _encoded(corpus: Corpus, encoder: Encoder, chosen: NDArray[np.int64], tell: Tell) -> Rows:
    parts = []
    for first in range(0, len(chosen), _ENCODED):
        chunks = corpus.chunks(corpus.layout.ids[chosen[first : first + _ENCODED]])
        parts.append(encoder.encode_passages([_passage(chunk) for chunk in chunks]))
        tell(f"embedded {min(first + _ENCODED, len(chosen)):,} of {len(chosen):,} chunks")
    return unit_rows(np.concatenate(parts))


def _passage(row: ChunkRow) -> str:
    chunk = Chunk(row.text, row.start, row.end, row.line_start, row.line_end, row.heading_path, row.page)
    return passage_text(row.title, chunk)


def _figures(name: str, layout: Layout, chosen: NDArray[np.int64], rows: Rows) -> Health:
    first, second = _neighbouring(layout, chosen)
    return Health(
        encoder=name,
        chunks=len(rows),
        of_chunks=len(layout.ids),
        pairs=len(first),
        alignment=alignment(rows[first], rows[second]) if len(first) else None,
        uniformity=uniformity(rows),
        effective_rank=effective_rank(rows),
        dimensions=rows.shape[1],
        hubness=hubness(rows),
        length_bias=_length_bias(layout.characters[chosen], rows),
        duplicate_rate=_duplicate_rate(rows, layout.passages[chosen]),
    )


def _neighbouring(layout: Layout, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in ``chosen`` the two chunks of each pair stand."""
    documents, positions = layout.documents[chosen], layout.positions[chosen]
    order = np.lexsort((positions, documents))
    follows = (np.diff(documents[order]) == 0) & (np.diff(positions[order]) == 1)
    return order[:-1][follows], order[1:][follows]


def _length_bias(lengths: NDArray[np.int64], rows: Rows) -> float:
    nearness = rows @ rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    return spearman(lengths, np.round(nearness, 6))  # or the last bits of equal rows would be ranked


def _duplicate_rate(rows: Rows, passages: NDArray[np.int64]) -> float:
    _, first, which, counts = np.unique(passages, return_index=True, return_inverse=True, return_counts=True)
    has_another = counts > 1
    for pairs in similar_pairs(rows[first], DUPLICATE_COSINE):
        has_another[pairs.first] = has_another[pairs.second] = True
    return float(has_another[which].mean())
