"""Transfer: how much of a task does a logistic regression read off frozen embeddings?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import EvaluationError, MissingExtraError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.encoder import Encoder
    from searchkit.evaluation.labelled import Labelled, LabelledSet

STRENGTHS = (1.0, 10.0, 100.0)  # inverse regularisation; unit rows need little of it
VALIDATION_SHARE = 0.1
_MOST_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class TransferReport:
    """Accuracy on the test part, 0 to 1.

    Attributes:
        majority: accuracy of always giving the most frequent label of the training part.
        strength: inverse regularisation chosen on a tenth of the training part.
    """

    name: str
    accuracy: float
    majority: float
    strength: float
    train: int
    test: int


def evaluate_transfer(encoder: Encoder, task: LabelledSet, *, seed: int = 0) -> TransferReport:
    """Train a logistic regression on embeddings that stay as they are; the encoder learns nothing.

    Texts are encoded as passages. A pair becomes |u - v| beside u * v.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        EvaluationError: fewer than two labels to train on.

    Conneau, Kiela 2018, "SentEval", https://arxiv.org/abs/1803.05449
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as exc:
        raise MissingExtraError("scikit-learn", "eval") from exc
    labels, test_labels = (np.array([row.label for row in part]) for part in (task.train, task.test))
    held = np.random.default_rng(seed).permutation(len(labels)) < max(1, round(VALIDATION_SHARE * len(labels)))
    if len(set(labels[~held])) < 2:
        raise EvaluationError(f"{task.name} has fewer than two labels to train on")
    rows, test_rows = features(encoder, task.train), features(encoder, task.test)

    def fitted(strength: float, chosen: NDArray[np.bool_]) -> LogisticRegression:
        return LogisticRegression(C=strength, max_iter=_MOST_STEPS).fit(rows[chosen], labels[chosen])

    strength = max(STRENGTHS, key=lambda value: fitted(value, ~held).score(rows[held], labels[held]))
    accuracy = float(fitted(strength, np.ones_like(held)).score(test_rows, test_labels))
    most_frequent = Counter(labels.tolist()).most_common(1)[0][0]
    majority = float(np.mean(test_labels == most_frequent))
    return TransferReport(task.name, accuracy, majority, strength, len(labels), len(test_labels))


def features(encoder: Encoder, part: tuple[Labelled, ...]) -> NDArray[np.float32]:
    """(N, D) embeddings of single texts, or (N, 2D) features of pairs."""
    distinct = {text: place for place, text in enumerate(dict.fromkeys(t for row in part for t in row.texts))}
    rows = encoder.encode_passages(list(distinct))
    first = rows[[distinct[row.texts[0]] for row in part]]
    if len(part[0].texts) == 1:
        return first
    second = rows[[distinct[row.texts[1]] for row in part]]
    return np.hstack([np.abs(first - second), first * second])
