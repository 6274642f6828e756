"""Runs: what a system returns for every query of a test collection.

An exported run is a TREC file: ``query Q0 document rank score tag``, one line a retrieved document. It is
written beside and renamed, so it is there whole or not at all. trec_eval sorts by score in single precision
and breaks ties by id; scores that tie are therefore lowered by the least step, and it sees the order meant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from searchkit.errors import EvaluationError, InputError
from searchkit.evaluation.collection import Query, RetrievalSet, passage_of
from searchkit.evaluation.records import some_names
from searchkit.index import Neighbours, exact_scores, merge

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.types import Hit

DEPTH = 100  # documents a query; recall@100 needs as many
BLOCK_DOCUMENTS = 16_384  # embedded and held at a time: 25 MB of 384 columns
_OVERFETCH = 4  # chunks asked for a document wanted


@dataclass(frozen=True, slots=True)
class Ranking:
    """The documents for one query, best first, each once, with their scores."""

    doc_ids: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """The rankings of a system named ``name``, by query id."""

    name: str
    rankings: Mapping[str, Ranking]


Searcher: TypeAlias = "Callable[[Sequence[str], int], Sequence[Ranking]]"  # texts of queries, k -> a ranking each


def dense_run(encoder: Encoder, collection: RetrievalSet, *, k: int = DEPTH) -> Run:
    """Exact cosine search with an encoder over a collection, without an index; ties rank in corpus order.

    Memory is bounded by a block of documents. A document that is itself the query (same id and same text, as
    in ArguAna) is not returned for it.

    Raises:
        InputError: ``k`` below 1.
    """
    _check_depth(k)
    queries = encoder.encode_queries([query.text for query in collection.queries])
    best: Neighbours | None = None
    for first in range(0, len(collection.documents), BLOCK_DOCUMENTS):
        block = collection.documents[first : first + BLOCK_DOCUMENTS]
        positions = np.arange(first, first + len(block), dtype=np.int64)
        rows = encoder.encode_passages([passage_of(document) for document in block])
        found = exact_scores(queries, positions, rows, k + 1)
        best = found if best is None else merge(best, found, k=k + 1)
    if best is None:
        raise EvaluationError(f"{collection.name} has no documents")
    texts = {document.doc_id: document.text.strip() for document in collection.documents}
    rankings = {}
    for query, scores, places in zip(collection.queries, best.scores, best.ids, strict=True):
        ranked = [
            (collection.documents[place].doc_id, float(s))
            for place, s in zip(places, scores, strict=True)
            if place >= 0
        ]
        rankings[query.query_id] = _ranking(ranked, query, texts, k)
    return Run(encoder.name, rankings)


def search_run(searcher: Searcher, collection: RetrievalSet, *, name: str, k: int = DEPTH) -> Run:
    """The answers of any engine or mode to the queries of a collection.

    Raises:
        EvaluationError: it gives another number of rankings, a document twice, or one that the collection
            does not have: then it searches something else.
        InputError: ``k`` below 1.
    """
    _check_depth(k)
    texts = {document.doc_id: document.text.strip() for document in collection.documents}
    answers = searcher([query.text for query in collection.queries], k + 1)
    if len(answers) != len(collection.queries):
        raise EvaluationError(f"{name} gave {len(answers)} rankings for {len(collection.queries)} queries")
    rankings = {}
    for query, answer in zip(collection.queries, answers, strict=True):
        unknown = [doc_id for doc_id in answer.doc_ids if doc_id not in texts]
        if unknown:
            raise EvaluationError(
                f"{name} returned documents that {collection.name} does not have: {some_names(unknown)}",
                hint="search an index of this collection's corpus alone",
            )
        if len(set(answer.doc_ids)) != len(answer.doc_ids):
            raise EvaluationError(f"{name} returned a document twice for query {query.query_id!r}")
        ranked = zip(answer.doc_ids, answer.scores, strict=True)
        rankings[query.query_id] = _ranking(ranked, query, texts, k)
    return Run(name, rankings)


def hits_searcher(search_many: Callable[[Sequence[str], int], Sequence[Sequence[Hit]]]) -> Searcher:
    """A searcher over an index of chunks: a document ranks by its best chunk.

    Args:
        search_many: such as ``engine.search_many`` with its mode bound; several chunks a wanted document are
            asked of it.
    """

    def search(texts: Sequence[str], k: int) -> list[Ranking]:
        return [fold(hits, k) for hits in search_many(texts, k * _OVERFETCH)]

    return search


def fold(hits: Sequence[Hit], k: int) -> Ranking:
    """The documents of ranked chunks, each at the place of its best chunk; the first k."""
    best: dict[str, float] = {}
    for hit in hits:
        best.setdefault(hit.doc_id, hit.score)
    kept = list(islice(best.items(), k))
    return Ranking(tuple(doc_id for doc_id, _ in kept), tuple(score for _, score in kept))


def write_trec_run(run: Run, path: Path) -> None:
    """Write a run for trec_eval, ir-measures and the like.

    Raises:
        EvaluationError: an id holds white space, or the file cannot be written.
    """
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("w", encoding="utf-8") as out:
            out.writelines(trec_lines(run))
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    except OSError as exc:
        raise EvaluationError(f"{path} cannot be written: {exc.strerror}") from exc
    finally:
        beside.unlink(missing_ok=True)


def _check_depth(k: int) -> None:
    if k < 1:
        raise InputError(f"k is {k}, expected 1 or more")


def trec_lines(run: Run) -> Iterator[str]:
    """The lines of a TREC file.

    Raises:
        EvaluationError: an id holds white space.
    """
    tag = "_".join(run.name.split()) or "run"
    for query_id, ranking in run.rankings.items():
        last = np.float32(np.inf)
        for rank, (doc_id, score) in enumerate(zip(ranking.doc_ids, ranking.scores, strict=True), start=1):
            if query_id.split() != [query_id] or doc_id.split() != [doc_id]:
                raise EvaluationError(f"a TREC file cannot hold ids with white space: {query_id!r}, {doc_id!r}")
            last = min(np.float32(score), np.nextafter(last, np.float32(-np.inf)))
            yield f"{query_id} Q0 {doc_id} {rank} {last:.9g} {tag}\n"


def _ranking(ranked: Iterable[tuple[str, float]], query: Query, texts: Mapping[str, str], k: int) -> Ranking:
    others = [(d, s) for d, s in ranked if d != query.query_id or texts[d] != query.text.strip()]
    return Ranking(tuple(doc_id for doc_id, _ in others[:k]), tuple(score for _, score in others[:k]))
