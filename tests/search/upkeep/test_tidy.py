from __future__ import annotations

from pathlib import Path

import pytest

from searchkit import SearchEngine


def test_a_file_that_another_process_removes_meanwhile_does_no_harm(
    engine: SearchEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.add(["apples", "boats"])
    passing = folder / "searchkit.db-passing"
    passing.touch()
    is_file = Path.is_file

    def removed_after(path: Path) -> bool:
        there = is_file(path)
        if path == passing:
            passing.unlink(missing_ok=True)
        return there

    monkeypatch.setattr(Path, "is_file", removed_after)
    assert engine.compact() >= 0
    assert engine.status().tail == 0
