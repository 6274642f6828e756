from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from searchkit.errors import IndexNotFoundError, InputError, QueryError
from searchkit.store import parse_query
from searchkit.types import Explanation, Hit, Part

EXPLANATION = Explanation(Part(2, 0.4), None, Part(1, 0.9), ("sleep",), ((5, 10),))
Run = Callable[..., Any]
MakeHit = Callable[..., Hit]


def test_hits_go_to_stdout_with_exit_code_0(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1), make_hit(2)]
    outcome = run("query", "sleep")
    assert outcome.code == 0
    assert [line.split(": ")[0] for line in outcome.out.splitlines()] == ["animals/1.md:10", "animals/2.md:20"]
    assert outcome.err == ""


@pytest.mark.usefixtures("engine")
def test_no_hits_is_exit_code_1_and_a_word_on_stderr(run: Run) -> None:
    outcome = run("query", "sleep")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "no hits\n")


def test_no_hits_in_an_empty_index_says_how_to_fill_it(run: Run, engine: Any) -> None:
    engine.chunks = 0
    assert run("query", "sleep").err == "no hits: the index is empty; fill it with: searchkit index FOLDER\n"


@pytest.mark.usefixtures("engine")
def test_no_hits_names_the_bound_that_left_them_out(run: Run) -> None:
    assert run("query", "sleep", "--min-score", "0.9").err == "no hits with a cosine of at least 0.9\n"


def test_words_are_one_question_and_options_reach_the_engine(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1)]
    options = ["--where", "lang = 'en'", "--path", "*.md", "--min-score", "0.5", "-k", "3"]
    assert run("query", "how", "do I", *options, "sleep").code == 0
    assert engine.asked == [
        {
            "query": "how do I sleep",
            "k": 3,
            "mode": "hybrid",
            "where": "lang = 'en'",
            "path": "*.md",
            "min_score": 0.5,
            "highlight": False,
        }
    ]


def test_how_candidates_are_found_reaches_the_engine(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1)]
    assert run("query", "x", "--mode", "dense", "--fusion", "rrf", "--dense-weight", "0.25").code == 0
    asked = engine.asked[0]
    assert (asked["mode"], asked["fusion"], asked["dense_weight"]) == ("dense", "rrf", 0.25)


def test_a_reranker_reaches_the_engine_by_its_name(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1)]
    assert run("query", "x", "--rerank", "owner/judge").code == 0
    assert engine.asked[0]["rerank"] == "owner/judge"
    assert run("query", "x").code == 0
    assert "rerank" not in engine.asked[1]


def test_a_mode_that_is_none_is_refused_by_name(run: Run) -> None:
    outcome = run("query", "x", "--mode", "semantic")
    assert (outcome.code, outcome.out) == (2, "")
    assert "mode is 'semantic'; expected one of hybrid, dense, lexical" in outcome.err


def test_notices_go_to_stderr(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits, engine.notices = [make_hit(1)], ("only half was looked at",)
    outcome = run("query", "x", "--json")
    assert [hit["rank"] for hit in json.loads(outcome.out)] == [1]
    assert outcome.err == "note: only half was looked at\n"


def test_nothing_close_is_exit_code_1_and_said_on_stderr(run: Run, engine: Any) -> None:
    engine.nothing_close = True
    outcome = run("query", "x", "--abstain", "0.05", "--json")
    assert (outcome.code, outcome.out, outcome.err) == (1, "[]\n", "nothing close\n")
    assert engine.asked[0]["abstain"] == 0.05


def test_an_explanation_stands_below_its_hit_and_the_plan_on_stderr(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1, explanation=EXPLANATION, percentile=99.5)]
    outcome = run("query", "x", "--explain")
    assert outcome.out.splitlines()[1] == "    dense 2 (0.400); fused 1 (0.900); percentile 99.50; matched sleep"
    assert "mode: hybrid (convex, 0.8 of it dense)" in outcome.err.splitlines()
    lines = run("query", "x", "--explain", "--jsonl")
    assert json.loads(lines.out)["explanation"]["dense"] == {"rank": 2, "score": 0.4}
    assert "words: word" in lines.err.splitlines()


def test_an_explained_answer_is_one_json_object_around_its_hits(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1, explanation=EXPLANATION), make_hit(2)]
    outcome = run("query", "x", "--explain", "--json")
    shown = json.loads(outcome.out)
    assert (shown["mode"], shown["chunks"], shown["terms"]) == ("hybrid", 100, ["word"])
    assert [hit["rank"] for hit in shown["hits"]] == [1, 2]
    assert shown["hits"][0]["explanation"]["terms"] == ["sleep"]
    assert outcome.err == ""


def test_an_error_in_the_words_points_at_the_place(run: Run, engine: Any) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query('apples "and boats')
    engine.error = caught.value
    outcome = run("query", 'apples "and boats', "--mode", "lexical")
    assert outcome.code == 2
    shown, caret = outcome.err.splitlines()[1:3]
    assert shown[caret.index("^")] == '"'


@pytest.mark.parametrize("flag", ["-k", "-n", "--limit"])
def test_the_limit_has_the_names_that_people_know(flag: str, run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1), make_hit(2)]
    assert len(run("query", "x", flag, "1").out.splitlines()) == 1


def test_a_dash_reads_the_question_from_stdin(
    run: Run, engine: Any, make_hit: MakeHit, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.hits = [make_hit(1)]
    monkeypatch.setattr(sys, "stdin", io.StringIO("from a pipe\n"))
    run("query", "-")
    assert engine.asked[0]["query"] == "from a pipe\n"


def test_a_very_long_question_is_answered_with_a_word_on_stderr(
    run: Run, engine: Any, make_hit: MakeHit, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.hits = [make_hit(1)]
    monkeypatch.setattr(sys, "stdin", io.StringIO("word " * 200_000))
    outcome = run("query", "-")
    assert outcome.code == 0
    assert outcome.err == "the question has 1,000,000 characters; the encoder reads only its beginning\n"


def test_json_is_an_array_even_without_hits(run: Run, engine: Any, make_hit: MakeHit) -> None:
    outcome = run("query", "x", "--json")
    assert (outcome.code, json.loads(outcome.out)) == (1, [])
    engine.hits = [make_hit(1), make_hit(2)]
    assert [hit["rank"] for hit in json.loads(run("query", "x", "--json").out)] == [1, 2]


def test_jsonl_is_one_object_a_line(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1), make_hit(2)]
    assert [json.loads(line)["id"] for line in run("query", "x", "--jsonl").out.splitlines()] == [1, 2]


def test_files_are_listed_once_in_rank_order(run: Run, engine: Any, make_hit: MakeHit) -> None:
    paths = ["b.md", "a b.md", "b.md", None]
    engine.hits = [make_hit(rank, path=path) for rank, path in enumerate(paths, start=1)]
    assert run("query", "x", "--files").out == "b.md\na b.md\ndoc-4\n"


@pytest.mark.usefixtures("engine")
def test_only_one_form_at_a_time(run: Run) -> None:
    outcome = run("query", "x", "--json", "--files")
    assert outcome.code == 2
    assert "choose one of --json, --jsonl and --files" in outcome.err


def test_full_and_highlight_are_passed_on(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1, text="First line.\nSecond line.", snippet="First line.")]
    outcome = run("query", "x", "--full", "--highlight")
    assert "    Second line." in outcome.out
    assert engine.asked[0]["highlight"] is True


@pytest.mark.parametrize(
    "error", [IndexNotFoundError("no index", hint="make one"), InputError("the query is empty", hint="ask")]
)
def test_engine_errors_are_exit_code_2(error: Exception, run: Run, engine: Any) -> None:
    engine.error = error
    outcome = run("query", "x")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert "\nhint: " in outcome.err


def test_a_question_is_required(run: Run) -> None:
    outcome = run("query")
    assert outcome.code == 2
    assert "TEXT" in outcome.err
    assert "hint: searchkit query --help" in outcome.err


@pytest.mark.usefixtures("engine")
def test_a_limit_that_is_no_number_is_refused(run: Run) -> None:
    outcome = run("query", "x", "-k", "many")
    assert outcome.code == 2
    assert "'many' is not a " in outcome.err


def test_similar_takes_a_chunk_number_or_a_name(run: Run, engine: Any, make_hit: MakeHit) -> None:
    engine.hits = [make_hit(1)]
    assert run("similar", "42", "-k", "2").code == 0
    assert run("similar", "docs/42.md", "--json").code == 0
    assert [asked["target"] for asked in engine.asked] == [42, "docs/42.md"]
