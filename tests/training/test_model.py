from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from searchkit.encoder.pooling import Pooling
from searchkit.errors import CheckpointError, TrainingError
from searchkit.training import Head, RunSettings
from searchkit.training.passes import cut_passes

torch = pytest.importorskip("torch")


@pytest.fixture
def run(tiny_bert: Path) -> RunSettings:
    return RunSettings(base=str(tiny_bert), max_tokens=32, device="cpu")


def embed(start: object, texts: list[str], tokens_per_pass: int = 128) -> torch.Tensor:
    passes = cut_passes(start.tokenizer, texts, max_tokens=32, tokens_per_pass=tokens_per_pass, pad_id=0)
    with torch.no_grad():
        return start.model.eval()(passes)[0]


@pytest.mark.parametrize("pooling", [pooling for pooling in Pooling if pooling is not Pooling.CLS])
def test_rows_come_back_in_the_order_of_the_texts(run: RunSettings, sentences: list[str], pooling: Pooling) -> None:
    from searchkit.training.model import load_start

    start = load_start(replace(run, pooling=pooling))
    together = embed(start, sentences[:30])
    alone = torch.cat([embed(start, [text]) for text in sentences[:30]])
    assert together.shape == (30, 32)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_training_vectors_are_those_of_the_encoder(run: RunSettings, tiny_bert: Path, sentences: list[str]) -> None:
    from searchkit.encoder import load_encoder
    from searchkit.training.model import load_start

    expected = load_encoder(tiny_bert, runtime="torch", device="cpu").encode_passages(sentences)
    rows = torch.nn.functional.normalize(embed(load_start(run), sentences), dim=1)
    torch.testing.assert_close(rows, torch.from_numpy(expected), atol=1e-5, rtol=1e-5)


def test_dropout_is_set_everywhere_or_left(run: RunSettings) -> None:
    from searchkit.training.model import load_start

    def probabilities(dropout: float | None) -> set[float]:
        model = load_start(replace(run, dropout=dropout)).model
        return {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}

    assert probabilities(None) == {0.1}
    assert probabilities(0.3) == {0.3}
    assert probabilities(0.0) == {0.0}


def test_dropout_of_a_while_is_taken_back(run: RunSettings) -> None:
    """Each module has its own again, also where they differed and where the batch failed."""
    from searchkit.training.model import load_start, other_dropout

    model = load_start(run).model
    modules = [module for module in model.modules() if isinstance(module, torch.nn.Dropout)]
    modules[0].p = 0.25
    own = [module.p for module in modules]
    with pytest.raises(ZeroDivisionError), other_dropout(model, 0.4):
        assert {module.p for module in modules} == {0.4}
        raise ZeroDivisionError
    with other_dropout(model, None):
        assert [module.p for module in modules] == own
    assert [module.p for module in modules] == own


def test_frozen_layers_are_the_lowest_ones(run: RunSettings) -> None:
    from searchkit.training.model import load_start, trained_weights

    names = set(trained_weights(load_start(replace(run, freeze_embeddings=True, freeze_layers=1)).model))
    assert names
    assert all(name.startswith("backbone.encoder.layer.1.") for name in names)
    everything = set(trained_weights(load_start(run).model))
    assert any("word_embeddings" in name for name in everything)
    assert not any("pooler" in name for name in everything)


def test_more_frozen_layers_than_there_are_is_an_error(run: RunSettings) -> None:
    from searchkit.training.model import load_start

    with pytest.raises(TrainingError, match="freeze_layers is 3, but the model has 2 layers"):
        load_start(replace(run, freeze_layers=3))


def test_random_start_keeps_the_shape_alone(run: RunSettings) -> None:
    from searchkit.training.model import load_start

    torch.manual_seed(0)
    fresh, loaded = (load_start(replace(run, random_start=new)).model.state_dict() for new in (True, False))
    assert fresh.keys() == loaded.keys()
    table = "backbone.embeddings.word_embeddings.weight"
    assert fresh[table].shape == loaded[table].shape
    assert not torch.equal(fresh[table], loaded[table])


def test_new_head_is_tanh_of_a_linear_layer(run: RunSettings, sentences: list[str]) -> None:
    from searchkit.training.model import load_start

    start = load_start(replace(run, head=Head.KEPT))
    with_head = embed(start, sentences[:4])
    start.model.heads_in_use = False
    without = embed(start, sentences[:4])
    linear = start.model.heads[0].linear
    torch.testing.assert_close(with_head, torch.tanh(without @ linear.weight.T + linear.bias))


def test_averaging_is_linear_and_only_inside_the_block(run: RunSettings) -> None:
    from searchkit.training.model import averaged, copy_weights, load_start, put_weights, trained_weights

    model = load_start(run).model
    first = copy_weights(model)
    put_weights(model, {name: weight + 1.0 for name, weight in first.items()})
    with averaged(model, first, 0.25):
        for name, weight in trained_weights(model).items():
            torch.testing.assert_close(weight.detach(), first[name] + 0.75)
    for name, weight in trained_weights(model).items():
        torch.testing.assert_close(weight.detach(), first[name] + 1.0)


def test_start_that_is_missing_or_too_short_is_an_error(run: RunSettings, tmp_path: Path) -> None:
    from searchkit.training.model import load_start

    with pytest.raises(CheckpointError, match="no checkpoint at"):
        load_start(replace(run, base=str(tmp_path / "absent")))
    with pytest.raises(TrainingError, match="max_tokens is 65, but tiny-bert takes 64"):
        load_start(replace(run, max_tokens=65))
