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


def write_cross_encoder(folder: Path, labels: int = 1, *, limit: int = 32) -> None:
    """A seeded BERT that classifies pairs, as transformers saves it, with its tokenizer."""
    import json

    import torch
    import transformers

    torch.manual_seed(3)
    model = transformers.BertForSequenceClassification(transformers.BertConfig(**SIZES, num_labels=labels))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3)
    model.eval().save_pretrained(folder)
    write_word_piece(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": limit}))


def write_pair_graph(folder: Path, labels: int = 1, *, file: str = "model.onnx", limit: int = 32) -> Any:
    """A cross-encoder that is an ONNX graph alone; gives its (96, labels) table.

    A pair's numbers are the sum of ``table[token] * (1 + type)`` over its tokens.
    """
    import json

    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save_model

    table = np.random.default_rng(5).standard_normal((96, labels)).astype(np.float32)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", labels])
    constants = [
        numpy_helper.from_array(table, "table"),
        numpy_helper.from_array(np.array([2], np.int64), "last"),
        numpy_helper.from_array(np.array([1], np.int64), "tokens"),
        numpy_helper.from_array(np.array(1.0, np.float32), "one"),
    ]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["token_type_ids"], ["types"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["types", "one"], ["factor"]),
        helper.make_node("Mul", ["mask", "factor"], ["weight"]),
        helper.make_node("Unsqueeze", ["weight", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "tokens"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(nodes, "pairs", inputs, [output], constants)
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / file)
    write_word_piece(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "max_position_embeddings": limit}))
    return table
