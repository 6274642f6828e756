from __future__ import annotations

import pytest
from sample_files import documents

from searchkit.errors import DocumentRefusedError

TEAS = """id,name,description,price,year,code
g1,Green,"Fresh, grassy
and light.",4.5,2021,007
b1,Black,Malty and strong.,3,1999,
"""


def test_known_field_is_the_text_and_the_others_are_metadata() -> None:
    green, black = documents(TEAS, "data/teas.csv")
    assert (green.doc_id, green.title, green.text) == ("data/teas.csv#1", "Green", "Fresh, grassy\nand light.")
    assert green.metadata == {"format": "csv", "id": "g1", "price": 4.5, "year": 2021, "code": "007"}
    assert black.metadata == {"format": "csv", "id": "b1", "price": 3, "year": 1999}
    assert not green.lines_are_source


def test_chosen_fields_win_and_keep_their_order() -> None:
    (green, _) = documents(TEAS, "t.csv", text_fields=("name", "description"), title_field="code", id_field="id")
    assert green.text == "Green\n\nFresh, grassy\nand light."
    assert (green.doc_id, green.title) == ("t.csv#g1", "007")


def test_question_and_answer_belong_together() -> None:
    (found,) = documents('{"answer": "At 80.", "question": "How hot?", "topic": "tea"}\n', "a.jsonl")
    assert found.text == "How hot?\n\nAt 80."
    assert found.metadata == {"format": "jsonl", "topic": "tea"}


def test_without_a_known_field_the_longest_text_is_taken() -> None:
    assert [d.text for d in documents("k,zzz\n1,some words here\n2,more\n", "a.csv")] == ["some words here", "more"]


def test_title_field_that_is_the_text_is_not_the_title() -> None:
    (found,) = documents("name\nGreen tea\n", "a.csv")
    assert (found.text, found.title) == ("Green tea", "")


def test_records_without_text_are_passed_over_and_keep_their_numbers() -> None:
    found = documents('{"text": ""}\n\n{"text": "b"}\n', "a.jsonl")
    assert [d.doc_id for d in found] == ["a.jsonl#3"]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            "id,text\n1,a\n\n1,b\n",
            {"id_field": "id"},
            r"record 2 \(line 4\) has the same 'id' as record 1 \(line 2\): '1'",
        ),
        ("id,text\n,a\n", {"id_field": "id"}, r"record 1 \(line 2\) has no 'id'; found 'text'"),
        ("id,text\n1,a\n", {"text_fields": ("body",)}, "no field 'body'; found 'id', 'text'"),
        ("a,b\n1,2\n", {}, "no field holds text; found 'a', 'b'"),
    ],
)
def test_what_is_missing_or_twice_is_named(content: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(DocumentRefusedError, match=message):
        documents(content, "a.csv", **options)


def test_long_names_that_begin_alike_are_two() -> None:
    address = "https://example.org/" + "x" * 400
    lines = "".join(f'{{"url": "{address}{n}", "text": "t{n}"}}\n' for n in range(2))
    found = documents(lines, "a.jsonl", id_field="url")
    assert [d.doc_id for d in found] == [f"a.jsonl#{address}0", f"a.jsonl#{address}1"]
    with pytest.raises(DocumentRefusedError, match=r"the 'url' of record 1 \(line 1\) has 3,000 characters"):
        documents(f'{{"url": "{"x" * 3_000}", "text": "t"}}\n', "a.jsonl", id_field="url")


def test_metadata_are_json_values_only() -> None:
    (found,) = documents(
        '{"text": "x", "n": NaN, "inf": 1e999, "deep": {"a": [1, {"b": null}]}, "bad": "\\ud800", "no": null}',
        "a.jsonl",
    )
    assert found.metadata == {
        "format": "jsonl",
        "n": None,
        "inf": None,
        "deep": {"a": [1, {"b": None}]},
        "bad": "\ufffd",
    }


def test_text_of_other_types_is_made_text() -> None:
    found = documents('{"text": ["a", "b"]}\n{"text": 5}\n{"text": {"k": "é"}}\n', "a.jsonl")
    assert [d.text for d in found] == ["a\nb", "5", '{"k": "é"}']


def test_a_record_that_is_a_title_alone_is_its_own_text() -> None:
    found = documents('{"title": "Green tea", "text": ""}\n{"title": "Black", "text": "Malty."}\n', "a.jsonl")
    assert [(one.title, one.text) for one in found] == [("Green tea", "Green tea"), ("Black", "Malty.")]
