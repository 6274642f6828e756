from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_checkpoints import TEXTS, word_piece_vocabulary, write_word_piece

from searchkit.encoder.tokenization import load_tokenizer, without_surrogates
from searchkit.errors import CheckpointError

WORD_PIECE = {"vocab": {"[CLS]": 0, "[SEP]": 1}, "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
}

HARD = [*TEXTS, "Zürich 東京", "a\x00b\tc\n d", "naïve FOX 42?!", "🎉 party", "   "]


def write_vocabulary(folder: Path, **config: object) -> None:
    (folder / "vocab.txt").write_text("\n".join(word_piece_vocabulary()) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def write_byte_level(folder: Path) -> None:
    from tokenizers import ByteLevelBPETokenizer

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        HARD, vocab_size=320, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False
    )
    trained.save_model(str(folder))


def test_truncation_and_padding_of_a_training_run_are_dropped(tmp_path: Path) -> None:
    write_word_piece(tmp_path)
    text = "the quick brown fox jumps over the lazy dog"
    assert len(load_tokenizer(tmp_path).encode(text).ids) == 11
    assert len(load_tokenizer(tmp_path).encode("fox").ids) == 3


def test_a_long_text_is_cut_and_still_ends_with_the_last_special_token(tmp_path: Path) -> None:
    write_word_piece(tmp_path)
    tokens = load_tokenizer(tmp_path, max_tokens=5).encode("the quick brown fox jumps").tokens
    assert tokens == ["[CLS]", "the", "quick", "brown", "[SEP]"]


@pytest.mark.parametrize("lower", [True, False])
def test_a_vocabulary_alone_gives_the_tokenizer_of_transformers(lower: bool, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_vocabulary(tmp_path, do_lower_case=lower)
    theirs = transformers.BertTokenizerFast(str(tmp_path / "vocab.txt"), do_lower_case=lower)
    ours = load_tokenizer(tmp_path)
    for text in [*HARD, "the [PAD] fox [MASK]"]:
        assert ours.encode(text).ids == theirs(text)["input_ids"], text


def test_vocabulary_and_merges_give_the_tokenizer_of_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_byte_level(tmp_path)
    theirs = transformers.RobertaTokenizerFast(vocab=str(tmp_path / "vocab.json"), merges=str(tmp_path / "merges.txt"))
    ours = load_tokenizer(tmp_path)
    for text in HARD:
        assert ours.encode(text).ids == theirs(text)["input_ids"], text


def test_the_tokenizer_config_decides_on_lower_case(tmp_path: Path) -> None:
    write_word_piece(tmp_path)
    assert load_tokenizer(tmp_path).encode("Fox").tokens[1] == "fox"
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert load_tokenizer(tmp_path).encode("Fox").tokens[1] == "[UNK]"


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has no tokenizer\.json"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"model": {"type": "WordPiece"}}'])
def test_a_damaged_tokenizer_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"tokenizer of .* is damaged"):
        load_tokenizer(tmp_path)


def test_a_vocabulary_without_special_tokens_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[UNK]\na\nb\n")
    with pytest.raises(CheckpointError, match=r"has no \[SEP\]"):
        load_tokenizer(tmp_path)


def test_lone_surrogates_are_replaced_and_nothing_else() -> None:
    assert without_surrogates("a\ud800b\udfff") == "a\ufffdb\ufffd"
    assert without_surrogates("🎉 Zürich\x00") == "🎉 Zürich\x00"


@pytest.mark.parametrize(
    "change",
    [
        {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA////"}},
        {"post_processor": {**TEMPLATE, "special_tokens": {}}},
        {"model": {"type": "WordPiece", "unk_token": "?", **WORD_PIECE}},
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": False}},
    ],
    ids=["panics when it is read", "panics at a text", "fails at a text", "pattern"],
)
def test_a_hostile_tokenizer_is_an_error_of_ours(change: dict[str, Any], tmp_path: Path) -> None:
    write_word_piece(tmp_path)
    told = json.loads((tmp_path / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps({**told, **change}))
    with pytest.raises(CheckpointError, match="is damaged"):
        load_tokenizer(tmp_path, max_tokens=16)


@pytest.mark.parametrize("name", ["tokenizer.json", "vocab.txt", "tokenizer_config.json"])
def test_an_endless_file_is_not_read(name: str, tmp_path: Path) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 40)  # a hole that takes no room
    with pytest.raises(CheckpointError, match="1,099,511,627,776 bytes"):
        load_tokenizer(tmp_path)


def test_json_that_is_nested_without_end_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text("[" * 100_000)
    with pytest.raises(CheckpointError, match="not JSON"):
        load_tokenizer(tmp_path)
