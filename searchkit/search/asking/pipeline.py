"""From queries to hits: filter, candidates of each part, fusion, choice, and what a person sees of them.

    queries ─ filter ─┬─ dense ───┬─ fusion ─ (rerank) ─ choice ─ hits
                      └─ lexical ─┘

Filters act before any cut. Each stage takes and gives a `Ranking`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from searchkit.index import rescore
from searchkit.search.asking.answers import Answer, Stopwatch
from searchkit.search.asking.choice import Choice, choose, depth_for, settle
from searchkit.search.asking.explain import explain, plan_of
from searchkit.search.asking.filtering import allowed_chunks
from searchkit.search.asking.fusion import convex_combination, reciprocal_ranks
from searchkit.search.asking.highlight import with_best_sentences
from searchkit.search.asking.hits import hits_of
from searchkit.search.asking.negatives import away_from, demoted
from searchkit.search.asking.ranking import Found, Ranking
from searchkit.search.question import Fusion, Mode, Question
from searchkit.store import StoreReader

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.index import IdFilter, Neighbours
    from searchkit.search.asking.calibration import Calibration, Calibrator
    from searchkit.search.asking.rerank import Reranker
    from searchkit.search.backend import Reader, Vectors
    from searchkit.search.snapshot import Snapshot
    from searchkit.store import LexicalQuery
    from searchkit.types import Hit, Ids, Rows

NO_WORDS = (
    "the index was written by an older searchkit and has no words to look up, so the dense part answered alone; "
    "the next `searchkit index FOLDER` adds them"
)
FUSED_DEPTH = 100  # candidates of each part that are fused; a chunk below both cuts would be far down anyway


@dataclass(frozen=True, eq=False)
class View:
    """One committed state of an index, the encoder that belongs to it, and what else an answer needs."""

    reader: Reader
    snapshot: Vectors
    encoder: Encoder
    calibrator: Calibrator
    reranker: Reranker | None = None


@dataclass(frozen=True, eq=False)
class LocalView(View):
    """A view of an index that lies here."""

    reader: StoreReader
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One query: its text, its embedding (D,), and the chunks that may answer."""

    text: str
    vector: Rows
    allowed: IdFilter | None


def answer(view: View, texts: Sequence[str], question: Question) -> list[Answer]:
    """An answer for each query, all from the same state of the index."""
    watch = Stopwatch()
    question, notices = _answerable(view.reader, question)
    with watch("filter"):
        allowed = allowed_chunks(view.reader, question)
    with watch("encode"):
        vectors = query_vectors(view.encoder, texts, question)
    with watch("calibration"):
        is_needed = question.explain or question.abstain is not None
        calibration = view.calibrator.get(view.reader, view.encoder, measure=is_needed)
    depth = first_depth(question)
    with watch("dense"):
        dense = _dense(view.snapshot, vectors, depth, question, allowed)
    answers = []
    for number, text in enumerate(texts):
        own = Stopwatch({stage: seconds / len(texts) for stage, seconds in watch.seconds.items()})
        asked = _Asked(text, vectors[number], allowed)
        found = _candidates(view.reader, asked, None if dense is None else dense[number], depth, question, own)
        if view.reranker is not None and len(found.fused):
            found = _judged(view.reader, view.reranker, text, found, own)
        found, choice = settle(
            found,
            depth,
            question,
            choose=partial(_choice, view.reader, question, own),
            look=partial(_look, view, asked, question, own),
        )
        is_off_topic = _is_off_topic(found, question, calibration)
        hits = [] if is_off_topic else _hits(view, asked.vector, found, choice, question, calibration, own)
        answers.append(
            Answer(
                hits=hits,
                mode=question.mode,
                index_kind=view.snapshot.kind,
                allowed=None if allowed is None else len(allowed),
                candidates={name: len(part) for name, part in found.parts.items()},
                seconds=own.seconds,
                notices=notices,
                nothing_close=is_off_topic,
                plan=plan_of(view.reader, question, found, calibration) if question.explain else None,
            )
        )
    return answers


def _answerable(reader: Reader, question: Question) -> tuple[Question, tuple[str, ...]]:
    """The question as this index can answer it, and what has to be said about that."""
    notices = () if isinstance(reader, StoreReader) else reader.notices()
    if question.mode is Mode.HYBRID and not reader.has_lexical():
        why = NO_WORDS if isinstance(reader, StoreReader) else f"{reader.no_words()}; the dense part answered alone"
        return replace(question, mode=Mode.DENSE), (*notices, why)
    return question, notices


def _is_off_topic(found: Found, question: Question, calibration: Calibration | None) -> bool:
    """Whether the closest candidate is no closer than chance, at the rate that was asked for."""
    if question.abstain is None or calibration is None or found.closest is None:
        return False
    return calibration.p_value(found.closest) > question.abstain


def query_vectors(encoder: Encoder, texts: Sequence[str], question: Question) -> Rows:
    """What is searched with, (Q, D) unit rows."""
    queries = encoder.encode_queries(texts)
    return away_from(queries, encoder.encode_queries(question.unlike)) if question.unlike else queries


def first_depth(question: Question) -> int:
    """How many candidates each part is asked for at first."""
    depth = depth_for(question)
    is_plain = question.mode is Mode.DENSE and question.rerank is None
    return depth if is_plain else max(depth, FUSED_DEPTH)


def _look(view: View, asked: _Asked, question: Question, watch: Stopwatch, depth: int) -> Found:
    """The candidates of one query, ``depth`` of each part."""
    with watch("dense"):
        dense = _dense(view.snapshot, asked.vector[np.newaxis], depth, question, asked.allowed)
    return _candidates(view.reader, asked, None if dense is None else dense[0], depth, question, watch)


def _dense(
    snapshot: Vectors, vectors: Rows, depth: int, question: Question, allowed: IdFilter | None
) -> list[Ranking] | None:
    if question.mode is Mode.LEXICAL:
        return None
    return rankings_of(snapshot.nearest(vectors, depth, allowed))


def rankings_of(neighbours: Neighbours) -> list[Ranking]:
    """What an index found for each query, without the empty places."""
    return [
        Ranking(ids[ids >= 0], scores[ids >= 0].astype(np.float64))
        for scores, ids in zip(neighbours.scores, neighbours.ids, strict=True)
    ]


def _candidates(
    reader: Reader, asked: _Asked, dense: Ranking | None, depth: int, question: Question, watch: Stopwatch
) -> Found:
    parts = {} if dense is None else {"dense": dense}
    query = None
    if question.mode is not Mode.DENSE:
        from searchkit.store import parse_query, plain_query

        query = parse_query(asked.text) if question.mode is Mode.LEXICAL else plain_query(asked.text)
        with watch("lexical"):
            parts["lexical"] = _lexical(reader, query, depth, question, asked.allowed)
    with watch("fusion"):
        cosines = _cosines(reader, asked.vector, parts)
        fused = _fused(reader, parts, cosines, query, question)
    return Found(parts, fused, query, cosines)


def _lexical(
    reader: Reader, query: LexicalQuery | None, depth: int, question: Question, allowed: IdFilter | None
) -> Ranking:
    if query is None:
        return Ranking(np.empty(0, np.int64), np.empty(0))
    if isinstance(reader, StoreReader):
        scores, ids = reader.lexical_nearest(query, depth, None if allowed is None else allowed.ids)
    else:
        scores, ids = reader.lexical_among(query, depth, allowed)
    return demoted(reader, query, question.unlike, Ranking(ids, scores))


def _fused(
    reader: Reader,
    parts: Mapping[str, Ranking],
    cosines: Mapping[int, float],
    query: LexicalQuery | None,
    question: Question,
) -> Ranking:
    if len(parts) == 1:
        return next(iter(parts.values()))
    weights = {"dense": question.dense_weight, "lexical": 1 - question.dense_weight}
    if question.fusion is Fusion.RRF:
        return reciprocal_ranks(parts, weights)
    ids = np.fromiter(cosines, dtype=np.int64, count=len(cosines))
    scored = {
        "dense": Ranking(ids, np.fromiter(cosines.values(), dtype=np.float64, count=len(ids))),
        "lexical": _with_others(reader, parts["lexical"], ids, query, question),
    }
    return convex_combination(scored, weights)


def _with_others(reader: Reader, lexical: Ranking, ids: Ids, query: LexicalQuery | None, question: Question) -> Ranking:
    """The lexical part with those of ``ids`` that it did not propose, its scores as shares of the most they can be."""
    proposed = set(lexical.ids.tolist())
    others = np.array([chunk_id for chunk_id in ids.tolist() if chunk_id not in proposed], dtype=np.int64)
    scores = np.zeros(len(others))
    if query is not None and len(others):
        ranked = demoted(reader, query, question.unlike, Ranking(others, reader.lexical_scores(query, others)))
        others, scores = ranked.ids, ranked.scores
    most = reader.lexical_most(query) if query is not None else 1.0
    return Ranking(np.concatenate([lexical.ids, others]), np.concatenate([lexical.scores, scores]) / most)


def _judged(reader: Reader, reranker: Reranker, text: str, found: Found, watch: Stopwatch) -> Found:
    from searchkit.search.asking.rerank import RERANKED, judged

    with watch("rerank"):
        return replace(found, judged=judged(reader, reranker, text, found.fused.ids[:RERANKED]))


def _choice(reader: Reader, question: Question, watch: Stopwatch, found: Found) -> Choice:
    """Which candidates become hits."""
    with watch("choice"):
        cosines = np.array([found.cosines[chunk_id] for chunk_id in found.order.tolist()])
        return choose(reader, found.order, cosines, question)


def _hits(
    view: View,
    query: Rows,
    found: Found,
    choice: Choice,
    question: Question,
    calibration: Calibration | None,
    watch: Stopwatch,
) -> list[Hit]:
    with watch("hits"):
        explanations = explain(view.reader, found, choice.ids) if question.explain else None
        hits = hits_of(
            view.reader,
            choice,
            context=question.context,
            explanations=explanations,
            percentile=None if calibration is None else calibration.percentile,
        )
    if question.highlight:
        with watch("highlight"):
            hits = with_best_sentences(view.encoder, query, hits)
    return hits


def _cosines(reader: Reader, query: Rows, parts: Mapping[str, Ranking]) -> dict[int, float]:
    """The cosine of every candidate; of those that the dense part did not find, from the stored vectors."""
    dense = parts.get("dense")
    known = {} if dense is None else dict(zip(dense.ids.tolist(), dense.scores.tolist(), strict=True))
    candidates = {chunk_id for part in parts.values() for chunk_id in part.ids.tolist()}
    others = np.array(sorted(candidates - known.keys()), dtype=np.int64)
    if len(others):
        scores = rescore(query, reader.vectors(others))
        known |= dict(zip(others.tolist(), scores.astype(np.float64).tolist(), strict=True))
    return known
