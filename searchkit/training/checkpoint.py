"""The trained encoder as a folder that transformers and sentence-transformers read. Written whole or not at all.

    model.safetensors, config.json, tokenizer.json ...   what AutoModel and AutoTokenizer read, weights in fp32
    modules.json, sentence_bert_config.json              the pipeline and its longest input, in tokens
    1_Pooling/config.json                                how token vectors become one
    2_Dense/                                             the MLP head, where it is kept
    2_Normalize/ or 3_Normalize/                         empty: the last step has no settings

The folder is written beside its place and renamed; a reader finds all of it or none.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from searchkit.errors import TrainingError
from searchkit.training.model import SentenceModel
from searchkit.training.recipe import Head, Pooling, RunSettings

MODULES = "sentence_transformers.models."
DROPOUT_KEPT = 0.1


def write_checkpoint(
    model: SentenceModel, tokenizer: Any, run: RunSettings, out: Path, *, texts: Mapping[str, str]
) -> None:
    """Write the folder ``out``.

    Args:
        model: written as it is.
        tokenizer: a transformers tokenizer.
        run: pooling, head and the longest input.
        out: must not exist, or be empty.
        texts: further files by name: the card, the recipe, the log.

    Raises:
        TrainingError: ``out`` holds files already.
    """
    check_free(out)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    model.backbone.save_pretrained(partial, safe_serialization=True)  # type: ignore[operator]
    tokenizer.save_pretrained(partial)
    _write_pipeline(model, run, partial)
    for name, text in texts.items():
        (partial / name).write_text(text, encoding="utf-8")
    if out.exists():
        out.rmdir()
    partial.rename(out)


def check_free(out: Path) -> None:
    """Raise TrainingError where ``out`` is a file or a folder with something in it."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingError(f"{out} exists already", hint="choose another folder, or remove this one")


def _write_pipeline(model: SentenceModel, run: RunSettings, folder: Path) -> None:
    dimension = int(model.backbone.config.hidden_size)  # type: ignore[union-attr, arg-type]
    steps = ["Transformer", "Pooling"]
    _write_json(folder / "1_Pooling" / "config.json", _pooling_config(run.pooling, dimension))
    if run.head is Head.KEPT:
        _write_dense(model, folder / f"{len(steps)}_Dense", dimension)
        steps.append("Dense")
    (folder / f"{len(steps)}_Normalize").mkdir()
    steps.append("Normalize")
    modules = [
        {"idx": n, "name": str(n), "path": f"{n}_{step}" if n else "", "type": MODULES + step}
        for n, step in enumerate(steps)
    ]
    _write_json(folder / "modules.json", modules)
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": run.max_tokens, "do_lower_case": False})


def _pooling_config(pooling: Pooling, dimension: int) -> dict[str, object]:
    return {
        "word_embedding_dimension": dimension,
        "pooling_mode_cls_token": pooling is Pooling.CLS,
        "pooling_mode_mean_tokens": pooling is not Pooling.CLS,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    }


def _write_dense(model: SentenceModel, folder: Path, dimension: int) -> None:
    from safetensors.torch import save_file

    config = {
        "in_features": dimension,
        "out_features": dimension,
        "bias": True,
        "activation_function": "torch.nn.modules.activation.Tanh",
    }
    _write_json(folder / "config.json", config)
    weights = {name: weight.detach().cpu().contiguous() for name, weight in model.head.state_dict().items()}  # type: ignore[union-attr]
    save_file(weights, folder / "model.safetensors")


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
