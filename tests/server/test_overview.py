"""/status, /topics, /map, /health, /metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from starlette.testclient import TestClient

from searchkit import SearchEngine, __version__
from searchkit.store.topics import KeptTopic, KeptTopics

PATIENCE_S = 120  # until something is seen that comes at once on a machine with nothing else to do


def test_the_status_tells_no_place_on_disk(client: TestClient, engine: SearchEngine) -> None:
    answer = client.get("/status")
    state = answer.json()
    assert (state["documents"], state["chunks"], state["version"]) == (4, 4, __version__)
    assert str(engine.folder.parent) not in answer.text
    (file,) = engine.folder.glob("vectors-*.faiss")
    file.unlink()
    answer = client.get("/status")
    assert answer.json()["vectors_problem"] == f"{file.name} is missing"
    assert str(engine.folder.parent) not in answer.text


@pytest.mark.parametrize(("recorded", "shown"), [("/home/me/models/mine", "mine"), ("owner/name", "owner/name")])
def test_the_status_tells_no_place_of_the_encoder(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch, recorded: str, shown: str
) -> None:
    state = replace(engine.status(), encoder=recorded)
    monkeypatch.setattr(engine, "status", lambda: state)
    assert client.get("/status").json()["encoder"] == shown


def test_topics_are_those_that_were_kept(client: TestClient, engine: SearchEngine) -> None:
    assert client.get("/topics").status_code == 404
    centre = engine.encoder.encode_passages(["cats sleep"])[0]
    topic = KeptTopic(1, "cats, sleep", ("cats", "sleep"), 0.0, centre)
    ids = np.array([chunk.chunk_id for chunk in engine.iter_chunks()])
    kept = KeptTopics((topic,), engine.encoder.fingerprint, "kmeans", (), "2026-01-01T00:00:00+00:00")
    engine.keep_topics(kept, ids, np.array([1, 0, 0, 0]))
    (found,) = client.get("/topics").json()["topics"]
    assert (found["number"], found["label"], found["size"]) == (1, "cats, sleep", 1)
    assert found["central"][0]["doc_id"] == "cats"
    assert [hit["doc_id"] for hit in client.get("/search?q=day&topic=cats").json()["hits"]] == ["cats"]


def test_a_map_is_made_once_and_kept(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def page(_: SearchEngine) -> bytes:
        made.append(1)
        return b"<!doctype html>a map"

    monkeypatch.setattr("searchkit.server.mapping.map_page", page)
    answer = client.get("/map")
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    while (answer := client.get("/map")).status_code == 503:
        time.sleep(0.01)
    assert (answer.status_code, answer.text) == (200, "<!doctype html>a map")
    assert answer.headers["content-type"].startswith("text/html")
    assert client.get("/map").status_code == 200
    assert len(made) == 1


def test_a_map_that_cannot_be_made_says_why(client: TestClient, engine: SearchEngine) -> None:
    engine.delete(["cats", "dogs", "boats", "clocks"])
    assert client.get("/map").status_code == 503
    while (answer := client.get("/map")).status_code == 503:
        time.sleep(0.01)
    assert answer.status_code == 422
    assert "no chunks" in answer.json()["error"]["message"]


def test_health_tells_nothing_of_the_index(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok", "version": __version__}
    assert client.head("/health").status_code == 200


def test_metrics_count_what_was_answered(client: TestClient) -> None:
    for _ in range(3):
        client.get("/search?q=cats")
    client.get("/documents/nobody")
    text = client.get("/metrics").text
    assert 'searchkit_requests_total{path="/search",method="GET",status="200"} 3' in text
    assert 'searchkit_requests_total{path="/documents/{id}",method="GET",status="404"} 1' in text
    assert 'searchkit_request_seconds_bucket{path="/search",le="+Inf"} 3' in text
    assert 'searchkit_request_seconds_count{path="/search"} 3' in text
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(families) == len(set(families)) >= 6


def test_too_much_at_once_is_refused(serve: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from word_encoder import WordEncoder

    is_in, go_on = threading.Event(), threading.Event()
    encode = WordEncoder.encode_queries

    def slow(encoder: WordEncoder, texts: list[str]) -> object:
        is_in.set()
        go_on.wait(PATIENCE_S)
        return encode(encoder, texts)

    monkeypatch.setattr(WordEncoder, "encode_queries", slow)
    client = serve(workers=1, most_waiting=2)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.get("/search?q=cats").status_code)) for _ in range(3)
    ]
    threads[0].start()
    assert is_in.wait(PATIENCE_S)
    for thread in threads[1:]:
        thread.start()
    while client.app.state.site.searches.waiting < 2:  # type: ignore[attr-defined]
        time.sleep(0.01)
    refused = client.get("/search?q=cats")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert client.get("/health").status_code == 200
    go_on.set()
    for thread in threads:
        thread.join()
    assert answers == [200, 200, 200]


def test_topics_do_not_wait_for_a_map(serve: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from searchkit.server import mapping

    is_in, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(mapping, "map_page", lambda _: (is_in.set(), go_on.wait(PATIENCE_S), b"a map")[-1])
    client = serve(time_limit_s=PATIENCE_S / 2)
    assert client.get("/map").status_code == 503
    assert is_in.wait(PATIENCE_S)
    assert client.get("/topics").status_code == 404  # there are none; a lane of one thread would not have said so
    go_on.set()


def test_a_server_that_stops_does_not_wait_for_what_only_reads(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from searchkit.server import ServerSettings, make_app, site

    is_in, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(site, "STOP_S", 0.2)
    monkeypatch.setattr(engine, "status", lambda: (is_in.set(), go_on.wait(PATIENCE_S))[0])
    with TestClient(make_app(engine, ServerSettings(time_limit_s=0.5)), base_url="http://127.0.0.1:8000") as client:
        assert client.get("/status").status_code == 503
        assert is_in.wait(PATIENCE_S)
    assert not go_on.is_set()
    go_on.set()


def test_what_takes_too_long_is_given_up(
    serve: Callable[..., TestClient], engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    go_on = threading.Event()
    monkeypatch.setattr(engine, "status", lambda: go_on.wait(PATIENCE_S))
    client = serve(time_limit_s=0.5)
    answer = client.get("/status")
    go_on.set()
    assert answer.status_code == 503
    assert "too long" in answer.json()["error"]["message"]
    assert client.get("/health").status_code == 200
