"""An index and a collection that mirrors it: in milvus-lite, or on the server that SEARCHKIT_TEST_MILVUS names."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.scale.milvus import Address, server
from searchkit.scale.milvus.push import PushOptions, PushReport, push

NewAddress = Callable[[], AbstractContextManager[Address]]
SERVER = os.environ.get("SEARCHKIT_TEST_MILVUS")


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def engine(tmp_path: Path, encoder: WordEncoder) -> Iterator[SearchEngine]:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=encoder) as opened:
        yield opened


@pytest.fixture(scope="session")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("pymilvus", reason="pymilvus is not installed: make scale")
    if SERVER is None:
        pytest.importorskip("milvus_lite", reason="milvus-lite is not installed: make scale")
    return SERVER or str(tmp_path_factory.mktemp("milvus") / "lite.db")


@pytest.fixture(scope="session")
def new_address(uri: str) -> NewAddress:
    """Gives the address of a collection that is not there, and drops it in the end; what is pushed is seen at once."""

    @contextmanager
    def made() -> Iterator[Address]:
        address = Address.of(uri, f"c{uuid.uuid4().hex}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(server, "READS", "Strong")
            patch.delenv("MILVUS_TOKEN", raising=False)
            yield address
            collection = server.Collection(address)
            if collection.exists():
                collection._client.drop_collection(address.collection)
            collection.close()

    return made


@pytest.fixture
def address(new_address: NewAddress) -> Iterator[Address]:
    with new_address() as made:
        yield made


class Mirror:
    """An index, and the collection that is made to mirror it."""

    def __init__(self, engine: SearchEngine, address: Address, encoder: WordEncoder) -> None:
        self.engine, self.address, self._encoder = engine, address, encoder

    def push(self, **options: object) -> PushReport:
        return push(self.engine, self.address, PushOptions(**options))  # type: ignore[arg-type]

    def open(self) -> SearchEngine:
        return SearchEngine.open(str(self.address), encoder=self._encoder)


@pytest.fixture
def mirror(engine: SearchEngine, address: Address, encoder: WordEncoder) -> Mirror:
    return Mirror(engine, address, encoder)
