"""A writer and many readers, writers that race: every answer is of one commit, and nobody errs or waits in vain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from word_encoder import WordEncoder
from workload import GROUP
from zygote import Zygote

from searchkit import SearchEngine
from searchkit.search import verify_index


def test_readers_beside_a_writer_see_one_commit_each(
    zygote: Zygote, place: Path, is_long: bool, tell_figures: Callable[[str, str], None]
) -> None:
    index = str(place / "index")
    rounds, count = (200, 8) if is_long else (8, 3)
    assert zygote.run("keep_writing", index=index, rounds=1).status == 0
    tasks = [zygote.start("keep_reading", index=index, rounds=rounds) for _ in range(count)]
    writer = zygote.run("keep_writing", index=index, rounds=rounds)
    readers = [task.wait() for task in tasks]
    assert [ended.status for ended in (writer, *readers)] == [0] * (count + 1)
    answers = sum(ended.acknowledged[0][0] for ended in readers)
    assert max(ended.acknowledged[0][1] for ended in readers) > 1  # they saw the index change
    assert verify_index(index, deep=True, encoder=WordEncoder()).is_clean
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        assert {chunk.text.split()[1] for chunk in engine.iter_chunks()} == {f"number{rounds}"}
        assert engine.status().documents == GROUP
    tell_figures(
        f"1 writer ({rounds} rounds, compacting and rebuilding) and {count} readers ({answers:,} answers)",
        "0 errors; each answer of one commit, none older than the one before",
    )


def test_writers_that_race_lose_nothing(
    zygote: Zygote, place: Path, is_long: bool, tell_figures: Callable[[str, str], None]
) -> None:
    index, count = str(place / "index"), 30 if is_long else 2
    for number in range(count):
        parts = [{f"doc-{number}-{side}-{i}": f"apples {side}{i}" for i in range(8)} for side in "abc"]
        tasks = [zygote.start("add", index=index, documents=part) for part in parts]
        assert [task.wait().status for task in tasks] == [0, 0, 0]  # each waits for the others
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        assert engine.status().documents == 24 * count
    assert verify_index(index, deep=True, encoder=WordEncoder()).is_clean
    tell_figures(f"3 writers at once, {count} times, each waiting for the others", "0 errors, all documents there")
