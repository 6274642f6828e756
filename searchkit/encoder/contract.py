"""What every other room may ask of an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from searchkit.types import Rows


class Encoder(Protocol):
    """Texts in, float32 unit rows out.

    Attributes:
        name: what to show; no identity.
        dimension: columns of every row.
        max_tokens: longest input in tokens, special tokens included; what is longer is cut.
        fingerprint: hex SHA-256 of everything that shapes a vector. Vectors of two fingerprints do not compare.
        tokenizer: the encoder's own tokenizer, without truncation and padding, for whoever counts tokens.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """(N, D) unit rows, row i for ``texts[i]``; (0, D) for no texts."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        """(N, D) unit rows, row i for ``texts[i]``; working memory is bounded, whatever N."""
        ...
