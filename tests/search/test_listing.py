from __future__ import annotations

from pathlib import Path

import pytest

from searchkit import SearchEngine
from searchkit.errors import FilterError, InputError

LONG = "Apples grow on trees.\n\n" + "\n\n".join(f"Paragraph {i} tells of apples and of boats." for i in range(80))


def test_documents_come_as_they_were_added(engine: SearchEngine) -> None:
    engine.add([{"id": "b", "text": "boats sail", "year": 2020}, {"id": "a", "text": LONG, "title": "Apples"}])
    first, second = engine.iter_documents()
    assert (first.doc_id, first.path, first.title, first.metadata, first.text) == (
        *("b", None, ""),
        {"year": 2020},
        "boats sail",
    )
    assert len(engine.chunks("a")) > 1
    assert (second.title, second.text) == ("Apples", LONG)


def test_names_choose_and_unknown_ones_are_passed_over(engine: SearchEngine) -> None:
    engine.add([{"id": name, "text": name} for name in "abc"])
    assert [found.doc_id for found in engine.iter_documents(["c", "nothing", "a"])] == ["a", "c"]
    assert list(engine.iter_documents([])) == []


def test_a_filter_chooses(engine: SearchEngine) -> None:
    engine.add([{"id": str(year), "text": f"of {year}", "year": year} for year in range(2018, 2024)])
    assert [found.doc_id for found in engine.iter_documents(where="year > 2021")] == ["2022", "2023"]
    assert [found.doc_id for found in engine.iter_documents(["2022", "2019"], where="year > 2021")] == ["2022"]
    with pytest.raises(FilterError, match="yaer"):
        list(engine.iter_documents(where="yaer > 2021"))


def test_a_document_without_text_is_there_too(engine: SearchEngine) -> None:
    engine.add([{"id": "empty", "text": " ", "kind": "none"}, {"id": "full", "text": "apples"}])
    (found,) = engine.iter_documents(where={"kind": "none"})
    assert (found.doc_id, found.text) == ("empty", "")


def test_documents_of_files_tell_their_path(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    assert [found.path for found in engine.iter_documents(where="path LIKE '%.txt'")] == ["docs/clocks.txt"]


def test_a_bare_name_is_refused(engine: SearchEngine) -> None:
    engine.add(["apples"])
    with pytest.raises(InputError, match="list"):
        list(engine.iter_documents("text-1"))


@pytest.mark.parametrize("page", [{"limit": -1}, {"offset": -1}])
def test_a_page_of_fewer_than_none_is_refused(engine: SearchEngine, page: dict[str, int]) -> None:
    engine.add(["apples"])
    assert engine.list_documents(limit=0) == engine.list_documents(offset=1) == []
    with pytest.raises(InputError, match="expected 0 or more"):
        engine.list_documents(**page)
