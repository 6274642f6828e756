from __future__ import annotations

import pytest
from sample_files import check_blocks, document, documents

from searchkit.errors import DocumentRefusedError


def test_list_of_objects_or_texts_gives_a_document_each() -> None:
    found = documents('[{"title": "T", "body": "x"}, {"body": "y"}]', "a.json")
    assert [(d.doc_id, d.title, d.text) for d in found] == [("a.json#1", "T", "x"), ("a.json#2", "", "y")]
    assert [d.text for d in documents('["one", "two"]', "a.json")] == ["one", "two"]


def test_wrapped_list_is_unwrapped() -> None:
    found = documents('{"version": 1, "data": [{"text": "x"}, {"text": "y"}]}', "a.json")
    assert [d.doc_id for d in found] == ["a.json#1", "a.json#2"]
    found = documents('{"teas": [{"note": "x"}]}', "a.json", text_fields=("note",))
    assert [d.text for d in found] == ["x"]


def test_object_with_text_is_one_document() -> None:
    found = document('{"title": "T", "text": "words", "lang": "en"}', "a.json")
    assert (found.doc_id, found.title, found.text) == ("a.json", "T", "words")
    assert found.metadata == {"format": "json", "lang": "en"}


def test_settings_stay_as_they_stand() -> None:
    text = '{\n  "name": "tea",\n  "scripts": {"a": "b"}\n}\n'
    found = document(text, "package.json")
    check_blocks(found)
    assert found.text == text
    assert found.lines_are_source
    assert document("[1, 2]", "a.json").text == "[1, 2]"


def test_data_on_one_endless_line_is_refused_with_the_way_out() -> None:
    with pytest.raises(DocumentRefusedError, match="--text-field"):
        documents('{"x": [' + "1," * 20_000 + "1]}", "a.json")


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_bottomless_json_is_refused(deep: str) -> None:
    with pytest.raises(DocumentRefusedError, match="nested too deeply"):
        documents(deep, "a.json")
    with pytest.raises(DocumentRefusedError, match="line 2: nested too deeply"):
        documents('{"text": "x"}\n' + deep, "a.jsonl")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", '{"a": ', "not valid JSON"),
        ("a.jsonl", '{"text": "a"}\n\n{"text": ', "line 3: not valid JSON"),
        ("a.jsonl", '{"text": "a"}\n[1]\n', "line 2 is a list, expected an object"),
        ("a.json", '["a", 3]', "item 2 is a number, expected an object"),
        ("a.json", '[{"text": "a"}, null]', "item 2 is null"),
        ("a.json", '{"n": ' + "9" * 5000 + "}", "not valid JSON"),
    ],
)
def test_torn_or_odd_json_is_refused_at_its_place(name: str, content: str, message: str) -> None:
    with pytest.raises(DocumentRefusedError, match=message):
        documents(content, name)
