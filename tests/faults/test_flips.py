"""Bits that flip and files that lose their end: told by verify, never answered from, mended as far as can be."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damage import flip, settle
from word_encoder import WordEncoder
from workload import QUERIES
from zygote import EXPECTED_ERROR, Zygote

from searchkit import SearchEngine

WORDS = ("apples", "boats", "clocks", "dogs", "elms", "foxes", "gates", "hills")
DELETED = ["doc-3", "doc-4"]  # by one of the last commits: they are back where that is lost, and told
FILTERED = [place for place, query in enumerate(QUERIES) if "where" in query or query["mode"] == "lexical"]


@pytest.fixture(params=["settled", "with a log"])
def whole(request: pytest.FixtureRequest, place: Path) -> Path:
    """An index with files and documents, some deleted, some in the tail; once with commits that are only in its log."""
    draw = random.Random(5)
    index = place / "whole"
    (place / "files").mkdir()
    for number in range(8):
        (place / "files" / f"{number}.md").write_text(f"# Page {number}\n\n{_text(draw, number)}\n\n## More\n\nboats\n")
    with SearchEngine.open_or_create(index, encoder=WordEncoder()) as engine:
        engine.index_paths([place / "files"])
        engine.add([_document(draw, number) for number in range(60)])
        engine.rebuild()
    if request.param == "settled":
        _change(index, draw)
        settle(index)
    else:
        settle(index)
        with SearchEngine.open(index, encoder=WordEncoder()) as reader, reader._looking():  # keeps the log
            _change(index, draw)
            shutil.copytree(index, place / "copy")
        shutil.rmtree(index)
        (place / "copy").replace(index)
    for leftover in index.glob("*-shm"):
        leftover.unlink()
    return index


def _change(index: Path, draw: random.Random) -> None:
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        engine.delete(DELETED)
        engine.add([_document(draw, number) for number in range(60, 70)])


def _document(draw: random.Random, number: int) -> dict[str, Any]:
    fields = {"lang": draw.choice(["en", "de"]), "year": 2000 + number % 20}
    return {"id": f"doc-{number}", "text": _text(draw, number), "title": f"Note {number}", **fields}


def _text(draw: random.Random, number: int) -> str:
    return f"{' '.join(draw.choices(WORDS, k=12))} number{number}"


def test_damage_is_told_never_answered_from_and_mended(
    zygote: Zygote, whole: Path, place: Path, is_long: bool, seed: int, tell_figures: Callable[[str, str], None]
) -> None:
    draw = random.Random(seed)
    files = sorted(file.name for file in whole.iterdir() if file.stat().st_size)
    index = place / "index"
    shutil.copytree(whole, index)
    before = _all(zygote.run("look", index=str(index)).acknowledged)
    assert before["is_clean"]
    rounds = 500 if is_long else 4
    counts = dict.fromkeys(["told", "harmless", "whole again", "lost", "filter"], 0)
    for _ in range(rounds):
        shutil.rmtree(index)
        shutil.copytree(whole, index)
        file = index / draw.choice([*files, "searchkit.db"])
        if draw.random() < 0.85:
            what = f"bit {(bit := draw.randrange(8 * file.stat().st_size))} of {file.name}"
            flip(file, bit)
        else:
            what = f"the first {(left := draw.randrange(file.stat().st_size))} bytes of {file.name}"
            file.write_bytes(file.read_bytes()[:left])
        ended = zygote.run("look", index=str(index))
        assert ended.status == 0, f"{what}: ended with {ended.status}"
        _judge(what, before, _all(ended.acknowledged), counts)
        mended = zygote.run("mend", index=str(index))
        assert mended.status in (0, EXPECTED_ERROR), f"{what}: repair ended with {mended.status}"
        assert mended.status == 0, what
        _judge_mended(what, before, _all(mended.acknowledged), counts)
    tell_figures(
        f"{rounds} bits flipped or ends cut off, in each file of an index ({', '.join(files)})",
        f"{counts['told']} told by verify --deep, {counts['harmless']} harmless (every row and answer the same); 0 "
        f"crashes; 0 wrong answers by meaning, {counts['filter']} by words or filters, which verify tells alone; after "
        f"repair {counts['whole again']} whole, {counts['lost']} with losses, each told",
    )


def _all(notes: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: value for note in notes for key, value in note.items()}


def _judge(what: str, before: dict[str, Any], now: dict[str, Any], counts: dict[str, int]) -> None:
    for place, (right, answer) in enumerate(zip(before["answers"], now["answers"], strict=True)):
        if isinstance(answer, str) or answer == right:
            continue
        assert place in FILTERED, f"{what}: a wrong answer to {QUERIES[place]}: {answer}"
        assert not now["is_clean"], f"{what}: a wrong answer to {QUERIES[place]}, and verify says nothing"
        counts["filter"] += 1
    if now["is_clean"]:
        assert now["answers"] == before["answers"], what
        assert now["documents"] == before["documents"], what
    counts["harmless" if now["is_clean"] else "told"] += 1


def _judge_mended(what: str, before: dict[str, Any], now: dict[str, Any], counts: dict[str, int]) -> None:
    assert now["is_clean"], f"{what}: after repair {now['found']}"
    there, lost = now["documents"], set(now["lost"])
    if not now["lost_commits"]:
        missing = before["documents"].keys() - there.keys() - lost
        assert not missing or "" in lost, f"{what}: gone without a word: {missing}"
    known = before["documents"] | {name: there.get(name) for name in DELETED if now["lost_commits"]}
    for name, text in there.items():
        assert name in known or name in lost, f"{what}: {name} was not there"
        assert name in lost or known[name] == text, f"{what}: {name} is another"
    if not lost and not now["lost_commits"]:
        assert now["answers"] == before["answers"], what
    counts["lost" if lost or now["lost_commits"] else "whole again"] += 1
