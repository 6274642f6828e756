"""An index served by Milvus (https://milvus.io): pushed there, and searched there like any other.

    index here ─ push ─> collection ─ MilvusEngine ─> the same hits

`layout` says what lies in a collection; an index here stays the source of truth, and a collection can be made from it
again at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.scale.milvus.address import Address

if TYPE_CHECKING:
    from pathlib import Path

    from searchkit.encoder import Encoder
    from searchkit.scale.milvus.engine import MilvusEngine

__all__ = ["Address", "open_address"]


def open_address(address: str, *, encoder: Encoder | str | Path | None = None, device: str = "auto") -> MilvusEngine:
    """The engine of ``milvus://host:port/collection``; what `SearchEngine.open` calls for such an address.

    Raises:
        InputError: the address has no host or no collection, or holds a password.
    """
    from searchkit.scale.milvus.engine import MilvusEngine

    return MilvusEngine(Address.parse(address), encoder=encoder, device=device)
