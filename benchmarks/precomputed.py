"""Indexes over texts whose rows are known already: what is measured is not the encoder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit import SearchEngine
from searchkit.encoder import load_encoder

if TYPE_CHECKING:
    from searchkit.types import Rows

_AT_ONCE = 20_000


class KnownRows:
    """The bundled encoder, but for texts whose rows are given."""

    def __init__(self, texts: Sequence[str], rows: Rows) -> None:
        self._encoder = load_encoder()
        self._rows = dict(zip(texts, rows, strict=True))
        self.name, self.fingerprint = self._encoder.name, self._encoder.fingerprint
        self.dimension, self.max_tokens = self._encoder.dimension, self._encoder.max_tokens
        self.tokenizer = self._encoder.tokenizer

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        unknown = [text for text in texts if text not in self._rows]
        made = dict(zip(unknown, self._encoder.encode_passages(unknown), strict=True)) if unknown else {}
        return np.stack([self._rows[text] if text in self._rows else made[text] for text in texts]).astype(np.float32)


def read_passages(folder: Path, count: int) -> tuple[list[dict[str, Any]], Rows]:
    """The first passages of ``passages.jsonl`` and their rows of ``rows.npy``, (N, D) float32 unit rows."""
    with (folder / "passages.jsonl").open(encoding="utf-8") as lines:
        passages = [json.loads(line) for line in islice(lines, count)]
    return passages, np.load(folder / "rows.npy", mmap_mode="r")[:count]


def open_index(folder: Path, passages: Sequence[dict[str, Any]], rows: Rows) -> SearchEngine:
    """An index of these passages; made where there is none yet."""
    encoder = KnownRows([passage["text"] for passage in passages], rows)
    is_new = not folder.exists()
    engine = SearchEngine.open_or_create(folder, encoder=encoder)
    for first in range(0, len(passages) if is_new else 0, _AT_ONCE):
        engine.add(passages[first : first + _AT_ONCE])
    return engine
