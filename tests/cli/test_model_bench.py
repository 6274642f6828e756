from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from searchkit.cli.bench_texts import passages_of
from searchkit.encoder import RuntimeSpeed, SpeedReport
from searchkit.errors import InputError

Run = Callable[..., Any]
REPORT = SpeedReport(
    name="tiny",
    passages=240,
    tokens=12_000,
    queries=40,
    threads=2,
    reference="torch-cpu-fp32",
    runtimes=(
        RuntimeSpeed("torch-cpu-fp32", 3000.0, 20.0, 1.0, 1.0, True),
        RuntimeSpeed("onnx-cpu-int8", 9000.4, 4.25, 0.97, 0.9912, False),
    ),
    absent=("fp16 graph: no disk",),
)


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.encoder.measure_speed", lambda *_, **__: REPORT)


def test_a_row_for_each_way_and_what_was_not_measured(run: Run) -> None:
    outcome = run("model", "bench")
    assert "onnx-cpu-int8\t9,000\t4.2 ms\t0.970\t0.9912\tno" in outcome.out
    assert "not measured: fp16 graph: no disk" in outcome.err


def test_json_has_the_figures_unrounded(run: Run) -> None:
    assert json.loads(run("model", "bench", "--json").out)["runtimes"][1]["tokens_s"] == 9000.4


def test_our_own_passages_differ_and_are_of_mixed_lengths() -> None:
    passages = passages_of(None)
    assert len(set(passages)) == len(passages) == 240
    assert max(map(len, passages)) > 10 * min(map(len, passages))


def test_passages_are_the_lines_of_a_file_that_hold_something(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("one\n\n  two \n", encoding="utf-8")
    assert passages_of(file) == ["one", "two"]
    file.write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match=r"texts.txt is no UTF-8 text \(byte 3\)"):
        passages_of(file)
    with pytest.raises(InputError, match="cannot be read"):
        passages_of(tmp_path)


def test_a_folder_of_models_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    outcome = run("model", "list", str(tmp_path / "nowhere"))
    assert (outcome.code, outcome.out) == (2, "")
    assert "nowhere is no folder" in outcome.err
