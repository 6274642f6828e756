"""Looking at an index: its state, its files, its documents."""

from __future__ import annotations

import difflib
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from searchkit.directory import trusted_generation
from searchkit.errors import IndexDamagedError, UnknownNameError
from searchkit.index import read_facts
from searchkit.search.context import has_chunk
from searchkit.search.indexing.compaction import IndexPlan
from searchkit.search.reports import DocumentInfo, IndexStatus, RootInfo, StoredChunk
from searchkit.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from searchkit.directory import IndexFolder
    from searchkit.store import ChunkRow, GenerationRow, SourceInfo, StoreReader

SMALL_NAMES = 2000  # so many names are compared to suggest a close one


def status(folder: IndexFolder, reader: StoreReader) -> IndexStatus:
    """Everything that `searchkit status` shows."""
    counts, settings, generation = reader.counts(), reader.settings(), reader.generation()
    plan = IndexPlan.of(reader)
    ann_recall, problem = _vectors_file(folder, generation)
    return IndexStatus(
        name=folder.path.name,
        folder=folder.path,
        sources=counts.sources,
        refused=counts.refused,
        documents=counts.documents,
        chunks=counts.chunks,
        encoder=settings.encoder or "default",
        encoder_fingerprint=settings.fingerprint,
        dimension=settings.dimension,
        max_tokens=settings.max_tokens,
        index_kind="exact" if generation is None else generation.kind,
        generation=0 if generation is None else generation.generation,
        tail=counts.tail,
        deleted=counts.deleted,
        schema_version=SCHEMA_VERSION,
        size_bytes=size_of(folder),
        updated_at=reader.updated(),
        roots=tuple(
            RootInfo(root.prefix or ".", root.location, len(reader.sources_under(root.root_id)))
            for root in reader.roots()
        ),
        index_plan=plan.kind,
        target_recall=plan.target_recall,
        ann_recall_at_10=ann_recall,
        vectors_problem=problem,
    )


def _vectors_file(folder: IndexFolder, generation: GenerationRow | None) -> tuple[float | None, str | None]:
    """The recall that was measured when the recorded file was made, and what is wrong with the one that is there."""
    if generation is None:
        return None, None
    try:
        return read_facts(trusted_generation(folder, generation)).ann_recall, None
    except IndexDamagedError as error:  # it is answered without the file until it is made anew
        return None, error.message.replace(str(folder.path / generation.file), generation.file)


def size_of(folder: IndexFolder) -> int:
    """The bytes of its files, those of an encoder in it included."""
    total = 0
    for file in folder.path.rglob("*"):
        with suppress(OSError):  # a writer, or SQLite, may just have removed it
            total += file.stat().st_size if file.is_file() else 0
    return total


def sources(reader: StoreReader, path: str | None) -> list[SourceInfo]:
    """The files whose path matches the glob; all without one."""
    from searchkit.store.filters.where import path_matcher

    matches = (lambda _: True) if path is None else path_matcher(path)
    return [row for row in reader.listing() if matches(row.path)]


def documents(reader: StoreReader, name: str) -> list[DocumentInfo]:
    """The documents of that id or file."""
    found = reader.documents(name)
    if not found:
        close = difflib.get_close_matches(name, reader.document_names(limit=SMALL_NAMES), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "searchkit ls shows what there is"
        raise UnknownNameError(f"there is no document or file {name!r} in the index", hint=hint)
    return [DocumentInfo(row.doc_id, row.path, row.title, row.metadata, row.chunks) for row in found]


def chunk(reader: StoreReader, chunk_id: int) -> StoredChunk:
    """The chunk of that id."""
    if not has_chunk(reader, chunk_id):
        raise UnknownNameError(f"there is no chunk {chunk_id} in the index", hint="search again: it may have changed")
    return stored_chunk(reader.chunk_rows(np.array([chunk_id], dtype=np.int64))[chunk_id])


def chunks(reader: StoreReader, doc_id: str) -> list[StoredChunk]:
    """The chunks of a document in order."""
    return [stored_chunk(row) for row in reader.chunks_of(doc_id)]


def stored_chunk(row: ChunkRow) -> StoredChunk:
    """A row of the database as callers see it."""
    return StoredChunk(
        chunk_id=row.chunk_id,
        doc_id=row.doc_id,
        title=row.title,
        text=row.text,
        heading_path=row.heading_path,
        start=row.start,
        end=row.end,
        line_start=row.line_start if row.lines_are_source else None,
        line_end=row.line_end if row.lines_are_source else None,
        page=row.page,
    )
