"""A push mirrors the index whatever happens to it; what it may not change, it names and leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from word_encoder import WordEncoder

from searchkit import Document, SearchEngine
from searchkit.errors import EncoderMismatchError, IndexStateError, InputError, RemoteError, SearchkitWarning
from searchkit.scale.milvus import engine as engines
from searchkit.scale.milvus import push as pushing
from searchkit.scale.milvus.note import Stage, read_note
from searchkit.scale.milvus.push import PushOptions, push
from searchkit.scale.milvus.server import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchkit.scale.milvus import Address

TEXTS = [f"text of number{number} and word{number % 7}" for number in range(23)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "BLOCK", 5)


@pytest.fixture
def collection(address: Address) -> Iterator[Collection]:
    opened = Collection(address)
    yield opened
    opened.close()


def held(collection: Collection) -> set[int]:
    return {row["chunk_id"] for row in collection.query("chunk_id >= 0", ["chunk_id"], strong=True)}


class LostError(Exception):
    """The connection, in a test."""


def fail_at(monkeypatch: pytest.MonkeyPatch, method: str, call: int, *, after: bool) -> None:
    """Let a method of Collection fail at its n-th call, before or after it did its work."""
    real = getattr(Collection, method)
    calls = []

    def failing(self: Collection, *values: Any, **named: Any) -> Any:
        calls.append(values)
        if len(calls) == call and not after:
            raise LostError
        result = real(self, *values, **named)
        if len(calls) == call:
            raise LostError
        return result

    monkeypatch.setattr(Collection, method, failing)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("method", "call"), [("upsert", 1), ("upsert", 3), ("upsert", 5), ("flush", 1), ("keep_note", 1), ("load", 1)]
)
def test_an_interrupted_push_goes_on_without_duplicates_or_holes(
    mirror: Any, collection: Collection, method: str, call: int, after: bool
) -> None:
    mirror.engine.add(TEXTS)
    with pytest.MonkeyPatch.context() as patch:
        fail_at(patch, method, call, after=after)
        with pytest.raises(LostError):
            mirror.push()
    if (method, after) != ("keep_note", True):
        with mirror.open() as remote, pytest.raises(IndexStateError, match="was interrupted"):
            remote.search("x")
        assert read_note(collection).stage is Stage.PUSHING
    done = {"upsert": min(23, 5 * (call - 1 + after)), "load": 0}.get(method, 23)
    report = mirror.push()
    assert (report.chunks, report.sent, report.deleted) == (23, 23 - done, 0)
    assert held(collection) == set(range(1, 24))
    with mirror.open() as remote:
        assert remote.search(TEXTS[7], 3, mode="dense") == mirror.engine.search(TEXTS[7], 3, mode="dense")


def test_an_interrupted_sync_goes_on_and_is_told_meanwhile(mirror: Any) -> None:
    mirror.engine.add([Document(f"d{number}", text) for number, text in enumerate(TEXTS)])
    mirror.push()
    mirror.engine.delete(["d1", "d8"])
    mirror.engine.add([Document("d3", "another text"), Document("new", "a new text")])
    with pytest.MonkeyPatch.context() as patch:
        fail_at(patch, "delete", 1, after=True)
        with pytest.raises(LostError):
            mirror.push(sync=True)
    with mirror.open() as remote:
        assert "on their way" in remote.ask("text", mode="dense").notices[0]
    report = mirror.push()
    assert report.chunks == 22
    assert (report.sent, report.deleted) == (2, 1)  # the two of the first block had gone before
    with mirror.open() as remote:
        assert remote.ask("text", mode="dense").notices == ()
        assert remote.search("a new text", 22, mode="dense") == mirror.engine.search("a new text", 22, mode="dense")


def test_a_push_of_what_is_there_sends_nothing(mirror: Any) -> None:
    mirror.engine.add(TEXTS)
    assert mirror.push().sent == 23
    again = mirror.push()
    assert (again.chunks, again.sent, again.deleted) == (23, 0, 0)


@pytest.mark.parametrize("changed", [False, True])
def test_rows_that_another_hand_took_are_sent_again(mirror: Any, collection: Collection, changed: bool) -> None:
    mirror.engine.add(TEXTS)
    mirror.push()
    collection.delete("chunk_id in [3, 4, 11]")
    mirror.engine.add(["one more"] * changed)
    report = mirror.push(sync=changed)
    assert (report.chunks, report.sent, report.deleted) == (23 + changed, 3 + changed, 0)
    assert held(collection) == set(range(1, 24 + changed))


def test_a_server_that_does_not_keep_what_it_is_sent_is_told(mirror: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror.engine.add(TEXTS)
    upsert = Collection.upsert
    monkeypatch.setattr(Collection, "upsert", lambda self, rows: upsert(self, rows[1:]))
    with pytest.raises(RemoteError, match="holds 18 chunks, 'index' 23") as caught:
        mirror.push()
    assert "run the same command again" in caught.value.hint


def test_a_search_warns_once_of_rows_that_the_server_lost(
    mirror: Any, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.engine.add(TEXTS)
    mirror.push()
    monkeypatch.setattr(engines, "NOTE_S", 0.0)
    with mirror.open() as remote:
        assert len(remote.search("text", 23, mode="dense")) == 23  # without a warning, which would be an error here
        collection.delete("chunk_id in [3, 4, 11]")
        with pytest.warns(SearchkitWarning, match="holds 20 of the 23 chunks"):
            hits = remote.search("text", 23, mode="dense")
        assert len(hits) == 20
        assert len(remote.similar(1, 23)) == 19  # and not again


def test_what_a_collection_holds_is_counted_when_its_note_is_read(mirror: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror.engine.add(TEXTS)
    mirror.push()
    monkeypatch.setattr(engines, "NOTE_S", 3600.0)
    counted = []
    count = Collection.count
    monkeypatch.setattr(
        Collection, "count", lambda self, *values, **named: counted.append(1) or count(self, *values, **named)
    )
    with mirror.open() as remote:
        for _ in range(3):
            remote.search("text", mode="dense")
    assert len(counted) == 1


def test_later_changes_are_only_sent_when_asked_to(mirror: Any) -> None:
    mirror.engine.add(TEXTS)
    mirror.push()
    mirror.engine.add(["one more"])
    with pytest.raises(InputError, match="holds an earlier state of the index") as caught:
        mirror.push()
    assert "--sync" in caught.value.hint


def test_a_collection_of_another_encoder_is_left_as_it_is(mirror: Any, tmp_path: Path, collection: Collection) -> None:
    mirror.engine.add(TEXTS)
    mirror.push()
    with SearchEngine.open_or_create(tmp_path / "other", encoder=WordEncoder("salt")) as other:
        other.add(["another text"])
        with pytest.raises(EncoderMismatchError, match="has vectors of encoder"):
            push(other, mirror.address, PushOptions(sync=True))
    assert held(collection) == set(range(1, 24))
    with (
        SearchEngine.open(str(mirror.address), encoder=WordEncoder("salt")) as remote,
        pytest.raises(EncoderMismatchError),
    ):
        remote.search("x")


def test_a_collection_of_another_index_is_left_as_it_is(mirror: Any, tmp_path: Path, encoder: WordEncoder) -> None:
    mirror.engine.add(TEXTS)
    mirror.push()
    with SearchEngine.open_or_create(tmp_path / "other", encoder=encoder) as other:
        other.add(["another text"])
        with pytest.raises(InputError, match="was filled from another index or other shards, 'index'"):
            push(other, mirror.address, PushOptions(sync=True))


def test_a_collection_of_others_is_left_as_it_is(mirror: Any, collection: Collection) -> None:
    collection._client.create_collection(mirror.address.collection, dimension=4)
    mirror.engine.add(TEXTS)
    with pytest.raises(InputError, match="was not made by searchkit push"):
        mirror.push(sync=True)
    with mirror.open() as remote, pytest.raises(InputError, match="was not made by searchkit push"):
        remote.search("x")


def test_a_record_that_another_hand_changed_is_named(mirror: Any, collection: Collection) -> None:
    mirror.engine.add(TEXTS)
    mirror.push()
    note = collection.note()
    assert note is not None
    for broken, match in (({"format": 1}, "cannot be read"), ({**note, "format": 2}, "upgrade searchkit")):
        collection.keep_note(broken)
        with mirror.open() as remote, pytest.raises(IndexStateError, match=match):
            remote.search("x")


def test_how_a_collection_was_made_is_not_changed_by_a_push(mirror: Any) -> None:
    mirror.engine.add(TEXTS)
    mirror.push(kind="exact", shards=1)
    with mirror.open() as remote:
        assert remote.status().index_kind == "exact"
    for options, match in (
        ({"kind": "hnsw"}, "kind exact"),
        ({"partition_key": "lang"}, "partition_key None"),
    ):
        with pytest.raises(InputError, match=match):
            mirror.push(**options)


@pytest.mark.parametrize(
    ("options", "match"),
    [({"kind": "fast"}, "kind is 'fast'"), ({"shards": -1}, "shards is -1"), ({"replicas": 0}, "replicas is 0")],
)
def test_options_are_checked_first(options: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        PushOptions(**options)


def test_what_is_too_long_for_a_server_stops_the_push_before_its_block(mirror: Any, collection: Collection) -> None:
    mirror.engine.add([Document(f"d{number}", text) for number, text in enumerate(TEXTS)])
    mirror.engine.add([Document("huge", "a text", metadata={"all": [f"value {n}" for n in range(9000)]})])
    with pytest.raises(InputError, match=r"document 'huge' has .* bytes of facts"):
        mirror.push()
    assert held(collection) == set(range(1, 21))
    mirror.engine.delete(["huge"])
    assert mirror.push().chunks == 23


def test_a_partition_key_keeps_answers_as_they_are(mirror: Any) -> None:
    values = ["en", "de", None, "12", 12, True, ["en", "fr"], "en"]
    mirror.engine.add(
        [Document(f"d{number}", TEXTS[number], metadata={"lang": value}) for number, value in enumerate(values)]
    )
    mirror.push(partition_key="lang")
    with mirror.open() as remote:
        for where in ("lang = 'en'", "lang = '12'", "lang = 12", "lang = true", "lang IS NULL", "lang IN ('de', 'fr')"):
            expected = {hit.doc_id for hit in mirror.engine.search("text", where=where, mode="dense")}
            assert {hit.doc_id for hit in remote.search("text", where=where, mode="dense")} == expected
