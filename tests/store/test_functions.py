from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from searchkit.store import NewChunk, NewDocument, StoreReader, StoreWriter
from searchkit.store.connection import translated
from searchkit.store.functions import make_known
from searchkit.types import Chunk, Document


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Ctrl-C is heard, which is not so where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("function", ["row_checksum", "vector_checksum", "indexed_words", "indexed_headings"])
def test_an_interrupt_is_none_the_less_one_while_sqlite_calls_us(tmp_path: Path, function: str) -> None:
    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    path = tmp_path / "searchkit.db"
    store = StoreWriter(path)
    make_known(store._connection, function, {"row_checksum": -1, "indexed_words": 1}.get(function, 2), interrupted)
    with pytest.raises(KeyboardInterrupt), translated(path), store.change():
        chunk = NewChunk(Chunk("text", 0, 4, 1, 1), b"key", bytes(4))
        store.put_document(NewDocument(Document("a", "text"), (chunk,)))
    store.close()
    reader = StoreReader(path)
    assert reader.counts().documents == 0
    reader.close()
