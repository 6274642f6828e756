from __future__ import annotations

import pytest
from themed_corpus import MakeEngine

from searchkit.errors import InputError
from searchkit.insight import find_duplicates

WORDS = "one two three four five six seven eight nine ten eleven twelve"


def test_equal_and_nearly_equal_texts_are_grouped(make_engine: MakeEngine) -> None:
    engine = make_engine(
        [
            {"id": "a", "text": WORDS},
            {"id": "b", "text": f"{WORDS} more"},
            {"id": "c", "text": WORDS},
            {"id": "d", "text": "boats on the sea"},
            {"id": "e", "text": "boats on the sea"},
            {"id": "f", "text": "clocks"},
        ]
    )
    found = find_duplicates(engine, threshold=0.9)
    groups = [[passage.doc_id for passage in group.passages] for group in found.groups]
    assert groups == [["a", "b", "c"], ["d", "e"]]
    assert (found.chunks, found.spare, found.pair_count) == (6, 3, 1)
    assert [passage.cosine for passage in found.groups[0].passages] == pytest.approx(
        [1, found.pairs[0].cosine, 1], abs=1e-5
    )
    assert {found.pairs[0].first.doc_id, found.pairs[0].second.doc_id} in ({"a", "b"}, {"c", "b"})


def test_many_equal_texts_are_one_group_without_pairs(make_engine: MakeEngine) -> None:
    found = find_duplicates(make_engine(["the same"] * 50))
    assert (len(found.groups), found.spare, found.pair_count) == (1, 49, 0)


def test_within_one_document_only_where_that_is_asked(make_engine: MakeEngine) -> None:
    sentence = f"{WORDS}. " * 4
    engine = make_engine([{"id": "long", "text": "\n\n".join([sentence] * 6)}])
    assert engine.status().chunks > 1
    assert len(find_duplicates(engine, threshold=0.9).groups) == 1
    assert find_duplicates(engine, threshold=0.9, across_documents=True).groups == ()


def test_across_documents_equal_texts_still_count(make_engine: MakeEngine) -> None:
    engine = make_engine([{"id": "a", "text": WORDS}, {"id": "b", "text": WORDS}])
    assert len(find_duplicates(engine, across_documents=True).groups) == 1


def test_where_nothing_is_alike_nothing_is_found(make_engine: MakeEngine) -> None:
    found = find_duplicates(make_engine(["apples", "boats", "clocks"]), threshold=1.0)
    assert (found.groups, found.pairs, found.spare) == ((), (), 0)


@pytest.mark.parametrize("threshold", [0, -1, 1.01])
def test_a_threshold_out_of_range_is_an_error(threshold: float, make_engine: MakeEngine) -> None:
    with pytest.raises(InputError, match="threshold"):
        find_duplicates(make_engine(["one"]), threshold=threshold)


def test_an_index_without_chunks_is_an_error(make_engine: MakeEngine) -> None:
    with pytest.raises(InputError, match="holds no chunks"):
        find_duplicates(make_engine([]))
