"""A tiny BERT checkpoint and tiny sources, made for the session: no download, two layers, a few dozen words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ANIMALS = ["cat", "dog", "fox", "cow", "owl", "bee", "ant", "elk", "hen", "rat"]
DEEDS = ["sleeps", "runs", "hides", "eats", "sings", "flies", "digs", "jumps", "swims", "waits"]
GLUE = ["the", "a", "in", "on", "and", "small", "big", "house", "tree", "river", "now", "today", ".", "one"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = list("abcdefghijklmnopqrstuvwxyz")


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    """A training run seeds torch; leave its generator to the next test as it was found."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    before = torch.get_rng_state()
    yield
    torch.set_rng_state(before)


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain transformers folder: BERT, 2 layers of 32 dimensions, dropout 0.1; to be read only."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("start") / "tiny-bert"
    words = [*SPECIAL, *ANIMALS, *DEEDS, *dict.fromkeys([*GLUE, *LETTERS]), *(f"##{letter}" for letter in LETTERS)]
    words = list(dict.fromkeys(words))
    torch.manual_seed(11)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordPiece({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "BertTokenizer", "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    """A hundred different sentences of five to nine words."""
    tails = ["now .", "in the tree .", "on the big house today .", "and waits ."]
    return [f"the {a} {d} {tails[(i + j) % 4]}" for i, a in enumerate(ANIMALS) for j, d in enumerate(DEEDS)]


@pytest.fixture
def text_file(tmp_path: Path, sentences: list[str]) -> Path:
    """The sentences, one a line."""
    path = tmp_path / "sentences.txt"
    path.write_text("\n".join(sentences) + "\n")
    return path


@pytest.fixture
def triplet_file(tmp_path: Path) -> Path:
    """A hundred triplets in SimCSE's shape: who does what, the same in other words, and another deed."""
    lines = ["sent0,sent1,hard_neg"]
    for a in ANIMALS:
        for n, deed in enumerate(DEEDS):
            lines.append(f"the {a} {deed} now,a small {a} {deed} today,the {a} {DEEDS[n - 1]} now")
    path = tmp_path / "triplets.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def make_recipe(tiny_bert: Path, text_file: Path) -> Callable[..., Any]:
    """``make_recipe(steps=3)``: unsupervised SimCSE on the tiny BERT, with settings as given."""
    from searchkit.training import DataSettings, Kind, Recipe, RunSettings

    def make(*data: DataSettings, **run: Any) -> Recipe:
        settings = {"batch_size": 8, "steps": 4, "learning_rate": 1e-3, "max_tokens": 32, "device": "cpu", **run}
        return Recipe(
            RunSettings(base=str(tiny_bert), **settings), data or (DataSettings(path=text_file, kind=Kind.UNSUP),)
        )

    return make
