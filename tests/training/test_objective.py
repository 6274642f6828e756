from __future__ import annotations

import math

import pytest

from searchkit.errors import InputError, ShapeError
from searchkit.training import cosent, distillation, info_nce, matryoshka, triplet_loss

torch = pytest.importorskip("torch")


@pytest.fixture
def rows() -> list[torch.Tensor]:
    """Anchors, positives, hard negatives: (6, 16) each, of various lengths."""
    generator = torch.Generator().manual_seed(5)
    return [torch.randn(6, 16, generator=generator) * scale for scale in (1.0, 3.0, 0.2)]


def test_loss_equals_the_example_worked_by_hand() -> None:
    # Cosines [[1, .6, 0], [0, .8, 0], [0, 0, 1]], tau 1. Row losses: ln(e + e^.6 + 1) - 1 = 0.712068,
    # ln(1 + e^.8 + 1) - .8 = 0.641147, ln(1 + 1 + e) - 1 = 0.551445; their mean is 0.634887.
    anchors = torch.eye(3) * torch.tensor([[2.0], [1.0], [5.0]])
    positives = torch.tensor([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 3.0]])
    assert info_nce(anchors, positives, temperature=1.0).item() == pytest.approx(0.634887, abs=1e-5)


def test_hard_negative_of_the_hand_worked_example_counts_by_its_weight() -> None:
    # One row: cosines 1 to the positive and 0 to the negative, tau 1: -ln(e / (e + alpha)).
    anchor, positive, hard = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    for alpha in (0.5, 1.0, 2.0):
        expected = math.log(math.e + alpha) - 1
        assert info_nce(anchor, positive, hard, temperature=1.0, alpha=alpha).item() == pytest.approx(
            expected, abs=1e-6
        )


def test_alpha_weighs_the_own_negative_alone(rows: list[torch.Tensor]) -> None:
    anchors, positives, hard = (torch.nn.functional.normalize(each) for each in rows)
    own = torch.exp(anchors @ hard.T / 0.05) * (1 + 2.0 * torch.eye(6))  # alpha 3 on the diagonal
    near = torch.exp(anchors @ positives.T / 0.05)
    expected = -(near.diag() / (near.sum(1) + own.sum(1))).log().mean()
    assert info_nce(*rows, alpha=3.0).item() == pytest.approx(expected.item(), rel=1e-5)


def test_loss_equals_multiple_negatives_ranking_at_scale_20(rows: list[torch.Tensor]) -> None:
    # sentence-transformers: cross entropy of 20 * cosine(anchor, positives then negatives) with labels 0, 1, 2, ...
    anchors, positives, hard = rows
    candidates = torch.cat([positives, hard])
    cosine = torch.nn.functional.cosine_similarity(anchors[:, None], candidates[None], dim=2)
    expected = torch.nn.functional.cross_entropy(cosine * 20.0, torch.arange(6))
    assert info_nce(anchors, positives, hard, temperature=0.05).item() == pytest.approx(expected.item(), abs=1e-5)


def test_loss_is_log_of_the_candidates_when_all_embeddings_are_alike() -> None:
    alike = torch.ones(8, 4)
    assert info_nce(alike, alike).item() == pytest.approx(math.log(8))
    assert info_nce(alike, alike, alike).item() == pytest.approx(math.log(16))


def test_symmetric_loss_is_the_mean_of_both_directions(rows: list[torch.Tensor]) -> None:
    left, right, _ = rows
    expected = (info_nce(left, right) + info_nce(right, left)) / 2
    assert info_nce(left, right, symmetric=True).item() == pytest.approx(expected.item(), rel=1e-6)


def test_triplet_loss_equals_the_example_worked_by_hand() -> None:
    # |x - x+|^2 = 2 - 2 * .6 = .8 and |x - x-|^2 = 2 - 2 * .8 = .4, margin .5: .8 - .4 + .5 = .9
    anchor, positive, negative = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.6, 0.8]]), torch.tensor([[0.8, -0.6]])
    assert triplet_loss(anchor, positive, negative, margin=0.5).item() == pytest.approx(0.9, abs=1e-6)


def test_triplet_gradient_is_zero_beyond_the_margin_and_not_within() -> None:
    positive, negative = torch.tensor([[1.0, 0.1]]), torch.tensor([[-1.0, 0.2]])
    for margin, silent in ((0.5, True), (5.0, False)):
        anchor = torch.tensor([[1.0, 0.3]], requires_grad=True)
        triplet_loss(anchor, positive, negative, margin=margin).backward()
        assert (anchor.grad.abs().max().item() == 0) is silent


def test_distillation_is_the_squared_distance_of_unit_vectors(rows: list[torch.Tensor]) -> None:
    learnt, taught = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.6, 0.8], [0.0, 5.0]])
    assert distillation(learnt, taught).item() == pytest.approx((2 - 2 * 0.6 + 0) / 2, abs=1e-6)
    assert distillation(rows[0], rows[0] * 7).item() == pytest.approx(0, abs=1e-6)
    with pytest.raises(ShapeError):
        distillation(rows[0], rows[1][:, :3])


def test_cosent_equals_the_example_worked_by_hand() -> None:
    # Cosines 0 and 1, gold scores 5 and 1, tau 1: the one pair is the wrong way round, ln(1 + e^(1 - 0)).
    left, right = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 1.0], [3.0, 0.0]])
    loss = cosent(left, right, torch.tensor([5.0, 1.0]), temperature=1.0)
    assert loss.item() == pytest.approx(math.log(1 + math.e), abs=1e-6)


def test_cosent_looks_at_the_order_of_scores_alone(rows: list[torch.Tensor]) -> None:
    left, right, _ = rows
    scores = torch.tensor([0.0, 1.0, 2.0, 2.0, 4.0, 5.0])
    assert cosent(left, right, scores).item() == cosent(left, right, scores * 100 - 7).item()
    assert cosent(left, right, torch.ones(6)).item() == 0


def test_matryoshka_of_the_full_length_is_the_plain_loss(rows: list[torch.Tensor]) -> None:
    assert matryoshka(info_nce, [16])(*rows).item() == info_nce(*rows).item()


def test_matryoshka_is_the_weighted_mean_over_prefixes(rows: list[torch.Tensor]) -> None:
    short, full = info_nce(*(each[:, :4] for each in rows)), info_nce(*rows)
    expected = (3 * short + full) / 4
    assert matryoshka(info_nce, [4, 16], [3.0, 1.0])(*rows).item() == pytest.approx(expected.item(), rel=1e-6)


def test_embeddings_that_do_not_fit_are_refused(rows: list[torch.Tensor]) -> None:
    with pytest.raises(ShapeError, match=r"\(5, 16\), expected \(6, 16\)"):
        info_nce(rows[0], rows[1][:5])
    with pytest.raises(ShapeError, match="two dimensions"):
        triplet_loss(rows[0][0], rows[1][0], rows[2][0])
    with pytest.raises(ShapeError, match="one score a pair"):
        cosent(rows[0], rows[1], torch.ones(3))


def test_senseless_parameters_are_refused(rows: list[torch.Tensor]) -> None:
    with pytest.raises(InputError, match="temperature is 0"):
        info_nce(rows[0], rows[1], temperature=0)
    with pytest.raises(InputError, match="longer than 16"):
        matryoshka(info_nce, [32])(*rows)
    with pytest.raises(InputError, match="positive prefixes"):
        matryoshka(info_nce, [])
