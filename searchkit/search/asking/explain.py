"""Why a hit is there, and how its question was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.search.asking.answers import Plan
from searchkit.search.asking.filtering import conditions_of
from searchkit.search.asking.marking import matched_spans
from searchkit.search.question import Mode
from searchkit.types import Explanation, Part

if TYPE_CHECKING:
    from searchkit.search.asking.calibration import Calibration
    from searchkit.search.asking.ranking import Found, Ranking
    from searchkit.search.backend import Reader
    from searchkit.search.question import Question
    from searchkit.types import Ids


def explain(reader: Reader, found: Found, chosen: Ids) -> dict[int, Explanation]:
    """For each chosen chunk, what each part made of it."""
    parts = {name: _parts_by_id(ranking) for name, ranking in (*found.parts.items(), ("fused", found.fused))}
    judged = {} if found.judged is None else _parts_by_id(found.judged)
    terms = {} if found.query is None else reader.matched_terms(found.query, chosen)
    texts = {} if found.query is None else reader.chunk_rows(chosen)
    return {
        chunk_id: Explanation(
            dense=parts.get("dense", {}).get(chunk_id),
            lexical=parts.get("lexical", {}).get(chunk_id),
            fused=parts["fused"][chunk_id],
            terms=terms.get(chunk_id, ()),
            judged=judged.get(chunk_id),
            spans=() if found.query is None else matched_spans(texts[chunk_id].text, found.query),
        )
        for chunk_id in chosen.tolist()
    }


def _parts_by_id(ranking: Ranking) -> dict[int, Part]:
    pairs = zip(ranking.ids.tolist(), ranking.scores.tolist(), strict=True)
    return {chunk_id: Part(rank, score) for rank, (chunk_id, score) in enumerate(pairs, start=1)}


def plan_of(reader: Reader, question: Question, found: Found, calibration: Calibration | None) -> Plan:
    """How the question was taken."""
    is_hybrid = question.mode is Mode.HYBRID
    return Plan(
        chunks=reader.counts().chunks,
        conditions=conditions_of(reader, question),
        fusion=question.fusion.value if is_hybrid else None,
        dense_weight=question.dense_weight if is_hybrid else None,
        terms=() if found.query is None else found.query.terms,
        closest=found.closest,
        off_topic=None if calibration is None or found.closest is None else calibration.p_value(found.closest),
    )
