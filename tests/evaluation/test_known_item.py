from __future__ import annotations

import pytest

from searchkit.errors import EvaluationError, InputError
from searchkit.evaluation import KnownItems, Passage, QueryKind, hold_out, known_items
from searchkit.types import Chunk


def body(doc: int, part: int) -> str:
    return " ".join(
        f"Sentence number {n} says x{n}{part} a{n}{doc} b{n}{doc} c{n}{part} d{n}{part} about {doc}." for n in range(4)
    )


def passage(doc: int, part: int, text: str | None = None) -> Passage:
    heading = f"Part {part} of {doc}"
    text = f"## {heading}\n\n{text or body(doc, part)}"
    return Passage(f"doc{doc}", f"All about {doc}", Chunk(text, 0, len(text), 1, 3, (heading,)))


CORPUS = [passage(doc, part) for doc in range(10) for part in range(3)]
HELD_OUT = frozenset({"doc1", "doc4"})


def queries_of(items: KnownItems, kind: QueryKind) -> dict[str, str]:
    return {q.query_id: q.text for q in items.collection.queries if q.query_id.startswith(kind.value)}


def text_of(items: KnownItems, query_id: str) -> str:
    [key] = items.collection.qrels[query_id]
    return next(document.text for document in items.collection.documents if document.doc_id == key)


def test_a_cropped_sentence_is_removed_from_its_passage() -> None:
    items = known_items(CORPUS, HELD_OUT)
    cropped = queries_of(items, QueryKind.SENTENCE)
    assert len(cropped) == 6
    for query_id, text in cropped.items():
        assert len(text.split()) >= 5
        assert text not in text_of(items, query_id)
        assert "Sentence number" in text_of(items, query_id)


def test_headings_and_titles_are_not_in_the_passages() -> None:
    items = known_items(CORPUS, HELD_OUT)
    assert set(queries_of(items, QueryKind.HEADING).values()) == {f"Part {p} of {d}" for d in (1, 4) for p in range(3)}
    assert set(queries_of(items, QueryKind.TITLE).values()) == {"All about 1", "All about 4"}
    assert not any("##" in d.text or "All about" in d.text or d.title for d in items.collection.documents)


def test_a_title_is_answered_by_every_passage_of_its_document() -> None:
    items = known_items(CORPUS, HELD_OUT)
    [query_id] = [q for q, text in queries_of(items, QueryKind.TITLE).items() if text == "All about 4"]
    assert set(items.collection.qrels[query_id]) == {f"doc4#{part:06}" for part in range(3)}


def test_queries_come_from_held_out_documents_alone() -> None:
    items = known_items(CORPUS, HELD_OUT)
    assert set(items.origins.values()) == HELD_OUT
    assert items.counts() == {QueryKind.SENTENCE: 6, QueryKind.HEADING: 6, QueryKind.TITLE: 2}
    assert len(items.collection.documents) == 30


def test_passages_that_occur_twice_are_left_out() -> None:
    copy = passage(7, 0, body(1, 0))
    items = known_items([*CORPUS, Passage(copy.doc_id, "", copy.chunk)], HELD_OUT)
    keys = {document.doc_id for document in items.collection.documents}
    assert "doc1#000000" not in keys
    assert "doc1#000001" in keys


def test_a_heading_that_stands_elsewhere_too_is_no_query() -> None:
    twin = Passage("doc9", "Another", Chunk("something else here", 0, 0, 1, 1, ("part 0  of 1",)))
    assert "Part 0 of 1" not in queries_of(known_items([*CORPUS, twin], HELD_OUT), QueryKind.HEADING).values()


def test_the_order_of_documents_does_not_matter() -> None:
    by_document = [CORPUS[start : start + 3] for start in range(0, 30, 3)]
    backwards = [one for group in reversed(by_document) for one in group]
    first, second = known_items(CORPUS, HELD_OUT, seed=3), known_items(backwards, HELD_OUT, seed=3)
    assert first == second
    assert first != known_items(CORPUS, HELD_OUT, seed=4)


def test_queries_and_distractors_are_bounded() -> None:
    items = known_items(CORPUS, HELD_OUT, queries=6, distractors=4)
    assert set(items.counts().values()) == {2}
    assert len(items.collection.documents) == 6 + 4


def test_a_corpus_without_prose_is_refused() -> None:
    with pytest.raises(EvaluationError, match="no query can be made from 1 held-out documents with 1 passages"):
        known_items(
            [Passage("a", "", Chunk("x", 0, 1, 1, 1)), Passage("b", "", Chunk("y", 0, 1, 1, 1))], frozenset({"a"})
        )


def test_a_share_of_the_documents_is_held_out_whatever_their_order() -> None:
    names = [f"doc{number}" for number in range(50)]
    held = hold_out(names, share=0.2, seed=1)
    assert len(held) == 10
    assert held == hold_out(reversed(names), share=0.2, seed=1)
    assert held != hold_out(names, share=0.2, seed=2)


def test_at_least_one_document_is_held_out_and_one_kept() -> None:
    assert len(hold_out(["a", "b"], share=0.01)) == 1
    assert len(hold_out(["a", "b"], share=0.99)) == 1
    with pytest.raises(InputError, match="of 1 documents"):
        hold_out(["a"])
