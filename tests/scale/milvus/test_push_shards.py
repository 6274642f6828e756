"""Shards that are pushed as they are make the collection that an index made from them makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import EncoderMismatchError, InputError, ShardsError
from searchkit.scale import outgoing
from searchkit.scale.embed import EmbedOptions, embed
from searchkit.scale.intake import ShardCorpus
from searchkit.scale.milvus import push as pushing
from searchkit.scale.milvus.note import read_note
from searchkit.scale.milvus.push import PushOptions, PushReport, push, push_shards
from searchkit.scale.milvus.server import Collection
from searchkit.scale.shards import Shards
from searchkit.search import encoders
from searchkit.search.asking import calibration

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from searchkit.scale.milvus import Address

QUERIES = ("apples and boats", "number17", "boats float")
WHERES = (None, "year >= 2000", "path LIKE 'docs/deep/%'", "size > 100 AND lang = 'en'")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch, encoder: WordEncoder) -> None:
    monkeypatch.setattr(pushing, "BLOCK", 16)
    monkeypatch.setattr(encoders.EncoderChoice, "load", lambda _self, _recorded=None: encoder)


@pytest.fixture
def shards(corpus: Path) -> Shards:
    embed([str(corpus)], "out", encoder=WordEncoder(), options=EmbedOptions(shard_size=20, dtype="float32"))
    return Shards.open("out")


@pytest.fixture
def other(new_address: Callable[[], AbstractContextManager[Address]]) -> Iterator[Address]:
    with new_address() as made:
        yield made


def rows_of(address: Address) -> list[dict[str, Any]]:
    collection = Collection(address)
    rows = collection.query("chunk_id >= 0", ["*"], strong=True)
    collection.close()
    return sorted(({**row, "vector": list(row["vector"])} for row in rows), key=lambda row: row["chunk_id"])


def pushed_by_an_index(shards: Shards, index: Path, address: Address) -> PushReport:
    with SearchEngine.open_or_create(index) as engine:
        engine.index_encoded(ShardCorpus(shards))
        return push(engine, address, PushOptions())


@pytest.mark.parametrize("measured_when_asked", [True, False])
def test_rows_notes_and_answers_are_those_of_an_index_made_from_the_shards(
    shards: Shards,
    tmp_path: Path,
    address: Address,
    other: Address,
    monkeypatch: pytest.MonkeyPatch,
    measured_when_asked: bool,
) -> None:
    if not measured_when_asked:
        monkeypatch.setattr(outgoing, "FEWEST_CHUNKS", 10)
        monkeypatch.setattr(calibration, "FEWEST_CHUNKS", 10)
    report = pushed_by_an_index(shards, tmp_path / "index", other)
    assert push_shards(shards, address, PushOptions()) == report
    assert report.chunks == shards.manifest.counts.passages > 40
    assert rows_of(address) == rows_of(other)
    notes = []
    for one in (address, other):
        collection = Collection(one)
        note = read_note(collection)
        notes.append(replace(note, index="", identity="", revision=0, updated=None, calibration=None))
        assert note.calibration_is_kept is not measured_when_asked
        collection.close()
    assert notes[0] == notes[1]
    with SearchEngine.open(str(address)) as ours, SearchEngine.open(str(other)) as theirs:
        for query in QUERIES:
            for where in WHERES:
                assert ours.search(query, 20, where=where, explain=True) == theirs.search(
                    query, 20, where=where, explain=True
                )
        assert ours.similar("docs/guide.md") == theirs.similar("docs/guide.md")


def test_an_interrupted_push_goes_on_and_what_was_lost_is_sent_again(
    shards: Shards, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = shards.manifest.counts.passages
    sent: list[int] = []
    upsert = Collection.upsert

    class LostError(Exception):
        pass

    def failing(self: Collection, rows: list[dict[str, Any]]) -> None:
        if len(sent) == 2:
            raise LostError
        sent.append(len(rows))
        upsert(self, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "upsert", failing)
        with pytest.raises(LostError):
            push_shards(shards, address, PushOptions())
    report = push_shards(shards, address, PushOptions())
    assert (report.chunks, report.sent) == (total, total - 32)
    collection = Collection(address)
    collection.delete("chunk_id in [2, 30]")
    collection.close()
    report = push_shards(shards, address, PushOptions())
    assert (report.chunks, report.sent, report.deleted) == (total, 2, 0)
    assert push_shards(shards, address, PushOptions()).sent == 0


def test_there_is_nothing_to_sync(shards: Shards, address: Address) -> None:
    with pytest.raises(InputError, match="holds shards, which do not change") as caught:
        push_shards(shards, address, PushOptions(sync=True))
    assert "--from-shards" in caught.value.hint


def test_other_shards_do_not_take_the_place_of_the_first(shards: Shards, corpus: Path, address: Address) -> None:
    push_shards(shards, address, PushOptions())
    (corpus / "guide.md").write_text("Something else.")
    embed([str(corpus)], "later", encoder=WordEncoder(), options=EmbedOptions(shard_size=20))
    with pytest.raises(InputError, match="was filled from another index or other shards, 'out'"):
        push_shards(Shards.open("later"), address, PushOptions())


def test_an_encoder_that_is_another_is_told_before_anything_is_sent(
    shards: Shards, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders.EncoderChoice, "load", lambda _self, _recorded=None: WordEncoder("salt"))
    with pytest.raises(EncoderMismatchError):
        push_shards(shards, address, PushOptions())
    collection = Collection(address)
    assert not collection.exists()
    collection.close()


def test_documents_that_may_have_one_name_are_left_to_an_index(corpus: Path, address: Address) -> None:
    (corpus / "records.jsonl#1").write_text("A text of its own.")
    embed([str(corpus)], "out", encoder=WordEncoder())
    with pytest.raises(ShardsError, match=r"the file 'docs/records\.jsonl' and one whose name") as caught:
        push_shards(Shards.open("out"), address, PushOptions())
    assert "searchkit index --from-shards" in caught.value.hint


def test_the_command_takes_a_folder_of_shards(
    shards: Shards, address: Address, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from searchkit.cli import main

    place = ["--milvus", address.uri, "--collection", address.collection]
    assert main(["push", "out", *place]) == 0
    assert f"{shards.manifest.counts.passages} chunks" in capsys.readouterr().out
    assert main(["push", "./out", *place, "--sync"]) == 2
    assert "do not change" in capsys.readouterr().err
    (tmp_path / "out" / "manifest.json").unlink()
    assert main(["push", "out", *place]) == 2
    assert "run the same `searchkit embed` again" in capsys.readouterr().err


@pytest.mark.usefixtures("shards")
def test_an_index_is_meant_where_one_has_the_name(address: Address, capsys: pytest.CaptureFixture[str]) -> None:
    from searchkit.cli import main

    with SearchEngine.open_or_create("out") as engine:  # index_data/out
        engine.add(["apples"])
    place = ["--milvus", address.uri, "--collection", address.collection]
    assert main(["push", "out", *place]) == 0
    assert "1 chunk" in capsys.readouterr().out
