from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchkit.errors import TrainingError
from searchkit.training import DataSettings, Head, Kind, Pooling, Precision, RunSettings, TrainingProgress, train
from searchkit.training.recipe import Recipe

torch = pytest.importorskip("torch")
MakeRecipe = Callable[..., Recipe]
ANIMALS = ["cat", "dog", "fox", "cow", "owl", "bee", "ant", "elk", "hen", "rat"]
DEEDS = ["sleeps", "runs", "hides", "eats", "sings", "flies", "digs", "jumps", "swims", "waits"]


class KilledError(Exception):
    """Stands for the end of the process."""


def losses_of(recipe: Recipe, out: Path, **options: Any) -> list[float]:
    seen: list[TrainingProgress] = []
    train(recipe, out, progress=seen.append, **options)
    return [progress.loss for progress in seen]


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    weights: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return weights


def test_ten_sentences_are_overfitted(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    lines = ["text_a,text_b", *(f"the {a} now,one {b} today" for a, b in zip(ANIMALS, DEEDS, strict=True))]
    (tmp_path / "ten.csv").write_text("\n".join(lines))
    data = DataSettings(path=tmp_path / "ten.csv", kind=Kind.PAIRS)
    recipe = make_recipe(data, steps=60, batch_size=10, learning_rate=5e-3, dropout=0.0)
    report = train(recipe, tmp_path / "out")
    assert report.first_loss > 1.0
    assert report.last_loss < 0.05
    assert report.sentences == 60 * 20


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cached_gradients": True, "accumulate": 2, "average_with_start": 0.3, "mlm_weight": 0.1},
        {"precision": Precision.FP16, "head": Head.TRAIN_ONLY, "matryoshka_dims": (32, 8)},
    ],
)
def test_resumed_run_equals_the_uninterrupted_one_to_the_bit(
    make_recipe: MakeRecipe, tmp_path: Path, triplet_file: Path, text_file: Path, settings: dict[str, Any]
) -> None:
    data = (
        DataSettings(path=text_file, kind=Kind.UNSUP),
        DataSettings(path=triplet_file, kind=Kind.TRIPLETS, weight=2.0),
    )
    recipe = make_recipe(*data, steps=12, save_every=5, evaluate_every=3, warmup=0.2, **settings)
    losses: list[float] = []

    def kill_at_8(progress: TrainingProgress) -> None:
        if progress.step > 5:
            losses.pop() if progress.step == 8 else None
        if progress.step == 8:
            raise KilledError
        losses.append(progress.loss)

    def score(encoder: Any) -> float:
        return float(encoder.encode_queries(["the cat sleeps now"])[0, 0])

    expected = losses_of(recipe, tmp_path / "whole", evaluate=score)
    with pytest.raises(KilledError):
        train(recipe, tmp_path / "killed", evaluate=score, progress=kill_at_8)
    resumed: list[TrainingProgress] = []
    report = train(recipe, tmp_path / "killed", evaluate=score, progress=resumed.append, resume=True)
    assert [progress.step for progress in resumed] == list(range(6, 13))
    assert [progress.loss for progress in resumed] == expected[5:]
    assert [dev.step for dev in report.scores] == [3, 6, 9, 12]
    whole, again = weights_of(tmp_path / "whole"), weights_of(tmp_path / "killed")
    assert all(torch.equal(weight, again[name]) for name, weight in whole.items())
    logs = [(tmp_path / f"{name}.run" / "log.jsonl").read_text().splitlines() for name in ("whole", "killed")]
    told = [[json.loads(line) for line in log] for log in logs]
    for line in [*told[0], *told[1]]:
        line.pop("sentences_per_s", None)
    assert told[0] == told[1]


def test_seed_repeats_a_run(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    first, again, other = (
        losses_of(make_recipe(steps=3, seed=seed), tmp_path / f"out{n}") for n, seed in enumerate((1, 1, 2))
    )
    assert first == again != other


def test_loss_that_is_not_a_number_stops_with_the_step(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(steps=50, learning_rate=1e30, clip=1e30)
    with pytest.raises(TrainingError, match=r"the loss is nan at step \d+ \(source sentences\)"):
        train(recipe, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_dev_score_that_is_not_a_number_stops(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="gave nan at step 4"):
        train(make_recipe(), tmp_path / "out", evaluate=lambda _: float("nan"))


def test_weights_of_the_best_dev_score_are_kept(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    vectors: list[np.ndarray[Any, Any]] = []
    scores = iter([0.1, 0.9, 0.5])

    def evaluate(encoder: Any) -> float:
        vectors.append(encoder.encode_passages(["the fox hides now"]))
        return next(scores)

    report = train(make_recipe(steps=6, evaluate_every=2), tmp_path / "out", evaluate=evaluate)
    assert report.best is not None
    assert (report.best.step, report.best.score) == (4, 0.9)
    assert [dev.score for dev in report.scores] == [0.1, 0.9, 0.5]
    kept = encode_with_transformers(tmp_path / "out", ["the fox hides now"])
    np.testing.assert_allclose(kept, vectors[1], atol=1e-5)
    assert np.abs(kept - vectors[2]).max() > 1e-3


def test_progress_tells_step_source_speed_and_scores(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    seen: list[TrainingProgress] = []
    recipe = make_recipe(steps=4, evaluate_every=2, warmup=0.5)
    train(recipe, tmp_path / "out", evaluate=lambda _: 0.5, progress=seen.append)
    assert [(p.step, p.steps, p.source, p.sentences) for p in seen] == [(n, 4, "sentences", 16) for n in (1, 2, 3, 4)]
    assert [p.learning_rate for p in seen] == pytest.approx([5e-4, 1e-3, 1e-3, 5e-4])
    assert [p.dev_score for p in seen] == [None, 0.5, 0.5, 0.5]
    assert all(p.sentences_per_s > 0 for p in seen)
    assert seen[-1].seconds_left == 0


def test_log_has_a_line_a_step_and_a_dev_score(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    train(make_recipe(steps=2), tmp_path / "out", evaluate=lambda _: 0.5)
    lines = [json.loads(line) for line in (tmp_path / "out.run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 2]
    assert {"loss", "lr", "sentences_per_s", "source"} <= lines[0].keys()
    assert lines[2] == {"step": 2, "dev_score": 0.5}


def test_averaging_with_the_start_lies_between_start_and_end(
    make_recipe: MakeRecipe, tiny_bert: Path, tmp_path: Path
) -> None:
    for share in (0.0, 0.25, 1.0):
        train(make_recipe(average_with_start=share), tmp_path / str(share))
    first, last, mixed, all_start = map(weights_of, (tiny_bert, tmp_path / "0.0", tmp_path / "0.25", tmp_path / "1.0"))
    name = "embeddings.LayerNorm.weight"
    assert not torch.equal(first[name], last[name])
    torch.testing.assert_close(mixed[name], 0.25 * first[name] + 0.75 * last[name])
    assert torch.equal(all_start[name], first[name])


def test_occupied_place_and_unfinished_run_are_refused(
    make_recipe: MakeRecipe, tmp_path: Path, text_file: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(TrainingError, match="full exists already"):
        train(make_recipe(), tmp_path / "full")

    def kill(_: TrainingProgress) -> None:
        raise KilledError

    recipe = make_recipe(save_every=1)
    with pytest.raises(KilledError):
        train(recipe, tmp_path / "out", progress=kill)
    with pytest.raises(TrainingError, match="state of an unfinished run"):
        train(recipe, tmp_path / "out")
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        train(Recipe(replace(recipe.run, seed=7), recipe.data), tmp_path / "out", resume=True)
    text_file.write_text(text_file.read_text() + "one more now .\n")
    with pytest.raises(TrainingError, match="or other data"):
        train(recipe, tmp_path / "out", resume=True)
    state = tmp_path / "out.run" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="is damaged"):
        train(recipe, tmp_path / "out", resume=True)


def test_state_of_another_start_of_the_same_name_is_refused(
    make_recipe: MakeRecipe, tiny_bert: Path, tmp_path: Path
) -> None:
    from safetensors.torch import save_file

    folders = [Path(shutil.copytree(tiny_bert, tmp_path / place / "start")) for place in "ab"]
    weights = {name: weight * 1.5 for name, weight in weights_of(folders[1]).items()}
    save_file(weights, folders[1] / "model.safetensors", metadata={"format": "pt"})
    recipe = make_recipe(save_every=1)
    first, other = (Recipe(replace(recipe.run, base=str(folder)), recipe.data) for folder in folders)

    def kill(_: TrainingProgress) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        train(first, tmp_path / "out", progress=kill)
    with pytest.raises(TrainingError, match="belongs to another recipe, start or other data"):
        train(other, tmp_path / "out", resume=True)
    assert train(first, tmp_path / "out", resume=True).steps == 4


def test_best_weights_that_the_state_knows_outlive_better_ones_that_were_lost(
    make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    """A resumed run need not find again what was found after its state: a GPU rounds otherwise each time."""
    vectors: list[np.ndarray[Any, Any]] = []
    scores = iter([0.5, 0.9, 0.1, 0.2])  # at 2 and 4; then, from the state of step 3 on, at 4 and 6

    def evaluate(encoder: Any) -> float:
        vectors.append(encoder.encode_passages(["the fox hides now"]))
        return next(scores)

    def kill_at_5(progress: TrainingProgress) -> None:
        if progress.step == 5:
            raise KilledError

    recipe = make_recipe(steps=6, evaluate_every=2, save_every=3)
    with pytest.raises(KilledError):
        train(recipe, tmp_path / "out", evaluate=evaluate, progress=kill_at_5)
    report = train(recipe, tmp_path / "out", evaluate=evaluate, resume=True)
    assert report.best is not None
    assert (report.best.step, report.best.score) == (2, 0.5)
    kept = encode_with_transformers(tmp_path / "out", ["the fox hides now"])
    np.testing.assert_allclose(kept, vectors[0], atol=1e-5)
    assert np.abs(kept - vectors[1]).max() > 1e-3


def test_only_the_weights_that_may_be_needed_are_kept(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    seen: list[set[str]] = []

    def look(_: TrainingProgress) -> None:
        seen.append({path.name for path in (tmp_path / "out.run").glob("best-*")})

    scores = iter([0.1, 0.2, 0.3, 0.4])
    recipe = make_recipe(steps=4, evaluate_every=1, save_every=2)
    train(recipe, tmp_path / "out", evaluate=lambda _: next(scores), progress=look)
    one, two, three, four = (f"best-{step}.safetensors" for step in (1, 2, 3, 4))
    assert seen == [{one}, {two}, {two, three}, {four}]


def test_log_is_synced_before_the_state_that_counts_on_it(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from searchkit.training import loop

    told: list[str] = []
    monkeypatch.setattr(loop.Journal, "sync", lambda _: told.append("log"))
    monkeypatch.setattr(loop, "save_state", lambda *_: told.append("state"))
    train(make_recipe(steps=2, save_every=1), tmp_path / "out")
    assert told == ["log", "state"] * 2


def test_run_without_a_state_begins_when_resumed(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    assert len(losses_of(make_recipe(steps=2), tmp_path / "out", resume=True)) == 2


def test_nothing_of_the_run_but_its_log_is_left_when_done(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    train(make_recipe(save_every=1), tmp_path / "out", evaluate=lambda _: 1.0)
    assert [path.name for path in (tmp_path / "out.run").iterdir()] == ["log.jsonl"]
    assert not list(tmp_path.glob("*.partial"))


def test_same_mask_collapses_what_two_masks_keep_aligned(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    """Figure 2 of the paper: with one mask nothing holds the views of a text together while others push it away."""
    from searchkit.training.model import load_start
    from searchkit.training.passes import cut_passes

    def spread_of_views(folder: Path) -> float:
        """Mean squared distance of two views of a text under dropout."""
        start = load_start(RunSettings(base=str(folder), max_tokens=32))
        texts = [f"the {a} {d} now" for a, d in zip(ANIMALS, DEEDS, strict=True)] * 4
        passes = cut_passes(start.tokenizer, texts, max_tokens=32, tokens_per_pass=4096, pad_id=0)
        torch.manual_seed(0)
        views = [torch.nn.functional.normalize(start.model.train()(passes)[0], dim=1) for _ in range(2)]
        return float((views[0] - views[1]).detach().square().sum(1).mean())

    for same in (False, True):
        recipe = make_recipe(same_mask=same, steps=40, batch_size=32, learning_rate=3e-3, pooling=Pooling.AVG)
        train(recipe, tmp_path / str(same))
    assert spread_of_views(tmp_path / "True") > 1.2 * spread_of_views(tmp_path / "False")


def encode_with_transformers(folder: Path, texts: list[str]) -> np.ndarray[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    weights = batch["attention_mask"][:, :, None].float()
    rows = torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1), dim=1)
    vectors: np.ndarray[Any, Any] = rows.numpy()
    return vectors
