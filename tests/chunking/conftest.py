"""Small real tokenizers and a writer of documents with headings, for the chunking tests."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from searchkit.types import Block, BlockKind, Document

WORDS = "the a of to and is in for search index chunk token section heading install run code line"


def wordpiece() -> Tokenizer:
    """BERT's own pipeline over a tiny vocabulary; it truncates and pads, as tokenizers of checkpoints do."""
    letters = [*string.ascii_lowercase, *string.digits]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{x}" for x in letters), *string.punctuation]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys([*tokens, *WORDS.split()]))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_truncation(32)
    tokenizer.enable_padding()
    return tokenizer


def byte_level() -> Tokenizer:
    """RoBERTa's pipeline: a word costs one thing after a space and another at the start of a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=alphabet, special_tokens=["<s>", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator([WORDS] * 3, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    return tokenizer


MAKERS: dict[str, Callable[[], Tokenizer]] = {"wordpiece": wordpiece, "byte_level": byte_level}


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return wordpiece()


@pytest.fixture(scope="session", params=sorted(MAKERS))
def any_tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return MAKERS[request.param]()


def write_markdown(parts: list[str], title: str = "") -> Document:
    """A document of ``parts`` joined by blank lines: "# ..." is a heading, "```..." is code."""
    blocks, at = [], 0
    for part in parts:
        marks = len(part) - len(part.lstrip("#"))
        kind = BlockKind.CODE if part.startswith("```") else BlockKind.PARAGRAPH
        if marks:
            blocks.append(Block(BlockKind.HEADING, at, at + len(part), marks, part.strip("# ")))
        else:
            blocks.append(Block(kind, at, at + len(part)))
        at += len(part) + 2
    return Document("guide.md", "\n\n".join(parts), title=title, blocks=tuple(blocks))


@pytest.fixture(scope="session")
def markdown() -> Callable[..., Document]:
    return write_markdown
