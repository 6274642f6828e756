"""What a server of Milvus can do, by its version."""

from __future__ import annotations

import re
from dataclasses import dataclass

OLDEST = (2, 3)  # counts, upserts and deletes by any condition
_VERSION = re.compile(r"(?:v|milvus_lite-)?([0-9]+)\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class Version:
    """What a server can do.

    Attributes:
        text: as it says.
        numbers: the first two; of milvus-lite, whose own count, None.
    """

    text: str
    numbers: tuple[int, int] | None

    @classmethod
    def parse(cls, text: str) -> Version:
        found = _VERSION.match(text)
        if found is None or text.startswith("milvus_lite"):
            return cls(text, None)
        return cls(text, (int(found[1]), int(found[2])))

    @property
    def has_words(self) -> bool:
        """Whether it has BM25 and ``text_match``."""
        return self.numbers is None or self.numbers >= (2, 5)

    @property
    def forgets_last_change(self) -> bool:
        """Whether the last change of a collection's properties is gone after a restart: milvus-io/milvus#30144."""
        return self.numbers is not None and self.numbers < (2, 4)

    @property
    def has_infix_like(self) -> bool:
        """Whether LIKE finds more than beginnings."""
        return self.numbers is None or self.numbers >= (2, 4)
