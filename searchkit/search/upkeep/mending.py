"""The parts of an index that can be made anew, each looked at and made if need be; what was done, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from searchkit.directory import IndexFolder, check_generation, remove_stale
from searchkit.errors import IndexDamagedError, IndexStateError
from searchkit.index import from_file
from searchkit.search.encoders import IndexSettings
from searchkit.search.indexing.compaction import compact
from searchkit.search.indexing.ingest import BATCH_CHUNKS, passage_hash, stored_vectors
from searchkit.search.indexing.reencode import passage_of
from searchkit.search.reports import Progress, ProgressSink
from searchkit.search.upkeep.vector_checks import TOLERANCE, bad_vectors, id_problems
from searchkit.store import MAX_CHUNK_ID, StoredSettings, StoreWriter
from searchkit.store.audit import StoreAudit

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search.encoders import EncoderChoice
    from searchkit.types import Ids

_COMPARED = 32  # chunks, by which an encoder is recognised


def mend_settings(store: StoreWriter, choice: EncoderChoice) -> list[str]:
    """Settings that are gone are those of the encoder, once it has shown that the vectors are its own.

    Raises:
        IndexDamagedError: they are not.
    """
    kept = store.read.known_settings()
    missing = [field.name for field in fields(StoredSettings) if field.name not in kept]
    if not missing or not kept:  # nothing was ever indexed
        return []
    recorded = str(kept.get("encoder", ""))
    encoder = choice.load(recorded or None)
    _recognise(store, encoder, kept.get("fingerprint"))
    chunk_tokens = int(kept.get("chunk_tokens", encoder.max_tokens))
    overlap_tokens = int(kept.get("overlap_tokens", IndexSettings().overlap_tokens))
    restored = choice.describe(encoder, chunk_tokens, overlap_tokens, recorded=recorded)
    with store.change():
        store.save_settings(restored)
    return [f"restored the settings {', '.join(missing)}"]


def mend_vectors(folder: IndexFolder, store: StoreWriter, choice: EncoderChoice, progress: ProgressSink) -> list[str]:
    """Embed chunks again whose vector is missing, altered or no unit vector.

    Raises:
        EncoderError: the encoder of the index is not to be had.
    """
    settings = store.read.settings()
    with StoreAudit.opened(folder.database) as audit:
        bad = {int(key) for key, _ in audit.altered_rows("embeddings")}
        bad.update(chunk_id for rows in audit.vector_blobs() for chunk_id in bad_vectors(rows, settings.dimension))
        bad.update(audit.chunks_without_vector().tolist())
        ids = np.intersect1d(np.array(sorted(bad), dtype=np.int64), audit.chunk_ids(up_to=MAX_CHUNK_ID))
    if not len(ids):
        return []
    encoder = choice.for_index(settings)
    for done, vectors in _embedded(store, encoder, ids):
        with store.change():
            store.put_vectors(vectors)
            store.clear_generation()  # it may hold the damaged ones
        progress(Progress("encode", done, len(ids), done))
    return [f"embedded {len(ids):,} chunks again"]


def mend_words(folder: IndexFolder, store: StoreWriter) -> list[str]:
    """Make the words anew where they are not those of the chunks, and list the names of metadata again."""
    actions = []
    with StoreAudit.opened(folder.database) as audit:
        try:
            are_sound = not audit.lexical()
        except IndexStateError:
            are_sound = False
        are_listed = not audit.fields_not_listed()
    if not are_sound:
        with store.change():
            store.rebuild_lexical()
        actions.append("made the words anew")
    if not are_listed:
        with store.change():
            store.list_fields()
        actions.append("listed the names of metadata again")
    return actions


def mend_vectors_file(folder: IndexFolder, store: StoreWriter) -> list[str]:
    """Make the vectors file anew where it is not that of the database."""
    with StoreAudit.opened(folder.database) as audit:
        has_chunks = audit.read.counts().chunks > 0
        try:
            record = audit.read.generation()
            hides = len(audit.deleted_chunks_that_exist()) > 0
            if record is None:
                is_sound = not has_chunks
            else:
                index = from_file(record.kind, check_generation(folder, record))
                is_sound = not hides and not id_problems(audit, record, index)
        except IndexStateError:
            is_sound = False
    if is_sound:
        remove_stale(folder, keep=[] if record is None else [record.file])
        return []
    compact(folder, store)
    return ["made the vectors file anew"]


def _embedded(store: StoreWriter, encoder: Encoder, ids: Ids) -> Iterator[tuple[int, list[tuple[int, bytes, bytes]]]]:
    for first in range(0, len(ids), BATCH_CHUNKS):
        batch = ids[first : first + BATCH_CHUNKS]
        rows = store.read.chunk_rows(batch)
        passages = [passage_of(rows[chunk_id]) for chunk_id in batch.tolist()]
        vectors = stored_vectors(encoder.encode_passages(passages))
        yield first + len(batch), list(zip(batch.tolist(), vectors, map(passage_hash, passages), strict=True))


def _recognise(store: StoreWriter, encoder: Encoder, fingerprint: object) -> None:
    """Raises where an encoder does not give the vectors that are stored."""
    if fingerprint == encoder.fingerprint:
        return
    rows = list(islice(store.read.iter_chunks(), _COMPARED))
    ids = np.array([row.chunk_id for row in rows], dtype=np.int64)
    fresh = encoder.encode_passages([passage_of(row) for row in rows])
    cosines = np.einsum("nd,nd->n", fresh, store.read.vectors(ids).astype(np.float32)) if len(ids) else np.ones(1)
    if not np.median(cosines) >= 1 - TOLERANCE:
        raise IndexDamagedError(
            f"the settings of the index are lost, and its vectors are not those of {encoder.name}",
            hint="name the encoder that it was built with: searchkit repair --model NAME",
        )
