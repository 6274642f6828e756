"""Pairs of sentences with the similarity that people gave them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Two sentences and how similar people found them, mostly 0 to 5; ``subset`` is where they come from."""

    sentence1: str
    sentence2: str
    score: float
    subset: str = ""


@dataclass(frozen=True, slots=True)
class StsSet:
    """A similarity task."""

    name: str
    pairs: tuple[ScoredPair, ...]


def distinct_sentences(task: StsSet) -> list[str]:
    """Every sentence of the set once, in the order of first appearance."""
    return list(dict.fromkeys(text for pair in task.pairs for text in (pair.sentence1, pair.sentence2)))
