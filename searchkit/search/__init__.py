"""Query, gimme the hits: where encoder, index and store meet.

The names are imported from their modules when first used: a query needs neither care nor reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.exports import lazy_names

if TYPE_CHECKING:
    from searchkit.search.encoders import IndexSettings
    from searchkit.search.engine import SearchEngine
    from searchkit.search.reports import (
        AddReport,
        DocumentInfo,
        IndexReport,
        IndexStatus,
        Progress,
        Refusal,
        RootInfo,
        StoredChunk,
        StoredDocument,
    )
    from searchkit.search.upkeep.care import backup_index, repair_index, restore_index, verify_index
    from searchkit.search.upkeep.health import CopyReport, RepairReport, VerifyReport
    from searchkit.store import SourceInfo

_ROOMS = {
    "encoders": ("IndexSettings",),
    "engine": ("SearchEngine",),
    "looking": ("SourceInfo",),
    "reports": (
        "AddReport",
        "DocumentInfo",
        "IndexReport",
        "IndexStatus",
        "Progress",
        "Refusal",
        "RootInfo",
        "StoredChunk",
        "StoredDocument",
    ),
    "upkeep.care": (
        "backup_index",
        "repair_index",
        "restore_index",
        "verify_index",
    ),
    "upkeep.health": (
        "CopyReport",
        "RepairReport",
        "VerifyReport",
    ),
}
__all__ = [
    "AddReport",
    "CopyReport",
    "DocumentInfo",
    "IndexReport",
    "IndexSettings",
    "IndexStatus",
    "Progress",
    "Refusal",
    "RepairReport",
    "RootInfo",
    "SearchEngine",
    "SourceInfo",
    "StoredChunk",
    "StoredDocument",
    "VerifyReport",
    "backup_index",
    "repair_index",
    "restore_index",
    "verify_index",
]
__getattr__, __dir__ = lazy_names(__name__, _ROOMS)
