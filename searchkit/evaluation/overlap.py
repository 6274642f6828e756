"""How alike two rankings are, the first places counting most: rank-biased overlap."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from searchkit.errors import InputError

PERSISTENCE = 0.9  # the first ten places carry 86 % of the weight


def rbo(one: Sequence[Hashable], other: Sequence[Hashable], *, p: float = PERSISTENCE) -> float:
    """Extrapolated rank-biased overlap of two rankings, 0 (nothing in common) to 1 (the same).

    A reader goes on from one place to the next with probability ``p``; the value is the share of what he has read
    that both rankings hold, where the rest of both is taken to agree as their known part does. Both may be cut at
    different depths. Two empty rankings are the same; an empty one has nothing in common with another.

    Args:
        one: items, best first, each once.
        other: the same.
        p: above 0, below 1; higher looks deeper.

    Raises:
        InputError: ``p`` out of range, or an item twice in a ranking.

    Webber, Moffat, Zobel 2010, "A similarity measure for indefinite rankings", equation 32,
    https://doi.org/10.1145/1852102.1852106
    """
    _check(one, other, p)
    short, long = sorted((one, other), key=len)
    if not short:
        return 0.0 if long else 1.0
    overlaps = _overlaps(short, long)
    at_short, at_end = overlaps[len(short) - 1], overlaps[-1]
    total = 0.0
    for depth, common in enumerate(overlaps, start=1):
        beyond = max(0, depth - len(short))  # places of the shorter one that are only supposed
        total += (common / depth + at_short * beyond / (len(short) * depth)) * p**depth
    rest = (at_end - at_short) / len(long) + at_short / len(short)
    return (1 - p) / p * total + rest * p ** len(long)


def _overlaps(short: Sequence[Hashable], long: Sequence[Hashable]) -> list[int]:
    """At each depth of the longer ranking, how many items both hold down to there."""
    seen: set[Hashable] = set()
    found, overlaps = 0, []
    for depth, item in enumerate(long):
        pair = {item, short[depth]} if depth < len(short) else {item}
        found += len(pair & seen) + (depth < len(short) and len(pair) == 1)
        seen |= pair
        overlaps.append(found)
    return overlaps


def _check(one: Sequence[Hashable], other: Sequence[Hashable], p: float) -> None:
    if not 0 < p < 1:
        raise InputError(f"p is {p}; expected a probability above 0 and below 1")
    for ranking in (one, other):
        if len(set(ranking)) != len(ranking):
            raise InputError("a ranking holds an item twice")
