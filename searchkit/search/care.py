"""Looking after an index, also one that can no longer be opened: what stands behind `searchkit verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.directory import IndexFolder, resolve_index
from searchkit.search.encoders import EncoderChoice, IndexSettings

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search.health import VerifyReport

SAMPLE = 64


def verify_index(
    index: str | Path | None = None,
    *,
    deep: bool = False,
    sample: int = SAMPLE,
    seed: int = 0,
    encoder: Encoder | str | Path | None = None,
    device: str = "auto",
) -> VerifyReport:
    """Look an index over: is all as it was written, and does what is derived agree with what it comes from.

    Args:
        index: its name or folder, as for `SearchEngine.open`.
        deep: also compare SQLite's indexes with their tables, the words with the chunks, and ``sample`` chunks, drawn
            by ``seed``, with the vectors file and with what the encoder makes of them now.
        encoder, device: for a deep look, instead of the encoder that the index was built with.

    Raises:
        IndexNotFoundError: there is no index.
        IndexFormatError: a newer searchkit wrote it.
    """
    from searchkit.search.verify import verify

    folder = _existing(index)
    return verify(folder, _choice(folder, encoder, device), deep=deep, sample=sample, seed=seed)


def _existing(index: str | Path | None) -> IndexFolder:
    return IndexFolder(resolve_index(index, must_exist=True))


def _choice(folder: IndexFolder, encoder: Encoder | str | Path | None, device: str) -> EncoderChoice:
    return EncoderChoice(encoder, IndexSettings(), folder.path, device)
