from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def engine(folder: Path, encoder: WordEncoder) -> Iterator[SearchEngine]:
    with SearchEngine.open_or_create(folder, encoder=encoder) as opened:
        yield opened


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small folder of documents, in the working folder."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "docs"
    (root / "guide").mkdir(parents=True)
    (root / "guide" / "apples.md").write_text("# Apples\n\nApples grow on trees in the orchard.\n")
    (root / "guide" / "boats.md").write_text("# Boats\n\nBoats sail across the wide blue sea.\n")
    (root / "clocks.txt").write_text("Clocks tell the time of day and night.\n")
    return root
