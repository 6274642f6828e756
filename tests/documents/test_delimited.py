from __future__ import annotations

import pytest
from sample_files import documents

from searchkit.errors import DocumentRefusedError


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_delimiter_is_found(delimiter: str) -> None:
    rows = [["name", "text"], ["a", "one, two; and three"], ["b", "four"], ["c", "x, y, z"]]
    content = "\n".join(delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) for row in rows)
    assert [d.text for d in documents(content, "a.csv")] == ["one, two; and three", "four", "x, y, z"]


def test_tab_separated_file_is_never_split_at_commas() -> None:
    (found,) = documents("id\ttext\n1\ta, b, c\n", "a.tsv")
    assert (found.text, found.metadata) == ("a, b, c", {"format": "tsv", "id": 1})


def test_first_row_of_data_is_no_header() -> None:
    found = documents("1,first text\n2,second text\n", "a.csv")
    assert [d.text for d in found] == ["first text", "second text"]
    assert found[0].metadata == {"format": "csv", "column_1": 1}


def test_header_names_are_made_unique_and_missing_ones_counted() -> None:
    (found,) = documents("text,a,a,\nwords,1,2,3,4\n", "a.csv")
    assert found.metadata == {"format": "csv", "a": 1, "a_3": 2, "column_4": 3, "column_5": 4}
    (found,) = documents("text,a_4,a,a\nwords,1,2,3\n", "a.csv")
    assert found.metadata == {"format": "csv", "a_4": 1, "a": 2, "a_4_4": 3}


def test_long_field_is_not_refused() -> None:
    long = "word " * 60_000
    (found,) = documents(f'id,text\n1,"{long}"\n', "a.csv")
    assert found.text == long


def test_single_column_and_odd_quotes() -> None:
    assert [d.text for d in documents('text\nan "odd quote\nand more\n', "a.csv")] == ['an "odd quote', "and more"]
    (swallowed,) = documents('text\n"never closed\nand more\n', "a.csv")
    assert swallowed.text == "never closed\nand more\n"


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12", 12), ("-3.5", -3.5), ("007", "007"), ("1e5", "1e5"), ("9" * 30, "9" * 30), ("2024-01-01", "2024-01-01")],
)
def test_numbers_are_numbers_and_names_stay_names(cell: str, value: object) -> None:
    (found,) = documents(f"text,x\nwords,{cell}\n", "a.csv")
    assert found.metadata["x"] == value
    assert type(found.metadata["x"]) is type(value)


def test_a_matrix_is_refused_before_it_is_taken_apart() -> None:
    with pytest.raises(DocumentRefusedError, match="line 2 has 10,002 columns; at most 10,000"):
        documents("a,b\n" + "x," * 10_001, "a.csv")
    with pytest.raises(DocumentRefusedError, match="line 2 has more than 1,000,000 cells"):
        documents("a,b\n" + "," * 1_000_000, "a.csv")
    assert len(documents(",".join(f"c{number}" for number in range(10_000)) + "\n" + "words," * 9_999, "a.csv")) == 1
    assert len(documents("text;n\n" + "a, " * 400_000 + ";1\n", "a.csv")) == 1
