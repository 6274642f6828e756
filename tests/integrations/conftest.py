from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # read when haystack is imported


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def engine(folder: Path, encoder: WordEncoder) -> Iterator[SearchEngine]:
    with SearchEngine.open_or_create(folder, encoder=encoder, wait_s=60) as opened:
        yield opened
