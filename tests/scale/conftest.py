from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

WORDS = ("apples", "boats", "clocks", "dogs", "elms", "foxes", "gates", "hills")


def sentence(number: int) -> str:
    return f"{WORDS[number % 8]} and {WORDS[number * 5 % 7]} number{number}."


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of some formats, of which a file is empty and one is no text; the working folder is above it."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "docs"
    (folder / "deep").mkdir(parents=True)
    (folder / "guide.md").write_text("# Guide\n\nIntro of apples.\n\n## Boats\n\n" + "Boats float well. " * 60)
    (folder / "deep" / "plain.txt").write_text("\n\n".join(sentence(n) * 5 for n in range(12)))
    records = [{"id": f"r{n}", "title": f"Record {n}", "text": sentence(n), "year": 1990 + n} for n in range(50)]
    (folder / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    (folder / "table.csv").write_text("text,lang\n" + "\n".join(f"{sentence(n)},en" for n in range(30)))
    (folder / "empty.txt").write_text("")
    (folder / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    return folder
