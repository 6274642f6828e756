"""Questions made from a corpus itself: a sentence, a heading or a title, and the passage it was taken from.

A known item is something the asker has seen and looks for again. So that words alone do not give it away, what
became a query is removed: passages are searched without their title and headings, and without the sentence that
was cropped from them. What is ambiguous is left out: passages and queries that occur twice.

Nothing depends on the order of the passages: choices follow hashes of names and texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain, zip_longest

import numpy as np
import xxhash

from searchkit.chunking import body_text, sentence_spans
from searchkit.errors import EvaluationError, InputError
from searchkit.evaluation.collection import Query, RetrievalSet, retrieval_set
from searchkit.types import Chunk, Document

HELD_OUT_SHARE = 0.2
MOST_QUERIES = 600
MOST_DISTRACTORS = 5_000
FEWEST_WORDS = 5  # in a cropped sentence
FEWEST_WORDS_LEFT = 12  # in the passage it was cropped from
FEWEST_HEADING_WORDS = 2  # "Notes" is no question
SHORTEST_CROP = 0.6  # share of the words of the sentence


class QueryKind(Enum):
    """What a known-item query was made from."""

    SENTENCE = "sentence"
    HEADING = "heading"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of an indexed document."""

    doc_id: str
    title: str
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class KnownItems:
    """A test collection made from a corpus.

    Attributes:
        collection: passages as documents, and the queries. Query ids begin with their kind.
        origins: for each query id the document it was made from; such queries are not independent.
    """

    collection: RetrievalSet
    origins: Mapping[str, str]

    def counts(self) -> dict[QueryKind, int]:
        """How many queries of each kind."""
        kinds = Counter(query_id.partition("-")[0] for query_id in self.origins)
        return {kind: kinds[kind.value] for kind in QueryKind}


@dataclass(frozen=True, slots=True)
class _Item:
    """A passage as it is searched."""

    passage: Passage
    key: str  # its id in the collection
    body: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    kind: QueryKind
    text: str
    doc_id: str
    relevant: tuple[str, ...]
    cropped: tuple[str, str] | None = None  # key of the passage, and its body without the sentence


def hold_out(doc_ids: Iterable[str], *, share: float = HELD_OUT_SHARE, seed: int = 0) -> frozenset[str]:
    """The documents to keep from training: about ``share`` of them, at least one, never all.

    Raises:
        InputError: fewer than two documents, or a share outside 0 to 1.
    """
    distinct = sorted(set(doc_ids), key=lambda doc_id: (_hash(doc_id, seed), doc_id))
    if len(distinct) < 2 or not 0 < share < 1:
        raise InputError(f"cannot hold out {share:g} of {len(distinct)} documents, expected 0 to 1 of 2 or more")
    return frozenset(distinct[: min(max(1, round(share * len(distinct))), len(distinct) - 1)])


def known_items(
    passages: Iterable[Passage],
    held_out: frozenset[str],
    *,
    queries: int = MOST_QUERIES,
    distractors: int = MOST_DISTRACTORS,
    seed: int = 0,
    name: str = "known items",
) -> KnownItems:
    """Build queries from held-out documents, to be answered from their passages and some of the others.

    Args:
        passages: all chunks of the corpus, those of one document in order.
        held_out: the documents that queries are made from.
        queries: at most so many, of the three kinds in turn.
        distractors: at most so many passages of other documents are searched as well.
        seed: chooses passages, sentences and crops.
        name: of the collection.

    Raises:
        EvaluationError: no query can be made from the held-out documents.
    """
    items = sorted(_distinct(_items(passages)), key=lambda item: (_hash(item.passage.doc_id, seed), item.key))
    own = [item for item in items if item.passage.doc_id in held_out]
    others = [item for item in items if item.passage.doc_id not in held_out]
    others.sort(key=lambda item: (_hash(item.body, seed), item.key))
    sentences = [candidate for item in own for candidate in _cropped(item, seed)]
    candidates = _unambiguous([*_titles(items), *_headings(items), *sentences])
    chosen = _choose([candidate for candidate in candidates if candidate.doc_id in held_out], queries)
    if not chosen:
        raise EvaluationError(
            f"{name}: no query can be made from {len(held_out)} held-out documents with {len(own)} passages",
            hint="index more prose: documents of several paragraphs, with titles or headings",
        )
    bodies = {item.key: item.body for item in chain(own, others[:distractors])}
    bodies.update(candidate.cropped for candidate in chosen if candidate.cropped)
    asked = [Query(f"{candidate.kind.value}-{place}", candidate.text) for place, candidate in enumerate(chosen)]
    qrels = {query.query_id: dict.fromkeys(c.relevant, 1) for query, c in zip(asked, chosen, strict=True)}
    collection = retrieval_set(name, (Document(key, body) for key, body in bodies.items()), asked, qrels)
    return KnownItems(collection, {q.query_id: c.doc_id for q, c in zip(asked, chosen, strict=True)})


def _items(passages: Iterable[Passage]) -> Iterator[_Item]:
    positions: Counter[str] = Counter()
    for passage in passages:
        key = f"{passage.doc_id}#{positions[passage.doc_id]:06}"
        positions[passage.doc_id] += 1
        body = body_text(passage.title, passage.chunk).strip()
        if body:
            yield _Item(passage, key, body)


def _distinct(items: Iterable[_Item]) -> list[_Item]:
    """Items whose body occurs once; of equal ones none is the right answer."""
    found = list(items)
    counts = Counter(_same(item.body) for item in found)
    return [item for item in found if counts[_same(item.body)] == 1]


def _titles(items: Iterable[_Item]) -> list[_Candidate]:
    """Titles, answered by any passage of their document."""
    keys: dict[tuple[str, str], list[str]] = {}
    for item in items:
        keys.setdefault((item.passage.doc_id, item.passage.title), []).append(item.key)
    return [_Candidate(QueryKind.TITLE, title, doc_id, tuple(found)) for (doc_id, title), found in keys.items()]


def _headings(items: Iterable[_Item]) -> list[_Candidate]:
    """Innermost headings, answered by any passage under them."""
    keys: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for item in items:
        if item.passage.chunk.heading_path:
            keys.setdefault((item.passage.doc_id, item.passage.chunk.heading_path), []).append(item.key)
    return [_Candidate(QueryKind.HEADING, path[-1], doc_id, tuple(found)) for (doc_id, path), found in keys.items()]


def _cropped(item: _Item, seed: int) -> Iterator[_Candidate]:
    """A crop of one sentence of the passage, if there is enough of both."""
    rng = np.random.default_rng(_hash(item.key, seed))
    spans = sentence_spans(item.body)
    long_enough = [span for span in spans if len(item.body[slice(*span)].split()) >= FEWEST_WORDS]
    if len(long_enough) < 2:
        return
    start, end = long_enough[int(rng.integers(len(long_enough)))]
    left = f"{item.body[:start].rstrip()} {item.body[end:].lstrip()}".strip()
    if len(left.split()) < FEWEST_WORDS_LEFT:
        return
    words = item.body[start:end].split()
    length = max(FEWEST_WORDS, round(len(words) * rng.uniform(SHORTEST_CROP, 1)))
    first = int(rng.integers(len(words) - length + 1))
    text = " ".join(words[first : first + length])
    yield _Candidate(QueryKind.SENTENCE, text, item.passage.doc_id, (item.key,), (item.key, left))


def _unambiguous(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Those whose text occurs once, and says enough."""
    counts = Counter(_same(candidate.text) for candidate in candidates)
    return [c for c in candidates if counts[_same(c.text)] == 1 and len(c.text.split()) >= FEWEST_HEADING_WORDS]


def _choose(candidates: Sequence[_Candidate], most: int) -> list[_Candidate]:
    """The first ones of each kind, in turn."""
    by_kind = ([candidate for candidate in candidates if candidate.kind is kind] for kind in QueryKind)
    in_turn = chain.from_iterable(zip_longest(*by_kind))
    return [candidate for candidate in in_turn if candidate is not None][:most]


def _same(text: str) -> str:
    return " ".join(text.casefold().split())


def _hash(text: str, seed: int) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "replace"), seed=seed)
