from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.errors import EvaluationError, MissingExtraError
from searchkit.evaluation.records import read_records, some_names


def test_every_format_gives_the_same_records(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    (tmp_path / "a.tsv").write_text("x\ty\n1\tone, two\n", encoding="utf-8-sig")
    (tmp_path / "a.csv").write_text('x,y\n1,"one, two"\n', encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"x": "1", "y": "one, two"}\n\n', encoding="utf-8")
    pq.write_table(pa.table({"x": ["1"], "y": ["one, two"]}), tmp_path / "a.parquet")
    for suffix in ("tsv", "csv", "jsonl", "parquet"):
        assert read_records(tmp_path / f"a.{suffix}") == [{"x": "1", "y": "one, two"}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"{}\n{x}\n", "line 2 is not JSON"),
        ("a.jsonl", b"[1]\n", "line 1 is a JSON list, expected an object"),
        ("a.tsv", b"x\ty\n1\n", "line 2 has 1 fields, expected 2"),
        ("a.csv", b"x\n\xff\n", "not UTF-8"),
        ("a.parquet", b"PAR1 torn", "not a readable parquet"),
        ("a.xlsx", b"", "no known format"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EvaluationError, match=message):
        read_records(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"none\.tsv cannot be read"):
        read_records(tmp_path / "none.tsv")


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match="pyarrow is not installed"):
        read_records(tmp_path / "a.parquet")


def test_many_names_are_cut_short() -> None:
    assert some_names(["a", "b"]) == "'a', 'b'"
    assert some_names([*"abcdefg"]) == "'a', 'b', 'c', 'd', 'e' and 2 more"
