from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchkit.encoder import load_encoder, read_checkpoint
from searchkit.encoder.pooling import Pooling
from searchkit.training import Head, train
from searchkit.training.recipe import Recipe

torch = pytest.importorskip("torch")
MakeRecipe = Callable[..., Recipe]
Vectors = np.ndarray[Any, Any]


@pytest.fixture
def trained(make_recipe: MakeRecipe, tmp_path: Path, sentences: list[str]) -> Callable[..., tuple[Path, Vectors]]:
    """Train briefly; the folder, and the vectors that the model gave at the end."""

    def run(**settings: Any) -> tuple[Path, Vectors]:
        vectors: list[Vectors] = []

        def evaluate(encoder: Any) -> float:
            vectors.append(encoder.encode_passages(sentences))
            return 1.0

        train(make_recipe(**settings), tmp_path / "trained", evaluate=evaluate)
        return tmp_path / "trained", vectors[-1]

    return run


SHAPES = [
    {},
    {"pooling": Pooling.CLS_BEFORE_POOLER, "head": Head.TRAIN_ONLY},
    {"pooling": Pooling.CLS, "head": Head.KEPT},
    {"pooling": Pooling.AVG, "head": Head.KEPT},
    {"pooling": Pooling.MAX},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_our_encoder_gives_the_vectors_of_the_end_of_training(
    trained: Any, sentences: list[str], shape: dict[str, Any]
) -> None:
    folder, expected = trained(**shape)
    vectors = load_encoder(folder, runtime="torch", device="cpu").encode_passages(sentences)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_sentence_transformers_gives_the_same_vectors(
    trained: Any, sentences: list[str], shape: dict[str, Any]
) -> None:
    library = pytest.importorskip("sentence_transformers")
    folder, expected = trained(**shape)
    vectors = library.SentenceTransformer(str(folder), device="cpu").encode(sentences)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_transformers_reads_model_and_tokenizer(trained: Any, sentences: list[str]) -> None:
    from transformers import AutoModel, AutoTokenizer

    folder, expected = trained()
    batch = AutoTokenizer.from_pretrained(folder)(sentences, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder).eval()(**batch).last_hidden_state
    weights = batch["attention_mask"][:, :, None]
    rows = torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1), dim=1)
    np.testing.assert_allclose(rows.numpy(), expected, atol=1e-5)


def test_limit_of_the_encoder_stays_the_start_s(trained: Any) -> None:
    folder, _ = trained(max_tokens=16)
    assert read_checkpoint(folder).max_tokens == 64


def test_weights_are_fp32_and_nothing_is_pickled(trained: Any) -> None:
    from safetensors.torch import load_file

    folder, _ = trained()
    assert {weight.dtype for weight in load_file(folder / "model.safetensors").values()} == {torch.float32}
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in names)
    assert {"tokenizer.json", "modules.json", "README.md", "training.json"} <= names


def test_pooling_without_a_layout_is_named_by_whoever_loads(trained: Any, sentences: list[str]) -> None:
    folder, expected = trained(pooling=Pooling.AVG_FIRST_LAST)
    assert not (folder / "modules.json").exists()
    encoder = load_encoder(folder, runtime="torch", device="cpu", pooling=Pooling.AVG_FIRST_LAST)
    np.testing.assert_allclose(encoder.encode_passages(sentences), expected, atol=1e-5)


def test_trained_checkpoint_can_be_the_start_of_another_run(
    trained: Any, make_recipe: MakeRecipe, tmp_path: Path, sentences: list[str]
) -> None:
    from dataclasses import replace

    folder, expected = trained(pooling=Pooling.CLS, head=Head.KEPT)
    recipe = make_recipe(steps=1, learning_rate=1e-30)
    again = Recipe(replace(recipe.run, base=str(folder)), recipe.data)
    train(again, tmp_path / "again")
    vectors = load_encoder(tmp_path / "again", runtime="torch", device="cpu").encode_passages(sentences)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_every_file_is_on_the_disk_before_the_state_of_the_run_goes(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    fsync = os.fsync

    def note(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    out = train(make_recipe(steps=1, save_every=0, head=Head.KEPT), tmp_path / "out").out
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert {path.name for path in files if path.stat().st_ino not in synced} == set()


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_others_may_read_a_checkpoint_where_the_umask_lets_them(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        out = train(make_recipe(steps=1), tmp_path / "out").out
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()} == {0o644}


def test_crash_while_writing_leaves_no_checkpoint(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from searchkit.training import loop

    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(loop, "write_card", fail)
    with pytest.raises(OSError, match="disk full"):
        train(make_recipe(steps=1), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    assert train(make_recipe(steps=1), tmp_path / "out").out.is_dir()
