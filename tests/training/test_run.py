from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchkit.errors import MissingExtraError, TrainingError
from searchkit.training import DataSettings, Kind, train
from searchkit.training.recipe import Recipe


def test_the_room_opens_without_torch() -> None:
    script = "import sys, searchkit.training; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0


def test_missing_torch_names_the_extra(
    make_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"searchkit\[train\]"):
        train(make_recipe(), tmp_path / "out")


def test_a_folder_without_a_name_is_refused(
    make_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (".", "/"):
        with pytest.raises(TrainingError, match="is no name for a new folder"):
            train(make_recipe(), Path(name))


def test_useless_source_stops_before_anything_is_written(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(TrainingError, match=r"empty\.txt has no usable row"):
        train(make_recipe(DataSettings(path=tmp_path / "empty.txt", kind=Kind.UNSUP)), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.run").exists()


def tiny(architecture: str) -> Any:
    """A configuration of two layers for the words of the tiny BERT."""
    import transformers

    sizes = {
        "vocab_size": 96,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
        "pad_token_id": 0,
    }
    special = {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    return {
        "roberta": lambda: transformers.RobertaConfig(**sizes),
        "mpnet": lambda: transformers.MPNetConfig(**sizes),
        "modernbert": lambda: transformers.ModernBertConfig(**sizes, **special, local_attention=8),
    }[architecture]()


@pytest.mark.parametrize("architecture", ["roberta", "mpnet", "modernbert"])
def test_other_architectures_are_trained_frozen_and_read_back(
    make_recipe: Callable[..., Recipe], tiny_bert: Path, tmp_path: Path, sentences: list[str], architecture: str
) -> None:
    import torch
    import transformers

    from searchkit.encoder import load_encoder

    torch.manual_seed(0)
    start = tmp_path / architecture
    transformers.AutoModel.from_config(tiny(architecture)).save_pretrained(start)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tiny_bert / name, start / name)
    vectors = []

    def evaluate(encoder: Any) -> float:
        vectors.append(encoder.encode_passages(sentences))
        return float(len(vectors))

    recipe = make_recipe(
        steps=2, evaluate_every=1, freeze_embeddings=True, freeze_layers=1, dropout=0.2, mlm_weight=0.1
    )
    train(Recipe(replace(recipe.run, base=str(start)), recipe.data), tmp_path / "out", evaluate=evaluate)
    assert np.abs(vectors[1] - vectors[0]).max() > 1e-4
    again = load_encoder(tmp_path / "out", runtime="torch", device="cpu").encode_passages(sentences)
    np.testing.assert_allclose(again, vectors[1], atol=1e-5)


@pytest.mark.parametrize("kind", [Kind.CROP, Kind.CLOZE])
def test_single_passages_train_as_pairs(
    make_recipe: Callable[..., Recipe], text_file: Path, tmp_path: Path, kind: Kind
) -> None:
    report = train(make_recipe(DataSettings(path=text_file, kind=kind), steps=2), tmp_path / "out")
    assert report.sentences == 2 * 2 * 8


def test_scored_pairs_train_by_their_order(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    rows = ["sentence1,sentence2,score", "the cat sleeps,the cat runs,5", "the dog digs,a bee flies,1"]
    rows += ["the owl sings,the owl eats,4", "the ant swims,a hen waits,0"]
    (tmp_path / "sts.csv").write_text("\n".join(rows))
    data = DataSettings(path=tmp_path / "sts.csv", kind=Kind.SCORED)
    report = train(make_recipe(data, steps=30, dropout=0.0), tmp_path / "out")
    assert report.last_loss < 0.1 < report.first_loss
