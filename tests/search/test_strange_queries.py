"""What no person means to ask is answered or refused like anything else, in every mode."""

from __future__ import annotations

import pytest

from searchkit import SearchEngine
from searchkit.errors import InputError, QueryError

MODES = ["dense", "hybrid", "lexical"]
STRANGE = {
    "a megabyte": "apples " * 149_000,
    "one long word": "a" * 1_000_000,
    "control characters": "apples \x00\x01\x1b[2J\x7f\x85 grow",
    "lone surrogates": "apples \ud800 grow \udfff",
    "emoji": "apples 🍎👩‍👩‍👧‍👦🏳️‍🌈 grow",
    "only emoji": "🍎🍏",
    "no words": "?!... --- ***",
    "marks without a letter": "\u0301\u0300\u200d\ufeff",
    "right to left": "\u202eapples\u202c grow \u05d0\u05d1",
    "signs of the full-text index": 'apples AND NOT (NEAR("grow" 5)) ^title: {x} "',
    "quotes": "apples \"grow 'on' trees",
    "a statement": "apples'; DROP TABLE chunks; --",
    "other scripts": "りんご 사과 яблоки تفاح",
    "many lines": "apples\r\n\n\t\v\f grow\u2028\u2029",
    "noncharacters": "apples \ufffe\uffff\U0010ffff",
}


@pytest.fixture
def filled(engine: SearchEngine) -> SearchEngine:
    engine.add([{"id": "a", "text": "apples grow on trees"}, {"id": "b", "text": "boats sail 🍎 \x00 the sea"}])
    return engine


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("query", STRANGE.values(), ids=STRANGE)
def test_a_strange_query_is_answered_or_refused(filled: SearchEngine, mode: str, query: str) -> None:
    try:
        hits = filled.search(query, k=2, mode=mode, explain=True)
    except QueryError:
        assert mode == "lexical"  # the only one that has a language
        return
    assert len(hits) == 2 or mode == "lexical"
    assert all(-1 <= hit.score <= 1 for hit in hits)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("query", STRANGE.values(), ids=STRANGE)
def test_a_strange_example_may_be_unlike(filled: SearchEngine, mode: str, query: str) -> None:
    hits = filled.search("apples", k=2, mode=mode, unlike=[query])
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert hits


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("query", ["", " ", "\n\t\u2003", None, 3, b"apples"])
def test_no_query_is_refused(filled: SearchEngine, mode: str, query: str) -> None:
    with pytest.raises(InputError):
        filled.search(query, mode=mode)


@pytest.mark.parametrize("mode", MODES)
def test_the_best_hit_is_found_among_control_characters(filled: SearchEngine, mode: str) -> None:
    query = STRANGE["control characters"].replace("[2J", "")
    assert filled.search(query, k=1, mode=mode)[0].doc_id == "a"
