"""Colours of topics on a map: ten that the colour-blind tell apart, spread so that neighbours differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# in the order of Paul Tol's schemes (https://personal.sron.nl/~pault/), on white and on dark; the page has the same two
LIGHT = (
    *("#4477aa", "#cc6677", "#117733", "#ddaa33", "#882255"),
    *("#33a9c9", "#999933", "#aa4499", "#8b5e3c", "#44aa99"),
)
GREY = "#b3b8bf"


def spread_colours(middles: Sequence[tuple[float, ...] | None]) -> list[int]:
    """A colour's number for each topic, by where its name stands: the one whose topics so far lie farthest away.

    Args:
        middles: the largest topic first; None for a topic without a place.
    """
    crowding = np.zeros((len(middles), len(LIGHT)))
    known = [place for place in middles if place is not None]
    spread = float(np.ptp(np.array(known), axis=0).max()) or 1.0 if known else 1.0
    chosen: list[int] = []
    for number, place in enumerate(middles):
        colour = int(crowding[number].argmin()) if place is not None else 0
        chosen.append(colour)
        if place is None:
            continue
        for other in range(number + 1, len(middles)):
            there = middles[other]
            if there is not None:
                away = sum((a - b) ** 2 for a, b in zip(place, there, strict=True)) / spread**2
                crowding[other, colour] += 1 / (away + 1e-4)
    return chosen
