"""What changed between two ways to answer the same queries, without any judgement of which is better.

before = documents_found(engine_a, queries)
after = documents_found(engine_b, queries)
compare_answers(queries, before, after).mean
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, TypeAlias

from searchkit.errors import EvaluationError, InputError
from searchkit.evaluation.overlap import PERSISTENCE, rbo
from searchkit.evaluation.records import FORMATS, read_records, require_columns
from searchkit.evaluation.runs import hits_searcher

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from searchkit.search import SearchEngine
    from searchkit.search.question import SearchOptions

DocIds: TypeAlias = "tuple[str, ...]"  # best first, each once
DEPTH = 10


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """What became of the answer to one query.

    Attributes:
        query: its text.
        overlap: `rbo` of the two answers, 0 to 1.
        before, after: the documents, best first.
    """

    query: str
    overlap: float
    before: DocIds
    after: DocIds

    @property
    def gained(self) -> DocIds:
        """Documents that are in the new answer alone, best first."""
        return tuple(doc_id for doc_id in self.after if doc_id not in self.before)

    @property
    def lost(self) -> DocIds:
        """Documents that are in the old answer alone, best first."""
        return tuple(doc_id for doc_id in self.before if doc_id not in self.after)


@dataclass(frozen=True, slots=True)
class AnswerDiff:
    """The changes of all queries, in their order; there is at least one."""

    changes: tuple[AnswerChange, ...]

    @property
    def mean(self) -> float:
        """The mean overlap over the queries, 0 to 1."""
        return fmean(change.overlap for change in self.changes)

    @property
    def unchanged(self) -> int:
        """How many queries have the same documents in the same order."""
        return sum(change.before == change.after for change in self.changes)

    def worst(self, count: int) -> list[AnswerChange]:
        """The queries whose answers changed most, the most changed first; unchanged ones are left out."""
        changed = [change for change in self.changes if change.before != change.after]
        return sorted(changed, key=lambda change: change.overlap)[:count]


def read_queries(path: Path) -> list[str]:
    """The queries of a file: one a line, or the ``text`` of a ``.jsonl``, ``.tsv``, ``.csv`` or ``.parquet``.

    Empty lines are left out, and what occurs twice counts once.

    Raises:
        EvaluationError: the file is missing or damaged, or holds no query.
        MissingExtraError: parquet without pyarrow.
    """
    if path.suffix.lower() in FORMATS:
        records = read_records(path)
        require_columns(path, records, ["text"])
        texts = [str(record.get("text") or "") for record in records]
    else:
        texts = _lines(path)
    queries = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if not queries:
        raise EvaluationError(f"{path} holds no query", hint="write one query a line")
    return queries


def documents_found(
    engine: SearchEngine, queries: Sequence[str], k: int = DEPTH, **options: Unpack[SearchOptions]
) -> list[DocIds]:
    """The first ``k`` documents for each query, a document at the place of its best chunk."""
    search = hits_searcher(lambda texts, depth: engine.search_many(texts, depth, **options))
    return [ranking.doc_ids for ranking in search(queries, k)]


def compare_answers(
    queries: Sequence[str], before: Sequence[DocIds], after: Sequence[DocIds], *, p: float = PERSISTENCE
) -> AnswerDiff:
    """What changed from one list of answers to another, both in the order of the queries.

    Raises:
        InputError: no queries, not an answer for each, ``p`` out of range, or a document twice in an answer.
    """
    if not queries or not len(queries) == len(before) == len(after):
        raise InputError(
            f"{len(queries)} queries came with {len(before)} and {len(after)} answers; expected one of each for each"
        )
    answers = zip(queries, before, after, strict=True)
    return AnswerDiff(tuple(AnswerChange(query, rbo(old, new, p=p), old, new) for query, old, new in answers))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as exc:
        raise EvaluationError(f"{path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise EvaluationError(f"{path} is not UTF-8 at byte {exc.start}") from exc
