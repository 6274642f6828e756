from __future__ import annotations

from pathlib import Path

from searchkit import SearchEngine


def test_the_size_is_that_of_all_files(engine: SearchEngine, folder: Path) -> None:
    engine.add(["apples"])
    before = engine.status().size_bytes
    assert before == sum(file.stat().st_size for file in folder.iterdir())
    (folder / "encoders" / "ours").mkdir(parents=True)
    (folder / "encoders" / "ours" / "model.safetensors").write_bytes(bytes(12_345))
    assert engine.status().size_bytes == before + 12_345
