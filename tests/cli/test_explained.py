from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from searchkit.cli.explained import matched_words, plan_facts, standing_of
from searchkit.search.asking.answers import Answer, Plan
from searchkit.search.asking.filtering import Condition
from searchkit.search.question import Mode
from searchkit.types import Explanation, Hit, Part

MakeHit = Callable[..., Hit]
PLAN = Plan(3204, (), "convex", 0.8, ("rename", "branch"), 0.612, 0.0123)
ANSWER = Answer([], Mode.HYBRID, "exact", None, {"dense": 100, "lexical": 37}, {"encode": 0.0081, "dense": 0.0012})


def test_a_standing_names_the_parts_that_proposed_the_chunk(make_hit: MakeHit) -> None:
    explanation = Explanation(Part(3, 0.5123), None, Part(1, 0.9134), terms=("rename", "branch"))
    hit = make_hit(1, explanation=explanation, percentile=99.981)
    assert standing_of(hit) == ("dense 3 (0.512)", "fused 1 (0.913)", "percentile 99.98", "matched rename, branch")
    assert standing_of(make_hit(1)) == ()


@pytest.mark.parametrize(
    ("percentile", "shown"),
    [
        (42.0, "42.00"),
        (99.994, "99.99"),
        (99.996, "99.996"),
        (99.99975, "99.9998"),
        (100 * 400_000 / 400_001, "99.9998"),
    ],
)
def test_a_percentile_is_not_rounded_up_to_all(make_hit: MakeHit, percentile: float, shown: str) -> None:
    hit = make_hit(1, explanation=Explanation(None, None, Part(1, 0.5)), percentile=percentile)
    assert f"percentile {shown}" in standing_of(hit)


def test_matched_words_are_found_in_any_cut_and_line(make_hit: MakeHit) -> None:
    text = "Undo a\ncommit. Commits are undone, never uncommitted."
    spans = ((0, 13), (15, 22), (0, 4))
    hit = make_hit(1, text=text, explanation=Explanation(None, None, Part(1, 0.5), ("x",), spans))
    pattern = matched_words(hit)
    assert pattern is not None
    assert pattern.findall("… Undo a commit, uncommitted Commits, Undo!") == ["Undo a commit", "Commits", "Undo"]
    assert matched_words(make_hit(1)) is None


def test_the_plan_is_told_in_words() -> None:
    assert dict(plan_facts(replace(ANSWER, plan=PLAN)).pairs) == {
        "mode": "hybrid (convex, 0.8 of it dense)",
        "words": "rename, branch",
        "index": "exact, 3,204 chunks",
        "candidates": "100 dense, 37 lexical",
        "closest": "cosine 0.612; p = 0.012 for a question about anything",
        "time": "9.3 ms: encode 8.1, dense 1.2",
    }


def test_the_filter_tells_each_condition() -> None:
    one = replace(PLAN, conditions=(Condition("path docs/**", 800),))
    both = replace(one, conditions=(*one.conditions, Condition("where lang = 'en'", 300)))
    shown = [dict(plan_facts(replace(ANSWER, plan=plan, allowed=120)).pairs)["filter"] for plan in (one, both)]
    assert shown == [
        "120 of 3,204 chunks: path docs/**",
        "120 of 3,204 chunks:\n800 by path docs/**,\n300 by where lang = 'en'",
    ]


def test_what_does_not_apply_is_left_out() -> None:
    plan = Plan(0, (), None, None, (), None, None)
    answer = Answer([], Mode.DENSE, "none", None, {"dense": 0}, {}, plan=plan)
    assert [label for label, _ in plan_facts(answer).pairs] == ["mode", "index", "candidates", "time"]
    assert plan_facts(replace(answer, plan=None)).pairs == ()
