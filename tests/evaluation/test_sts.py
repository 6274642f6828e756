from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from searchkit.errors import EvaluationError
from searchkit.evaluation import ScoredPair, StsSet, evaluate_sts, read_sts

Encoders = Callable[..., Any]

PAIRS = (
    ScoredPair("a0", "a10", 5.0, "a"),
    ScoredPair("a0", "a40", 3.0, "a"),
    ScoredPair("a0", "a90", 0.0, "a"),
    ScoredPair("b0", "b60", 4.0, "b"),
    ScoredPair("b0", "b0", 1.0, "b"),
)
ANGLES = {f"{name}{angle}": angle for name in "ab" for angle in (0, 10, 40, 60, 90)}
TABLE = {name: [math.cos(math.radians(angle)), math.sin(math.radians(angle))] for name, angle in ANGLES.items()}


def test_all_and_wmean_are_told_apart(encoder: Encoders) -> None:
    report = evaluate_sts(encoder(TABLE), StsSet("made up", PAIRS))
    assert report.cosines == pytest.approx([math.cos(math.radians(angle)) for angle in (10, 40, 90, 60, 0)], abs=1e-6)
    assert report.subsets == {"a": pytest.approx(1), "b": pytest.approx(-1)}
    assert report.spearman_wmean == pytest.approx((3 * 1 + 2 * -1) / 5)
    # ranks 4 3 1 2 5 against 5 3 1 4 2: rho = 1 - 6 * (1 + 0 + 0 + 4 + 9) / (5 * 24)
    assert report.spearman_all == pytest.approx(0.3)


def test_a_sentence_of_many_pairs_is_encoded_once(encoder: Encoders) -> None:
    table = encoder(TABLE)
    asked: list[str] = []
    table.encode_queries = lambda texts: asked.extend(texts) or table.encode_passages(texts)
    evaluate_sts(table, StsSet("made up", PAIRS))
    assert sorted(asked) == ["a0", "a10", "a40", "a90", "b0", "b60"]


def test_an_encoder_that_ranks_nothing_scores_zero(encoder: Encoders) -> None:
    assert evaluate_sts(encoder({name: [1.0, 0.0] for name in TABLE}), StsSet("made up", PAIRS)).spearman_all == 0


def test_a_subset_of_one_pair_is_refused(encoder: Encoders) -> None:
    with pytest.raises(EvaluationError, match="subset 'a' has fewer than two"):
        evaluate_sts(encoder(), StsSet("made up", PAIRS[:1]))


def test_a_table_is_read_by_split(tmp_path: Path) -> None:
    path = tmp_path / "tiny.tsv"
    path.write_text('sentence1\tsentence2\tscore\tsplit\na "b\tc\t1.5\ttest\nd\te\t2\tdev\n', encoding="utf-8")
    assert read_sts(path) == StsSet("tiny", (ScoredPair('a "b', "c", 1.5),))
    assert read_sts(path, split="dev").pairs[0].sentence1 == "d"
    with pytest.raises(EvaluationError, match="no split 'train'") as caught:
        read_sts(path, split="train")
    assert caught.value.hint == "it has test, dev"


def test_a_score_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tiny.tsv"
    path.write_text("sentence1\tsentence2\tscore\na\tb\thigh\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"score is 'high', expected a number"):
        read_sts(path)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tiny.jsonl"
    path.write_text('{"sentence1": "a", "sentence2": "b"}\n', encoding="utf-8")
    with pytest.raises(EvaluationError, match="score missing"):
        read_sts(path)


def test_a_pair_without_a_sentence_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.jsonl"
    whole = '{"sentence1": "a", "sentence2": "b", "score": 1}\n'
    for broken in ('{"sentence1": "c", "score": 2}', '{"sentence1": "c", "sentence2": null, "score": 2}'):
        path.write_text(whole + broken, encoding="utf-8")
        with pytest.raises(EvaluationError, match="without sentence2: 'c'"):
            read_sts(path)


def test_the_shared_sets_have_the_pairs_they_state(shared: Path) -> None:
    assert len(read_sts(shared / "sts" / "sts13.parquet").pairs) == 1_500
    assert len(read_sts(shared / "sts" / "stsb.parquet", split="test").pairs) == 1_379
