"""How long a chunk may be, in tokens of the encoder."""

from __future__ import annotations

from dataclasses import dataclass

from searchkit.errors import InputError

SMALLEST_BUDGET = 16


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """The bounds of a chunk, all in tokens of the encoder that will embed it.

    Attributes:
        max_tokens: the encoder's own limit, special tokens included; at least 16. Heading path and text of
            a chunk always fit in it.
        overlap_tokens: how much of a split section may be said twice, in whole sentences; at most a quarter
            of ``max_tokens`` is used.
        target_tokens: neighbouring paragraphs of a section are joined up to this size. Smaller than the
            limit, because a passage about one thing is found better than a full window about three.

    Raises:
        InputError: a bound is too small.
    """

    max_tokens: int
    overlap_tokens: int = 32
    target_tokens: int = 200

    def __post_init__(self) -> None:
        if self.max_tokens < SMALLEST_BUDGET:
            raise InputError(
                f"max_tokens is {self.max_tokens}, expected at least {SMALLEST_BUDGET}",
                hint="take the encoder's own limit, usually 128 to 512",
            )
        if self.overlap_tokens < 0:
            raise InputError(f"overlap_tokens is {self.overlap_tokens}, expected 0 or more")
        if self.target_tokens < 1:
            raise InputError(f"target_tokens is {self.target_tokens}, expected 1 or more")
