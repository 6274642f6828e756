"""Tiny checkpoints with random weights, made once a session: real shapes and files, no download."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORDS = [
    *("a", "an", "the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog"),
    *("how", "do", "i", "undo", "commit", "file", "restore", "deleted", "search", "index"),
]
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)] + list("0123456789.,?!-")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TEXTS = [
    "the quick brown fox",
    "",
    "how do i undo a commit?",
    "jumps over the lazy dog, again and again and again",
    "restore a deleted file",
    "Fox!",
]
SIZES = {
    "vocab_size": 96,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
}


def word_piece_vocabulary() -> list[str]:
    return [*SPECIAL, *dict.fromkeys([*WORDS, *LETTERS]), *(f"##{letter}" for letter in LETTERS[:26])]


def write_word_piece(folder: Path) -> None:
    """tokenizer.json as a training run leaves it: with truncation and padding of its own."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {token: number for number, token in enumerate(word_piece_vocabulary())}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(folder / "tokenizer.json"))


def tiny_model(architecture: str) -> Any:
    """A seeded model whose weights are large enough that every part of it shows in the vectors."""
    import torch
    import transformers

    torch.manual_seed(7)
    configs = {
        "bert": lambda: transformers.BertConfig(**SIZES),
        "roberta": lambda: transformers.RobertaConfig(**SIZES, pad_token_id=1),
        "mpnet": lambda: transformers.MPNetConfig(**SIZES, pad_token_id=1),
        "distilbert": lambda: transformers.DistilBertConfig(
            vocab_size=96, dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=40
        ),
        "modernbert": lambda: transformers.ModernBertConfig(
            **SIZES | {"num_hidden_layers": 4}, local_attention=8, pad_token_id=0, bos_token_id=2, eos_token_id=3,
            cls_token_id=2, sep_token_id=3,
        ),
    }  # fmt: skip
    model = transformers.AutoModel.from_config(configs[architecture]())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_scale = "norm" in name.lower() and name.endswith("weight")
            parameter.normal_(1.0 if is_scale else 0.0, 0.1 if parameter.ndim == 1 else 0.3)
    return model.eval()


@pytest.fixture(scope="session")
def make_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``make_checkpoint("bert", name="unsup-simcse-tiny")`` gives a fresh plain transformers folder."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    models: dict[str, Any] = {}

    def make(architecture: str = "bert", *, name: str = "tiny") -> Path:
        folder = tmp_path_factory.mktemp(architecture) / name
        if architecture not in models:
            models[architecture] = tiny_model(architecture)
        models[architecture].save_pretrained(folder)
        write_word_piece(folder)
        (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 24}))
        return folder

    return make


@pytest.fixture(scope="session")
def plain_bert(make_checkpoint: Callable[..., Path]) -> Path:
    """A plain transformers BERT folder, to be read only."""
    return make_checkpoint("bert")


@pytest.fixture(scope="session")
def exported_bert(plain_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, exported; to be read only."""
    pytest.importorskip("onnx")
    from searchkit.encoder import export_onnx

    folder = tmp_path_factory.mktemp("exported") / "tiny-bert"
    export_onnx(plain_bert, folder, base="made/here", license="Apache-2.0")
    return folder
