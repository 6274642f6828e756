"""Making an index mirror folders: what is new, changed, unchanged, vanished or refused.

A file is unchanged when its size and modification time are those that were recorded, or else when the hash of its
bytes is. A modification time as young as the reading itself proves nothing (a second write within the same tick
would go unseen), so it is recorded as unknown and the bytes are hashed next time.

Files that vanished are dropped last, so that a renamed file finds its vectors.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash

from searchkit.documents import (
    ReadOptions,
    Refused,
    Source,
    WalkOptions,
    content_hash,
    read_bytes,
    read_source,
    walk,
)
from searchkit.errors import DocumentRefusedError, DocumentTooLargeError, MissingExtraError
from searchkit.search.indexing.remembered import Manner, keep_manner, manner_of
from searchkit.search.indexing.roots import Scope, is_there, scope_of
from searchkit.search.reports import IndexReport, Progress, ProgressSink, Refusal
from searchkit.store import NewSource, SourceRow, StoredSettings, StoreWriter

if TYPE_CHECKING:
    from searchkit.search.indexing.ingest import Ingest
    from searchkit.types import Document

READING_VERSION = 3  # moves on when the readers or the chunker give other chunks for the same file
YOUNG_NS = 2_000_000_000


def reading_digest(reading: ReadOptions, settings: StoredSettings) -> str:
    """Of how a file is read and cut; where it is another than recorded the file is read again."""
    how = repr((READING_VERSION, reading, settings.chunk_tokens, settings.overlap_tokens))
    return xxhash.xxh3_64_hexdigest(how.encode())


class FolderSync:
    """One run over one or more folders; with no ``ingest`` it only tells what it would do."""

    def __init__(
        self,
        store: StoreWriter,
        settings: StoredSettings,
        ingest: Ingest | None,
        reading: ReadOptions,
        progress: ProgressSink,
    ) -> None:
        self._store, self._ingest, self._reading, self._progress = store, ingest, reading, progress
        self._digest = reading_digest(reading, settings)
        self._started = time.monotonic()
        self._new = self._changed = self._unchanged = self._removed = self._done = self._total = 0
        self._refused: list[Refusal] = []
        self._strangers: dict[int | None, str] = {}
        if ingest is not None:
            ingest.on_encoded = self._tell

    def run(self, paths: Sequence[Path], walking: WalkOptions) -> IndexReport:
        """Bring the index up to date with ``paths``, which exist."""
        for path in paths:
            self._mirror(scope_of(self._store.read, path, Path.cwd()), walking)
        return IndexReport(
            new=self._new,
            changed=self._changed,
            unchanged=self._unchanged,
            removed=self._removed,
            refused=tuple(sorted(self._refused, key=lambda refusal: refusal.path)),
            chunks_added=0 if self._ingest is None else self._ingest.chunks_added,
            chunks_encoded=self._encoded(),
            seconds=time.monotonic() - self._started,
        )

    def _mirror(self, scope: Scope, walking: WalkOptions) -> None:
        found = list(self._scan(scope, walking))
        known = scope.known(self._store.read)
        root_id = self._settle(scope, Manner(walking, self._reading))
        self._strangers = self._other_roots(root_id)
        self._total += len(found)
        for item in found:
            self._tell(item.path)
            self._look_at(item, known.get(item.path), root_id)
            self._done += 1
        vanished = _vanished(known, found)
        self._removed += len(vanished)
        if self._ingest is not None:
            self._ingest.flush()
            if vanished:
                with self._store.change():
                    self._store.drop_sources(vanished)
        self._tell()

    def _tell(self, path: str = "") -> None:
        cut = 0 if self._ingest is None else self._ingest.chunks_cut
        self._progress(Progress("index", self._done, self._total, self._encoded(), cut, path))

    def _scan(self, scope: Scope, walking: WalkOptions) -> Iterator[Source | Refused]:
        for count, item in enumerate(walk(scope.location, prefix=scope.prefix, options=walking), start=1):
            if count % 256 == 0:
                self._progress(Progress("scan", count, path=item.path))
            yield item

    def _settle(self, scope: Scope, manner: Manner) -> int | None:
        """Record the root and how it is indexed, where that is news; its id."""
        root_id = None if scope.root is None else scope.root.root_id
        is_noted = root_id is not None and (scope.is_part or manner_of(self._store.read, root_id) == manner)
        if self._ingest is None or (scope.is_settled and is_noted):
            return root_id
        with self._store.change():
            root_id = scope.settle(self._store)
            keep_manner(self._store, root_id, manner)
            return root_id

    def _other_roots(self, root_id: int | None) -> dict[int | None, str]:
        """Where the files of other roots lie, by root; one that is gone lets its paths be taken."""
        roots = self._store.read.roots()
        return {r.root_id: r.location for r in roots if r.root_id != root_id and is_there(r.location)}

    def _stranger(self, path: str) -> str | None:
        """The location of another root, a file of which has that path."""
        source = self._store.read.source(path) if self._strangers else None
        return None if source is None else self._strangers.get(source.root_id)

    def _encoded(self) -> int:
        return 0 if self._ingest is None else self._ingest.chunks_encoded

    def _look_at(self, item: Source | Refused, before: SourceRow | None, root_id: int | None) -> None:
        stranger = None if before is not None else self._stranger(item.path)
        if stranger is not None:
            self._refused.append(Refusal(item.path, f"a file in {stranger} has the same path in the index"))
        elif isinstance(item, Refused):
            self._refuse(NewSource(root_id, item.path, 0, None, None, "", self._digest), item.reason, before)
        elif before is not None and self._is_untouched(item, before):
            self._keep(before)
        else:
            self._read(item, before, root_id)

    def _is_untouched(self, item: Source, before: SourceRow) -> bool:
        same = before.size == item.size and before.mtime_ns == item.mtime_ns
        return same and before.options_digest == self._digest

    def _keep(self, before: SourceRow) -> None:
        if before.status == "refused":
            self._refused.append(Refusal(before.path, before.reason))
        else:
            self._unchanged += 1

    def _read(self, item: Source, before: SourceRow | None, root_id: int | None) -> None:
        source = _new_source(item, root_id, self._digest)
        try:
            data = read_bytes(item)
            source = replace(source, size=len(data), content_hash=content_hash(data))
            if before is not None and self._is_same(source, before):
                self._note_same(source, before)
                return
            documents = read_source(item, self._reading, data)
        except DocumentTooLargeError as error:  # the next run may have another limit
            self._refuse_for_now(source, error.message, before)
        except DocumentRefusedError as error:
            self._refuse(source, error.message, before)
        except MissingExtraError as error:  # it may be installed by the next run
            self._refuse_for_now(source, str(error), before)
        else:
            self._take(source, documents, before)

    def _take(self, source: NewSource, documents: Sequence[Document], before: SourceRow | None) -> None:
        taken = next((new.doc_id for new in documents if self._store.read.is_taken(new.doc_id, path=source.path)), None)
        if taken is not None:
            self._refuse_for_now(source, f"another document in the index has the name {taken!r}", before)
            return
        if before is None or before.status == "refused":
            self._new += 1
        else:
            self._changed += 1
        if self._ingest is not None:
            self._ingest.take_file(source, documents)

    def _is_same(self, source: NewSource, before: SourceRow) -> bool:
        return source.content_hash == before.content_hash and self._digest == before.options_digest

    def _note_same(self, source: NewSource, before: SourceRow) -> None:
        self._keep(before)
        if self._ingest is not None and source.mtime_ns is not None:
            self._ingest.note_seen(before.source_id, mtime_ns=source.mtime_ns, modified=source.modified)

    def _refuse_for_now(self, source: NewSource, reason: str, before: SourceRow | None) -> None:
        """Refuse a file for what is not its own fault, so that the next run reads it again."""
        self._refuse(replace(source, mtime_ns=None, content_hash=""), reason, before)

    def _refuse(self, source: NewSource, reason: str, before: SourceRow | None) -> None:
        self._refused.append(Refusal(source.path, reason))
        known = before is not None and (before.status, before.reason) == ("refused", reason)
        if self._ingest is not None and not (known and source.content_hash == ""):
            self._ingest.take_file(replace(source, status="refused", reason=reason), [])


def _vanished(known: Mapping[str, SourceRow], found: Sequence[Source | Refused]) -> list[str]:
    """Known paths that were not met. What lies in a folder that could not be listed (``docs/locked/``) is spared."""
    refused = (item.path for item in found if isinstance(item, Refused))
    unlisted = tuple(path.removeprefix("./") for path in refused if path.endswith("/"))  # "./" is all there is
    missing = known.keys() - {item.path for item in found}
    return sorted(path for path in missing if not path.startswith(unlisted))


def _new_source(item: Source, root_id: int | None, digest: str) -> NewSource:
    is_trusted = 0 <= item.mtime_ns <= time.time_ns() - YOUNG_NS
    return NewSource(
        root_id, item.path, item.size, _moment(item.mtime_ns), item.mtime_ns if is_trusted else None, "", digest
    )


def _moment(mtime_ns: int) -> str | None:
    """ISO 8601, UTC; None for times that no calendar reaches, as a broken clock or archive leaves them."""
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9, tz=timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
