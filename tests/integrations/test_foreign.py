from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from searchkit.errors import EncoderError
from searchkit.integrations.foreign import ForeignEncoder


def lengths(texts: Sequence[str]) -> list[list[float]]:
    return [[3.0 * len(text), 4.0 * len(text)] for text in texts]


def test_rows_are_brought_to_unit_length() -> None:
    encoder = ForeignEncoder("lengths", lengths, lengths)
    np.testing.assert_allclose(encoder.encode_passages(["a", "abc"]), [[0.6, 0.8]] * 2, atol=1e-6)
    assert encoder.encode_queries([]).shape == (0, 2)
    assert encoder.dimension == 2


def test_name_and_dimension_tell_encoders_apart() -> None:
    def three(texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, 2.0, 3.0] for _ in texts]

    prints = {ForeignEncoder(name, embed, embed).fingerprint for name in "ab" for embed in (lengths, three)}
    assert len(prints) == 4
    assert ForeignEncoder("a", lengths, lengths).fingerprint in prints


@pytest.mark.parametrize(
    "vectors",
    [[], [[1.0], [2.0]], [1.0], [[float("nan")]], [[1e40]], [[]], [["x"]], [[None]], [{}], [[1.0, 2.0], [3.0]]],
    ids=repr,
)
def test_vectors_of_a_wrong_shape_are_refused(vectors: list[object]) -> None:
    encoder = ForeignEncoder("odd", lengths, lambda _: vectors)
    with pytest.raises(EncoderError, match="odd gave"):
        encoder.encode_passages(["a text"])


def test_a_model_that_changes_its_length_is_refused() -> None:
    encoder = ForeignEncoder("odd", lengths, lambda texts: [[1.0] for _ in texts])
    with pytest.raises(EncoderError, match="1 numbers; expected 2"):
        encoder.encode_passages(["a text"])
