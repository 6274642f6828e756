"""One state of a collection, as the search pipeline reads an index: candidates, their rows, and what filters allow.

A `MilvusReader` answers one question and remembers the rows that it saw, so that the rows of candidates come with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import IndexStateError, QueryError, RemoteError
from searchkit.index import IdFilter, Neighbours, rescore
from searchkit.scale.milvus.expressions import both, literal
from searchkit.scale.milvus.filtering import FilterReader, RemoteFilter, expression_in
from searchkit.scale.milvus.layout import SHOWN, search_parameters
from searchkit.scale.milvus.note import Note, Stage
from searchkit.scale.milvus.rows import chunk_row, vector_of
from searchkit.scale.milvus.server import MOST_ROWS
from searchkit.scale.milvus.words import ChunkWords, Phrase, best, score_of
from searchkit.store import Counts
from searchkit.store.lexical.bm25 import K1, Size
from searchkit.store.lexical.words import ANALYSIS_VERSION

if TYPE_CHECKING:
    from searchkit.scale.milvus.server import Collection
    from searchkit.search.question import Question
    from searchkit.store import ChunkRow, LexicalQuery, StoredSettings
    from searchkit.store.lexical.query import Term
    from searchkit.types import HalfRows, Ids, Rows, Scores

SPARE = 16  # candidates more than are wanted: the server's scores are float32, ours decide
SCORED = 256  # chunks at least whose BM25 is made, and four for each one wanted
CHANGING = (
    "later changes are on their way to the collection: what was answered may be of before or after; "
    "`searchkit push --sync` finishes them"
)
SAMPLED = 2000  # chunks that have all words of a phrase, among which those that have the phrase are counted


class MilvusReader:
    """What `searchkit.search.backend.RemoteReader` and `Vectors` promise, of a collection."""

    def __init__(self, collection: Collection, note: Note, holders: dict[Phrase, int]) -> None:
        """Read a state; ``holders`` remembers how many chunks hold a phrase, for as long as the state is the same."""
        self._collection, self._note, self._holders = collection, note, holders
        self._filters = FilterReader(collection, note)
        self._rows: dict[int, Mapping[str, Any]] = {}
        self._words: dict[int, ChunkWords] = {}

    # --- the whole

    def revision(self) -> int:
        return self._note.revision

    def settings(self) -> StoredSettings:
        return self._note.settings

    def notices(self) -> tuple[str, ...]:
        return () if self._note.stage is Stage.COMPLETE else (CHANGING,)

    def counts(self) -> Counts:
        note = self._note
        return Counts(note.sources, 0, note.documents, note.chunks, 0, 0)

    def calibration(self) -> dict[str, Any] | None:
        return self.measured() if self._note.calibration_is_kept else None

    def measured(self) -> dict[str, Any] | None:
        return None if self._note.calibration is None else dict(self._note.calibration)

    # --- filters

    def allowed(self, question: Question) -> IdFilter | None:
        filters = self._filters.of(question)
        return self._filter(both(*filters.values())) if filters else None

    def allowed_by_each(self, question: Question) -> dict[str, IdFilter]:
        return {text: self._filter(expression) for text, expression in self._filters.of(question).items()}

    def _filter(self, expression: str) -> IdFilter:
        return RemoteFilter(self._collection, expression, self._note.last_id)

    # --- by meaning

    @property
    def kind(self) -> str:
        return self._note.kind

    def nearest(self, queries: Rows, k: int, allowed: IdFilter | None) -> Neighbours:
        k = min(k, max(1, self._note.chunks))
        found = Neighbours(np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1, np.int64))
        limit = min(k + SPARE, MOST_ROWS)
        parameters = search_parameters(self._note.kind, limit, filtered=allowed is not None)
        hits = self._collection.search(
            queries, "vector", expression_in(allowed), SHOWN, limit=limit, parameters=parameters
        )
        for place, (query, rows) in enumerate(zip(queries, hits, strict=True)):
            ids = self._remember(rows)
            if not len(ids):
                continue
            scores = rescore(query, self.vectors(ids))
            order = np.lexsort((ids, -scores))[:k]
            found.scores[place, : len(order)], found.ids[place, : len(order)] = scores[order], ids[order]
        return found

    # --- by words

    def has_lexical(self) -> bool:
        return self._note.has_words and self._note.analysis == ANALYSIS_VERSION

    def no_words(self) -> str:
        if self._note.has_words:
            why = "another version of searchkit analysed its words; push to a new collection"
        else:
            why = f"Milvus {self._collection.version.text} has no BM25, which 2.5 and later have"
        return f"{self._collection.address} has no words to look up: {why}"

    def lexical_among(self, query: LexicalQuery, k: int, allowed: IdFilter | None) -> tuple[Scores, Ids]:
        self._require_words(query)
        tokens = list(dict.fromkeys(token for phrase in self._phrases(query) for token in phrase.tokens))
        clauses = [part for part in (expression_in(allowed), *self._needed(query)) if part]
        limit = max(4 * k, SCORED)
        while True:
            (rows,) = self._collection.search(
                [" ".join(tokens)],
                "sparse",
                both(*clauses) if clauses else "",
                (*SHOWN, "words"),
                limit=limit,
                parameters={"metric_type": "BM25"},
            )
            ids = self._remember(rows)
            scores = self.lexical_scores(query, ids)
            matching = scores > 0
            if len(rows) < min(limit, MOST_ROWS) or limit >= MOST_ROWS or np.count_nonzero(matching) >= k:
                return best(ids[matching], scores[matching], k)
            limit *= 4

    def lexical_scores(self, query: LexicalQuery, ids: Ids) -> Scores:
        words = self._words_of(ids)
        phrases = self._phrases(query)
        holders = self._holders_of(phrases)
        size = self._size()
        return np.array(
            [score_of(one, phrases, holders, size) if one.passes(query) else 0.0 for one in words], dtype=np.float64
        )

    def lexical_most(self, query: LexicalQuery) -> float:
        phrases = self._phrases(query)
        holders, size = self._holders_of(phrases), self._size()
        return sum(times * size.idf(holders[phrase]) * (K1 + 1) for phrase, times in phrases.items())

    def matched_terms(self, query: LexicalQuery, ids: Ids) -> dict[int, tuple[str, ...]]:
        terms = list(dict.fromkeys(query.wanted))
        return {
            chunk_id: tuple(dict.fromkeys(term.written for term in terms if words.holds(term)))
            for chunk_id, words in zip(ids.tolist(), self._words_of(ids), strict=True)
        }

    def _require_words(self, query: LexicalQuery) -> None:
        if not self.has_lexical():
            raise IndexStateError(self.no_words(), hint="search with --mode dense")
        for term in (*query.wanted, *query.required, *query.excluded):
            if term.written.endswith("*"):
                raise QueryError(
                    f"{term.written} asks for words by their beginning, which a server does not look up",
                    hint="write the word out",
                )

    def _phrases(self, query: LexicalQuery) -> dict[Phrase, int]:
        return dict(Counter(map(Phrase.of, query.phrases)))

    def _size(self) -> Size:
        return Size(self._note.chunks, self._note.mean_words)

    def _needed(self, query: LexicalQuery) -> list[str]:
        """What has to be or must not be, as far as an expression says it; the rest is looked at here."""
        needed = [f"({' or '.join(map(_has_all, _ways(term)))})" for term in query.required]
        excluded = [way for term in query.excluded for way in _ways(term) if len(way.tokens) == 1]
        return needed + [f"(not {_has_all(way)})" for way in excluded]

    def _holders_of(self, phrases: Mapping[Phrase, int]) -> dict[Phrase, int]:
        """How many chunks hold each phrase: of a word exactly; of several words too, up to ``SAMPLED`` chunks that hold
        them all, and beyond by the share of a sample."""
        for phrase in phrases:
            if phrase not in self._holders:
                self._holders[phrase] = self._count_holders(phrase)
        return self._holders

    def _count_holders(self, phrase: Phrase) -> int:
        expression = _has_all(phrase)
        count = self._collection.count(expression)
        if len(phrase.tokens) == 1 or not count:
            return count
        rows = self._collection.query(expression, ["chunk_id", "words"], limit=SAMPLED)
        held = sum(phrase.occurrences(ChunkWords(row["words"])) > 0 for row in rows)
        if not rows:  # they went between the two questions
            return 0
        return held if count <= len(rows) else round(held / len(rows) * count)

    def _words_of(self, ids: Ids) -> list[ChunkWords]:
        missing = [chunk_id for chunk_id in ids.tolist() if chunk_id not in self._words]
        if missing:
            self._remember(self._fetched(missing, ("chunk_id", "words")))
        return [self._words[chunk_id] for chunk_id in ids.tolist()]

    # --- rows

    def vectors(self, ids: Ids) -> HalfRows:
        rows = self._shown(ids)
        return (
            np.stack([vector_of(row) for row in rows]) if rows else np.empty((0, self._note.settings.dimension), "<f2")
        )

    def chunk_rows(self, ids: Ids) -> dict[int, ChunkRow]:
        return {chunk_id: chunk_row(row) for chunk_id, row in zip(ids.tolist(), self._shown(ids), strict=True)}

    def document_numbers(self, ids: Ids) -> Ids:
        return np.array([row["document_id"] for row in self._shown(ids)], dtype=np.int64)

    def chunks_around(self, chunk_id: int, count: int) -> list[ChunkRow]:
        if not self.has_chunk(chunk_id):
            return []
        (here,) = self._shown(np.array([chunk_id]))
        near = f"position >= {here['position'] - count} and position <= {here['position'] + count}"
        rows = self._collection.query(f"document_id == {here['document_id']} and {near}", SHOWN)
        return [chunk_row(row) for row in sorted(rows, key=lambda row: row["position"])]

    def has_chunk(self, chunk_id: int) -> bool:
        return chunk_id in self._rows or self._collection.count(f"chunk_id == {chunk_id}") > 0

    def chunk_ids_of(self, name: str) -> Ids:
        return self._filter(f"(doc_id == {literal(name)} or path == {literal(name)})").ids

    def _shown(self, ids: Ids) -> list[Mapping[str, Any]]:
        missing = [chunk_id for chunk_id in ids.tolist() if chunk_id not in self._rows]
        if missing:
            self._remember(self._fetched(missing, SHOWN))
        return [self._rows[chunk_id] for chunk_id in ids.tolist()]

    def _fetched(self, ids: Sequence[int], fields: Sequence[str]) -> list[dict[str, Any]]:
        rows = self._collection.query(f"chunk_id in {list(ids)}", fields)
        if len(rows) < len(set(ids)):
            raise RemoteError("the collection changed while it was searched", hint="ask again")
        return rows

    def _remember(self, rows: Sequence[Mapping[str, Any]]) -> Ids:
        ids = np.fromiter((row["chunk_id"] for row in rows), dtype=np.int64, count=len(rows))
        for chunk_id, row in zip(ids.tolist(), rows, strict=True):
            if "row" in row:
                self._rows[chunk_id] = row
            if "words" in row:
                self._words[chunk_id] = ChunkWords(row["words"])
        return ids


def _ways(term: Term) -> list[Phrase]:
    return list(map(Phrase.of, term.phrases))


def _has_all(phrase: Phrase) -> str:
    return "(" + " and ".join(f'text_match(words, "{token}")' for token in dict.fromkeys(phrase.tokens)) + ")"
