"""A power cut at every moment of what writes: nothing that was acknowledged depends on a write that was not synced."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tracing
from lost_power import Disk, replayable
from word_encoder import WordEncoder
from zygote import Zygote

from searchkit import SearchEngine
from searchkit.search import verify_index

pytestmark = pytest.mark.skipif(not tracing.is_possible(), reason="needs strace, and the right to use it")


def test_what_was_acknowledged_survives_a_power_cut(
    zygote: Zygote, place: Path, is_long: bool, seed: int, tell_figures: Callable[[str, str], None]
) -> None:
    draw = random.Random(seed)
    root = place / "disk"
    root.mkdir()
    documents = {f"doc-{i % 10}": f"apples number{i}" for i in range(24)}
    task = zygote.start("a_life", stopped=True, index=str(root / "index"), documents=documents)
    ended, calls = tracing.recorded(task, place / "trace")
    assert ended.status == 0
    notes = str(task.notes)
    disk, acknowledged, cuts, states = Disk(str(root)), 0, 0, 0
    share = 1.0 if is_long else 0.015
    for call in (call for call in calls if replayable([call], str(root)) or notes in call.paths):
        if call.name == "write" and notes in call.paths:
            acknowledged += 1
        elif disk.apply(call) and draw.random() < share:
            cuts += 1
            for keep_names in (False, True):
                for writes in (None, draw):
                    states += 1
                    left = disk.after_a_cut(keep_names=keep_names, draw=writes)
                    _check(place / "left", left, ended.acknowledged[:acknowledged], ended.acknowledged)
    assert acknowledged == len(ended.acknowledged)
    tell_figures(
        f"power cut after each of {cuts} calls that change files (a new index, additions, removals, a compaction, "
        f"another encoder, a repair), un-synced names and writes dropped, or some of them kept: {states} states",
        "0 acknowledged documents lost, 0 phantoms, verify --deep clean",
    )
    assert cuts > 5


def _check(place: Path, files: dict[str, bytes], done: list[dict[str, str]], all_of_it: list[dict[str, str]]) -> None:
    """What is left holds the last acknowledged state, or the one that was under way."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    allowed = all_of_it[max(0, len(done) - 1) : len(done) + 1] if done else [{}, *all_of_it[:1]]
    if not (place / "index" / "searchkit.db").exists():
        assert not done
        return
    found: dict[str, str] = {}
    with SearchEngine.open_or_create(place / "index", encoder=WordEncoder()) as engine:
        engine.delete(["nothing"])  # a writer, which also begins what was never begun
        fingerprint = engine.status().encoder_fingerprint
        found = {chunk.doc_id: chunk.text for chunk in engine.iter_chunks()}
    assert found in allowed, (found, allowed)
    encoder = WordEncoder("" if fingerprint == WordEncoder().fingerprint else "other")
    report = verify_index(place / "index", deep=True, encoder=encoder)
    assert report.is_clean, [problem for check in report.checks for problem in check.problems]
