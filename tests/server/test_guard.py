"""Who may ask, what is too much, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from served import READ, WRITE
from starlette.testclient import TestClient

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.server import ServerSettings

Serve = Callable[..., TestClient]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "192.168.0.7", "[::2]:8000"]
)
def test_a_foreign_host_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/search?q=cats", headers={"host": host})
    assert answer.status_code == 403
    assert "hits" not in answer.text


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:9", "127.0.0.1:8000", "[::1]:8000", "notes.example", "Tides.example:1"]
)
def test_its_own_names_are_not(serve: Serve, host: str) -> None:
    client = serve(allow_hosts=("notes.example", "tides.example:8000"))
    assert client.get("/search?q=cats", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8000", "http://127.0.0.1:8001"])
def test_a_foreign_page_is_refused(client: TestClient, origin: str) -> None:
    answer = client.get("/search?q=cats", headers={"origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert client.options("/search", headers={"origin": origin}).status_code == 403


def test_its_own_page_is_not(client: TestClient) -> None:
    answer = client.get("/search?q=cats", headers={"origin": "http://127.0.0.1:8000"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_that_was_allowed_may_ask_and_no_other(serve: Serve) -> None:
    client = serve(allow_origins=("https://notes.example",))
    allowed = client.get("/search?q=cats", headers={"origin": "https://notes.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://notes.example"
    assert allowed.headers["vary"] == "Origin"
    asked = client.options("/documents", headers={"origin": "https://notes.example"})
    assert (asked.status_code, "authorization" in asked.headers["access-control-allow-headers"]) == (204, True)
    assert client.get("/search?q=cats", headers={"origin": "https://other.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/search?q=a", "/search", "/nothing", "/health", "/metrics"])
def test_every_answer_has_its_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "server" not in headers


def test_without_a_token_nothing_of_the_index_is_told(serve: Serve) -> None:
    client = serve(token=READ)
    for path in (
        "/search?q=cats",
        "/similar?id=cats",
        "/documents",
        "/documents/cats",
        "/status",
        "/topics",
        "/metrics",
    ):
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.post("/v1/embeddings", json={"input": "x"}).status_code == 401
    assert client.get("/health").status_code == client.get("/openapi.json").status_code == 200


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer wrong", f"Basic {READ}", f"Bearer {READ}x", f"Bearer {READ[:-1]}", "Bearer é"]
)
def test_a_wrong_token_is_refused(serve: Serve, shown: str) -> None:
    answer = serve(token=READ).get("/search?q=cats", headers={"authorization": shown.encode("latin-1")})
    assert answer.status_code == 401


def test_the_right_token_opens(serve: Serve) -> None:
    client = serve(token=READ, write_token=WRITE)
    for token in (READ, WRITE):
        assert client.get("/search?q=cats", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_changes_need_the_token_for_writing(serve: Serve, engine: SearchEngine) -> None:
    body = {"documents": ["a new text"]}
    off, on = serve(), serve(token=READ, write_token=WRITE)
    assert off.post("/documents", json=body).status_code == 403
    assert off.delete("/documents/cats").status_code == 403
    assert on.post("/documents", json=body).status_code == 401
    assert on.post("/documents", json=body, headers={"authorization": f"Bearer {READ}"}).status_code == 403
    assert on.delete("/documents/cats", headers={"authorization": f"Bearer {READ}"}).status_code == 403
    assert engine.status().documents == 4
    assert on.delete("/documents/cats", headers={"authorization": f"Bearer {WRITE}"}).status_code == 200


def test_a_body_that_is_too_large_is_refused_said_or_not(serve: Serve) -> None:
    client = serve(body_bytes=1000)
    large = b'{"q": "' + b"x" * 2000 + b'"}'
    kind = {"content-type": "application/json"}

    def pieces() -> Iterator[bytes]:
        yield large[:900]
        yield large[900:]

    assert client.post("/search", content=large, headers=kind).status_code == 413
    assert client.post("/search", content=pieces(), headers=kind).status_code == 413


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"q": "a"}', "text/plain", 415),
        (b'{"q": "a"}', "application/x-www-form-urlencoded", 415),
        (b'{"q": "a"}', None, 415),
        (b'{"q": "a"', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'["q"]', "application/json", 400),
        (b"", "application/json", 400),
        (b'{"q": 3}', "application/json", 400),
        (b'{"q": "a", "k": 1.5}', "application/json", 400),
        (b'{"q": "a", "k": true}', "application/json", 400),
        (b'{"q": "a", "min_score": NaN}', "application/json", 400),
        (b'{"q": "a", "unlike": "b"}', "application/json", 400),
        (b'{"q": "a", "where": {"number": [{}]}}', "application/json", 422),
        (b'{"q": "\\ud800"}', "application/json; charset=utf-8", 200),
    ],
)
def test_bodies_that_make_no_question(client: TestClient, content: bytes, kind: str | None, status: int) -> None:
    answer = client.post("/search", content=content, headers={"content-type": kind} if kind else {})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("PUT", "/search", 405),
        ("DELETE", "/documents", 405),
        ("GET", "/page/../guard.py", 404),
    ],
)
def test_what_is_not_there_is_told_in_json(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "hint"}


def test_words_that_are_no_method_are_counted_as_one(client: TestClient) -> None:
    """Each would be a counter of its own, as long as a head may be, and nobody has to show a token for it."""
    for word in ("FOO", "BAR", "B" * 1000):
        assert client.request(word, "/search").status_code == 405
    counted = [line for line in client.get("/metrics").text.splitlines() if 'status="405"' in line]
    assert counted == ['searchkit_requests_total{path="other",method="other",status="405"} 3']


def test_what_was_not_foreseen_shows_nothing_of_the_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, engine: SearchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(engine, "ask_many", broken)
    answer = client.get("/search?q=cats")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "secret of the inside" in caplog.text


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "notes.example"])
def test_other_machines_need_a_token(host: str) -> None:
    with pytest.raises(InputError, match="expected a token"):
        ServerSettings(host=host)
    assert ServerSettings(host=host, token=READ).token == READ


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.3.2.1"])
def test_this_machine_does_not(host: str) -> None:
    assert ServerSettings(host=host).is_loopback


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "short"},
        {"token": "with spaces in the middle"},
        {"write_token": ""},
        {"port": 70000},
        {"workers": 0},
        {"time_limit_s": float("nan")},
        {"allow_origins": ("*",)},
        {"allow_origins": ("https://a.example/path",)},
        {"allow_origins": ("https://A.example",)},
    ],
)
def test_settings_are_checked_before_it_listens(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ServerSettings(**wrong)  # type: ignore[arg-type]
