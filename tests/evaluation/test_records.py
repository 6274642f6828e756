from __future__ import annotations

import csv
from pathlib import Path

import pytest

from searchkit.errors import EvaluationError, MissingExtraError
from searchkit.evaluation.records import number, read_records, some_names, text


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
        ("a.jsonl", b"{}\n" + b"[" * 100_000, "line 2 is not JSON"),
        ("a.csv", b'x\n1\n"' + b"y" * 140_000, "line 3 is not a row: field larger than field limit"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    csv.field_size_limit(1 << 30)  # as a reader of other tables may have left it
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


def test_parquet_with_damaged_pages_says_what_is_wrong(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [f"sentence number {n}" for n in range(5000)]}), path)
    content = bytearray(path.read_bytes())
    content[100:400] = bytes(byte ^ 0x5A for byte in content[100:400])
    path.write_bytes(content)
    with pytest.raises(EvaluationError, match=r"a\.parquet (cannot be read|is not a readable parquet file): [^N]"):
        read_records(path)


@pytest.mark.parametrize("value", ["nan", float("nan"), "inf", None, "high", 10**400])
def test_a_field_that_is_no_finite_number_is_named(value: object, tmp_path: Path) -> None:
    assert number(tmp_path / "a", {"x": "1e2"}, "x") == 100
    with pytest.raises(EvaluationError, match=r"x is .*, expected a number"):
        number(tmp_path / "a", {"x": value}, "x")


def test_a_field_that_is_missing_is_named(tmp_path: Path) -> None:
    assert text(tmp_path / "a", {"x": 7, "y": ""}, "x") == "7"
    assert text(tmp_path / "a", {"x": 7, "y": ""}, "y") == ""
    for record in ({"y": "b"}, {"x": None, "y": "b"}):
        with pytest.raises(EvaluationError, match=r"a has a record without x: .*'b'"):
            text(tmp_path / "a", record, "x")


def test_many_names_are_cut_short() -> None:
    assert some_names(["a", "b"]) == "'a', 'b'"
    assert some_names([*"abcdefg"]) == "'a', 'b', 'c', 'd', 'e' and 2 more"
