"""A served index of a few documents, asked without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from served import WRITE
from starlette.testclient import TestClient
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.server import ServerSettings, make_app

TEXTS = {
    "cats": "Cats sleep for most of the day.",
    "dogs": "Dogs run in the park with a ball.",
    "boats": "Boats sail across the wide blue sea.",
    "clocks": "Clocks tell the time of day and night.",
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SearchEngine]:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as opened:
        opened.add({"id": name, "text": text, "number": i} for i, (name, text) in enumerate(TEXTS.items()))
        yield opened


@pytest.fixture
def serve(engine: SearchEngine) -> Iterator[Callable[..., TestClient]]:
    """Serves the index with settings of a test's own."""
    with ExitStack() as running:

        def start(**settings: Any) -> TestClient:
            app = make_app(engine, ServerSettings(**settings))
            return running.enter_context(TestClient(app, base_url="http://127.0.0.1:8000"))

        yield start


@pytest.fixture
def client(serve: Callable[..., TestClient]) -> TestClient:
    return serve()


@pytest.fixture
def writer(serve: Callable[..., TestClient]) -> TestClient:
    """A client that shows the token for writing."""
    made = serve(write_token=WRITE)
    made.headers["authorization"] = f"Bearer {WRITE}"
    return made
