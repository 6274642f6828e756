from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.errors import EvaluationError
from searchkit.evaluation import Labelled, LabelledSet, read_labelled


def test_one_source_of_a_file_is_a_task(tmp_path: Path) -> None:
    path = tmp_path / "intents" / "all.tsv"
    path.parent.mkdir()
    rows = [
        "text\tlabel\tsplit\tsource",
        "a\tx\ttrain\tbank",
        "b\ty\ttest\tbank",
        "c\tz\ttrain\tother",
        "d\tz\tdev\tbank",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert read_labelled(path, source="bank") == LabelledSet("bank", (Labelled(("a",), "x"),), (Labelled(("b",), "y"),))
    assert read_labelled(path).name == "intents"
    with pytest.raises(EvaluationError, match="1 rows of source 'other' in split 'train' and 0"):
        read_labelled(path, source="other")


def test_pairs_have_two_texts(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("text_a\ttext_b\tlabel\tsplit\na\tb\t1\ttrain\nc\td\t0\ttest\n", encoding="utf-8")
    assert read_labelled(path).train == (Labelled(("a", "b"), "1"),)


def test_a_row_without_a_label_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = ['{"text": "a", "label": "x", "split": "train"}', '{"text": "b", "split": "test"}', '{"text": "c"}']
    path.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(EvaluationError, match="without label: 'b'"):
        read_labelled(path)


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("text\tsplit\na\ttrain\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="label missing"):
        read_labelled(path)
