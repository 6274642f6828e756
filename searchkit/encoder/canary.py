"""Eight fixed sentences that tell whether an encoder still gives the vectors an index was built with.

A fingerprint says that the files are the same. The canaries say that the *vectors* are: another runtime, device or
library release may round differently, which is fine, or be wrong, which is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import EncoderMismatchError

if TYPE_CHECKING:
    from searchkit.encoder.contract import Encoder
    from searchkit.types import Rows

CANARIES = (
    "The quick brown fox jumps over the lazy dog.",
    "How do I restore a file that I deleted by mistake?",
    "rm -rf build/ && cmake --build . --target install",
    "Zürich, São Paulo and 東京 are cities.",
    "42",
    "def area(radius: float) -> float: return 3.14159 * radius ** 2",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen, mostly in the leaves of plants.",
    "It was not a good film; it was a great one.",
)
TOLERANCE = 0.01  # of 1 - cosine: bfloat16 stays under 1e-4, another checkpoint is far above


def canary_vectors(encoder: Encoder) -> Rows:
    """(8, D) unit rows of the canaries, to be stored with an index."""
    return encoder.encode_passages(CANARIES)


def check_canaries(encoder: Encoder, stored: Rows, tolerance: float = TOLERANCE) -> None:
    """Compare an encoder with the canaries stored earlier.

    Args:
        encoder: the one to be used now.
        stored: (8, D) unit rows from `canary_vectors`.
        tolerance: largest 1 - cosine that counts as rounding.

    Raises:
        EncoderMismatchError: the shape or a vector differs by more.
    """
    if stored.shape != (len(CANARIES), encoder.dimension):
        raise EncoderMismatchError(
            f"the stored canaries have shape {stored.shape}; {encoder.name} gives {(len(CANARIES), encoder.dimension)}",
            hint="use the encoder that the index was built with, or build the index again",
        )
    apart = 1.0 - np.einsum("nd,nd->n", canary_vectors(encoder), stored)
    worst = int(np.argmax(apart))
    if not apart[worst] <= tolerance:  # NaN fails too
        raise EncoderMismatchError(
            f"{encoder.name} gives other vectors than those stored: 1 - cosine is {apart[worst]:.4f} for canary"
            f" {worst}, at most {tolerance} expected",
            hint="use the encoder that the index was built with, or build the index again",
        )
