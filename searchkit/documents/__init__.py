"""Files and streams -> documents: which files, in which format, with which text, structure and metadata."""

from __future__ import annotations

from searchkit.documents.formats import SUPPORTED
from searchkit.documents.reader import content_hash, read_bytes, read_source, read_text
from searchkit.documents.sources import LeftOut, ReadOptions, Refused, Source, WalkOptions
from searchkit.documents.walk import is_passed_over, trace, walk

__all__ = [
    "SUPPORTED",
    "LeftOut",
    "ReadOptions",
    "Refused",
    "Source",
    "WalkOptions",
    "content_hash",
    "is_passed_over",
    "read_bytes",
    "read_source",
    "read_text",
    "trace",
    "walk",
]
