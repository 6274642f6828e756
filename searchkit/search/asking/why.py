"""Why a document is not among the hits of a query, or at which rank it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from searchkit.index import rescore
from searchkit.search.asking.absence import Target, staleness
from searchkit.search.asking.filtering import allowed_by_each, allowed_chunks
from searchkit.search.asking.pipeline import FUSED_DEPTH, LocalView, answer, first_depth, query_vectors
from searchkit.search.asking.reasons import Cause, Reason, Standing, Why
from searchkit.search.question import Group, Mode, Question
from searchkit.types import Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.search.asking.answers import Answer
    from searchkit.search.asking.rerank import Reranker
    from searchkit.store import LexicalQuery
    from searchkit.types import Hit

SEARCHED = 1000  # how far down the fused ranking a document is looked for


def why(view: LocalView, text: str, target: Target, question: Question) -> Why:
    """What became of a document that has chunks in the index."""
    if view.reranker is not None:
        view = replace(view, reranker=JudgedOnce(view.reranker))
    (given,) = answer(view, [text], question)
    question = replace(question, mode=given.mode)  # an index without words answers by its dense part
    hit = next((hit for hit in given.hits if hit.chunk_id in target.chunks), None)
    stale = staleness(target)
    if hit is not None:
        return Why(target.name, hit.rank, _only(stale), None, tuple(given.hits))
    filtered = _filtered(view, target, question)
    if filtered is not None:
        return Why(target.name, None, (filtered, *_only(stale)), None, tuple(given.hits))
    search = _Search(view, text, target, question)
    reasons = _only(search.lost(), search.ruled_out(given), search.outranked(given), stale)
    return Why(target.name, None, reasons, search.standing, tuple(given.hits))


def _only(*reasons: Reason | None) -> tuple[Reason, ...]:
    return tuple(reason for reason in reasons if reason is not None)


def _filtered(view: LocalView, target: Target, question: Question) -> Reason | None:
    """The filter that lets none of the chunks through."""
    allowed = allowed_chunks(view.reader, question)
    if allowed is None or np.isin(target.chunks, allowed.ids).any():
        return None
    each = allowed_by_each(view.reader, question)
    closed = [text for text, ids in each.items() if not np.isin(target.chunks, ids.ids).any()]
    closed = closed or list(each)  # each lets another chunk of it through
    named = " and ".join(closed)
    return Reason(Cause.FILTERED, f"{named} leave{'s' * (len(closed) == 1)} it out", _known_of(view, target, named))


def _known_of(view: LocalView, target: Target, named: str) -> str:
    """What the filter saw, as far as a person may not know it."""
    known = [f"path = {target.source.path!r}"] if target.source is not None and "path" in named else []
    for document in view.reader.documents(target.name)[:1]:
        known += [f"{name} = {value!r}" for name, value in document.metadata.items() if name in named]
    return f"it has {', '.join(known)}" if known else ""


class _Search:
    """The same search once more, with an eye on the target."""

    def __init__(self, view: LocalView, text: str, target: Target, question: Question) -> None:
        self._view, self._target, self._question = view, target, question
        self._vector = query_vectors(view.encoder, [text], question)[0]
        self._allowed = allowed_chunks(view.reader, question)
        self._own = target.chunks if self._allowed is None else np.intersect1d(target.chunks, self._allowed.ids)
        self._words = _words_of(text, question)
        self._ranked = self._look(text)
        self._best = self._best_chunk()
        self.standing = self._stand()

    def _look(self, text: str) -> list[Hit]:
        """The fused ranking, before anything is chosen from it."""
        plain = replace(
            self._question,
            min_score=None,
            diverse=None,
            fold=False,
            per_document=None,
            group=Group.CHUNK,
            context=0,
            abstain=None,
            highlight=False,
            explain=False,
        )
        for depth in (max(self._question.k, FUSED_DEPTH), SEARCHED):  # the first look is as deep as the search was
            (found,) = answer(self._view, [text], replace(plain, k=depth))
            if any(hit.chunk_id in self._own for hit in found.hits):
                break
        return found.hits

    def _best_chunk(self) -> int:
        """The chunk that the search itself ranks first, else the one of the highest cosine."""
        ranked = next((hit.chunk_id for hit in self._ranked if hit.chunk_id in self._own), None)
        if ranked is not None:
            return ranked
        return int(self._own[np.argmax(rescore(self._vector, self._view.reader.vectors(self._own)))])

    def _stand(self) -> Standing:
        reader, best = self._view.reader, self._best
        row = reader.chunk_rows(np.array([best]))[best]
        dense, chunks = self._exact(best)
        return Standing(
            chunk_id=best,
            line_start=row.line_start if row.lines_are_source else None,
            page=row.page,
            cosine=dense.score,
            chunks=chunks,
            dense=None if self._question.mode is Mode.LEXICAL else dense,
            lexical=self._by_words(best),
            fused_rank=next((hit.rank for hit in self._ranked if hit.chunk_id == best), None),
            searched=len(self._ranked),
        )

    def _exact(self, chunk_id: int) -> tuple[Part, int]:
        """The rank and cosine of a chunk among all that are allowed, by the stored vectors; and how many these are."""
        own = float(rescore(self._vector, self._view.reader.vectors(np.array([chunk_id])))[0])
        rank, chunks = 1, 0
        for ids, rows in self._view.reader.iter_vectors():
            kept = np.ones(len(ids), np.bool_) if self._allowed is None else np.isin(ids, self._allowed.ids)
            scores = rescore(self._vector, rows[kept])
            rank += int(((scores > own) | ((scores == own) & (ids[kept] < chunk_id))).sum())
            chunks += int(kept.sum())
        return Part(rank, own), chunks

    def _by_words(self, chunk_id: int) -> Part | None:
        if self._words is None or self._question.mode is Mode.DENSE:
            return None
        allowed = None if self._allowed is None else self._allowed.ids
        scores, ids = self._view.reader.lexical_nearest(self._words, self._view.reader.counts().chunks, allowed)
        places = np.flatnonzero(ids == chunk_id)
        return None if not len(places) else Part(int(places[0]) + 1, float(scores[places[0]]))

    def lost(self) -> Reason | None:
        """Whether the index does not find what exact search finds."""
        dense = self.standing.dense
        depth = first_depth(self._question)
        if dense is None or dense.rank > depth:
            return None
        near = self._view.snapshot.nearest(self._vector[np.newaxis], depth, self._allowed)
        if self._best in near.ids[0]:
            return None
        kind = self._view.snapshot.main.kind
        text = f"the approximate index ({kind}) does not find it, though by exact cosine it is at rank {dense.rank}"
        return Reason(Cause.APPROXIMATE, text, "an index of the kind exact finds it")

    def ruled_out(self, given: Answer) -> Reason | None:
        """What keeps it out whatever its rank."""
        standing, question = self.standing, self._question
        if given.nothing_close:
            text = "the search abstained: the closest chunk is no closer than one is to questions about anything"
            return Reason(Cause.NOTHING_CLOSE, text, "leave out --abstain, or raise its rate")
        if question.mode is Mode.LEXICAL and standing.lexical is None:
            return self._without_words()
        if question.min_score is not None and standing.cosine < question.min_score:
            text = f"its cosine {standing.cosine:.3f} is below the {question.min_score:g} that was asked for"
            return Reason(
                Cause.MIN_SCORE, text, f"--min-score {math.floor(100 * standing.cosine) / 100} lets it through"
            )
        return self._not_chosen(given)

    def _without_words(self) -> Reason:
        assert self._words is not None
        terms = self._view.reader.matched_terms(self._words, self._own)
        if any(terms.values()):
            return Reason(Cause.EXCLUDED, "it lacks a word that the query requires, or has one that it excludes")
        return Reason(Cause.NO_WORD, f"none of the words {', '.join(self._words.terms)} is in it", "--mode hybrid")

    def _not_chosen(self, given: Answer) -> Reason | None:
        """Whether it was good enough, and something else was chosen in its place."""
        over = next((hit for hit in given.hits if set(hit.alike) & set(self._own.tolist())), None)
        if over is not None:
            return Reason(
                Cause.FOLDED, f"it is folded under hit {over.rank}, of nearly the same content", "leave out --fold"
            )
        rank = self.standing.fused_rank
        if rank is None or rank > self._question.k:
            return None
        has_quota = self._question.per_document is not None or self._question.group is Group.DOCUMENT
        siblings = [hit for hit in given.hits if hit.doc_id == self._ranked[rank - 1].doc_id]
        if has_quota and siblings:
            text = f"other chunks of its document come first, such as hit {siblings[0].rank}"
            return Reason(Cause.CUT, text, "--per-document sets how many there may be")
        if self._question.diverse is not None:
            text = f"it is at rank {rank}, and too much like better hits for a diverse list"
            return Reason(Cause.DIVERSITY, text, "leave out --diverse")
        return None

    def outranked(self, given: Answer) -> Reason | None:
        """Whether others are better, and where it comes."""
        standing = self.standing
        if self._question.mode is Mode.LEXICAL and standing.lexical is None:
            return None
        if standing.fused_rank is None:
            part, named = (standing.dense, "cosine") if standing.dense is not None else (standing.lexical, "its words")
            text = f"it is not among the first {standing.searched:,} of {standing.chunks:,} chunks"
            return Reason(Cause.RANK, text if part is None else f"{text}; by {named} it is at rank {part.rank:,}")
        if standing.fused_rank <= self._question.k:
            return None
        place = f"it is at rank {standing.fused_rank:,} of {standing.chunks:,} chunks"
        text = f"{place}; the hits end at rank {len(given.hits)}"
        return Reason(Cause.RANK, text, f"-k {standing.fused_rank} shows it")


class JudgedOnce:
    """A reranker for one query that is searched for several times: a passage is judged the first time alone."""

    def __init__(self, reranker: Reranker) -> None:
        self._reranker = reranker
        self._known: dict[str, float] = {}

    @property
    def name(self) -> str:
        return self._reranker.name

    def scores(self, query: str, passages: Sequence[str]) -> NDArray[np.floating]:
        fresh = list(dict.fromkeys(passage for passage in passages if passage not in self._known))
        if fresh:
            given = np.asarray(self._reranker.scores(query, fresh))
            if given.shape != (len(fresh),):
                return given  # it is wrong, and told as such
            self._known |= dict(zip(fresh, given.tolist(), strict=True))
        return np.array([self._known[passage] for passage in passages])


def _words_of(text: str, question: Question) -> LexicalQuery | None:
    if question.mode is Mode.DENSE:
        return None
    from searchkit.store import parse_query, plain_query

    return parse_query(text) if question.mode is Mode.LEXICAL else plain_query(text)
