"""An index of two folders, of which one may not be shown; and its tools, asked by the official client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from mcp import Client
from mcp_types import CallToolResult
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.mcp import Desk
from searchkit.mcp.protocol import make_server
from searchkit.store.topics import KeptTopic, KeptTopics

LONG = "\n\n".join(
    f"Part {number} of the long guide, {' '.join(f'w{number}x{word}' for word in range(50))}." for number in range(8)
)


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``open`` and ``secret``, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for folder in ("open", "secret"):
        (tmp_path / folder).mkdir()
    (tmp_path / "open" / "apples.md").write_text("# Apples\n\nRipe apples grow on trees.\n")
    (tmp_path / "open" / "boats.md").write_text("# Boats\n\nBoats sail the sea.\n")
    (tmp_path / "open" / "long.txt").write_text(LONG)
    (tmp_path / "open" / "rows.jsonl").write_text('{"text": "Clocks tell the time."}\n{"text": "Whales sing."}\n')
    (tmp_path / "secret" / "plan.md").write_text("---\nclassified: high\n---\nRipe apples are poisoned.\n")
    return tmp_path


@pytest.fixture
def engine(docs: Path) -> Iterator[SearchEngine]:
    encoder = WordEncoder()
    with SearchEngine.open_or_create(docs / "index", encoder=encoder) as opened:
        opened.index_paths([Path("open"), Path("secret")])
        opened.add([{"id": "memory", "text": "Ripe apples from memory."}])
        yield opened


@pytest.fixture
def topics(engine: SearchEngine) -> None:
    """Two topics: boats, and apples, one of which may not be shown."""
    labels = ("boats", "poisoned apples")
    centres = WordEncoder().encode_passages(["Boats sail the sea", "Ripe apples"])
    kept = tuple(KeptTopic(n + 1, label, tuple(label.split()), 0.3, centres[n]) for n, label in enumerate(labels))
    stored = {chunk.chunk_id: chunk.text for chunk in engine.iter_chunks()}
    numbers = [2 if "pples" in text else int("oats" in text) for text in stored.values()]
    found = KeptTopics(kept, WordEncoder().fingerprint, "kmeans", (), "2026-11-21T00:00:00+00:00")
    engine.keep_topics(found, np.array(list(stored)), np.array(numbers))


Ask = Callable[..., CallToolResult]


def asked(server: Any, name: str, **arguments: Any) -> CallToolResult:
    """The answer of a tool, by the official client in this process."""

    async def run() -> CallToolResult:
        async with Client(server) as client:
            return await client.call_tool(name, arguments)

    return anyio.run(run)


@pytest.fixture
def ask(engine: SearchEngine) -> Ask:
    server = make_server(Desk(engine))
    return lambda name, **arguments: asked(server, name, **arguments)


@pytest.fixture
def ask_open(engine: SearchEngine, docs: Path) -> Ask:
    """As `ask`, where only ``open`` is served."""
    server = make_server(Desk(engine, [docs / "open"]))
    return lambda name, **arguments: asked(server, name, **arguments)
