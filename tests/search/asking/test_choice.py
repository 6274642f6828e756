from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from angle_encoder import AngleEncoder

from searchkit import Hit, SearchEngine
from searchkit.errors import InputError
from searchkit.search.asking import choice, pipeline
from searchkit.search.asking.diversity import FOLD_COSINE

MODES = ["dense", "hybrid", "lexical"]


@pytest.fixture
def angles(folder: Path) -> Iterator[SearchEngine]:
    with SearchEngine.open_or_create(folder, encoder=AngleEncoder()) as opened:
        yield opened


@pytest.fixture
def _shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every first look finds too little, so that deeper ones are needed in a small corpus."""
    monkeypatch.setattr(choice, "FIRST_DEPTH", 1)
    monkeypatch.setattr(pipeline, "FUSED_DEPTH", 1)


def paragraphs(*words: str) -> str:
    """A text that is cut into about as many chunks as there are words; each is filled with its word."""
    return "\n\n".join(" ".join([word] * 60) for word in words)


def names(hits: list[Hit]) -> list[str]:
    return [hit.doc_id for hit in hits]


def test_near_duplicates_are_folded_and_make_room(angles: SearchEngine) -> None:
    angles.add([{"id": f"d{degrees}", "text": f"{degrees}"} for degrees in (0, 3, 6, 40, 42, 80)])
    assert names(angles.search("0", k=3, mode="dense")) == ["d0", "d3", "d6"]
    hits = angles.search("0", k=3, mode="dense", fold=True)
    assert names(hits) == ["d0", "d40", "d80"]
    ids = {hit.doc_id: hit.chunk_id for hit in angles.search("0", k=9, mode="dense")}
    assert [hit.alike for hit in hits] == [(ids["d3"], ids["d6"]), (ids["d42"],), ()]


def test_equal_texts_fold_under_the_lowest_id(angles: SearchEngine) -> None:
    angles.add([{"id": name, "text": "10"} for name in "abc"])
    (hit,) = angles.search("0", k=3, mode="dense", fold=True)
    assert (hit.doc_id, len(hit.alike)) == ("a", 2)
    assert list(hit.alike) == sorted(hit.alike)


@pytest.mark.usefixtures("_shallow")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("options", [{"fold": True}, {"per_document": 1}, {"group": "document"}, {"per_document": 2}])
def test_k_hits_come_back_whenever_they_exist(angles: SearchEngine, mode: str, options: dict[str, object]) -> None:
    """Sixty copies of the best stand before nine others."""
    text = "\n\n".join(" ".join(["0 word"] * 28) for _ in range(60))
    angles.add([{"id": "long", "text": text}, *({"id": f"d{n}", "text": f"{n * 20} word"} for n in range(1, 10))])
    hits = angles.search("0 word", k=10, mode=mode, **options)  # type: ignore[arg-type]
    assert len(hits) == 10
    assert len({hit.chunk_id for hit in hits}) == 10
    assert Counter(names(hits)).most_common(1)[0][1] == (2 if options.get("per_document") == 2 else 1)


@pytest.mark.usefixtures("_shallow")
@pytest.mark.parametrize("seed", range(4))
def test_folding_is_a_walk_down_the_whole_ranking(angles: SearchEngine, seed: int) -> None:
    random_degrees = random.Random(seed)
    angles.add([{"id": str(n), "text": f"{random_degrees.uniform(0, 180):.2f}"} for n in range(50)])
    everything = angles.search("20", k=50, mode="dense")
    vectors = {hit.chunk_id: AngleEncoder().encode_queries([hit.text])[0] for hit in everything}
    heads: list[int] = []
    for hit in everything:
        if all(float(vectors[hit.chunk_id] @ vectors[head]) < FOLD_COSINE for head in heads):
            heads.append(hit.chunk_id)
    for k in (1, 3, 50):
        found = angles.search("20", k=k, mode="dense", fold=True)
        assert [hit.chunk_id for hit in found] == heads[:k]


@pytest.mark.parametrize("mode", MODES)
def test_at_most_so_many_of_a_document(engine: SearchEngine, mode: str) -> None:
    words = ["apple", "boat", "clock", "apple", "boat"]
    engine.add([{"id": f"d{n}", "text": paragraphs(*words[n:], "apple")} for n in range(4)])
    everything = engine.search("apple", k=99, mode=mode)
    for limit in (1, 2, 3):
        expected, seen = [], Counter[str]()
        for hit in everything:
            seen[hit.doc_id] += 1
            if seen[hit.doc_id] <= limit:
                expected.append(hit.chunk_id)
        found = engine.search("apple", k=99, mode=mode, per_document=limit)
        assert [hit.chunk_id for hit in found] == expected


@pytest.mark.parametrize("mode", MODES)
def test_a_group_is_a_document_shown_by_its_best_chunk(engine: SearchEngine, mode: str) -> None:
    engine.add([{"id": name, "text": paragraphs("apple", other, "apple")} for name, other in (("a", "x"), ("b", "y"))])
    everything = engine.search("apple", k=99, mode=mode)
    hits = engine.search("apple", k=99, mode=mode, group="document")
    assert names(hits) == list(dict.fromkeys(names(everything)))
    for hit in hits:
        own = [one.chunk_id for one in everything if one.doc_id == hit.doc_id]
        assert [hit.chunk_id, *(place.chunk_id for place in hit.others)] == own
        lines = {one.chunk_id: one.line_start for one in everything}
        assert [place.line_start for place in hit.others] == [lines[chunk_id] for chunk_id in own[1:]]


def test_places_of_a_document_are_those_before_the_last_hit(angles: SearchEngine) -> None:
    """In order a b a a c a a: two documents stand together, and before the third are two more places of a."""
    angles.add([{"id": name, "text": text} for name, text in (("b", "10"), ("c", "40"))])
    angles.add([{"id": "a", "text": "\n\n".join(" ".join([f"{degrees}"] * 60) for degrees in (0, 20, 30, 50, 60))}])
    order = [(hit.doc_id, hit.chunk_id) for hit in angles.search("0", k=9, mode="dense")]
    assert [name for name, _ in order] == ["a", "b", "a", "a", "c", "a", "a"]
    for k, seen in ((1, 1), (2, 2), (3, 4), (9, 9)):
        first = angles.search("0", k=k, mode="dense", group="document")[0]
        expected = [chunk_id for name, chunk_id in order[1:seen] if name == "a"]
        assert [place.chunk_id for place in first.others] == expected


@pytest.mark.parametrize("mode", MODES)
def test_lambda_of_one_changes_no_order(engine: SearchEngine, mode: str) -> None:
    engine.add([f"apple word{n} word{n % 5} {'boat ' * (n % 4)}" for n in range(30)])
    plain = engine.search("apple word3 boat", k=12, mode=mode)
    assert engine.search("apple word3 boat", k=12, mode=mode, diverse=1.0) == plain


def test_diverse_hits_are_chosen_by_marginal_relevance(angles: SearchEngine) -> None:
    """After 2 degrees, 4 is worth (cos 4 - cos 2) / 2 < 0 and -40 is worth (cos 40 - cos 42) / 2 > 0."""
    angles.add([{"id": f"d{degrees}", "text": f"{degrees}"} for degrees in (2, 4, -40, 44)])
    expected = _naive([2, 4, -40, 44], 0.5)
    assert names(angles.search("0", k=4, mode="dense", diverse=0.5)) == [f"d{degrees}" for degrees in expected]
    assert expected[:2] == [2, -40]


def _naive(degrees: list[float], weight: float) -> list[float]:
    def cosine(a: float, b: float) -> float:
        return float(np.cos(np.deg2rad(a - b)))

    left, picked = sorted(degrees, key=lambda angle: -cosine(angle, 0)), list[float]()
    while left:
        best = max(
            left, key=lambda a: weight * cosine(a, 0) - (1 - weight) * max([cosine(a, b) for b in picked] or [0])
        )
        left.remove(best)
        picked.append(best)
    return picked


@pytest.mark.usefixtures("_shallow")
def test_filters_act_before(angles: SearchEngine) -> None:
    angles.add([{"id": f"d{n}", "text": f"{n}", "even": n % 2 == 0} for n in range(0, 90, 3)])
    hits = angles.search("0", k=4, mode="dense", fold=True, where={"even": True})
    assert names(hits) == ["d0", "d24", "d48", "d72"]
    allowed = {hit.chunk_id for hit in angles.search("0", k=99, mode="dense", where={"even": True})}
    assert {other for hit in hits for other in hit.alike} <= allowed


@pytest.mark.usefixtures("_shallow")
@pytest.mark.parametrize("mode", MODES)
def test_a_bound_on_the_score_is_reached_by_all_that_can(angles: SearchEngine, mode: str) -> None:
    """By words the far ones come first, and a first look ends before the near ones."""
    angles.add([{"id": f"far{n}", "text": f"{90 + n} word word"} for n in range(20)])
    angles.add([{"id": f"near{n}", "text": f"{n} word and more of other things"} for n in range(5)])
    hits = angles.search("0 word", k=5, mode=mode, min_score=0.9)
    assert sorted(names(hits)) == [f"near{n}" for n in range(5)]
    assert angles.search("0 word", k=9, mode=mode, min_score=0.9) == hits


@pytest.mark.usefixtures("_shallow")
def test_a_bound_ends_the_search_for_more(angles: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    angles.add([{"id": str(n), "text": f"{n / 2}"} for n in range(300)])
    looked: list[int] = []
    look = pipeline._look
    monkeypatch.setattr(pipeline, "_look", lambda *given: looked.append(given[-1]) or look(*given))
    assert len(angles.search("0", k=10, mode="dense", min_score=0.999)) == 6  # up to 2.5 degrees
    assert looked == []


def test_an_empty_index_has_nothing_to_choose_from(angles: SearchEngine) -> None:
    angles.add(["1"])
    angles.delete(["text-1"])
    for options in ({"fold": True}, {"diverse": 0.5}, {"group": "document"}):
        assert angles.search("1", k=3, mode="dense", **options) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"diverse": 1.5}, "diverse is 1.5"),
        ({"diverse": float("nan")}, "diverse is nan"),
        ({"per_document": 0}, "per_document is 0"),
        ({"per_document": True}, "per_document is True"),
        ({"group": "file"}, "expected one of chunk, document"),
        ({"group": "document", "per_document": 2}, "do not go together"),
        ({"context": -1}, "context is -1"),
        ({"diverse": "much"}, "diverse is 'much'"),
        ({"min_score": "high"}, "min_score is 'high'"),
        ({"min_score": True}, "min_score is True"),
        ({"dense_weight": None}, "dense_weight is None"),
        ({"abstain": "never"}, "abstain is 'never'"),
        ({"where": 3}, "where is int"),
        ({"path": Path("docs")}, "expected text"),
        ({"since": 2026}, "since is int"),
        ({"rerank": True}, "rerank is True"),
        ({"mode": ["dense"]}, "expected one of hybrid, dense, lexical"),
    ],
)
def test_options_out_of_range_are_refused(angles: SearchEngine, options: dict[str, object], said: str) -> None:
    angles.add(["1"])
    with pytest.raises(InputError, match=said):
        angles.search("1", **options)  # type: ignore[arg-type]
