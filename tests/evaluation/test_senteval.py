from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.errors import EvaluationError
from searchkit.evaluation import ScoredPair, read_sts


def test_pairs_of_a_year_without_score_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "STS15-en-test"
    folder.mkdir()
    (folder / "STS.input.belief.txt").write_text("a b\tc d\ne\tf\n", encoding="utf-8")
    (folder / "STS.gs.belief.txt").write_text("\n3.25\n", encoding="utf-8")
    (folder / "STS.input.images.txt").write_text("g\th\tsource\n", encoding="utf-8")
    (folder / "STS.gs.images.txt").write_text("5\n", encoding="utf-8")
    found = read_sts(folder)
    assert found.name == "STS15-en-test"
    assert found.pairs == (ScoredPair("e", "f", 3.25, "belief"), ScoredPair("g", "h", 5.0, "images"))


def test_gold_of_another_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "STS.input.x.txt").write_text("a\tb\n", encoding="utf-8")
    (tmp_path / "STS.gs.x.txt").write_text("1\n2\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"has 1 lines and STS\.gs\.x\.txt 2"):
        read_sts(tmp_path)


def test_the_benchmark_is_read_by_split(tmp_path: Path) -> None:
    line = "main-captions\tMSRvid\t2012test\t0001\t5.000\tA plane.\tAn air plane.\tsource\n"
    (tmp_path / "sts-dev.csv").write_text(line, encoding="utf-8")
    assert read_sts(tmp_path, split="dev").pairs == (ScoredPair("A plane.", "An air plane.", 5.0),)


def test_sick_is_read_by_its_header(tmp_path: Path) -> None:
    text = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tjudgment\n1\ta\tb\t4.5\tNEUTRAL\n"
    (tmp_path / "SICK_test_annotated.txt").write_text(text, encoding="utf-8")
    assert read_sts(tmp_path).pairs == (ScoredPair("a", "b", 4.5),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\ta\tb\n", "line 2 has 3 fields, expected 4"),
        ("1\ta\tb\tx\n", "line 2: the score is 'x'"),
        ("1\ta\tb\tnan\n", "score is 'nan'"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    header = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\n"
    (tmp_path / "SICK_test_annotated.txt").write_text(header + line, encoding="utf-8")
    with pytest.raises(EvaluationError, match=message):
        read_sts(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no SICK file for split 'test'"):
        read_sts(tmp_path)
