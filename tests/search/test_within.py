from __future__ import annotations

from pathlib import Path

import pytest

from searchkit import SearchEngine
from searchkit.errors import InputError


@pytest.fixture
def indexed(engine: SearchEngine, docs: Path, tmp_path: Path) -> SearchEngine:
    """``docs`` with its folder ``guide``, a folder of another place that has the same names, and a bare text."""
    other = tmp_path / "other" / "docs"
    (other / "guide").mkdir(parents=True)
    (other / "guide" / "pears.md").write_text("Pears are like apples.\n")
    (docs / "guide.md").write_text("A guide to apples.\n")
    engine.index_paths([docs, other])
    engine.add([{"id": "memory", "text": "apples from memory"}])
    return engine


def found(engine: SearchEngine, *places: str | Path) -> list[str]:
    return sorted(hit.path or hit.doc_id for hit in engine.search("apples", 99, within=places))


def test_only_files_below_the_places_are_searched(indexed: SearchEngine, docs: Path, tmp_path: Path) -> None:
    guide = ["docs/guide/apples.md", "docs/guide/boats.md"]
    everything = [*guide, "docs/clocks.txt", "docs/guide.md", "other/docs/guide/pears.md"]
    assert found(indexed, docs / "guide") == guide
    assert found(indexed, "docs/guide") == guide  # from the working folder
    assert found(indexed, docs / "guide.md") == ["docs/guide.md"]
    assert found(indexed, tmp_path / "other") == ["other/docs/guide/pears.md"]
    assert found(indexed, docs / "guide", tmp_path / "other") == [*guide, "other/docs/guide/pears.md"]
    assert found(indexed, tmp_path) == sorted(everything)


def test_outside_of_what_was_indexed_nothing_is_found(indexed: SearchEngine, docs: Path, tmp_path: Path) -> None:
    assert found(indexed) == found(indexed, tmp_path / "nowhere") == found(indexed, docs / "gui") == []
    assert len(indexed.search("apples", 99)) == 6


def test_a_root_under_no_prefix_does_not_answer_for_another(
    engine: SearchEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / f"{folder.name}.txt").write_text("apples")
    monkeypatch.chdir(here)
    engine.index_paths([Path(), there])
    assert found(engine, here) == ["here.txt"]
    assert found(engine, there) == ["there/there.txt"]


def test_links_are_followed_first(indexed: SearchEngine, docs: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(docs / "guide")
    assert found(indexed, tmp_path / "link") == found(indexed, docs / "guide")


def test_it_joins_other_filters(indexed: SearchEngine, docs: Path) -> None:
    hits = indexed.search("apples", 9, within=[docs], path="**/*.txt")
    assert [hit.path for hit in hits] == ["docs/clocks.txt"]


def test_a_path_lies_within_or_not(indexed: SearchEngine, docs: Path) -> None:
    def within(path: str | None, *places: Path) -> bool:
        return indexed.is_within(path, places)

    assert within("docs/guide/apples.md", docs)
    assert within("docs/guide/apples.md", docs / "guide" / "apples.md")
    assert not within("docs/guide.md", docs / "guide")
    assert not within("docs/nothing.md", docs)
    assert not within(None, docs)


@pytest.mark.parametrize("wrong", ["docs", 3, [3], ["a\0b"]])
def test_what_is_no_list_of_places_is_told(engine: SearchEngine, wrong: object) -> None:
    engine.add(["one"])
    with pytest.raises(InputError, match="expected a list of folders and files"):
        engine.search("one", within=wrong)
