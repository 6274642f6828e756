from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.search.asking.filtering import Condition
from searchkit.search.asking.fusion import convex_combination
from searchkit.search.asking.hit_json import answer_to_dict
from searchkit.search.asking.ranking import Ranking
from searchkit.store import plain_query
from searchkit.types import Part

DOCUMENTS = [
    {"id": "trees", "text": "Apples grow on trees.", "lang": "en", "year": 1999},
    {"id": "sea", "text": "Boats sail the sea.", "lang": "en", "year": 2005},
    {"id": "pomme", "text": "Apple boats, apples and boats.", "lang": "fr", "year": 2010},
]


def test_each_part_tells_its_rank_and_score(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add(DOCUMENTS)
    asked = engine.ask("apples boats", explain=True)
    cosines = (
        encoder.encode_passages([str(one["text"]) for one in DOCUMENTS]) @ encoder.encode_queries(["apples boats"])[0]
    )
    by_meaning = np.argsort(-cosines)
    found = {hit.doc_id: hit for hit in asked.hits}
    for rank, place in enumerate(by_meaning.tolist(), start=1):
        explained = found[str(DOCUMENTS[place]["id"])].explanation
        assert explained is not None
        assert explained.dense == Part(rank, pytest.approx(cosines[place], abs=2e-3))
    lexical = engine.ask("apples boats", mode="lexical", explain=True).hits
    for rank, hit in enumerate(lexical, start=1):
        explained = found[hit.doc_id].explanation
        assert explained is not None
        assert explained.lexical is not None
        assert explained.lexical.rank == rank
        assert hit.explanation is not None
        assert hit.explanation.lexical == hit.explanation.fused == explained.lexical


def test_the_fused_part_is_the_order_of_the_hits(engine: SearchEngine) -> None:
    engine.add(DOCUMENTS)
    hits = engine.search("apples boats", explain=True, dense_weight=0.5)
    explained = [hit.explanation for hit in hits]
    assert [one.fused.rank for one in explained if one] == [1, 2, 3]
    parts = {name: [getattr(one, name) for one in explained] for name in ("dense", "lexical")}
    ids = np.array([hit.chunk_id for hit in hits], dtype=np.int64)
    with engine._looking() as reader:
        asked = plain_query("apples boats")
        assert asked is not None
        most = {"dense": 1.0, "lexical": reader.lexical_most(asked)}
    rankings = {
        name: Ranking.of(ids, np.array([0.0 if part is None else part.score / most[name] for part in found]))
        for name, found in parts.items()
    }
    expected = convex_combination(rankings, {"dense": 0.5, "lexical": 0.5})
    assert [one.fused.score for one in explained if one] == pytest.approx(expected.scores.tolist())
    assert [hit.chunk_id for hit in hits] == expected.ids.tolist()


def test_words_are_told_as_asked_and_shown_where_they_stand(engine: SearchEngine) -> None:
    engine.add(DOCUMENTS)
    hits = {hit.doc_id: hit for hit in engine.search("apples boats", explain=True)}
    pomme, trees = hits["pomme"].explanation, hits["trees"].explanation
    assert pomme is not None
    assert trees is not None
    assert (pomme.terms, trees.terms) == (("apples", "boats"), ("apples",))
    text = hits["pomme"].text
    assert [text[start:end] for start, end in pomme.spans] == ["Apple", "boats", "apples", "boats"]
    assert [hits["trees"].text[start:end] for start, end in trees.spans] == ["Apples"]


def test_a_dense_search_explains_no_words(engine: SearchEngine) -> None:
    engine.add(DOCUMENTS)
    asked = engine.ask("apples", mode="dense", explain=True)
    for hit in asked.hits:
        assert hit.explanation is not None
        assert hit.explanation.dense == hit.explanation.fused
        assert (hit.explanation.lexical, hit.explanation.terms, hit.explanation.spans) == (None, (), ())
    assert asked.plan is not None
    assert (asked.plan.fusion, asked.plan.dense_weight, asked.plan.terms) == (None, None, ())


def test_the_plan_tells_what_each_filter_lets_through(engine: SearchEngine) -> None:
    engine.add(DOCUMENTS)
    asked = engine.ask("apples", explain=True, where="lang = 'en' and year > 2000", path="*.md")
    assert asked.plan is not None
    assert asked.plan.chunks == 3
    assert asked.plan.conditions == (Condition("where lang = 'en' and year > 2000", 1), Condition("path *.md", 0))
    assert asked.allowed == 0
    assert asked.hits == []
    mapped = engine.ask("apples", explain=True, where={"lang": "fr"})
    assert mapped.plan is not None
    assert mapped.plan.conditions == (Condition('where {"lang": "fr"}', 1),)


def test_the_plan_tells_how_parts_were_joined(engine: SearchEngine) -> None:
    engine.add(DOCUMENTS)
    plan = engine.ask("the apples", explain=True, fusion="rrf", dense_weight=0.3).plan
    assert plan is not None
    assert (plan.fusion, plan.dense_weight, plan.terms) == ("rrf", 0.3, ("apples",))
    assert plan.closest == max(hit.score for hit in engine.search("the apples"))


def test_without_being_asked_nothing_is_explained(engine: SearchEngine) -> None:
    engine.add(DOCUMENTS)
    asked = engine.ask("apples")
    assert asked.plan is None
    assert all(hit.explanation is None for hit in asked.hits)


def test_an_explained_answer_is_json_with_stable_names(engine: SearchEngine) -> None:
    engine.add(DOCUMENTS)
    shown = json.loads(json.dumps(answer_to_dict(engine.ask("apples", explain=True, where="lang = 'en'"))))
    assert list(shown) == [
        "mode",
        "index_kind",
        "allowed",
        "candidates",
        "seconds",
        "notices",
        "nothing_close",
        "chunks",
        "conditions",
        "fusion",
        "dense_weight",
        "terms",
        "closest",
        "off_topic",
        "hits",
    ]
    assert shown["mode"] == "hybrid"
    assert shown["conditions"] == [{"text": "where lang = 'en'", "chunks": 2}]
    assert shown["candidates"] == {"dense": 2, "lexical": 1}
    assert {"filter", "encode", "dense", "lexical", "fusion", "choice", "hits"} <= shown["seconds"].keys()
    best = shown["hits"][0]
    assert best["explanation"]["lexical"]["rank"] == 1
    assert best["explanation"]["terms"] == ["apples"]
    assert best["explanation"]["spans"] == [[0, 6]]


def test_stages_add_up_over_a_batch(folder: Path, encoder: WordEncoder) -> None:
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add(DOCUMENTS)
        first, second = engine.ask_many(["apples", "boats"])
    assert first.seconds["encode"] == second.seconds["encode"]  # shared evenly
    assert all(seconds >= 0 for seconds in (*first.seconds.values(), *second.seconds.values()))
