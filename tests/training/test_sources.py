from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from searchkit.errors import TrainingError
from searchkit.training import DataSettings, Kind, Row, Source, read_source


def read(path: Path, kind: Kind, **settings: Any) -> Source:
    return read_source(DataSettings(path=path, kind=kind, **settings), seed=0)


def texts(source: Source) -> list[tuple[str, ...]]:
    return [row.texts for row in source.rows]


def test_text_file_gives_a_row_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n  two  \n\nthree", encoding="utf-8-sig")
    source = read(tmp_path / "a.txt", Kind.UNSUP)
    assert texts(source) == [("one",), ("two",), ("three",)]
    assert [(bad.line, bad.reason) for bad in source.bad] == [(3, "text is empty")]


def test_simcse_csv_is_read_without_naming_columns(tmp_path: Path) -> None:
    (tmp_path / "nli.csv").write_text('sent0,sent1,hard_neg\n"a, b",c,d\ne,"f ""g""",h\n')
    assert texts(read(tmp_path / "nli.csv", Kind.TRIPLETS)) == [("a, b", "c", "d"), ("e", 'f "g"', "h")]
    assert texts(read(tmp_path / "nli.csv", Kind.PAIRS)) == [("a, b", "c"), ("e", 'f "g"')]


def test_tsv_takes_quotes_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "sts.tsv").write_text('sentence1\tsentence2\tscore\n"open\tquote" here\t4.5\n')
    assert read(tmp_path / "sts.tsv", Kind.SCORED).rows == (Row(('"open', 'quote" here'), 4.5),)


def test_jsonl_and_parquet_give_the_same_rows(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    records = [{"q": "who", "a": "he", "n": 1}, {"q": "what", "a": "it", "n": 2}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "a.parquet")
    sources = [read(tmp_path / f"a.{kind}", Kind.PAIRS, columns=("q", "a")) for kind in ("jsonl", "parquet")]
    assert texts(sources[0]) == texts(sources[1]) == [("who", "he"), ("what", "it")]


def test_bad_rows_are_counted_named_by_line_and_skipped(tmp_path: Path) -> None:
    lines = [
        '{"anchor": "a", "positive": "b"}',
        '{"anchor": "a"',
        '{"anchor": "a", "positive": ""}',
        "[1, 2]",
        '{"anchor": 7, "positive": "b"}',
        '{"anchor": "c", "positive": "d"}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    source = read(tmp_path / "a.jsonl", Kind.PAIRS)
    assert texts(source) == [("a", "b"), ("c", "d")]
    assert source.bad_count == 4
    assert [bad.line for bad in source.bad] == [2, 3, 4, 5]
    assert "not JSON" in source.bad[0].reason
    assert [bad.reason for bad in source.bad[1:]] == [
        "positive is empty",
        "a JSON list, expected an object",
        "anchor is not text",
    ]
    assert source.summary.startswith("a: 2 rows, 4 bad, 0 left out (line 2: not JSON")


def test_torn_table_rows_wrong_bytes_and_scores_that_are_no_numbers_are_bad(tmp_path: Path) -> None:
    rows = b"sentence1,sentence2,score\na,b,1\na,b\nc,d,high\ne,\xff,2\nf,g,nan\n"
    (tmp_path / "a.csv").write_bytes(rows)
    source = read(tmp_path / "a.csv", Kind.SCORED)
    assert texts(source) == [("a", "b")]
    assert [(bad.line, bad.reason) for bad in source.bad] == [
        (3, "2 fields, expected 3"),
        (4, "score is 'high', expected a number"),
        (5, "sentence2 is not UTF-8"),
        (6, "score is 'nan', expected a number"),
    ]


def test_only_the_first_bad_rows_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("good\n" + "\n" * 100)
    source = read(tmp_path / "a.txt", Kind.UNSUP)
    assert (source.bad_count, len(source.bad)) == (100, 5)


def test_filters_and_lower_case_act_on_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,source,split\nA B,x,train\nC,y,train\nD,x,test\n")
    source = read(tmp_path / "a.csv", Kind.UNSUP, keep={"split": ("train",)}, drop={"source": ("y",)}, lower_case=True)
    assert texts(source) == [("a b",)]
    assert source.filtered == 2


def test_filter_on_a_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,source\nA,x\n")
    with pytest.raises(TrainingError, match=r"has the columns text, source, expected \(text\) or .* and split"):
        read(tmp_path / "a.csv", Kind.UNSUP, drop={"split": ("test",)})


def test_first_row_without_its_columns_is_bad_and_the_next_one_decides(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"anchor": "a"}\n{"anchor": "b", "positive": "c"}\n{"positive": "d"}\n')
    source = read(tmp_path / "a.jsonl", Kind.PAIRS)
    assert texts(source) == [("b", "c")]
    assert [(bad.line, bad.reason) for bad in source.bad] == [(1, "columns are missing"), (3, "anchor is empty")]


def test_limit_takes_a_sample_that_the_seed_repeats(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(f"line {n}" for n in range(100)))
    settings = DataSettings(path=tmp_path / "a.txt", kind=Kind.UNSUP, limit=10)
    first, again, other = (read_source(settings, seed=seed) for seed in (1, 1, 2))
    assert len(first.rows) == 10
    assert first.rows == again.rows != other.rows
    assert first.filtered == 90


def test_group_column_travels_with_the_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text_a,text_b,image\na,b,7\n")
    assert read(tmp_path / "a.csv", Kind.PAIRS, group="image").rows == (Row(("a", "b"), 0.0, "7"),)


def test_group_zero_is_a_group_and_null_is_none(tmp_path: Path) -> None:
    records = [{"text_a": "a", "text_b": "b", "image": image} for image in (0, None)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    assert [row.group for row in read(tmp_path / "a.jsonl", Kind.PAIRS, group="image").rows] == ["0", ""]


def test_open_quote_costs_the_rows_it_swallows_and_no_more(tmp_path: Path) -> None:
    lines = ["anchor,positive", "a,b", f'c,"{"x" * 140_000}', "d,e"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    csv.field_size_limit(1 << 30)  # as a reader of other tables may have left it
    source = read(tmp_path / "a.csv", Kind.PAIRS)
    assert texts(source) == [("a", "b"), ("d", "e")]
    assert [(bad.line, bad.reason) for bad in source.bad] == [(3, "not a row: field larger than field limit (131072)")]


def test_numbers_and_nesting_beyond_measure_make_bad_rows(tmp_path: Path) -> None:
    rows = [f'{{"sentence1": "a", "sentence2": "b", "score": {score}}}' for score in ("1" + "0" * 400, "[" * 100_000)]
    (tmp_path / "a.jsonl").write_text("\n".join([*rows, '{"sentence1": "c", "sentence2": "d", "score": 1}']))
    source = read(tmp_path / "a.jsonl", Kind.SCORED)
    assert (texts(source), source.bad_count) == ([("c", "d")], 2)


def test_parquet_with_damaged_pages_says_what_is_wrong(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"sentence number {n}" for n in range(5000)]}), path)
    content = bytearray(path.read_bytes())
    content[100:400] = bytes(byte ^ 0x5A for byte in content[100:400])
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"a\.parquet (cannot be read|is not a readable parquet file): [^N]"):
        read(path, Kind.UNSUP)


@pytest.mark.parametrize(
    ("name", "content", "kind", "message"),
    [
        ("a.txt", "", Kind.UNSUP, "has no usable row"),
        ("a.txt", "\n\n", Kind.UNSUP, r"has no usable row \(2 bad, 0 filtered; line 1: text is empty\)"),
        ("a.csv", "text\nonly one\n", Kind.PAIRS, r"has the columns text, expected \(anchor, positive\) or"),
        ("a.txt", "one column\n", Kind.TRIPLETS, "has the columns text, expected"),
        ("a.docx", "x", Kind.UNSUP, "has no known format"),
        ("a.parquet", "not parquet", Kind.UNSUP, "is not a readable parquet file"),
    ],
)
def test_useless_file_is_an_error_that_names_it(
    tmp_path: Path, name: str, content: str, kind: Kind, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(TrainingError, match=f"{name} {message}"):
        read(tmp_path / name, kind)


def test_missing_file_and_wrong_number_of_columns_are_errors(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"absent\.csv cannot be read"):
        read(tmp_path / "absent.csv", Kind.PAIRS)
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TrainingError, match="kind 'pairs' needs 2 columns, found 1"):
        read(tmp_path / "a.csv", Kind.PAIRS, columns=("a",))
