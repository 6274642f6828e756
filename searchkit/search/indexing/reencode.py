"""Another encoder for an index: every chunk is embedded again beside the old vectors, then all change at once."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from searchkit.chunking import passage_text
from searchkit.errors import InputError
from searchkit.search.indexing.ingest import BATCH_CHUNKS, stored_vectors
from searchkit.search.reports import Progress, ProgressSink
from searchkit.types import Chunk

if TYPE_CHECKING:
    from searchkit.search.encoders import EncoderChoice
    from searchkit.store import ChunkRow, StoreWriter


def reencode(store: StoreWriter, choice: EncoderChoice, progress: ProgressSink) -> int:
    """Embed all chunks with the chosen encoder if it is not the one in use; how many were.

    Raises:
        InputError: the chunks are longer than the encoder's limit.
    """
    with store.change():
        store.drop_staged_vectors()  # of a run that was cut off
    stored = store.read.settings()
    encoder = choice.load(stored.encoder)
    if encoder.fingerprint == stored.fingerprint:
        return 0
    if encoder.max_tokens < stored.chunk_tokens:
        raise InputError(
            f"chunks of this index have up to {stored.chunk_tokens} tokens, {encoder.name} reads {encoder.max_tokens}",
            hint="index the files again into a new index with this model",
        )
    total = store.read.counts().chunks
    done, last = 0, 0
    while batch := list(islice(store.read.iter_chunks(after=last), BATCH_CHUNKS)):
        rows = encoder.encode_passages([passage_of(row) for row in batch])
        with store.change():
            store.stage_vectors(zip((row.chunk_id for row in batch), stored_vectors(rows), strict=True))
        done, last = done + len(batch), batch[-1].chunk_id
        progress(Progress("encode", done, total, done))
    settings = choice.describe(encoder, stored.chunk_tokens, stored.overlap_tokens, recorded=stored.encoder)
    with store.change():
        store.promote_staged_vectors(settings)
    return done


def passage_of(row: ChunkRow) -> str:
    """The text of a chunk that is embedded."""
    chunk = Chunk(row.text, row.start, row.end, row.line_start, row.line_end, row.heading_path, row.page)
    return passage_text(row.title, chunk)
