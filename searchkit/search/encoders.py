"""Which encoder an index is used with: chosen by the caller or recorded in the index, loaded when first needed."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import EncoderError, EncoderMismatchError, IndexDamagedError, InputError
from searchkit.store import VECTOR_DTYPE, StoredSettings

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search.indexing.ingest import Ingest
    from searchkit.store import StoreWriter

INSIDE = "./"  # begins the name of an encoder that lies in the index folder
CANARY_TOLERANCE = 0.02  # of a cosine: other runtimes and precisions of one checkpoint stay well within


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How a new index cuts documents; it keeps this for life.

    Attributes:
        chunk_tokens: the most tokens that a passage may have, heading path and special tokens included; None for
            the encoder's own limit.
        overlap_tokens: what two neighbouring chunks of one split section may share.
    """

    chunk_tokens: int | None = None
    overlap_tokens: int = 32


class EncoderChoice:
    """An encoder that was given, or one to be loaded: by the caller's name, or by the one that the index records."""

    def __init__(
        self, given: Encoder | str | Path | None, settings: IndexSettings, home: Path | None, device: str = "auto"
    ) -> None:
        """Use ``given``; ``home`` is the index folder, an encoder inside which is recorded relative to it; None for an
        index that lies elsewhere."""
        self._name = str(given) if isinstance(given, str | Path) else None
        self._given: Encoder | None = None if given is None or isinstance(given, str | Path) else given
        self._loaded: tuple[str | None, Encoder] | None = None  # with the name that it was loaded by
        self._settings, self._home, self._device = settings, home, device
        self._guard = threading.Lock()
        self._former: EncoderChoice | None = None  # until its vectors are replaced, and for who still reads them

    @property
    def device(self) -> str:
        """Where models run that are loaded for the index."""
        return self._device

    def instead(self, given: Encoder | str | Path) -> EncoderChoice:
        """The choice of another encoder for the same index; until `settled` the former one reads its own vectors."""
        choice = EncoderChoice(given, self._settings, self._home, self._device)
        choice._former = self
        return choice

    def settled(self) -> None:
        """Nothing is left of the former encoder's vectors."""
        self._former = None

    def load(self, recorded: str | None = None) -> Encoder:
        """The encoder itself; ``recorded`` is its name in the index, used when the caller named none."""
        if self._given is not None:
            return self._given
        wanted = self._name or self._resolved(recorded) or None
        with self._guard:
            if self._loaded is None or self._loaded[0] != wanted:  # another process may have rebuilt the index
                from searchkit.encoder import load_encoder

                self._loaded = wanted, load_encoder(wanted, device=self._device)
            return self._loaded[1]

    def _resolved(self, recorded: str | None) -> str | None:
        if recorded is None or not recorded.startswith(INSIDE):
            return recorded
        if self._home is None:
            raise EncoderError(
                f"the encoder {recorded!r} lies in the folder of the index, which is elsewhere",
                hint="tell where it is: --model FOLDER",
            )
        folder = (self._home / recorded).resolve()
        if self._home.resolve() not in folder.parents:
            raise IndexDamagedError(f"the index names the encoder {recorded!r}, which leads out of its folder")
        return str(folder)

    def _recorded(self, before: str) -> str:
        """The name to keep: a folder inside the index moves with it, another one is kept as an absolute path."""
        if self._name is None:
            return before if self._given is None else ""
        if not Path(self._name).is_dir():
            return self._name
        folder, home = Path(self._name).resolve(), self._home
        if home is None or home.resolve() not in folder.parents:
            return str(folder)
        return INSIDE + folder.relative_to(home.resolve()).as_posix()

    def for_index(self, stored: StoredSettings) -> Encoder:
        """The encoder, checked to be the one that the index was built with.

        Raises:
            EncoderMismatchError: it is another one; its scores would mean nothing.
        """
        encoder, former = self.load(stored.encoder), self._former
        if encoder.fingerprint == stored.fingerprint:
            return encoder
        if former is not None:
            return former.for_index(stored)
        hint = "use the first with --model, or embed the index again: searchkit rebuild --model NAME"
        if self._given is None and self._name is None:  # the same name leads to another one by now
            hint = "embed the index again with what has this name now: searchkit rebuild"
        raise EncoderMismatchError(
            f"the index was built with encoder {stored.encoder or 'default'} ({stored.fingerprint[:12]}), "
            f"not {encoder.name} ({encoder.fingerprint[:12]})",
            hint=hint,
        )

    def new_settings(self) -> StoredSettings:
        """What a new index records of this encoder and of how documents are cut."""
        encoder = self.load()
        cutting = self._settings
        limit = encoder.max_tokens if cutting.chunk_tokens is None else cutting.chunk_tokens
        if not 16 <= limit <= encoder.max_tokens:
            raise InputError(
                f"chunk_tokens is {limit}; expected 16 to {encoder.max_tokens}, the limit of {encoder.name}"
            )
        if cutting.overlap_tokens < 0:
            raise InputError(f"overlap_tokens is {cutting.overlap_tokens}; expected 0 or more")
        return self.describe(encoder, limit, cutting.overlap_tokens)

    def describe(
        self, encoder: Encoder, chunk_tokens: int, overlap_tokens: int, *, recorded: str = ""
    ) -> StoredSettings:
        """What an index records of an encoder; by the name ``recorded`` there before, where the caller named none."""
        from searchkit.encoder import canary_vectors

        return StoredSettings(
            encoder=self._recorded(recorded),
            fingerprint=encoder.fingerprint,
            dimension=encoder.dimension,
            max_tokens=encoder.max_tokens,
            chunk_tokens=chunk_tokens,
            overlap_tokens=overlap_tokens,
            canaries=base64.b64encode(canary_vectors(encoder).astype(VECTOR_DTYPE).tobytes()).decode("ascii"),
        )

    def ingest(self, store: StoreWriter) -> Ingest:
        """What writes documents with this encoder, once its vectors of the canary sentences are what they were.

        Raises:
            EncoderMismatchError: the caller chose another one than the index was built with.
        """
        from searchkit.search.indexing.ingest import Ingest

        stored = store.read.settings()
        if self._given is not None or self._name is not None:
            self.for_index(stored)
        return Ingest(store, stored, lambda: self._proven(stored))

    def _proven(self, stored: StoredSettings) -> Encoder:
        from searchkit.encoder import check_canaries

        encoder = self.for_index(stored)
        canaries = np.frombuffer(base64.b64decode(stored.canaries), VECTOR_DTYPE).reshape(-1, stored.dimension)
        check_canaries(encoder, canaries.astype(np.float32), CANARY_TOLERANCE)
        return encoder
