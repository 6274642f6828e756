"""A file of records gives the same documents by ranges as it does whole."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest

from searchkit.documents import ReadOptions, content_hash, read_text
from searchkit.documents.parquet import opened
from searchkit.documents.ranges import range_format, read_range, survey_file
from searchkit.errors import DocumentRefusedError
from searchkit.types import Document

LINES = [
    json.dumps({"id": "a", "title": "First", "text": "Apples fall.", "year": 1990}),
    "",
    json.dumps({"id": "b", "text": "Boats\x1b[31m float – far."}, ensure_ascii=False),
    json.dumps("a bare text"),
    json.dumps({"id": "c", "text": " ", "note": None}),
    json.dumps({"id": "d", "headline": "only later", "text": "Clocks tick."}),
]
JSONL = "\r\n".join(LINES).encode()


def by_ranges(data: bytes, name: str, options: ReadOptions, records: int) -> list[Document]:
    stream = BytesIO(data)
    found = survey_file(stream, name, options, records=records)
    assert found.content_hash == content_hash(data)
    return [d for part in reversed(found.ranges) for d in read_range(stream, name, options, found.roles, part)]


@pytest.mark.parametrize("records", [1, 2, 4, 100])
@pytest.mark.parametrize("data", [JSONL, JSONL + b"\n", b"\xef\xbb\xbf" + JSONL])
def test_ranges_of_lines_give_the_documents_of_the_file(data: bytes, records: int) -> None:
    options = ReadOptions()
    whole = read_text(data, name="x/notes.jsonl", options=options)
    assert len(whole) == 4
    assert sorted(by_ranges(data, "x/notes.jsonl", options, records), key=lambda d: d.doc_id) == whole


def test_ranges_know_the_fields_that_the_beginning_of_the_file_settled() -> None:
    head = [json.dumps({"text": f"Sentence {n}.", "headline": f"h{n}"}) for n in range(300)]
    data = "\n".join([*head, json.dumps({"text": "Last.", "title": "is metadata"})]).encode()
    whole = read_text(data, name="n.jsonl", options=ReadOptions())
    parts = by_ranges(data, "n.jsonl", ReadOptions(), 7)
    assert {d.doc_id: d for d in parts} == {d.doc_id: d for d in whole}
    assert whole[-1].metadata["title"] == "is metadata"


@pytest.mark.parametrize(
    "data",
    [
        b'{"text": "a"}\n{"text": ',
        b'{"text": "a"}\n17',
        b'{"number": 1}\n{"number": 2}',
        b'{"text": "a"}\n{"text": "\xff"}',
        b"",
    ],
)
def test_what_the_whole_file_would_be_refused_for_is_found_before(data: bytes) -> None:
    with pytest.raises(DocumentRefusedError):
        survey_file(BytesIO(data), "n.jsonl", ReadOptions(), records=1)


def test_a_name_that_two_records_have_is_found_across_ranges() -> None:
    data = b'{"id": "a", "text": "x"}\n{"id": "b", "text": "y"}\n{"id": "a", "text": "z"}\n'
    with pytest.raises(DocumentRefusedError, match="same 'id'"):
        survey_file(BytesIO(data), "n.jsonl", ReadOptions(id_field="id"), records=1)


@pytest.mark.parametrize("records", [1, 3, 8, 50])
def test_ranges_of_parquet_give_the_documents_of_the_file(tmp_path: Path, records: int) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    rows = {
        "name": [f"row {n}" for n in range(20)],
        "text": [f"Sentence number {n}." for n in range(20)],
        "raw": [b"\x00" * n for n in range(20)],
        "uuid": pa.array([b"\x00" * 16] * 20, pa.binary(16)),
    }
    pq.write_table(pa.table(rows), tmp_path / "t.parquet", row_group_size=8)
    data = (tmp_path / "t.parquet").read_bytes()
    whole = read_text(data, name="t.parquet", options=ReadOptions())
    assert [d.doc_id for d in whole] == [f"t.parquet#{n}" for n in range(1, 21)]
    assert (whole[3].text, whole[3].title) == ("Sentence number 3.", "row 3")
    assert whole[3].metadata == {"format": "parquet"}
    parts = by_ranges(data, "t.parquet", ReadOptions(), records)
    assert {d.doc_id: d for d in parts} == {d.doc_id: d for d in whole}


def test_bytes_that_are_no_parquet_are_refused() -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(DocumentRefusedError, match="not valid parquet"):
        read_text(b"PAR1 and more", name="t.parquet", options=ReadOptions())


def test_parquet_that_is_damaged_inside_is_refused(tmp_path: Path) -> None:
    """Its end, which says what there is, is sound."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": [f"Sentence number {n}." for n in range(100)]}), tmp_path / "t.parquet")
    data = bytearray((tmp_path / "t.parquet").read_bytes())
    stream = BytesIO(bytes(data))
    (part,) = (found := survey_file(stream, "t.parquet", ReadOptions(), records=100)).ranges
    data[4:200] = b"\xff" * 196
    with pytest.raises(DocumentRefusedError, match="not valid parquet"):
        survey_file(BytesIO(bytes(data)), "t.parquet", ReadOptions(), records=100)
    with pytest.raises(DocumentRefusedError, match="not valid parquet"):
        list(read_range(BytesIO(bytes(data)), "t.parquet", ReadOptions(), found.roles, part))


def test_an_error_of_the_disk_is_no_fault_of_the_file() -> None:
    pytest.importorskip("pyarrow")

    class Failing(BytesIO):
        def seek(self, *_: int) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        opened(Failing(b"PAR1"))


def test_formats_that_ranges_know() -> None:
    assert [range_format(name) for name in ("a.JSONL", "a.ndjson", "a.parquet", "a.csv", "a")] == [
        "jsonl",
        "jsonl",
        "parquet",
        None,
        None,
    ]
