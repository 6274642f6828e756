from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.documents import ReadOptions, WalkOptions
from searchkit.errors import IndexLockedError, IndexNotFoundError
from searchkit.search.acknowledged import writing
from searchkit.search.indexing.refresh import GONE, UNKNOWN
from searchkit.store import StoreWriter


def paths(engine: SearchEngine) -> list[str]:
    return [source.path for source in engine.sources()]


def test_all_that_was_indexed_is_brought_up_to_date(engine: SearchEngine, docs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Whales sing songs.")
    engine.index_paths([docs, other])
    engine.add([{"id": "memory", "text": "from memory"}])
    (docs / "clocks.txt").unlink()
    (docs / "guide" / "boats.md").write_text("Ships and boats.")
    (docs / "dragons.md").write_text("Dragons breathe fire.")
    other.write_text("Whales sing long songs.")
    done = engine.refresh()
    assert (done.files.new, done.files.changed, done.files.unchanged, done.files.removed) == (1, 2, 1, 1)
    assert (done.files.chunks_added, done.left_out) == (3, ())
    assert engine.search("dragons fire", 1)[0].path == "docs/dragons.md"
    assert engine.search("from memory", 1)[0].doc_id == "memory"
    assert engine.refresh().files.is_idle


def test_each_folder_is_indexed_as_it_last_was(engine: SearchEngine, docs: Path, tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    (records / "a.jsonl").write_text('{"body": "Dragons breathe fire.", "other": "x"}\n')
    engine.index_paths([docs], walk=WalkOptions(globs=("*.md",), excludes=("boats*",)))
    engine.index_paths([records], read=ReadOptions(text_fields=("body",)))
    (docs / "more.txt").write_text("No globs take this.")
    (docs / "more.md").write_text("Whales sing songs.")
    with (records / "a.jsonl").open("a") as file:
        file.write('{"body": "Snails are slow.", "other": "y"}\n')
    done = engine.refresh()
    assert (done.files.new, done.files.changed, done.files.removed) == (1, 1, 0)
    assert paths(engine) == ["docs/guide/apples.md", "docs/more.md", "records/a.jsonl"]
    assert engine.search("snails slow", 1)[0].metadata["other"] == "y"


def test_a_run_over_a_part_does_not_change_how_the_whole_is_indexed(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    engine.index_paths([docs / "guide"], walk=WalkOptions(globs=("apples*",)))
    assert "docs/guide/boats.md" not in paths(engine)
    assert engine.refresh().files.new == 1
    assert "docs/guide/boats.md" in paths(engine)


def test_a_folder_that_is_gone_keeps_what_the_index_holds(engine: SearchEngine, docs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(docs, other)
    engine.index_paths([docs, other])
    shutil.rmtree(docs)
    (other / "clocks.txt").unlink()
    done = engine.refresh()
    assert done.files.removed == 1
    assert [(one.path, one.reason) for one in done.left_out] == [(str(docs), GONE)]
    assert len(paths(engine)) == 5


def test_an_index_that_did_not_note_how_is_left_alone(
    engine: SearchEngine, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(StoreWriter, "save_manners", lambda *_: None)
        engine.index_paths([docs])
    (docs / "dragons.md").write_text("Dragons breathe fire.")
    done = engine.refresh()
    assert (done.files.new, [one.reason for one in done.left_out]) == (0, [UNKNOWN])
    engine.index_paths([docs])  # notes it now
    (docs / "clocks.txt").unlink()
    assert engine.refresh().files.removed == 1


def test_a_run_that_finds_the_same_again_commits_nothing(engine: SearchEngine, docs: Path) -> None:
    for file in docs.rglob("*.*"):
        os.utime(file, (1_600_000_000, 1_600_000_000))
    engine.index_paths([docs], walk=WalkOptions(globs=("*.md",)))
    with engine._looking() as reader:
        before = reader.revision()
    engine.refresh()
    engine.index_paths([docs], walk=WalkOptions(globs=("*.md",)))
    with engine._looking() as reader:
        assert reader.revision() == before


def test_a_dry_run_notes_nothing(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    engine.index_paths([docs], walk=WalkOptions(globs=("nothing",)), dry_run=True)
    assert engine.refresh().files.removed == 0


def test_folders_that_another_takes_in_are_indexed_its_way(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs / "guide"], walk=WalkOptions(globs=("apples*",)))
    engine.index_paths([docs], walk=WalkOptions(excludes=("*.txt",)))
    (docs / "new.txt").write_text("Left out.")
    engine.refresh()
    assert paths(engine) == ["docs/guide/apples.md", "docs/guide/boats.md"]


def test_another_writer_is_an_error(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    with writing(engine._folder), pytest.raises(IndexLockedError):
        engine.refresh()


def test_an_index_that_is_not_there_is_not_made(folder: Path) -> None:
    with SearchEngine.open_or_create(folder, encoder=WordEncoder()) as engine, pytest.raises(IndexNotFoundError):
        engine.refresh()
    assert not folder.exists()
