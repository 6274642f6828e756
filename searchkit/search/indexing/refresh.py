"""Bringing an index up to date with all that was indexed before, each folder in the manner in which it last was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.search.indexing.remembered import manner_of
from searchkit.search.indexing.sync import FolderSync
from searchkit.search.reports import IndexReport, ProgressSink, RefreshReport, Refusal

if TYPE_CHECKING:
    from searchkit.search.indexing.ingest import Ingest
    from searchkit.store import StoreWriter

GONE = "it is not there any more; what the index holds of it is kept"
UNKNOWN = "an older searchkit indexed it and did not note how; index it once more: searchkit index"


def refresh(store: StoreWriter, ingest: Ingest, progress: ProgressSink) -> RefreshReport:
    """Mirror every root that is there again."""
    reports, left_out = [], []
    for root in store.read.roots():
        manner = manner_of(store.read, root.root_id)
        if manner is None or not os.path.exists(root.location):  # noqa: PTH110 - a Path's own raises OSError
            left_out.append(Refusal(root.location, UNKNOWN if manner is None else GONE))
            continue
        run = FolderSync(store, store.read.settings(), ingest, manner.read, progress)
        reports.append(run.run([Path(root.location)], manner.walk))
    return RefreshReport(_together(reports), tuple(left_out))


def _together(reports: list[IndexReport]) -> IndexReport:
    """The sum; chunks are counted on from run to run already."""
    return IndexReport(
        new=sum(one.new for one in reports),
        changed=sum(one.changed for one in reports),
        unchanged=sum(one.unchanged for one in reports),
        removed=sum(one.removed for one in reports),
        refused=tuple(refusal for one in reports for refusal in one.refused),
        chunks_added=reports[-1].chunks_added if reports else 0,
        chunks_encoded=reports[-1].chunks_encoded if reports else 0,
        seconds=sum(one.seconds for one in reports),
    )
