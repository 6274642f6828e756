from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from damage import alter, flip, settle
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.directory import IndexFolder, WriterLock, staging
from searchkit.errors import IndexDamagedError, IndexLockedError, IndexNotFoundError, IndexStateError, InputError
from searchkit.search import backup_index, restore_index, verify_index
from searchkit.store import StoreWriter

TEXTS = [{"id": f"note-{i}", "text": f"apples {i} and word{i % 7}"} for i in range(40)]


@pytest.fixture
def index(folder: Path, engine: SearchEngine) -> Path:
    engine.add(TEXTS[:30])
    engine.rebuild()
    engine.delete(["note-3"])
    engine.add(TEXTS[30:])
    engine.close()
    return folder


def hits_of(folder: Path) -> list[tuple[str, float]]:
    with SearchEngine.open(folder, encoder=WordEncoder()) as engine:
        return [(hit.doc_id, hit.score) for hit in engine.search("apples word3", k=100)]


def is_clean(folder: Path) -> bool:
    return verify_index(folder, deep=True, encoder=WordEncoder()).is_clean


def test_a_copy_opens_as_it_is_and_answers_the_same(index: Path, tmp_path: Path) -> None:
    before = hits_of(index)
    report = backup_index(tmp_path / "copies" / "monday", index)
    assert report.folder == tmp_path / "copies" / "monday"
    assert (report.documents, report.chunks) == (39, 39)
    names = {item.name for item in report.folder.iterdir()}
    assert names - {"checked.json"} == {"last-commit", "searchkit.db", "vectors-2.faiss", "writer.lock"}
    assert [item.name for item in (tmp_path / "copies").iterdir()] == ["monday"]
    assert is_clean(report.folder)
    assert hits_of(report.folder) == hits_of(index) == before
    with SearchEngine.open(report.folder, encoder=WordEncoder()) as copy:
        copy.add(["pears"])
        assert copy.status().documents == 40
    assert hits_of(index) == before


def test_a_copy_taken_while_a_writer_runs_is_one_committed_state(index: Path, tmp_path: Path) -> None:
    """The writer adds documents in pairs, one commit a pair, and compacts now and then."""
    stop = threading.Event()

    def write() -> None:
        with SearchEngine.open(index, encoder=WordEncoder()) as writer:
            number = 0
            while not stop.is_set():
                writer.add([{"id": f"pair-{number}-{side}", "text": f"pears {number}"} for side in "ab"])
                number += 1
                if number % 5 == 0:
                    writer.rebuild()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        copies = [backup_index(tmp_path / f"copy-{i}", index) for i in range(8)]
    finally:
        stop.set()
        thread.join()
    for copy in copies:
        assert (copy.documents - 39) % 2 == 0
        assert is_clean(copy.folder)
    assert copies[-1].documents > copies[0].documents


def test_nothing_is_replaced_unasked(index: Path, tmp_path: Path) -> None:
    place = tmp_path / "copy"
    backup_index(place, index)
    with pytest.raises(IndexStateError, match="holds an index") as caught:
        backup_index(place, index)
    assert "--overwrite" in caught.value.hint
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        engine.add(["pears"])
    assert backup_index(place, index, overwrite=True).documents == 40
    assert hits_of(place) == hits_of(index)


@pytest.mark.parametrize("overwrite", [False, True])
def test_other_things_are_never_replaced(index: Path, tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "draft.md").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("thesis", "file", "link"):
        with pytest.raises(IndexStateError):
            backup_index(tmp_path / name, index, overwrite=overwrite)
    assert (tmp_path / "thesis" / "draft.md").read_text() == (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("place", [".", "inside", ".."])
def test_a_copy_does_not_lie_in_its_index_nor_the_index_in_the_copy(index: Path, place: str) -> None:
    with pytest.raises(InputError, match="lies in the index folder"):
        backup_index(index / place, index, overwrite=True)
    assert is_clean(index)


def test_a_vectors_file_that_is_damaged_is_made_anew_in_the_copy(index: Path, tmp_path: Path) -> None:
    before = hits_of(index)
    flip(next(index.glob("*.faiss")), 999)
    copy = backup_index(tmp_path / "copy", index).folder
    assert is_clean(copy)
    assert hits_of(copy) == before


def test_an_index_without_chunks_is_copied(folder: Path, engine: SearchEngine, tmp_path: Path) -> None:
    engine.add([])
    assert backup_index(tmp_path / "copy", folder).chunks == 0
    assert is_clean(tmp_path / "copy")


def test_an_encoder_in_the_index_comes_along(index: Path, tmp_path: Path) -> None:
    """Named as `train --on` names it, relative to the folder."""
    (index / "encoders" / "mine").mkdir(parents=True)
    (index / "encoders" / "mine" / "weights").write_text("w")
    (index / "encoders" / "other").mkdir()
    with StoreWriter.opened(index / "searchkit.db") as store, store.change():
        store._set("encoder", "./encoders/mine")
    copy = backup_index(tmp_path / "copy", index).folder
    assert (copy / "encoders" / "mine" / "weights").read_text() == "w"
    assert not (copy / "encoders" / "other").exists()
    shutil.rmtree(index / "encoders" / "mine")
    with pytest.raises(IndexDamagedError, match="the encoder of the index is missing"):
        backup_index(tmp_path / "another", index)
    assert not (tmp_path / "another").exists()


def test_an_encoder_comes_along_before_there_is_a_chunk(folder: Path, engine: SearchEngine, tmp_path: Path) -> None:
    engine.add([{"id": "a", "text": ""}])
    (folder / "encoders" / "mine").mkdir(parents=True)
    (folder / "encoders" / "mine" / "weights").write_text("w")
    with StoreWriter.opened(folder / "searchkit.db") as store, store.change():
        store._set("encoder", "./encoders/mine")
    report = backup_index(tmp_path / "copy", folder)
    assert report.chunks == 0
    assert (report.folder / "encoders" / "mine" / "weights").read_text() == "w"


@pytest.mark.parametrize("named", ["./../secret", "./encoders/link"])
def test_a_hostile_index_has_no_files_of_others_copied(index: Path, tmp_path: Path, named: str) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("k")
    (index / "encoders").mkdir()
    (index / "encoders" / "link").symlink_to(tmp_path / "secret")
    with StoreWriter.opened(index / "searchkit.db") as store, store.change():
        store._set("encoder", named)
    with pytest.raises(IndexDamagedError, match="leads out of its folder"):
        backup_index(tmp_path / "copy", index)
    assert not (tmp_path / "copy").exists()


def test_restoring_brings_back_what_was_copied(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = hits_of(index)
    backup_index("copy", index)
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        engine.delete([f"note-{i}" for i in range(40)])
        with pytest.raises(IndexStateError, match="holds an index"):
            restore_index("copy", index)
        assert restore_index("copy", index, overwrite=True).documents == 39
        assert len(engine.search("apples", k=100)) == 39  # an engine that is open sees it too
    assert hits_of(index) == before
    restore_index("copy", "other")
    assert hits_of(tmp_path / "index_data" / "other") == before
    assert hits_of(tmp_path / "copy") == before


def test_a_damaged_copy_is_not_restored(index: Path, tmp_path: Path) -> None:
    copy = backup_index(tmp_path / "copy", index).folder
    alter(copy, "UPDATE chunks SET text = 'x' WHERE chunk_id = 5")
    before = hits_of(index)
    with pytest.raises(IndexDamagedError, match=r"the backup .* is damaged") as caught:
        restore_index(copy, index, overwrite=True)
    assert "searchkit repair" in caught.value.hint
    assert hits_of(index) == before
    with pytest.raises(IndexNotFoundError):
        restore_index(tmp_path / "nothing", index, overwrite=True)


def test_an_index_that_is_being_written_is_not_replaced(index: Path, tmp_path: Path) -> None:
    copy = backup_index(tmp_path / "copy", index).folder
    with WriterLock(IndexFolder(index)), pytest.raises(IndexLockedError):
        restore_index(copy, index, overwrite=True)
    assert is_clean(index)


def test_a_writer_that_waited_while_the_folder_was_replaced_writes_to_the_new_one(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has opened the lock of the old folder, which is gone when it gets it."""
    copy = backup_index(tmp_path / "copy", index).folder
    waits = threading.Event()
    replace = Path.replace

    def replace_slowly(path: Path, target: Path) -> Path:
        moved = replace(path, target)
        time.sleep(0.2)  # the writer looks for the lock where there is no folder
        return moved

    def acquired(lock: WriterLock, wait_s: float) -> object:
        if threading.current_thread() is thread:
            waits.set()
        return original(lock, wait_s)

    original = WriterLock._acquired
    monkeypatch.setattr(staging.Path, "replace", replace_slowly)
    monkeypatch.setattr(WriterLock, "_acquired", acquired)
    waiting = SearchEngine.open(index, encoder=WordEncoder(), wait_s=30)
    thread = threading.Thread(target=lambda: waiting.add([{"id": "waited", "text": "pears"}]))
    with WriterLock(IndexFolder(copy)):
        with WriterLock(IndexFolder(index)):
            thread.start()
            assert waits.wait(30)
            staging._exchange(copy, index, tmp_path / "old")
        thread.join(timeout=0.3)
        assert thread.is_alive()  # the lock that it got was no longer that of the index
    thread.join()
    waiting.close()
    assert "waited" in dict(hits_of(index))


def test_a_writer_that_comes_between_the_two_renames_is_not_in_the_way(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = backup_index(tmp_path / "copy", index).folder
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        engine.add(["pears"])

    def replace(path: Path, target: Path) -> Path:
        moved = original(path, target)
        if path == index:
            index.mkdir()
            IndexFolder(index).lock.touch()
        return moved

    original: Callable[[Path, Path], Path] = Path.replace
    monkeypatch.setattr(staging.Path, "replace", replace)
    restore_index(copy, index, overwrite=True)
    assert hits_of(index) == hits_of(copy)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["copy", "index"]


@pytest.mark.parametrize("step", range(3))
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_copy_that_is_cut_off_leaves_what_was_there(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, overwrite: bool
) -> None:
    place = tmp_path / "copy"
    if overwrite:
        backup_index(place, index)
        with SearchEngine.open(index, encoder=WordEncoder()) as engine:
            engine.add(["pears"])
    old = hits_of(place) if overwrite else []
    left = [step]

    def replace(path: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] < 0 and target.parent == tmp_path:
            raise KeyboardInterrupt
        return original(path, target)

    original: Callable[[Path, Path], Path] = Path.replace
    with monkeypatch.context() as patch:
        patch.setattr(staging.Path, "replace", replace)
        patch.setattr(staging.shutil, "rmtree", lambda *_, **__: None)  # as a killed process cleans nothing up
        try:
            backup_index(place, index, overwrite=overwrite)
        except KeyboardInterrupt:
            assert not overwrite or hits_of(place if place.exists() else tmp_path / ".copy.old") == old
    assert backup_index(place, index, overwrite=True).documents == 39 + overwrite
    assert hits_of(place) == hits_of(index)
    assert sorted(item.name for item in tmp_path.iterdir() if "copy" in item.name) == ["copy"]


def test_an_index_that_lacks_commits_is_not_copied(index: Path, tmp_path: Path) -> None:
    settle(index)
    with SearchEngine.open(index, encoder=WordEncoder()) as reader, reader._looking():
        with SearchEngine.open(index, encoder=WordEncoder()) as writer:
            writer.add(["pears"])
        shutil.copytree(index, tmp_path / "torn", ignore=shutil.ignore_patterns("*-shm", "*-wal"))
    with pytest.raises(IndexDamagedError, match="lacks"):
        backup_index(tmp_path / "copy", tmp_path / "torn")


def test_compacting_folds_everything_in_and_gives_room_back(folder: Path, encoder: WordEncoder) -> None:
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add([{"id": str(i), "text": f"word{i} " * 30} for i in range(600)])
        engine.delete([str(i) for i in range(300)])
        engine.add(["pears"])
        before = engine.status()
        expected = [(hit.doc_id, hit.score) for hit in engine.search("word400", k=20)]
        assert (before.tail, before.deleted) != (0, 0)
        freed = engine.compact()
        after = engine.status()
        assert (after.tail, after.deleted) == (0, 0)
        assert freed > 0.2 * before.size_bytes
        assert [(hit.doc_id, hit.score) for hit in engine.search("word400", k=20)] == expected
    assert is_clean(folder)
