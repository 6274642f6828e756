"""Documents of a few themes, and rows about a few directions: what topics, maps and clusters are tried on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit import SearchEngine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Rows

MakeEngine = Callable[..., SearchEngine]  # opens an index that holds the given documents
THEMES = {
    "fruit": "apples pears cherries plums orchard harvest ripe tree",
    "ships": "boats sails harbour captain anchor waves deck mast",
    "clocks": "hours minutes pendulum dial watch gears spring chime",
    "music": "violin melody concert orchestra tune rhythm choir piano",
}


def themed_texts(each: int = 20, seed: int = 0) -> list[dict[str, Any]]:
    """Documents of six words of one theme each, with the theme, a year and a date in their metadata."""
    draw = np.random.default_rng(seed)
    return [
        {
            "id": f"{theme}-{number:03}",
            "text": " ".join(draw.choice(words.split(), 6, replace=False)) + f" number{number}",
            "theme": theme,
            "year": 2020 + number % 3,
            "date": f"2026-0{1 + number % 4}-1{number % 9}",
        }
        for theme, words in THEMES.items()
        for number in range(each)
    ]


def blobs(
    groups: int, each: int, dimension: int = 32, spread: float = 0.3, seed: int = 0
) -> tuple[Rows, NDArray[np.int64]]:
    """Unit rows about directions at right angles, shuffled, and the group of each."""
    draw = np.random.default_rng(seed)
    centres = np.linalg.qr(draw.standard_normal((dimension, groups)))[0].T
    labels = draw.permutation(np.repeat(np.arange(groups), each))
    rows = centres[labels] + spread * draw.standard_normal((len(labels), dimension)) / np.sqrt(dimension)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), labels


def scattered(count: int, dimension: int = 32, seed: int = 1) -> Rows:
    """Unit rows in random directions."""
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
