"""`train` takes its words, makes one call, and shows what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from searchkit.training import TrainingReport

Run = Callable[..., Any]
Calls = list[dict[str, Any]]
REPORT = TrainingReport(Path("new"), 7, 2.0, 1.0, None, (), 70, 2.0, ())


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What the library's ``train`` was called with."""
    seen: Calls = []

    def stand_in(recipe: Any, out: Path, **options: Any) -> Any:
        seen.append({"recipe": recipe, "out": out, **options})
        return replace(REPORT, out=out)

    monkeypatch.setattr("searchkit.training.train", stand_in)
    return seen


def test_files_and_settings_become_a_recipe(run: Run, calls: Calls) -> None:
    outcome = run("train", "--unsup", "a.txt", "--triplets", "b.csv", "--steps", "7", "--lr", "1e-4", "--out", "new")
    assert outcome.code == 0
    (call,) = calls
    assert [(entry.path.name, entry.kind.value) for entry in call["recipe"].data] == [
        ("a.txt", "unsup"),
        ("b.csv", "triplets"),
    ]
    assert (call["recipe"].run.steps, call["recipe"].run.learning_rate) == (7, 1e-4)
    assert call["recipe"].run.base == "default"
    assert "2.000 at first, 1.000 at last" in outcome.out
    assert "searchkit model export new" in outcome.out


def test_of_several_processes_one_speaks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.training.train", lambda *_, **__: replace(REPORT, is_first=False))
    outcome = run("train", "--unsup", "a.txt", "--out", "new")
    assert (outcome.code, outcome.out) == (0, "")


def test_flags_win_over_the_recipe_file(run: Run, calls: Calls, tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text('[run]\nbase = "theirs"\nsteps = 3\nseed = 9\n[[data]]\npath = "a.txt"\nkind = "unsup"\n')
    assert run("train", "--recipe", str(file), "--base", "mine", "--steps", "5", "--out", "new").code == 0
    settings = calls[0]["recipe"].run
    assert (settings.base, settings.steps, settings.seed) == ("mine", 5, 9)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--unsup", "a.txt"], "--out is missing"),
        (["--out", "new"], "names no data"),
        (["--on", "default", "--unsup", "a.txt"], "--on trains on the index alone"),
        (["--unsup", "a.txt", "--out", "new", "--precision", "fp8"], "expected one of auto, fp32, bf16, fp16"),
    ],
)
@pytest.mark.usefixtures("calls")
def test_words_that_do_not_fit_are_told(run: Run, words: list[str], complaint: str) -> None:
    outcome = run("train", *words)
    assert outcome.code == 2
    assert complaint in outcome.err


def test_training_on_an_index_starts_from_its_encoder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from searchkit import SearchEngine
    from searchkit.encoder import bundled_folder

    with SearchEngine.open_or_create(tmp_path / "index") as engine:
        engine.add(["a text"])
    seen: Calls = []

    def stand_in(engine: SearchEngine, base: str, out: Path, **options: Any) -> Any:
        seen.append({"chunks": engine.status().chunks, "base": base, "out": out, **options})
        verdict = SimpleNamespace(comparisons={}, sentence="Not promoted: too few.", promoted=False)
        return SimpleNamespace(checkpoint=out, verdict=verdict, training=None, encoded=0)

    monkeypatch.setattr("searchkit.evaluation.adaptation.adapt", stand_in)
    outcome = run("train", "--on", str(tmp_path / "index"), "--steps", "3", "--seed", "7")
    assert outcome.code == 0, outcome.err
    (call,) = seen
    assert (call["chunks"], call["base"]) == (1, str(bundled_folder()))
    assert call["out"] == tmp_path / "index" / "encoders" / "adapted-7"
    assert (call["run"].steps, call["run"].seed) == (3, 7)
    assert "Not promoted: too few." in outcome.out
    assert "the index is as it was" in outcome.out


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--on", "default", "--dev", "stsb.tsv"], "--on trains on the index alone"),
        (["--on", "default", "--data", "texts"], "--on trains on the index alone"),
        (["--unsup", "a.txt", "--out", "new", "--data", "texts"], "--data goes with --recipe"),
    ],
)
def test_what_would_be_passed_over_is_told(run: Run, words: list[str], complaint: str) -> None:
    outcome = run("train", *words)
    assert outcome.code == 2
    assert complaint in outcome.err


@pytest.mark.usefixtures("calls")
def test_the_next_command_can_be_typed_as_it_stands(run: Run) -> None:
    out = run("train", "--unsup", "a.txt", "--out", "my model").out
    assert "searchkit model export 'my model' 'my model-onnx'" in out
