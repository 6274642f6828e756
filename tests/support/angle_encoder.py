"""An encoder whose vectors are chosen by the test: a text is a number of degrees on a circle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from word_encoder import WordEncoder

if TYPE_CHECKING:
    from searchkit.types import Rows


class AngleEncoder(WordEncoder):
    """The first number in a text is its angle: texts ``a`` and ``b`` degrees have the cosine of ``a - b``."""

    dimension = 2

    def __init__(self) -> None:
        super().__init__("angles")

    def _encode(self, texts: Sequence[str]) -> Rows:
        numbers = [re.search(r"-?[0-9]+(?:\.[0-9]+)?", text) for text in texts]
        turned = np.deg2rad([0.0 if number is None else float(number[0]) for number in numbers])
        return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)
