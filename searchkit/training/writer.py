"""The trained encoder as a folder that transformers and sentence-transformers read. Written whole or not at all.

    model.safetensors, config.json               the transformer, fp32
    tokenizer.json, tokenizer_config.json, ...   the start's tokenizer
    modules.json, 1_Pooling/, ...                the layout of sentence-transformers (`encoder.sentence_layout`)
    2_Dense/model.safetensors                    the head, where it is kept
    README.md, training.json                     the model card and the facts behind it (`card`)

The folder is written beside its place and renamed; a reader finds all of it or none. A pooling that
sentence-transformers does not have (``avg_top2``, ``avg_first_last``) cannot be told by its layout: then the layout
is left out, and whoever loads the folder names the pooling.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from searchkit.directory.syncing import sync_folder, sync_tree
from searchkit.encoder.checkpoint_writer import make_readable
from searchkit.encoder.manifest import HeadRecord
from searchkit.encoder.pooling import Pooling
from searchkit.encoder.sentence_layout import DENSE_FILE, SentenceLayout, write_layout
from searchkit.encoder.tokenization import load_tokenizer
from searchkit.errors import TrainingError
from searchkit.training.model import DenseLayer, Start
from searchkit.training.settings import Head, RunSettings
from searchkit.training.state import write_tensors

TOKENIZER_FILES = ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt")


def write_checkpoint(start: Start, run: RunSettings, out: Path, add: Callable[[Path], None]) -> None:
    """Write the model as it is now.

    Args:
        start: the trained model, and the checkpoint whose limits and prompts it keeps.
        run: tells whether the head is kept.
        out: must not exist, or be an empty folder.
        add: writes further files into the folder before it gets its name.

    Raises:
        TrainingError: ``out`` holds files already.
    """
    check_free(out)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _write_backbone(start.model.backbone, partial)
    _write_tokenizer(start.checkpoint.folder, partial)
    _write_layout(start, run, partial)
    add(partial)
    make_readable(partial)
    sync_tree(partial)  # the state of the run goes once the checkpoint stands
    if out.exists():
        out.rmdir()
    partial.rename(out)
    sync_folder(out.parent)


def check_free(out: Path) -> None:
    """Raise TrainingError where ``out`` is a file, a folder with something in it, or has no name, as ``.`` has none."""
    if not out.name:
        raise TrainingError(f"{str(out)!r} is no name for a new folder", hint="name one, such as models/mine")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingError(f"{out} exists already", hint="choose another folder, or remove this one")


def _write_backbone(backbone: Any, folder: Path) -> None:
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        backbone.save_pretrained(folder)
    finally:
        if bars:
            logging.enable_progress_bar()


def _write_tokenizer(source: Path, folder: Path) -> None:
    load_tokenizer(source).save(str(folder / "tokenizer.json"))
    for name in TOKENIZER_FILES:
        if (source / name).exists():
            shutil.copyfile(source / name, folder / name)


def _write_layout(start: Start, run: RunSettings, folder: Path) -> None:
    if start.model.pooling.needs_all_layers:
        return
    heads = [] if run.head is Head.TRAIN_ONLY else [head for head in start.model.heads if isinstance(head, DenseLayer)]
    records = []
    for number, head in enumerate(heads, start=2):
        path = folder / f"{number}_Dense" / DENSE_FILE
        path.parent.mkdir()
        write_tensors(path, {f"linear.{name}": weight for name, weight in head.linear.state_dict().items()})
        records.append(HeadRecord(f"{number}_Dense/{DENSE_FILE}", "linear.weight", "linear.bias", head.activation))
    checkpoint = start.checkpoint
    pooling = Pooling.CLS_BEFORE_POOLER if start.model.pooling is Pooling.CLS else start.model.pooling
    layout = SentenceLayout(
        pooling=pooling,
        heads=tuple(records),
        max_tokens=checkpoint.max_tokens,
        lower_case=checkpoint.lower_case,
        query_prompt=checkpoint.query_prompt,
        passage_prompt=checkpoint.passage_prompt,
    )
    backbone: Any = start.model.backbone
    write_layout(folder, layout, [backbone.config.hidden_size, *(head.linear.out_features for head in heads)])
