from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchkit.encoder import Pooling, load_encoder, pool

torch = pytest.importorskip("torch")

TEXTS = ["the quick brown fox", "how do i undo a commit?", "fox"]


def by_hand(states: list[Any], length: int, pooling: Pooling) -> Any:
    """One text's vector, written out: ``states`` are (T, D), of which ``length`` tokens are real."""
    first, second, last = (state[:length] for state in (states[0], states[-2], states[-1]))
    if pooling in (Pooling.CLS, Pooling.CLS_BEFORE_POOLER):
        return last[0]
    if pooling is Pooling.AVG:
        return sum(last[t] for t in range(length)) / length
    if pooling is Pooling.AVG_TOP2:
        return sum(last[t] / 2 + second[t] / 2 for t in range(length)) / length
    if pooling is Pooling.AVG_FIRST_LAST:
        return sum(last[t] / 2 + first[t] / 2 for t in range(length)) / length
    return torch.stack([max(last[t, d] for t in range(length)) for d in range(last.shape[1])])


@pytest.mark.parametrize("pooling", list(Pooling))
def test_padding_never_counts_in_any_pooler(pooling: Pooling) -> None:
    generator = torch.Generator().manual_seed(3)
    states = [torch.randn(2, 5, 4, generator=generator) for _ in range(3)]
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    rows = pool(states, mask, pooling)
    for i, length in enumerate((3, 5)):
        torch.testing.assert_close(rows[i], by_hand([state[i] for state in states], length, pooling))


@pytest.fixture(scope="module")
def outputs(plain_bert: Path) -> list[Any]:
    """What transformers computes for each text alone, without padding, with its own tokenizer and pooler."""
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(plain_bert), AutoTokenizer.from_pretrained(plain_bert)
    with torch.no_grad():
        return [model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True) for text in TEXTS]


@pytest.mark.parametrize("pooling", list(Pooling))
def test_the_encoder_pools_what_transformers_computes(pooling: Pooling, plain_bert: Path, outputs: list[Any]) -> None:
    expected = []
    for output in outputs:
        states = [state[0] for state in output.hidden_states]
        by_pooler = output.pooler_output[0] if pooling is Pooling.CLS else by_hand(states, len(states[0]), pooling)
        expected.append((by_pooler / by_pooler.norm()).numpy())
    rows = load_encoder(plain_bert, pooling=pooling, device="cpu").encode_passages(TEXTS)
    np.testing.assert_allclose(rows, np.stack(expected), atol=1e-5)


def test_only_two_poolers_need_every_layer() -> None:
    assert {one for one in Pooling if one.needs_all_layers} == {Pooling.AVG_TOP2, Pooling.AVG_FIRST_LAST}
