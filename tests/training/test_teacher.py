from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchkit.encoder import load_encoder
from searchkit.errors import TrainingError
from searchkit.training import DataSettings, Kind, Recipe, RunSettings, train

torch = pytest.importorskip("torch")
MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def texts(text_file: Path) -> DataSettings:
    return DataSettings(path=text_file, kind=Kind.DISTIL)


@pytest.fixture
def deep_bert(tiny_bert: Path, tmp_path: Path) -> Path:
    """The tiny BERT, but its layers do much: untrained ones hardly change what comes to them."""
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_bert, tmp_path / "deep-bert")
    weights = load_file(folder / "model.safetensors")
    larger = {
        name: weight * 8 if ".layer." in name and weight.ndim == 2 else weight for name, weight in weights.items()
    }
    save_file(larger, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def nearness(folder: Path, teacher: Path, sentences: list[str]) -> float:
    """The mean cosine of what two checkpoints give the same sentences."""
    rows = [load_encoder(each, runtime="torch", device="cpu").encode_passages(sentences) for each in (folder, teacher)]
    return float(np.mean(np.sum(rows[0] * rows[1], axis=1)))


def test_fewer_layers_learn_to_give_the_embeddings_of_all(
    make_recipe: MakeRecipe, texts: DataSettings, deep_bert: Path, tmp_path: Path, sentences: list[str]
) -> None:
    recipe = make_recipe(texts, keep_layers=(0,), dropout=0.0, batch_size=32, learning_rate=3e-3, steps=80)
    recipe = replace(recipe, run=replace(recipe.run, base=str(deep_bert)))
    untaught = replace(recipe, run=replace(recipe.run, learning_rate=1e-12, steps=1))
    before, after = train(untaught, tmp_path / "untaught"), train(recipe, tmp_path / "student")
    assert nearness(after.out, deep_bert, sentences) > 0.95 > 0.9 > nearness(before.out, deep_bert, sentences)
    assert before.first_loss == pytest.approx(2 - 2 * nearness(before.out, deep_bert, sentences), abs=0.1)
    assert after.last_loss < before.first_loss / 4


def test_the_start_itself_has_nothing_to_learn(make_recipe: MakeRecipe, texts: DataSettings, tmp_path: Path) -> None:
    report = train(make_recipe(texts, dropout=0.0, steps=1), tmp_path / "out")
    assert report.first_loss == pytest.approx(0, abs=1e-6)


def test_a_teacher_can_be_another_checkpoint(
    make_recipe: MakeRecipe, texts: DataSettings, text_file: Path, tmp_path: Path, sentences: list[str]
) -> None:
    unsup = DataSettings(path=text_file, kind=Kind.UNSUP)
    teacher = train(make_recipe(unsup, steps=20, learning_rate=5e-3), tmp_path / "teacher").out
    settings = {"teacher": str(teacher), "dropout": 0.0, "batch_size": 32}
    report = train(make_recipe(texts, **settings, steps=60, learning_rate=3e-3), tmp_path / "student")
    assert report.first_loss > 0.1
    assert nearness(report.out, teacher, sentences) > 0.98


def test_what_is_cut_is_cut_for_both(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text("\n".join(f"the {word} house {'and a big tree ' * 9}" for word in ("cat", "dog", "fox", "owl")))
    data = DataSettings(path=long, kind=Kind.DISTIL, max_tokens=8)
    assert train(make_recipe(data, dropout=0.0, steps=1), tmp_path / "out").first_loss == pytest.approx(0, abs=1e-6)


def test_prefixes_are_taught_too(make_recipe: MakeRecipe, texts: DataSettings, tmp_path: Path) -> None:
    settings = {"keep_layers": (1,), "dropout": 0.0, "steps": 1}
    whole = train(make_recipe(texts, **settings), tmp_path / "whole").first_loss
    prefix = train(make_recipe(texts, **settings, matryoshka_dims=(8,)), tmp_path / "prefix").first_loss
    assert prefix != pytest.approx(whole, rel=1e-3)


def test_cached_gradients_teach_the_same(make_recipe: MakeRecipe, texts: DataSettings, tmp_path: Path) -> None:
    settings = {"keep_layers": (0,), "dropout": 0.0, "steps": 4, "tokens_per_pass": 64}
    plain = train(make_recipe(texts, **settings), tmp_path / "plain")
    cached = train(make_recipe(texts, **settings, cached_gradients=True), tmp_path / "cached")
    assert cached.last_loss == pytest.approx(plain.last_loss, abs=1e-5)


def test_the_checkpoint_has_as_many_layers_as_were_kept(
    make_recipe: MakeRecipe, texts: DataSettings, tmp_path: Path, tiny_bert: Path
) -> None:
    from transformers import AutoModel

    out = train(make_recipe(texts, keep_layers=(1,), learning_rate=1e-12, steps=1), tmp_path / "out").out
    student, start = AutoModel.from_pretrained(out), AutoModel.from_pretrained(tiny_bert)
    assert len(student.encoder.layer) == student.config.num_hidden_layers == 1
    weight: Any = student.encoder.layer[0].output.dense.weight
    torch.testing.assert_close(weight, start.encoder.layer[1].output.dense.weight)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ((0, 2), "keep_layers names layer 2, but the model has the layers 0 to 1"),
        ((1, 0), "keep_layers is .* out of range"),
        ((0, 0), "keep_layers is .* out of range"),
        ((-1,), "keep_layers is .* out of range"),
    ],
)
def test_layers_that_are_not_there_are_refused(
    make_recipe: MakeRecipe, texts: DataSettings, tmp_path: Path, kept: tuple[int, ...], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        train(make_recipe(texts, keep_layers=kept), tmp_path / "out")


def test_layers_that_differ_in_kind_are_not_dropped() -> None:
    from transformers import ModernBertConfig, ModernBertModel

    from searchkit.training.model import keep_layers

    config = ModernBertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, pad_token_id=0)
    with pytest.raises(TrainingError, match="the layers of ModernBertModel differ in kind"):
        keep_layers(ModernBertModel(config), (0, 2))


def test_a_teacher_of_another_length_is_refused(
    make_recipe: MakeRecipe, texts: DataSettings, tmp_path: Path, tiny_bert: Path
) -> None:
    from transformers import BertConfig, BertModel

    wide = tmp_path / "wide"
    shutil.copytree(tiny_bert, wide)
    BertModel(BertConfig(**{**json.loads((wide / "config.json").read_text()), "hidden_size": 64})).save_pretrained(wide)
    with pytest.raises(TrainingError, match="the teacher's embeddings have 64 dimensions, the learner's 32"):
        train(make_recipe(texts, teacher=str(wide)), tmp_path / "out")


def test_another_teacher_is_another_run(
    make_recipe: MakeRecipe, texts: DataSettings, tmp_path: Path, text_file: Path
) -> None:
    """A state is not gone on with once the teacher of the same name has other weights."""
    unsup = DataSettings(path=text_file, kind=Kind.UNSUP)
    teacher = train(make_recipe(unsup, steps=2), tmp_path / "teacher").out

    def stop(progress: Any) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    recipe = make_recipe(texts, teacher=str(teacher), steps=4, save_every=2)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "out", progress=stop)
    from safetensors.torch import load_file, save_file

    weights = load_file(teacher / "model.safetensors")
    save_file({name: weight * 1.01 for name, weight in weights.items()}, teacher / "model.safetensors")
    with pytest.raises(TrainingError, match="another recipe"):
        train(recipe, tmp_path / "out", resume=True)


def test_the_card_tells_of_a_teacher(make_recipe: MakeRecipe, texts: DataSettings, tmp_path: Path) -> None:
    out = train(make_recipe(texts, keep_layers=(0,), steps=1), tmp_path / "out").out
    card = (out / "README.md").read_text()
    assert "by distillation: it learns to give the embeddings of tiny-bert" in card
    assert "| keep layers | 0 |" in card


def test_the_facts_name_no_folder_of_the_teacher(tmp_path: Path) -> None:
    from searchkit.training.recipe import recipe_facts

    (tmp_path / "mine").mkdir()
    run = RunSettings(base="default", teacher=str(tmp_path / "mine"))
    assert recipe_facts(Recipe(run, (DataSettings(Path("a.txt"), Kind.DISTIL),)))["run"]["teacher"] == "mine"
