"""``manifest.json``: what a folder of shards holds and how it was made. It is written last, so it means: complete.

The same sources, encoder and options give the same manifest to the byte, on any number of machines: it holds no time
and no names of machines.

    format      of this file and of the shards
    searchkit   the version that wrote it
    recipe      everything that decides what is in the shards
    counts      documents, passages, files, refused files
    files       the table of files: name, bytes, SHA-256
    shards      each shard in order: name, rows, documents, bytes, SHA-256
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from searchkit.errors import ShardsError
from searchkit.scale.place import Place

T = TypeVar("T")
MANIFEST = "manifest.json"
PLAN = "plan.json"  # the recipe alone, written before the first shard
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the rows of the shards, besides the sources.

    Attributes:
        encoder: the name or folder that the encoder is loaded by; empty for the bundled one.
        fingerprint: of the encoder; vectors of two fingerprints do not compare.
        dimension: numbers a vector.
        max_tokens: the encoder's limit a passage.
        chunk_tokens, overlap_tokens: how documents were cut.
        canaries: the encoder's vectors of the canary sentences, float16, base64, as an index keeps them.
        dtype: of the embeddings: ``float16`` or ``float32``.
        batch_size: passages that were encoded together.
        shard_size: passages that a shard was planned to have.
        walking, reading: which files were taken and how they were read, in the words of
            `searchkit.documents.WalkOptions` and `ReadOptions`.
        sources: SHA-256 over the plan: every file with its bytes' hash, and what each shard takes of it.
    """

    encoder: str
    fingerprint: str
    dimension: int
    max_tokens: int
    chunk_tokens: int
    overlap_tokens: int
    canaries: str
    dtype: str
    batch_size: int
    shard_size: int
    walking: Mapping[str, Any]
    reading: Mapping[str, Any]
    sources: str

    def digest(self) -> str:
        """Hex SHA-256 of all of it; each shard carries it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is in all shards."""

    documents: int
    passages: int
    files: int
    refused: int


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file beside the manifest."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """A shard; ``rows`` are its passages."""

    file: str
    rows: int
    documents: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of ``manifest.json``."""

    searchkit: str
    recipe: Recipe
    counts: Counts
    files: FileRecord
    shards: tuple[ShardRecord, ...]

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


def read_manifest(place: Place) -> Manifest:
    """The manifest of a folder of shards.

    Raises:
        ShardsError: there is none, it is no manifest, it is of a newer format, or its counts do not add up.
    """
    names = place.names()
    if not names:
        raise ShardsError(
            f"there is nothing in {place}", hint=f"check the path; shards are made by `searchkit embed SRC {place}`"
        )
    if MANIFEST not in names:
        raise ShardsError(
            f"{place} has no {MANIFEST}, so it holds no shards, or not all of them",
            hint="run the same `searchkit embed` again: it goes on where it was cut off",
        )
    try:
        data = json.loads(place.read(MANIFEST))
        if data["format"] != FORMAT:
            raise ShardsError(
                f"the shards in {place} have format {data['format']!r}, this searchkit reads {FORMAT}",
                hint="install a newer searchkit",
            )
        manifest = Manifest(
            data["searchkit"],
            Recipe(**data["recipe"]),
            Counts(**data["counts"]),
            FileRecord(**data["files"]),
            tuple(ShardRecord(**shard) for shard in data["shards"]),
        )
        _check_sums(manifest, place)
    except (ValueError, TypeError, KeyError) as exc:
        raise ShardsError(f"{place}/{MANIFEST} cannot be read: {exc}", hint=MAKE_ANEW) from exc
    return manifest


def options_of(kind: type[T], values: Mapping[str, Any]) -> T:
    """The options that a recipe has the words of."""
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


MAKE_ANEW = "run the same `searchkit embed` again: it makes anew what does not agree"


def _check_sums(manifest: Manifest, place: Place) -> None:
    counts = manifest.counts
    found = (sum(s.rows for s in manifest.shards), sum(s.documents for s in manifest.shards))
    if found != (counts.passages, counts.documents):
        raise ShardsError(
            f"{place}/{MANIFEST} counts {counts.passages:,} passages of {counts.documents:,} documents; "
            f"its shards add up to {found[0]:,} and {found[1]:,}",
            hint=MAKE_ANEW,
        )
