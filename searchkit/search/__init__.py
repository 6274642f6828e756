"""Query, gimme the hits: where encoder, index and store meet."""

from __future__ import annotations

from searchkit.search.care import backup_index, repair_index, restore_index, verify_index
from searchkit.search.encoders import IndexSettings
from searchkit.search.engine import SearchEngine
from searchkit.search.health import CopyReport, RepairReport, VerifyReport
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
from searchkit.store import SourceInfo

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
