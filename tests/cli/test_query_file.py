from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from searchkit.cli import query_file
from searchkit.cli.query_file import AskedQuery, read_queries
from searchkit.errors import InputError


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def write_and_read(data: str | bytes, name: str = "queries") -> list[tuple[str, str, int]]:
        file = tmp_path / name
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [(query.query_id, query.text, query.line) for query in read_queries(str(file))]

    return write_and_read


def test_lines_are_questions_and_their_numbers_ids(read: Any) -> None:
    assert read("one fish\n\n  \ntwo fish\r\n") == [("1", "one fish", 1), ("4", "two fish", 4)]
    assert read('{"text": "kept as it is"}\tx', "q.txt") == [("1", '{"text": "kept as it is"}\tx', 1)]
    assert read("\ufeffü 🐟".encode()) == [("1", "ü 🐟", 1)]


@pytest.mark.parametrize("name", ["q.jsonl", "q.ndjson", "q", "q.data"])
def test_json_lines_have_text_and_perhaps_an_id(read: Any, name: str) -> None:
    lines = '\n{"_id": "a", "text": "one"}\n{"query_id": 7, "query": "two", "more": 1}\n{"text": "three"}\n'
    assert read(lines, name) == [("a", "one", 2), ("7", "two", 3), ("4", "three", 4)]


@pytest.mark.parametrize("name", ["q.tsv", "q"])
def test_tsv_is_an_id_and_a_text(read: Any, name: str) -> None:
    assert read("a\tone\nb\ttwo", name) == [("a", "one", 1), ("b", "two", 2)]


def test_columns_may_be_named(read: Any) -> None:
    assert read("topic\ttext\tquery-id\nx\tone\ta\ny\ttwo\tb\tmore\n", "q.tsv") == [("a", "one", 2), ("b", "two", 3)]


def test_standard_input_is_read_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO(b"one\ntwo\n" * 1000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    first = next(read_queries("-"))
    assert (first, stream.tell()) == (AskedQuery("1", "one", 1), 4)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"fine\n\xff\xfe\n", "q.txt", "line 2: it is not UTF-8 at byte 0"),
        (b'{"text": "x"}\n{"text": \n', "q.jsonl", "line 2: it is not JSON"),
        (b'\n["x"]', "q.jsonl", "line 2: it is a JSON list"),
        (b'{"id": 1}', "q.jsonl", "line 1: it has no 'text'"),
        (b'{"text": 5}', "q.jsonl", "line 1: it has no 'text'"),
        (b'{"text": " "}', "q.jsonl", "line 1: the question is empty"),
        (b'{"text": "x", "id": ""}', "q.jsonl", "line 1: the id is empty"),
        (b'{"text": "x", "id": [1]}', "q.jsonl", r"line 1: its id is \[1\]"),
        (b"[" * 100_000, "q.jsonl", "line 1: it is not JSON"),
        (b"a\tone\nb two\n", "q.tsv", "line 2: it has 1 fields between tabs; expected 2"),
        (b"a\tone\tmore\n", "q.tsv", "line 1: it has 3 fields between tabs; expected 2"),
        (b"a\t \n", "q.tsv", "line 1: the question is empty"),
        (b"x\tid\ttext\n1\t2\n", "q.tsv", "line 2: it has 2 fields between tabs; expected at least 3"),
    ],
)
def test_a_line_that_is_no_question_is_named(read: Any, data: bytes, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(data, name)


def test_a_line_without_end_is_not_read_to_its_end(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_file, "LONGEST_LINE", 100)
    assert len(read("x" * 99 + "\n")) == 1
    with pytest.raises(InputError, match="line 1: it is longer than 100 bytes"):
        read("x" * 101)


@pytest.mark.parametrize("name", ["nowhere", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        list(read_queries(f"{tmp_path}/{name}"))
