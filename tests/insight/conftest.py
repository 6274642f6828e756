from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from themed_corpus import MakeEngine
from word_encoder import WordEncoder

from searchkit import SearchEngine


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[MakeEngine]:
    """Opens an index that holds the given documents."""
    opened: list[SearchEngine] = []

    def make(documents: Sequence[Any]) -> SearchEngine:
        engine = SearchEngine.open_or_create(tmp_path / f"index-{len(opened)}", encoder=WordEncoder())
        opened.append(engine)
        engine.add(documents)
        return engine

    yield make
    for engine in opened:
        engine.close()
