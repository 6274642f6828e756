from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import Document, SearchEngine
from searchkit.errors import InputError, MissingExtraError
from searchkit.integrations.tables import (
    documents_from,
    embeddings_to_arrow,
    embeddings_to_frame,
    hits_to_arrow,
    hits_to_frame,
)

ROWS = [
    {"key": 7, "body": "apples grow on trees", "head": "Apples", "year": 2020, "tags": ["fruit"]},
    {"key": 8, "body": "boats sail the sea", "head": "Boats", "year": 2021, "tags": []},
]
EXPECTED = [
    Document("7", "apples grow on trees", "Apples", {"year": 2020, "tags": ["fruit"]}),
    Document("8", "boats sail the sea", "Boats", {"year": 2021, "tags": []}),
]


def table_in(form: str) -> Any:
    """The same rows in another form."""
    if form == "pandas":
        return pytest.importorskip("pandas").DataFrame(ROWS)
    if form in ("arrow", "batches"):
        table = pytest.importorskip("pyarrow").Table.from_pylist(ROWS)
        return table if form == "arrow" else table.to_reader()
    return ROWS if form == "rows" else iter(ROWS)


@pytest.mark.parametrize("form", ["rows", "generator", "pandas", "arrow", "batches"])
def test_rows_become_documents(form: str) -> None:
    assert list(documents_from(table_in(form), text="body", id="key", title="head")) == EXPECTED


@pytest.mark.parametrize("is_streamed", [False, True])
def test_rows_of_a_dataset_become_documents(is_streamed: bool) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    dataset = datasets.Dataset.from_list(ROWS)
    given = dataset.to_iterable_dataset() if is_streamed else dataset
    assert list(documents_from(given, text="body", id="key", title="head")) == EXPECTED


def test_chosen_columns_are_metadata() -> None:
    (first, _) = documents_from(ROWS, text="body", id="key", metadata=["year"])
    assert first == Document("7", "apples grow on trees", "", {"year": 2020})


def test_values_become_json_and_what_is_missing_is_left_out() -> None:
    pandas = pytest.importorskip("pandas")
    row = {
        "text": "apples",
        "id": "a",
        "when": pandas.Timestamp("2026-05-31T12:00"),
        "day": date(2026, 5, 31),
        "never": pandas.NaT,
        "unknown": pandas.NA,
        "nan": float("nan"),
        "none": None,
        "number": np.int64(3),
        "share": np.float32(0.5),
        "is_new": np.bool_(True),
        "vector": np.array([1, 2]),
        "fine": np.datetime64("2026-05-31T12:00:00.000000001", "ns"),
        "days": np.array(["2026-05-31", "NaT"], "datetime64[ns]"),
        "nested": {"at": datetime(2026, 1, 2), "of": (1, 2)},
    }
    (found,) = documents_from(pandas.DataFrame([row], dtype=object), id="id")
    assert isinstance(found, Document)
    assert found.metadata == {
        "when": "2026-05-31T12:00:00",
        "day": "2026-05-31",
        "number": 3,
        "share": 0.5,
        "is_new": True,
        "vector": [1, 2],
        "fine": "2026-05-31T12:00:00",
        "days": ["2026-05-31T00:00:00", None],
        "nested": {"at": "2026-01-02T00:00:00", "of": [1, 2]},
    }


def test_rows_without_ids_are_given_names(engine: SearchEngine) -> None:
    engine.add(documents_from(ROWS, text="body", title="head"))
    engine.add(documents_from(ROWS, text="body", title="head"))
    assert [found.doc_id for found in engine.iter_documents()] == ["text-1", "text-2", "text-3", "text-4"]


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (ROWS, {}, "row 0 has no column 'text'"),
        (ROWS, {"text": "body", "metadata": ["yaer"]}, "'yaer'; its columns are 'key'"),
        ([{"text": None}], {}, "row 0 has no text"),
        ([{"text": "a", "raw": b"x"}], {}, "row 0 has bytes in column 'raw'"),
        ([{"text": "a", "took": np.timedelta64(5, "ns")}], {}, "row 0 has timedelta in column 'took'"),
        ([{"body": "a", "title": "b"}], {"text": "body"}, "'title' cannot be metadata"),
        ("text", {}, "the table is str"),
        ([1], {}, "a row is int"),
        (3, {}, "the table is int"),
    ],
)
def test_what_is_no_table_of_texts_is_refused(table: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(documents_from(table, **options))


@pytest.fixture
def filled(engine: SearchEngine) -> SearchEngine:
    engine.add([*EXPECTED, Document("9", "clocks tell the time", metadata={"lang": "en"})])
    return engine


def test_hits_are_a_frame(filled: SearchEngine) -> None:
    pytest.importorskip("pandas")
    hits = filled.search("boats sail", k=3)
    frame = hits_to_frame(hits)
    assert frame["doc_id"].tolist() == [hit.doc_id for hit in hits]
    assert frame["score"].tolist() == [hit.score for hit in hits]
    assert list(frame.columns[-4:]) == ["text", "metadata.lang", "metadata.tags", "metadata.year"]
    assert frame.set_index("doc_id")["metadata.year"].to_dict()["8"] == 2021
    assert list(hits_to_frame([]).columns) == list(frame.columns[:-3])


def test_hits_of_many_queries_tell_which(filled: SearchEngine) -> None:
    pytest.importorskip("pandas")
    frame = hits_to_frame(filled.search_many(["boats", "time"], k=2))
    assert frame["query"].tolist() == [0, 0, 1, 1]
    assert frame["rank"].tolist() == [1, 2, 1, 2]


def test_numbers_beyond_those_of_arrow_are_text(engine: SearchEngine) -> None:
    pytest.importorskip("pyarrow")
    engine.add([{"id": "a", "text": "apples", "number": 2**70}, {"id": "b", "text": "apples too", "number": 3}])
    table = hits_to_arrow(engine.search("apples"))
    assert sorted(table["metadata.number"].to_pylist()) == [str(2**70), "3"]


def test_hits_are_an_arrow_table_and_a_dataset(filled: SearchEngine) -> None:
    arrow = pytest.importorskip("pyarrow")
    hits = filled.search("boats sail", k=3)
    table = hits_to_arrow(hits)
    assert table["id"].to_pylist() == [hit.chunk_id for hit in hits]
    assert table.schema.field("score").type == arrow.float64()
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    assert datasets.Dataset(table)[0]["text"] == "boats sail the sea"


def test_a_field_of_many_types_is_json_in_arrow(engine: SearchEngine) -> None:
    pytest.importorskip("pyarrow")
    values = {"a": 3, "b": "three", "c": [3]}
    engine.add({"id": name, "text": f"apples {name}", "value": value} for name, value in values.items())
    table = hits_to_arrow(engine.search("apples", k=4)).to_pydict()
    found = dict(zip(table["doc_id"], table["metadata.value"], strict=True))
    assert found == {"a": "3", "b": '"three"', "c": "[3]"}


def test_embeddings_are_those_of_the_index(filled: SearchEngine, encoder: WordEncoder) -> None:
    pytest.importorskip("pandas")
    frame = embeddings_to_frame(filled)
    assert frame["doc_id"].tolist() == ["7", "8", "9"]
    passages = ["Apples\napples grow on trees", "Boats\nboats sail the sea", "clocks tell the time"]
    np.testing.assert_allclose(np.stack(frame["embedding"]), encoder.encode_passages(passages), atol=1e-3)
    assert frame["embedding"][0].dtype == np.float32


def test_embeddings_are_an_arrow_table(filled: SearchEngine) -> None:
    arrow = pytest.importorskip("pyarrow")
    table, frame = embeddings_to_arrow(filled), embeddings_to_frame(filled)
    assert table.schema.field("embedding").type == arrow.list_(arrow.float32(), 64)
    rows = table["embedding"].combine_chunks().flatten().to_numpy().reshape(-1, 64)
    np.testing.assert_array_equal(rows, np.stack(frame["embedding"]))
    assert table["text"].to_pylist() == frame["text"].tolist()


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for make in (hits_to_frame, hits_to_arrow):
        with pytest.raises(MissingExtraError, match=r"searchkit\[tables\]"):
            make([])
