"""Tiny transformers with random weights, and tokenizers of a hundred words: real shapes and files, no download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
