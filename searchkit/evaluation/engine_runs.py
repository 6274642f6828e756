"""Runs of the engine itself: the corpus in an index of its own, searched as people search.

What is measured is what ships: documents are cut into chunks, a document stands at its best chunk, and hybrid, lexical
and reranked searches are those of `SearchEngine`. `dense_run` is another thing: one passage a document, cut where the
encoder stops reading, as published figures of encoders are made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from searchkit.evaluation.runs import DEPTH, Ranking, Run, hits_searcher, search_run
from searchkit.search import SearchEngine
from searchkit.search.question import Mode

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from searchkit.encoder import Encoder
    from searchkit.evaluation.collection import RetrievalSet
    from searchkit.search.question import SearchOptions

QUERIES_AT_ONCE = 64  # their hits are held with all their text
_SIGNS = re.compile(r'["*]|(?<!\S)[-+]+')


@contextmanager
def indexed(collection: RetrievalSet, encoder: Encoder) -> Iterator[SearchEngine]:
    """An engine over an index of the corpus alone, which lies in a temporary folder and leaves with it."""
    with (
        TemporaryDirectory(prefix="searchkit-") as scratch,
        SearchEngine.open_or_create(Path(scratch) / "index", encoder=encoder) as engine,
    ):
        engine.add(collection.documents)
        yield engine


def engine_run(
    engine: SearchEngine, collection: RetrievalSet, *, name: str, k: int = DEPTH, **options: Unpack[SearchOptions]
) -> Run:
    """The documents that an engine finds for every query of a collection, each at the place of its best chunk.

    Scores are the cosines of the hits where these are in their order, else 1 / rank.

    Args:
        engine: over an index of the corpus, under the same ids; see `indexed`.
        options: as for `SearchEngine.search`. In lexical mode the signs of its query language count as text, for
            the queries of a collection do not mean them.

    Raises:
        EvaluationError: the index has documents that the collection has not.
        InputError: ``k`` below 1, an empty query, or an option out of range.
    """
    search = hits_searcher(lambda texts, depth: engine.search_many(texts, depth, **options))
    is_lexical = options.get("mode") in (Mode.LEXICAL, Mode.LEXICAL.value)

    def in_blocks(texts: Sequence[str], depth: int) -> list[Ranking]:
        asked = [_SIGNS.sub(" ", text) for text in texts] if is_lexical else texts
        blocks = (asked[first : first + QUERIES_AT_ONCE] for first in range(0, len(asked), QUERIES_AT_ONCE))
        return [_in_order(ranking) for block in blocks for ranking in search(block, depth)]

    return search_run(in_blocks, collection, name=name, k=k)


def _in_order(ranking: Ranking) -> Ranking:
    if all(before >= after for before, after in pairwise(ranking.scores)):
        return ranking
    return Ranking(ranking.doc_ids, tuple(1 / rank for rank in range(1, len(ranking.doc_ids) + 1)))
