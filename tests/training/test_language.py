from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.encoder.tokenization import load_tokenizer
from searchkit.errors import TrainingError
from searchkit.training.passes import Pass

torch = pytest.importorskip("torch")


def test_hidden_tokens_keep_bert_shares_and_spare_special_ones(tiny_bert: Path) -> None:
    from searchkit.training.language import Masker

    ids = torch.randint(5, 60, (400, 32), generator=torch.Generator().manual_seed(1))
    ids[:, 0], ids[:, -1] = 2, 3
    mask = torch.ones_like(ids)
    mask[:, 30:] = 0
    torch.manual_seed(3)
    masked = Masker(load_tokenizer(tiny_bert))(Pass(ids, mask, tuple(range(400))))
    chosen = masked.labels != -100
    assert not chosen[:, 0].any()
    assert not chosen[:, 30:].any()
    assert (masked.labels[chosen] == ids[chosen]).all()
    assert (masked.ids[~chosen] == ids[~chosen]).all()
    assert masked.count == int(chosen.sum()) == pytest.approx(0.15 * 400 * 29, rel=0.08)
    assert (masked.ids[chosen] == 4).float().mean().item() == pytest.approx(0.8, abs=0.04)
    assert (masked.ids[chosen] == ids[chosen]).float().mean().item() == pytest.approx(0.1, abs=0.03)


def test_loss_of_an_untrained_head_is_near_that_of_guessing() -> None:
    from searchkit.training.language import LanguageHead

    torch.manual_seed(0)
    head, table = LanguageHead(16, 50), torch.zeros(50, 16)
    labels = torch.full((2, 5), -100)
    labels[0, 1], labels[1, 3] = 7, 9
    loss = head(torch.randn(2, 5, 16), table, labels)
    assert loss.item() == pytest.approx(2 * torch.log(torch.tensor(50.0)).item(), rel=1e-5)


def test_tokenizer_without_a_mask_token_is_refused() -> None:
    from tokenizers import Tokenizer, models

    from searchkit.training.language import Masker

    with pytest.raises(TrainingError, match="no mask token"):
        Masker(Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")))
