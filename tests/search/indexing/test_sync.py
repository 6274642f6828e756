from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.documents import Source, WalkOptions
from searchkit.errors import CheckpointError, InputError
from searchkit.search import IndexReport
from searchkit.search.indexing import ingest as ingest_module
from searchkit.search.indexing import sync


def counts(report: IndexReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.removed


def age(root: Path) -> None:
    """Make all files old enough for their times to be trusted."""
    for file in root.rglob("*"):
        os.utime(file, (1_600_000_000, 1_600_000_000))


def test_paths_are_what_the_user_typed(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([Path("docs")])
    hit = engine.search("apples orchard", k=1)[0]
    assert hit.path == "docs/guide/apples.md"
    assert hit.doc_id == hit.path
    assert engine.locate(hit.path) == docs / "guide" / "apples.md"
    assert (hit.line_start, hit.title) == (1, "Apples")


def test_second_run_reads_and_encodes_nothing(engine: SearchEngine, docs: Path) -> None:
    age(docs)
    assert counts(engine.index_paths([docs])) == (3, 0, 0, 0)
    report = engine.index_paths([docs])
    assert counts(report) == (0, 0, 3, 0)
    assert (report.chunks_added, report.chunks_encoded) == (0, 0)


def test_changed_new_and_vanished_files_are_told_apart(engine: SearchEngine, docs: Path) -> None:
    age(docs)
    engine.index_paths([docs])
    (docs / "guide" / "apples.md").write_text("# Apples\n\nCider is made of pears too.\n")
    (docs / "guide" / "boats.md").unlink()
    (docs / "new.txt").write_text("Dragons breathe fire.\n")
    assert counts(engine.index_paths([docs])) == (1, 1, 1, 1)
    assert engine.search("pears cider", k=1)[0].path == "docs/guide/apples.md"
    assert engine.search("dragons", k=1)[0].path == "docs/new.txt"
    assert all(hit.path != "docs/guide/boats.md" for hit in engine.search("boats sail", k=50))


def test_packed_text_is_found_and_known_by_its_file(engine: SearchEngine, docs: Path) -> None:
    file = docs / "changelog.gz"
    file.write_bytes(gzip.compress(b"Dragons breathe fire.\n" * 100))
    age(docs)
    small = WalkOptions(max_bytes=1000)
    assert [refusal.path for refusal in engine.index_paths([docs], walk=small).refused] == ["docs/changelog.gz"]
    assert counts(engine.index_paths([docs])) == (1, 0, 3, 0)  # another limit, the same file
    hit = engine.search("dragons", k=1)[0]
    assert (hit.path, hit.line_start) == ("docs/changelog.gz", 1)
    assert counts(engine.index_paths([docs])) == (0, 0, 4, 0)
    file.write_bytes(gzip.compress(b"Dragons breathe fire.\n" * 100, compresslevel=1))  # other bytes, the same text
    report = engine.index_paths([docs])
    assert (counts(report), report.chunks_encoded) == ((0, 1, 3, 0), 0)


def test_touched_file_with_the_same_bytes_is_unchanged(engine: SearchEngine, docs: Path) -> None:
    age(docs)
    engine.index_paths([docs])
    os.utime(docs / "clocks.txt", (1_700_000_000, 1_700_000_000))
    assert counts(engine.index_paths([docs])) == (0, 0, 3, 0)


def test_same_size_edit_within_one_clock_tick_is_seen(engine: SearchEngine, docs: Path) -> None:
    file = docs / "clocks.txt"
    before = file.stat()
    engine.index_paths([docs])
    file.write_text(file.read_text().replace("Clocks", "Cluck!"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert counts(engine.index_paths([docs]))[1] == 1


def test_renamed_file_is_not_encoded_again(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    (docs / "guide" / "boats.md").rename(docs / "ships.md")
    report = engine.index_paths([docs])
    assert counts(report) == (1, 0, 2, 1)
    assert report.chunks_encoded == 0
    assert engine.search("boats sail", k=1)[0].path == "docs/ships.md"


def test_files_outside_the_named_folder_are_left_alone(engine: SearchEngine, docs: Path) -> None:
    other = docs.with_name("other")
    other.mkdir()
    (other / "x.txt").write_text("Xylophones sound bright.\n")
    engine.index_paths([docs])
    engine.index_paths([other])
    shutil.rmtree(other)
    assert counts(engine.index_paths([docs])) == (0, 0, 3, 0)
    assert engine.search("xylophones", k=1)[0].path == "other/x.txt"


def test_a_part_of_a_known_folder_is_refreshed_alone(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    (docs / "guide" / "boats.md").write_text("# Boats\n\nSubmarines dive.\n")
    (docs / "clocks.txt").unlink()
    assert counts(engine.index_paths([docs / "guide"])) == (0, 1, 1, 0)
    assert counts(engine.index_paths([docs / "guide" / "boats.md"])) == (0, 0, 1, 0)
    assert engine.search("submarines dive", k=1)[0].path == "docs/guide/boats.md"
    assert engine.status().roots[0].prefix == "docs"
    assert counts(engine.index_paths([docs])) == (0, 0, 2, 1)


def test_a_folder_above_known_ones_takes_them_in(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs / "guide"])
    report = engine.index_paths([docs])
    assert counts(report) == (1, 0, 2, 0)
    assert [root.prefix for root in engine.status().roots] == ["docs"]


def test_a_moved_project_keeps_its_index(engine: SearchEngine, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.index_paths([Path("docs")])
    project = docs.parent / "moved"
    project.mkdir()
    docs.rename(project / "docs")
    monkeypatch.chdir(project)
    assert counts(engine.index_paths([Path("docs")])) == (0, 0, 3, 0)
    assert engine.locate("docs/clocks.txt") == project / "docs" / "clocks.txt"
    assert engine.known_as(project / "docs" / "clocks.txt") == "docs/clocks.txt"
    assert engine.known_as(project / "docs") == "docs"
    assert engine.known_as(project) is None


def test_refused_files_are_named_and_do_not_stop_the_rest(engine: SearchEngine, docs: Path) -> None:
    (docs / "picture.bin").write_bytes(bytes(range(256)) * 8)
    (docs / "empty.txt").write_text("")
    for _ in range(2):
        report = engine.index_paths([docs])
        assert [refusal.path for refusal in report.refused] == ["docs/empty.txt", "docs/picture.bin"]
        assert all(refusal.reason for refusal in report.refused)
    assert report.unchanged == 3
    refused = [source for source in engine.sources() if source.status == "refused"]
    assert [source.path for source in refused] == ["docs/empty.txt", "docs/picture.bin"]


def test_a_refused_file_that_was_mended_is_new(engine: SearchEngine, docs: Path) -> None:
    (docs / "late.txt").write_text("")
    engine.index_paths([docs])
    (docs / "late.txt").write_text("Llamas spit.\n")
    assert counts(engine.index_paths([docs])) == (1, 0, 3, 0)


def test_dry_run_changes_nothing(engine: SearchEngine, docs: Path) -> None:
    assert counts(engine.index_paths([docs], dry_run=True)) == (3, 0, 0, 0)
    assert engine.status().documents == 0
    assert engine.status().roots == ()


def test_other_reading_options_read_the_files_again(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    assert counts(engine.index_paths([docs], walk=WalkOptions(globs=("*.md",)))) == (0, 0, 2, 1)
    assert engine.status().sources == 2


@pytest.mark.parametrize("name", ["nowhere", "x" * 300])
def test_missing_path_changes_nothing(engine: SearchEngine, docs: Path, name: str) -> None:
    with pytest.raises(InputError, match="does not exist"):
        engine.index_paths([docs, docs / name])
    assert not engine.folder.exists()


def test_without_an_encoder_no_index_is_left_behind(folder: Path, docs: Path) -> None:
    with pytest.raises(CheckpointError), SearchEngine.open_or_create(folder, encoder=docs) as engine:
        engine.index_paths([docs])
    assert not folder.exists()


def test_a_run_that_is_cut_off_keeps_its_commits_and_goes_on(
    engine: SearchEngine, encoder: WordEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "BATCH_CHUNKS", 4)
    root = tmp_path / "many"
    root.mkdir()
    for number in range(12):
        (root / f"{number:02}.txt").write_text(f"Text number{number} speaks of thing{number}.\n")
    encode = encoder.encode_passages

    def give_up(texts: list[str]) -> object:
        if any("thing6" in text for text in texts):
            raise KeyboardInterrupt
        return encode(texts)

    monkeypatch.setattr(encoder, "encode_passages", give_up)
    with pytest.raises(KeyboardInterrupt):
        engine.index_paths([root])
    assert engine.status().documents == 4
    assert engine.search("thing2", k=1)[0].path.endswith("02.txt")
    monkeypatch.setattr(encoder, "encode_passages", encode)
    assert counts(engine.index_paths([root])) == (8, 0, 4, 0)


def test_a_file_of_many_records_is_committed_in_parts(
    engine: SearchEngine, encoder: WordEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "BATCH_CHUNKS", 4)
    file = tmp_path / "records.jsonl"
    file.write_text("".join(f'{{"id": "r{n}", "text": "record{n} about thing{n}"}}\n' for n in range(10)))
    encode = encoder.encode_passages

    def give_up(texts: list[str]) -> object:
        if any("thing9" in text for text in texts):
            raise KeyboardInterrupt
        return encode(texts)

    monkeypatch.setattr(encoder, "encode_passages", give_up)
    with pytest.raises(KeyboardInterrupt):
        engine.index_paths([file])
    assert engine.status().documents == 8
    monkeypatch.setattr(encoder, "encode_passages", encode)
    report = engine.index_paths([file])
    assert report.chunks_encoded == 2  # the others are known by their text
    assert engine.status().documents == 10
    assert len(engine.search("thing3", k=50)) == 10


def test_same_files_give_the_same_index_whatever_the_order(tmp_path: Path, docs: Path) -> None:
    found = []
    for name, paths in (("one", [docs]), ("two", [docs / "guide", docs])):
        with SearchEngine.open_or_create(tmp_path / name, encoder=WordEncoder()) as engine:
            engine.index_paths(paths)
            found.append([(hit.path, hit.score) for hit in engine.search("apples boats clocks", k=9)])
    assert found[0] == found[1]


def test_files_of_a_folder_that_cannot_be_listed_are_kept(
    engine: SearchEngine, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.index_paths([docs])
    scan = os.scandir

    def refuse(path: str | Path) -> object:
        if str(path).rstrip("/").endswith("guide"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = engine.index_paths([docs])
    assert report.removed == 0
    assert [refusal.path for refusal in report.refused] == ["docs/guide/"]
    assert engine.search("apples orchard", k=1)[0].path == "docs/guide/apples.md"


def test_a_folder_above_one_that_was_indexed_from_inside_takes_it_in(
    engine: SearchEngine, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(docs)
    engine.index_paths([Path()])
    monkeypatch.chdir(docs.parent)
    report = engine.index_paths([Path()])  # again without a prefix, now one folder up
    assert counts(report) == (3, 0, 0, 3)
    assert report.chunks_encoded == 0
    assert [root.location for root in engine.status().roots] == [str(docs.parent)]
    assert engine.search("apples orchard", k=1)[0].path == "docs/guide/apples.md"


def test_folders_of_two_projects_with_the_same_paths_are_both_kept(
    engine: SearchEngine, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.index_paths([Path()])
    elsewhere = docs.parent.parent / f"{docs.parent.name}-elsewhere"
    (elsewhere / "docs" / "guide").mkdir(parents=True)
    (elsewhere / "docs" / "guide" / "apples.md").write_text("Apricots ripen in July.\n")
    monkeypatch.chdir(elsewhere)
    engine.index_paths([Path("docs")])
    assert engine.search("apricots july", k=1)[0].path == "docs-2/guide/apples.md"
    assert engine.search("apples orchard", k=1)[0].path == "docs/guide/apples.md"
    assert engine.locate("docs/guide/apples.md") == docs / "guide" / "apples.md"
    assert engine.locate("docs-2/guide/apples.md") == elsewhere / "docs" / "guide" / "apples.md"


def test_a_file_that_gets_the_path_of_another_roots_file_does_not_replace_it(
    engine: SearchEngine, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.index_paths([Path()])
    elsewhere = docs.parent.parent / f"{docs.parent.name}-elsewhere"
    (elsewhere / "notes").mkdir(parents=True)
    (elsewhere / "notes" / "x.txt").write_text("Xylophones sound bright.\n")
    monkeypatch.chdir(elsewhere)
    engine.index_paths([Path("notes")])
    (docs.parent / "notes").mkdir()
    (docs.parent / "notes" / "x.txt").write_text("Yaks graze.\n")
    monkeypatch.chdir(docs.parent)
    for _ in range(2):
        report = engine.index_paths([Path()])
        assert [refusal.path for refusal in report.refused] == ["notes/x.txt"]
        assert str(elsewhere) in report.refused[0].reason
    assert engine.search("xylophones", k=1)[0].text.startswith("Xylophones")


def test_a_file_named_like_an_added_document_does_not_replace_it(engine: SearchEngine, docs: Path) -> None:
    engine.add([{"id": "docs/clocks.txt", "text": "sundials"}])
    report = engine.index_paths([docs])
    assert [refusal.path for refusal in report.refused] == ["docs/clocks.txt"]
    assert engine.search("sundials", k=1)[0].text == "sundials"
    engine.delete(["docs/clocks.txt"])
    assert counts(engine.index_paths([docs])) == (1, 0, 2, 0)


def test_a_folder_without_prefix_that_cannot_be_listed_keeps_its_files(
    engine: SearchEngine, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.index_paths([Path()])

    listed = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path) == docs.parent:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = engine.index_paths([docs.parent])
    assert (report.removed, [refusal.path for refusal in report.refused]) == (0, ["./"])
    assert engine.search("apples orchard", k=1)[0].path == "docs/guide/apples.md"


@pytest.mark.parametrize("mtime_ns", [-(2**65), -1, 2**65])
def test_a_time_out_of_this_world_does_not_stop_the_run(
    engine: SearchEngine, docs: Path, mtime_ns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = Source("docs/clocks.txt", docs / "clocks.txt", 39, mtime_ns)
    monkeypatch.setattr(sync, "walk", lambda *_, **__: iter([odd]))
    assert counts(engine.index_paths([docs])) == (1, 0, 0, 0)
    assert counts(engine.index_paths([docs])) == (0, 0, 1, 0)


def test_where_a_file_lies_is_not_told_once_its_folder_is_gone(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    docs.rename(docs.with_name("moved"))
    assert engine.locate("docs/clocks.txt") is None


def test_a_file_that_is_refused_now_takes_its_old_documents_along(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    (docs / "clocks.txt").write_bytes(bytes(range(256)) * 8)
    assert counts(engine.index_paths([docs])) == (0, 0, 2, 0)
    assert all(hit.path != "docs/clocks.txt" for hit in engine.search("clocks tell the time", k=9))


@pytest.mark.parametrize(("name", "path"), [("notes", "docs/clocks.txt"), ("docs", "project/docs/clocks.txt")])
def test_a_project_keeps_its_short_paths_unless_another_folder_has_them(
    engine: SearchEngine, docs: Path, name: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = docs.parent / "project"
    project.mkdir()
    docs.rename(project / "docs")
    other = docs.parent / "others" / name
    other.mkdir(parents=True)
    (other / "x.txt").write_text("Xylophones sound bright.\n")
    monkeypatch.chdir(project)
    engine.index_paths([other])
    engine.index_paths([Path()])
    assert engine.search("clocks tell the time", k=1)[0].path == path
    assert engine.search("xylophones", k=1)[0].path == f"{name}/x.txt"


def test_a_moved_folder_takes_in_a_part_of_it_that_was_indexed_elsewhere(
    engine: SearchEngine, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.index_paths([Path("docs")])
    project = docs.parent / "moved"
    project.mkdir()
    docs.rename(project / "docs")
    engine.index_paths([project / "docs" / "guide"])
    monkeypatch.chdir(project)
    engine.index_paths([Path("docs")])
    assert [root.location for root in engine.status().roots] == [str(project / "docs")]
    assert sorted(source.path for source in engine.sources()) == [
        "docs/clocks.txt",
        "docs/guide/apples.md",
        "docs/guide/boats.md",
    ]


def test_a_link_in_a_circle_is_known_as_what_it_is_called(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    (docs / "circle").symlink_to("circle")
    assert engine.known_as("docs/circle") == "docs/circle"


def test_a_run_that_finds_nothing_changed_loads_no_encoder(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SearchEngine.open_or_create(tmp_path / "index") as engine:
        engine.index_paths([docs])
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda *_, **__: pytest.fail("loaded"))
    with SearchEngine.open(tmp_path / "index") as engine:
        assert counts(engine.index_paths([docs]))[:2] == (0, 0)


def test_a_folder_that_may_not_be_looked_at_keeps_its_files(
    engine: SearchEngine, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.index_paths([docs])
    (tmp_path / "else" / "docs").mkdir(parents=True)
    (tmp_path / "else" / "docs" / "clocks.txt").write_text("Other clocks.\n")
    monkeypatch.chdir(tmp_path / "else")
    look = os.stat

    def forbidden(path: object, *rest: Any, **options: Any) -> os.stat_result:
        if str(path) == str(docs):
            raise PermissionError(13, "Permission denied")
        return look(path, *rest, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(os, "stat", forbidden)
    engine.index_paths([Path("docs")])
    assert engine.locate("docs/clocks.txt") == docs / "clocks.txt"
    assert [source.path for source in engine.sources("**/clocks.txt")] == ["docs-2/clocks.txt", "docs/clocks.txt"]
    assert [refusal.path for refusal in engine.refresh().left_out] == [str(docs)]
    assert len(engine.sources()) == 4
