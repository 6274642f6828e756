"""Why a hit is there: what each part of the search made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.types import Explanation, Part

if TYPE_CHECKING:
    from searchkit.search.ranking import Found, Ranking
    from searchkit.store import StoreReader
    from searchkit.types import Ids


def explain(reader: StoreReader, found: Found, chosen: Ids) -> dict[int, Explanation]:
    """For each chosen chunk, what each part made of it."""
    parts = {name: _parts_by_id(ranking) for name, ranking in (*found.parts.items(), ("fused", found.fused))}
    terms = {} if found.query is None else reader.matched_terms(found.query, chosen)
    return {
        chunk_id: Explanation(
            dense=parts.get("dense", {}).get(chunk_id),
            lexical=parts.get("lexical", {}).get(chunk_id),
            fused=parts["fused"][chunk_id],
            terms=terms.get(chunk_id, ()),
        )
        for chunk_id in chosen.tolist()
    }


def _parts_by_id(ranking: Ranking) -> dict[int, Part]:
    pairs = zip(ranking.ids.tolist(), ranking.scores.tolist(), strict=True)
    return {chunk_id: Part(rank, score) for rank, (chunk_id, score) in enumerate(pairs, start=1)}
