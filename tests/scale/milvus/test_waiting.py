"""A push waits until a server searches every row by its index; what is not loaded is told with how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from word_encoder import WordEncoder

from searchkit.errors import RemoteError
from searchkit.scale.milvus import Address, waiting
from searchkit.scale.milvus.server import Collection
from searchkit.scale.milvus.waiting import IndexProgress, await_indexed, await_loaded

if TYPE_CHECKING:
    from searchkit.search.reports import Progress

ADDRESS = Address.of("http://127.0.0.1:1", "c")


class Clock:
    """Time that only passes where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


class Server:
    """What a server says, look by look: rows, rows with an index, rows searched by it; its last words stay."""

    def __init__(self, looks: Sequence[tuple[int, int, int | None]]) -> None:
        self._looks, self.closed = list(looks), 0

    def index_rows(self) -> tuple[int, int]:
        return self._looks[0][:2]

    def searched_rows(self, *, least: int) -> int | None:
        assert least == 1024
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        return look[2]

    def close(self) -> None:
        self.closed += 1


def waited(
    monkeypatch: pytest.MonkeyPatch, *looks: tuple[int, int, int | None], seconds: float = 100, kind: str = "hnsw"
) -> tuple[IndexProgress, list[Progress]]:
    told: list[Progress] = []
    server = Server(looks)
    monkeypatch.setattr(waiting, "Collection", lambda _: server)
    found = await_indexed(ADDRESS, kind, 5000, seconds, told.append)
    assert server.closed == 1
    return found, told


def test_it_waits_for_the_index_to_be_built_and_then_to_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [(0, 0, 0), (5000, 0, 0), (5000, 3000, 0), (5000, 5000, 0), (5000, 5000, 2000), (5000, 5000, 5000)]
    found, told = waited(monkeypatch, *looks)
    assert found == IndexProgress(5000, 5000, 5000)
    assert [(one.stage, one.done, one.total) for one in told] == [
        ("indexed", 0, 5000),
        ("indexed", 0, 5000),
        ("indexed", 3000, 5000),
        ("loaded", 0, 5000),
        ("loaded", 2000, 5000),
        ("loaded", 5000, 5000),
    ]


def test_rows_that_were_deleted_count_until_the_server_has_cleared_them_away(monkeypatch: pytest.MonkeyPatch) -> None:
    found, told = waited(monkeypatch, (6000, 5500, 5500), (6000, 6000, 5500), (6000, 6000, 6000))
    assert (found.is_done, len(told)) == (True, 3)


def test_a_bound_that_is_reached_says_how_far_it_was(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    found, _ = waited(monkeypatch, (5000, 4000, 1000), seconds=10)
    assert (found, found.is_done) == (IndexProgress(5000, 4000, 1000), False)
    assert 10 <= clock.now <= 11


def test_no_time_is_one_look(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    found, told = waited(monkeypatch, (5000, 4000, 1000), seconds=0)
    assert (found.is_done, len(told), clock.now) == (False, 1, 0)


@pytest.mark.parametrize(
    ("looks", "kind"),
    [
        ((5000, 5000, None), "hnsw"),  # a server that does not tell what it searches by
        ((5000, 0, 0), "exact"),  # which has no index
    ],
)
def test_what_has_nothing_to_wait_for_is_done_at_once(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, looks: tuple[int, int, int | None], kind: str
) -> None:
    found, _ = waited(monkeypatch, looks, kind=kind)
    assert (found.is_done, clock.now) == (True, 0)


def test_few_rows_are_searched_one_by_one_and_need_no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "Collection", lambda _: Server([(700, 700, 0)]))
    assert await_indexed(ADDRESS, "hnsw", 700, 100).is_done


def test_a_server_that_goes_away_meanwhile_has_every_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Server):
        def index_rows(self) -> tuple[int, int]:
            raise RemoteError("no server of Milvus answers", hint="check the address")

    monkeypatch.setattr(waiting, "Collection", lambda _: Gone([(0, 0, 0)]))
    with pytest.raises(RemoteError, match="no server of Milvus answers") as caught:
        await_indexed(ADDRESS, "hnsw", 5000, 100)
    assert "every chunk is there" in caught.value.hint


# --- what a collection says


@pytest.fixture
def collection(mirror: Any) -> Iterator[Collection]:
    mirror.engine.add([f"text of number{number}" for number in range(23)])
    mirror.push()
    opened = Collection(mirror.address)
    yield opened
    opened.close()


def test_a_small_collection_is_done_at_once(mirror: Any, collection: Collection, clock: Clock) -> None:
    assert collection.index_rows() == (23, 23)
    assert await_indexed(mirror.address, "hnsw", 23, 100) == IndexProgress(23, 23, 23)
    assert clock.now == 0


def answering(collection: Collection, monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
    for method, answer in answers.items():
        monkeypatch.setattr(collection._client, method, lambda *_, _answer=answer, **__: _answer)


def described(rows: int, indexed: int, waiting: int, state: str = "Finished") -> dict[str, Any]:
    return {"total_rows": rows, "indexed_rows": indexed, "pending_index_rows": waiting, "state": state}


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        (described(5000, 3000, 2000), (5000, 3000)),
        (described(5000, 3000, 0), (5000, 3000)),  # some servers leave one of the two out
        (described(5000, 5000, 5000), (5000, 0)),  # a part that was put together anew
        (described(0, 0, 0), (0, 0)),
    ],
)
def test_rows_that_wait_for_an_index_are_those_that_either_count_says(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], rows: tuple[int, int]
) -> None:
    answering(collection, monkeypatch, list_indexes=["vector"], describe_index=said)
    assert collection.index_rows() == rows


def test_of_two_indexes_the_one_furthest_behind_counts(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"vector": described(5000, 1000, 4000), "sparse": described(5000, 5000, 0)}
    monkeypatch.setattr(collection._client, "list_indexes", lambda *_, **__: list(both))
    monkeypatch.setattr(collection._client, "describe_index", lambda _, name, **__: both[name])
    assert collection.index_rows() == (5000, 1000)


def test_an_index_that_cannot_be_built_is_told(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(collection, monkeypatch, list_indexes=["vector"], describe_index=described(5000, 0, 5000, "Failed"))
    with pytest.raises(RemoteError, match="could not build the index"):
        collection.index_rows()


def test_parts_without_their_index_are_not_searched_by_it(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Part:
        def __init__(self, segment_id: int, num_rows: int, index_id: int) -> None:
            self.segment_id, self.num_rows, self.index_id = segment_id, num_rows, index_id

    parts = [Part(1, 4000, 7), Part(1, 4000, 7), Part(2, 3000, 0), Part(3, 500, 0)]  # the first on two machines
    answering(collection, monkeypatch, list_loaded_segments=parts)
    assert collection.searched_rows(least=1024) == 4500


@pytest.mark.parametrize(
    ("state", "said", "hint"),
    [
        ({"state": "Loading", "progress": 50}, "is still loading '.*': 50 % are in its memory", "later"),
        ({"state": "Loading"}, "is still loading '.*': 0 %", "later"),
        ({"state": "NotLoad"}, "does not have '.*' in its memory", "run the same command again"),
    ],
)
def test_a_collection_that_is_not_loaded_is_told_with_how_far_it_is(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], said: str, hint: str
) -> None:
    from pymilvus.client.types import LoadState
    from pymilvus.exceptions import MilvusException

    def refuse(*_: object, **__: object) -> None:
        raise MilvusException(
            code=101, message="failed to search: collection not loaded[collection=470627187588595905]"
        )

    answering(collection, monkeypatch, get_load_state={**state, "state": getattr(LoadState, state["state"])})
    for method in ("search", "query"):
        monkeypatch.setattr(collection._client, method, refuse)
    for ask in (collection.count, lambda: collection.search(["x"], "sparse", "", (), limit=1, parameters={})):
        with pytest.raises(RemoteError, match=said) as caught:
            ask()
        assert hint in caught.value.hint


def test_a_released_collection_is_told_as_such(collection: Collection) -> None:
    collection._client.release_collection(collection.address.collection)
    with pytest.raises(RemoteError, match=r"does not have '.*' in its memory"):
        collection.query("chunk_id > 0", ["chunk_id"])
    await_loaded(collection)
    assert collection.count() == 23


def test_a_collection_that_never_comes_is_waited_for_only_so_long(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(collection, "loaded_percent", lambda: 40)
    with pytest.raises(RemoteError, match=r"still loading '.*': 40 %"):
        await_loaded(collection)
    assert 120 <= clock.now <= 121


# --- the command


@pytest.fixture
def pushed(
    mirror: Any, encoder: WordEncoder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Gives what `searchkit push` says, where `await_indexed` does or gives what it is told."""
    from searchkit.cli import main
    from searchkit.search import encoders

    monkeypatch.setattr(encoders.EncoderChoice, "load", lambda _self, _recorded=None: encoder)
    mirror.engine.add(["apples grow on trees"])

    def run(found: IndexProgress | type[BaseException], *options: str) -> tuple[int, str, str]:
        asked = []

        def wait(*values: Any) -> IndexProgress:
            asked.append(values)
            if not isinstance(found, IndexProgress):
                raise found
            return found

        monkeypatch.setattr(waiting, "await_indexed", wait)
        place = ["--milvus", mirror.address.uri, "--collection", mirror.address.collection]
        code = main(["push", str(mirror.engine.folder), *place, *options])
        seconds = float(options[1]) if options else 600
        assert [values[:4] for values in asked] == [(mirror.address, "hnsw", 1, seconds)]
        return (code, *capsys.readouterr())

    return run


def test_a_push_ends_when_the_index_is_there(pushed: Any) -> None:
    code, out, err = pushed(IndexProgress(1, 1, 1))
    assert (code, err) == (0, "")
    assert any(line.split() == ["index:", "hnsw"] for line in out.splitlines())


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (IndexProgress(5000, 4000, 0), "hnsw, built for 4,000 of 5,000 rows"),
        (IndexProgress(5000, 5000, 1000), "hnsw, loaded for 1,000 of 5,000 rows"),
    ],
)
def test_a_push_that_waited_long_enough_says_so(pushed: Any, found: IndexProgress, said: str) -> None:
    code, out, err = pushed(found, "--wait-index", "30")
    assert code == 0
    assert said in out
    assert err.startswith("warning: after 30 s the server is not done with its index; every chunk is there")


def test_a_push_that_is_not_to_wait_says_how_far_it_is(pushed: Any) -> None:
    code, out, err = pushed(IndexProgress(5000, 4000, 0), "--wait-index", "0")
    assert (code, err) == (0, "")
    assert "hnsw, built for 4,000 of 5,000 rows" in out


def test_who_does_not_want_to_wait_any_longer_is_told_that_all_is_there(pushed: Any) -> None:
    code, out, err = pushed(KeyboardInterrupt)
    assert code == 0
    assert err.startswith("not waiting any longer; every chunk is there")
    assert "1 chunk" in out
