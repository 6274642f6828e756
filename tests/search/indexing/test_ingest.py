from __future__ import annotations

import pytest

from searchkit import SearchEngine
from searchkit.search.indexing import ingest
from searchkit.search.indexing.ingest import Ingest


def test_documents_without_a_chunk_do_not_pile_up(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BATCH_STEPS", 3)
    waiting: list[int] = []
    flush = Ingest.flush

    def counted(self: Ingest) -> None:
        waiting.append(len(self._steps))
        flush(self)

    monkeypatch.setattr(Ingest, "flush", counted)
    report = engine.add({"id": str(number), "text": ""} for number in range(20))
    assert report.documents == engine.status().documents == 20
    assert waiting == [6, 6, 6, 2]
