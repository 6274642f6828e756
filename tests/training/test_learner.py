from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from searchkit.training import DataSettings, Kind, Loss, Recipe, RunSettings, read_source
from searchkit.training.mixture import Batch, Mixture

torch = pytest.importorskip("torch")


@pytest.fixture
def lesson(tiny_bert: Path) -> Callable[..., tuple[float, dict[str, torch.Tensor]]]:
    """Learn one batch under a fixed seed and give back loss and gradients."""
    from searchkit.training.learner import Learner
    from searchkit.training.model import load_start, trained_weights
    from searchkit.training.world import World

    def learn(batch: Batch, **settings: Any) -> tuple[float, dict[str, torch.Tensor]]:
        defaults = {"max_tokens": 32, "tokens_per_pass": 256, "device": "cpu"}
        run = RunSettings(base=str(tiny_bert), **{**defaults, **settings})
        torch.manual_seed(1)
        start = load_start(run)
        start.model.train()
        learner = Learner(start, run, World(0, 1, torch.device("cpu")))
        torch.manual_seed(2)
        loss = learner.learn(batch).loss
        return loss, {name: weight.grad.clone() for name, weight in trained_weights(start.model).items()}

    return learn


def batch_of(path: Path, kind: Kind, size: int = 40, **settings: Any) -> Batch:
    source = read_source(DataSettings(path=path, kind=kind, **settings), seed=0)
    return Mixture([source], batch_size=size, seed=0).batch(0)


def assert_same(left: tuple[float, Any], right: tuple[float, Any], tolerance: float) -> None:
    assert left[0] == pytest.approx(right[0], abs=tolerance)
    assert left[1].keys() == right[1].keys()
    for name, gradient in left[1].items():
        torch.testing.assert_close(gradient, right[1][name], atol=tolerance, rtol=1e-4, msg=name)


@pytest.mark.parametrize("loss", list(Loss))
def test_cached_gradients_equal_plain_ones_with_dropout(lesson: Any, triplet_file: Path, loss: Loss) -> None:
    batch = batch_of(triplet_file, Kind.TRIPLETS, size=8, loss=loss)
    plain = lesson(batch)
    assert max(gradient.abs().max().item() for gradient in plain[1].values()) > 1e-3
    assert_same(plain, lesson(batch, cached_gradients=True), 1e-5)


def test_cached_gradients_equal_plain_ones_for_texts_seen_twice(lesson: Any, text_file: Path) -> None:
    batch = batch_of(text_file, Kind.UNSUP)
    assert_same(lesson(batch), lesson(batch, cached_gradients=True), 1e-5)


def test_cached_gradients_carry_the_language_loss_along(lesson: Any, text_file: Path) -> None:
    batch = batch_of(text_file, Kind.UNSUP)
    settings = {"mlm_weight": 0.5, "dropout": 0.0}  # without dropout the order of the draws does not matter
    plain, cached = lesson(batch, **settings), lesson(batch, **settings, cached_gradients=True)
    assert_same(plain, cached, 1e-5)
    assert plain[0] > lesson(batch, dropout=0.0)[0] + 1.0  # ln(80) / 2 is about 2.2
    assert plain[1]["language_head.bias"].abs().max() > 0


def test_size_of_a_pass_changes_neither_loss_nor_gradient(lesson: Any, text_file: Path) -> None:
    batch = batch_of(text_file, Kind.UNSUP)
    assert_same(lesson(batch, dropout=0.0, tokens_per_pass=64), lesson(batch, dropout=0.0, tokens_per_pass=4096), 1e-5)


def test_bf16_is_near_fp32(lesson: Any, text_file: Path) -> None:
    from searchkit.training import Precision

    batch = batch_of(text_file, Kind.UNSUP)
    exact, rough = lesson(batch, dropout=0.0), lesson(batch, dropout=0.0, precision=Precision.BF16)
    assert exact[0] == pytest.approx(rough[0], rel=0.05)
    assert exact[0] != rough[0]


def test_two_dropout_masks_make_the_unsupervised_loss_positive(lesson: Any, text_file: Path) -> None:
    """Two views differ with dropout; with one mask, or without dropout, the positive's cosine is exactly 1."""
    batch = batch_of(text_file, Kind.UNSUP, size=8)
    same = lesson(batch, same_mask=True)
    assert same[0] < lesson(batch)[0]


def test_a_source_may_have_its_own_dropout(lesson: Any, text_file: Path) -> None:
    """A batch of it is learnt as in a run with this dropout, and the next one as ever."""
    plain = batch_of(text_file, Kind.UNSUP, size=8)
    own = replace(plain, settings=replace(plain.settings, dropout=0.4))
    assert_same(lesson(own), lesson(plain, dropout=0.4), 0.0)
    assert lesson(plain)[0] < lesson(own)[0]


def test_same_mask_means_alignment_zero(tiny_bert: Path, text_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from searchkit.training import learner
    from searchkit.training.contrast import column_count

    seen: dict[bool, float] = {}
    original = learner.batch_loss

    def watch(batch: Batch, embeddings: torch.Tensor, run: RunSettings, *_: Any) -> torch.Tensor:
        views = torch.nn.functional.normalize(embeddings.detach(), dim=1).chunk(column_count(batch, run))
        seen[run.same_mask] = (views[0] - views[-1]).square().sum(1).mean().item()  # l_align of Wang and Isola
        return original(batch, embeddings, run)

    monkeypatch.setattr(learner, "batch_loss", watch)
    from searchkit.training.learner import Learner
    from searchkit.training.model import load_start
    from searchkit.training.world import World

    run = RunSettings(base=str(tiny_bert), max_tokens=32)
    for same in (True, False):
        start = load_start(replace(run, same_mask=same))
        start.model.train()
        Learner(start, replace(run, same_mask=same), World(0, 1, torch.device("cpu"))).learn(
            batch_of(text_file, Kind.UNSUP)
        )
    assert seen[True] == 0
    assert seen[False] > 1e-3


def test_accumulated_batches_average_their_gradients(tiny_bert: Path, text_file: Path, lesson: Any) -> None:
    from searchkit.training.learner import Learner
    from searchkit.training.model import load_start, trained_weights
    from searchkit.training.world import World

    source = read_source(DataSettings(path=text_file, kind=Kind.UNSUP), seed=0)
    first, second = (Mixture([source], batch_size=20, seed=seed).batch(0) for seed in (1, 2))
    run = RunSettings(base=str(tiny_bert), max_tokens=32, dropout=0.0, accumulate=2)
    start = load_start(run)
    learner = Learner(start, run, World(0, 1, torch.device("cpu")))
    learner.learn(first, is_last=False)
    learner.learn(second)
    alone = [lesson(batch, dropout=0.0)[1] for batch in (first, second)]
    for name, weight in trained_weights(start.model).items():
        torch.testing.assert_close(weight.grad, (alone[0][name] + alone[1][name]) / 2, atol=1e-5, rtol=1e-4)


def test_prompts_of_the_start_stand_before_queries_and_passages(tiny_bert: Path) -> None:
    from searchkit.encoder import read_checkpoint
    from searchkit.training.contrast import texts_of

    checkpoint = replace(read_checkpoint(tiny_bert), query_prompt="q: ", passage_prompt="p: ", lower_case=True)
    run = Recipe.simple("x", unsup=[Path("a.txt")]).run
    pairs = Batch(DataSettings(path=Path("a"), kind=Kind.PAIRS), (("Who",), ("He",)), ())
    unsup = Batch(DataSettings(path=Path("a"), kind=Kind.UNSUP), (("One",),), ())
    assert texts_of(pairs, run, checkpoint) == ["q: who", "p: he"]
    assert texts_of(unsup, run, checkpoint) == ["p: one", "p: one"]
    assert texts_of(unsup, replace(run, same_mask=True), checkpoint) == ["p: one"]
