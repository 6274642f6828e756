from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.encoder.tokenization import load_tokenizer
from searchkit.training.passes import LENGTHS, Pass, cut_passes, padded_length


def cut(folder: Path, texts: list[str], *, max_tokens: int = 32, tokens_per_pass: int = 256) -> list[Pass]:
    tokenizer = load_tokenizer(folder)
    return cut_passes(tokenizer, texts, max_tokens=max_tokens, tokens_per_pass=tokens_per_pass, pad_id=0)


def test_every_text_is_in_one_pass_with_its_own_tokens(tiny_bert: Path, sentences: list[str]) -> None:
    tokenizer = load_tokenizer(tiny_bert)
    passes = cut(tiny_bert, sentences)
    assert sorted(row for each in passes for row in each.rows) == list(range(len(sentences)))
    for each in passes:
        for place, row in enumerate(each.rows):
            real = each.ids[place][each.mask[place].bool()].tolist()
            assert real == tokenizer.encode(sentences[row]).ids


def test_passes_keep_to_the_budget_and_to_few_shapes(tiny_bert: Path, sentences: list[str]) -> None:
    for each in cut(tiny_bert, sentences):
        height, length = each.ids.shape
        assert height * length <= 256
        assert height % 8 == 0
        assert length in LENGTHS


def test_sorting_leaves_little_padding(tiny_bert: Path) -> None:
    texts = ["cat " * (1 + n % 28) for n in range(400)]
    passes = cut(tiny_bert, texts, tokens_per_pass=1024)
    padded = sum(each.ids.numel() for each in passes)
    real = sum(int(each.mask[: len(each.rows)].sum()) for each in passes)
    assert padded / real < 1.35  # unsorted batches of 32 would be at 1.9


def test_long_texts_are_cut_and_still_make_a_pass(tiny_bert: Path) -> None:
    (only,) = cut(tiny_bert, ["cat " * 50], max_tokens=24, tokens_per_pass=1)
    assert only.mask[0].sum().item() == 24
    assert only.ids[0][23].item() == 3  # the closing token stays


def test_filling_rows_are_not_counted(tiny_bert: Path) -> None:
    (only,) = cut(tiny_bert, ["cat", "the dog runs"])
    assert only.ids.shape[0] == 8
    assert only.rows == (0, 1)
    assert only.mask[2:].sum(1).tolist() == [1] * 6


@pytest.mark.parametrize(("length", "padded"), [(1, 8), (8, 8), (17, 24), (512, 512), (513, 1024)])
def test_lengths_are_rounded_up_to_a_few(length: int, padded: int) -> None:
    assert padded_length(length, 8192) == padded


def test_padding_ends_where_the_model_has_no_more_positions(tiny_bert: Path) -> None:
    (only,) = cut(tiny_bert, ["cat " * 50], max_tokens=40)
    assert only.ids.shape == (8, 40)
