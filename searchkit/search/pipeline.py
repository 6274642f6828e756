"""From queries to hits: filter, candidates of each part, fusion, choice, and what a person sees of them.

    queries ─ filter ─┬─ dense ───┬─ fusion ─ choice ─ hits
                      └─ lexical ─┘

Filters act before any cut. Each stage takes and gives a `Ranking`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from searchkit.index import IdFilter, rescore
from searchkit.search.choice import Choice, choose, depth_for, settle
from searchkit.search.explain import explain
from searchkit.search.fusion import convex_combination, reciprocal_ranks
from searchkit.search.highlight import with_best_sentences
from searchkit.search.hits import hits_of
from searchkit.search.negatives import away_from, demoted
from searchkit.search.question import Fusion, Mode, Question
from searchkit.search.ranking import Found, Ranking

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.index import Neighbours
    from searchkit.search.snapshot import Snapshot
    from searchkit.store import LexicalQuery, StoreReader
    from searchkit.types import Hit, Ids, Rows

NO_WORDS = (
    "the index was written by an older searchkit and has no words to look up, so the dense part answered alone; "
    "the next `searchkit index FOLDER` adds them"
)
FUSED_DEPTH = 100  # candidates of each part that are fused; a chunk below both cuts would be far down anyway


@dataclass(frozen=True, eq=False)
class View:
    """One committed state of an index and the encoder that belongs to it."""

    reader: StoreReader
    snapshot: Snapshot
    encoder: Encoder


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits of one query, and how they came about.

    Attributes:
        hits: best first.
        mode: what looked for candidates; ``dense`` for a hybrid question to an index without words, see ``notices``.
        index_kind: of the FAISS file, or ``none`` before the first.
        allowed: chunks that the filter let through; None without a filter.
        candidates: by part, how many it proposed.
        seconds: by stage; those of a batch of queries are shared evenly.
        notices: what a person ought to know about the answer, one sentence each.
    """

    hits: list[Hit]
    mode: Mode
    index_kind: str
    allowed: int | None
    candidates: Mapping[str, int]
    seconds: Mapping[str, float]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One query: its text, its embedding (D,), and the chunks that may answer."""

    text: str
    vector: Rows
    allowed: IdFilter | None


@dataclass(slots=True)
class Stopwatch:
    """Seconds by stage, summed where a stage is entered again."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began


def answer(view: View, texts: Sequence[str], question: Question) -> list[Answer]:
    """An answer for each query, all from the same state of the index."""
    watch = Stopwatch()
    question, notices = _answerable(view.reader, question)
    with watch("filter"):
        allowed = allowed_chunks(view.reader, question)
    with watch("encode"):
        vectors = _vectors(view.encoder, texts, question)
    depth = _depth(question)
    with watch("dense"):
        dense = _dense(view.snapshot, vectors, depth, question, allowed)
    answers = []
    for number, text in enumerate(texts):
        own = Stopwatch({stage: seconds / len(texts) for stage, seconds in watch.seconds.items()})
        asked = _Asked(text, vectors[number], allowed)
        found = _candidates(view.reader, asked, None if dense is None else dense[number], depth, question, own)
        found, choice = settle(
            found,
            depth,
            question,
            choose=partial(_choice, view.reader, question, own),
            look=partial(_look, view, asked, question, own),
        )
        hits = _hits(view, asked.vector, found, choice, question, own)
        answers.append(
            Answer(
                hits=hits,
                mode=question.mode,
                index_kind="none" if view.snapshot.record is None else view.snapshot.record.kind,
                allowed=None if allowed is None else len(allowed),
                candidates={name: len(part) for name, part in found.parts.items()},
                seconds=own.seconds,
                notices=notices,
            )
        )
    return answers


def _answerable(reader: StoreReader, question: Question) -> tuple[Question, tuple[str, ...]]:
    """The question as this index can answer it, and what has to be said about that."""
    if question.mode is Mode.HYBRID and not reader.has_lexical():
        return replace(question, mode=Mode.DENSE), (NO_WORDS,)
    return question, ()


def allowed_chunks(reader: StoreReader, question: Question) -> IdFilter | None:
    """The chunks that the filters let through; None where nothing is filtered."""
    if question.where is None and question.path is None and question.since is None:
        return None
    from searchkit.store.filter_sql import joined
    from searchkit.store.filters import compile_filter, path_matcher
    from searchkit.store.since import modified_since

    conditions = []
    if question.where is not None:
        conditions.append(compile_filter(question.where, reader.metadata_fields()))
    if question.since is not None:
        conditions.append(modified_since(question.since, datetime.now(timezone.utc)))
    matches = None if question.path is None else path_matcher(question.path)
    return IdFilter(reader.allowed_ids(joined("AND", conditions), matches))


def _vectors(encoder: Encoder, texts: Sequence[str], question: Question) -> Rows:
    """What is searched with, (Q, D) unit rows."""
    queries = encoder.encode_queries(texts)
    return away_from(queries, encoder.encode_queries(question.unlike)) if question.unlike else queries


def _depth(question: Question) -> int:
    """How many candidates each part is asked for at first."""
    depth = depth_for(question)
    return depth if question.mode is Mode.DENSE else max(depth, FUSED_DEPTH)


def _look(view: View, asked: _Asked, question: Question, watch: Stopwatch, depth: int) -> Found:
    """The candidates of one query, ``depth`` of each part."""
    with watch("dense"):
        dense = _dense(view.snapshot, asked.vector[np.newaxis], depth, question, asked.allowed)
    return _candidates(view.reader, asked, None if dense is None else dense[0], depth, question, watch)


def _dense(
    snapshot: Snapshot, vectors: Rows, depth: int, question: Question, allowed: IdFilter | None
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
    reader: StoreReader, asked: _Asked, dense: Ranking | None, depth: int, question: Question, watch: Stopwatch
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
    reader: StoreReader, query: LexicalQuery | None, depth: int, question: Question, allowed: IdFilter | None
) -> Ranking:
    if query is None:
        return Ranking(np.empty(0, np.int64), np.empty(0))
    scores, ids = reader.lexical_nearest(query, depth, None if allowed is None else allowed.ids)
    return demoted(reader, query, question.unlike, Ranking(ids, scores))


def _fused(
    reader: StoreReader,
    parts: Mapping[str, Ranking],
    cosines: Mapping[int, float],
    query: LexicalQuery | None,
    question: Question,
) -> Ranking:
    if len(parts) == 1:
        return next(iter(parts.values()))
    share = question.dense_share
    weights = {"dense": share, "lexical": 1 - share}
    if question.fusion is Fusion.RRF:
        return reciprocal_ranks(parts, weights)
    ids = np.fromiter(cosines, dtype=np.int64, count=len(cosines))
    scored = {
        "dense": Ranking(ids, np.fromiter(cosines.values(), dtype=np.float64, count=len(ids))),
        "lexical": _with_others(reader, parts["lexical"], ids, query, question),
    }
    return convex_combination(scored, weights)


def _with_others(
    reader: StoreReader, lexical: Ranking, ids: Ids, query: LexicalQuery | None, question: Question
) -> Ranking:
    """The lexical part, with the scores that it gives to those of ``ids`` that it did not propose."""
    others = ids[~np.isin(ids, lexical.ids)]
    scores = np.zeros(len(others))
    if query is not None and len(others):
        ranked = demoted(reader, query, question.unlike, Ranking(others, reader.lexical_scores(query, others)))
        others, scores = ranked.ids, ranked.scores
    return Ranking(np.concatenate([lexical.ids, others]), np.concatenate([lexical.scores, scores]))


def _choice(reader: StoreReader, question: Question, watch: Stopwatch, found: Found) -> Choice:
    """Which candidates become hits."""
    with watch("choice"):
        cosines = np.array([found.cosines[chunk_id] for chunk_id in found.fused.ids.tolist()])
        return choose(reader, found.fused.ids, cosines, question)


def _hits(view: View, query: Rows, found: Found, choice: Choice, question: Question, watch: Stopwatch) -> list[Hit]:
    with watch("hits"):
        explanations = explain(view.reader, found, choice.ids) if question.explain else None
        hits = hits_of(view.reader, choice, context=question.context, explanations=explanations)
    if question.highlight:
        with watch("highlight"):
            hits = with_best_sentences(view.encoder, query, hits)
    return hits


def _cosines(reader: StoreReader, query: Rows, parts: Mapping[str, Ranking]) -> dict[int, float]:
    """The cosine of every candidate; of those that the dense part did not find, from the stored vectors."""
    dense = parts.get("dense")
    known = {} if dense is None else dict(zip(dense.ids.tolist(), dense.scores.tolist(), strict=True))
    candidates = np.concatenate([part.ids for part in parts.values()])
    others = np.unique(candidates[~np.isin(candidates, list(known))])
    if len(others):
        scores = rescore(query, reader.vectors(others))
        known |= dict(zip(others.tolist(), scores.astype(np.float64).tolist(), strict=True))
    return known
