from __future__ import annotations

import json
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from searchkit.errors import TrainingError
from searchkit.training import DevScore, TrainingProgress
from searchkit.training.journal import Journal


def step(number: int, loss: float) -> TrainingProgress:
    return TrainingProgress(number, 9, loss, 1e-3, 50.0, 16, "texts", 1.0)


def test_log_cut_back_to_a_saved_length_forgets_what_came_after(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.step(step(1, 2.0))
    journal.dev(DevScore(1, 0.5))
    saved = journal.length
    journal.step(step(2, 1.0))
    journal.dev(DevScore(2, 0.9))
    journal.close()
    again = Journal(tmp_path, length=saved)
    assert (again.losses, again.scores, again.sentences) == ([2.0], [DevScore(1, 0.5)], 16)
    again.step(step(2, 0.125))
    again.close()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line.get("loss") for line in lines] == [2.0, None, 0.125]


def test_log_shorter_than_the_state_says_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("{}\n")
    with pytest.raises(TrainingError, match=r"log\.jsonl has 3 bytes, expected at least 50"):
        Journal(tmp_path, length=50)


@pytest.mark.parametrize("content", ["{}\n", "[1]\n", "torn\n"])
def test_log_with_other_lines_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "log.jsonl").write_text(content)
    with pytest.raises(TrainingError, match=r"log\.jsonl is damaged"):
        Journal(tmp_path, length=len(content))


def test_log_is_on_the_disk_when_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    journal = Journal(tmp_path)
    journal.step(step(1, 2.0))
    assert synced == []
    journal.sync()
    assert synced == [(tmp_path / "log.jsonl").stat().st_ino]
    journal.close()
    Journal(None).sync()  # nothing to sync where nothing is written


def test_best_is_the_earliest_of_equals() -> None:
    journal = Journal(None)
    for number, score in enumerate([0.1, 0.7, 0.7, 0.2]):
        journal.dev(DevScore(number, score))
    assert journal.best == DevScore(1, 0.7)
    assert Journal(None).best is None


def test_tensorboard_gets_the_same_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: set[tuple[str, float, int]] = set()

    class SummaryWriter:
        def __init__(self, folder: str) -> None:
            assert folder == str(tmp_path / "tensorboard")

        def add_scalar(self, name: str, value: float, number: int) -> None:
            noted.add((name, value, number))

        def close(self) -> None:
            noted.add(("closed", 0, 0))

    module: Any = types.ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    journal = Journal(tmp_path, tensorboard=True)
    journal.step(step(3, 2.0))
    journal.dev(DevScore(3, 0.5))
    journal.close()
    assert noted == {
        *(("loss", 2.0, 3), ("lr", 1e-3, 3), ("sentences_per_s", 50.0, 3), ("dev_score", 0.5, 3), ("closed", 0, 0))
    }


def test_tensorboard_that_is_not_installed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(TrainingError, match="tensorboard is set, but it is not installed"):
        Journal(tmp_path, tensorboard=True)
