"""Queries and filters that nobody would ask: answered, or refused by an error of ours that says where it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strange_texts import TEXTS, Slowest, many
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import FilterError, InputError, QueryError
from searchkit.store import parse_query, plain_query
from searchkit.store.filters.parser import parse_filter
from searchkit.store.lexical.query import MOST_TERMS
from searchkit.store.topics import KeptTopic, KeptTopics

PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.binary(max_size=4))
NAMES = st.sampled_from(["lang", "year", "path", "title", "size", "nothing"]) | TEXTS
WHERES = TEXTS | st.dictionaries(NAMES, PLAIN | st.lists(PLAIN, max_size=4), max_size=4)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["dense", "lexical", "hybrid"]) | PLAIN,
        "where": WHERES,
        "path": TEXTS | st.sampled_from(["**", "*.md", "[", "**/*/**", "!x", "/"]),
        "since": TEXTS | st.sampled_from(["7d", "2026-01-31", "99999999999y", "-1d", "0001-01-01"]),
        "topic": st.lists(st.integers() | TEXTS, max_size=3),
        "within": st.lists(TEXTS, max_size=2),
        "min_score": st.floats(),
        "unlike": st.lists(TEXTS, max_size=3),
        "diverse": st.floats(),
        "fold": st.booleans(),
        "per_document": st.integers(-1, 1 << 70),
        "group": st.sampled_from(["chunk", "document"]) | PLAIN,
        "context": st.integers(-1, 1 << 70),
        "fusion": st.sampled_from(["rrf", "convex"]) | PLAIN,
        "dense_weight": st.floats(),
        "abstain": st.floats(),
        "highlight": st.booleans(),
        "explain": st.booleans(),
    },
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    folder: Path = tmp_path_factory.mktemp("queries") / "index"
    with SearchEngine.open_or_create(folder, encoder=WordEncoder()) as opened:
        opened.add(
            [
                {
                    "id": f"doc-{i}",
                    "text": f"apples boats number{i}",
                    "title": f"Note {i}",
                    "lang": "en",
                    "year": 2000 + i,
                }
                for i in range(40)
            ]
        )
        opened.rebuild()
        topic = KeptTopic(1, "apples", ("apples",), 0.3, WordEncoder().encode_passages(["apples"])[0])
        kept = KeptTopics((topic,), WordEncoder().fingerprint, "kmeans", (), "2026-11-21T00:00:00+00:00")
        ids = np.array([chunk.chunk_id for chunk in opened.iter_chunks()])
        opened.keep_topics(kept, ids, np.ones(len(ids), dtype=np.int64))
        yield opened


def test_any_text_is_a_lexical_query_or_refused_at_its_place(tell_figures: Callable[[str, str], None]) -> None:
    slowest = Slowest()

    @many(60, 20_000)
    @given(TEXTS)
    def ask(text: str) -> None:
        def work() -> None:
            plain = plain_query(text)
            assert plain is None or 0 < len(plain.wanted) <= MOST_TERMS
            query = parse_query(text)
            assert 0 < len(query.wanted) <= MOST_TERMS

        slowest.of(work, QueryError)

    ask()
    tell_figures(f"{slowest.answered + slowest.refused:,} texts as lexical queries", slowest.told())


def test_any_text_is_a_filter_or_refused_at_its_place(
    engine: SearchEngine, tell_figures: Callable[[str, str], None]
) -> None:
    slowest = Slowest()

    @many(60, 15_000)
    @given(WHERES)
    def ask(where: object) -> None:
        def work() -> None:
            engine.search("apples", k=3, mode="lexical", where=where)  # type: ignore[arg-type]
            if isinstance(where, str) and where:
                parse_filter(where)

        slowest.of(work, FilterError, InputError)

    ask()
    tell_figures(f"{slowest.answered + slowest.refused:,} filters, of text and of values", slowest.told())


def test_any_search_is_answered_or_refused(engine: SearchEngine, tell_figures: Callable[[str, str], None]) -> None:
    slowest = Slowest()

    @many(60, 15_000)
    @given(TEXTS, st.integers(-1, 1 << 70) | st.just(5), OPTIONS)
    def ask(query: str, k: int, options: dict[str, Any]) -> None:
        def work() -> None:
            hits = engine.search(query, k, **options)
            assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
            assert len(hits) <= k
            assert all(-1 <= hit.score <= 1 for hit in hits)

        slowest.of(work, InputError, QueryError, FilterError)

    ask()
    tell_figures(f"{slowest.answered + slowest.refused:,} searches with any query, k and options", slowest.told())
