"""Many queries at once on a GPU: a first pass that only names candidates, as FAISS and BLAS do on the CPU.

The rows lie on the device in float16, as in the file; where they do not fit beside what else is there, they are sent
block by block. The candidates are scored again from the rows in memory (`brute.refine`), so ids and scores are those
of the CPU; where rounding could have hidden a neighbour, the CPU answers that query (`exact`).

FAISS does it where its GPU build is installed and nothing is filtered: its GPU indexes pass over a selector in
silence. Otherwise torch does. No GPU has run this yet: it is tested on the CPU, by the same calls.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from searchkit.index.contract import StoredRows
from searchkit.index.halves import widened
from searchkit.index.library import load_faiss

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from searchkit.index.selection import Selection
    from searchkit.types import Rows

# A query rounded to float16, sums that may be kept in float16 on the way, and a score rounded to it: each is off by
# at most 2^-11 of a cosine for unit vectors; twice that for two scores that are compared.
ROUNDING_MARGIN = 2 * 4 * 2.0**-11
FEWEST_ROWS = 20_000  # below it the CPU is done before the queries have travelled
_BLOCK_ROWS = 1 << 18
_QUERIES_AT_ONCE = 1024  # with a block of rows half a gigabyte of scores
_SHARE_OF_MEMORY = 0.8
_MOST_OF_FAISS = 2048  # places that its GPU indexes give


class FirstPass(NamedTuple):
    """What a pass over all rows found, best first: (Q, W) float32 scores and (Q, W) int64 positions, -1 for none."""

    scores: Rows
    positions: NDArray[np.int64]


class GpuScan(Protocol):
    """Rows on one or more devices."""

    def scan(self, unit: Rows, wanted: int, selection: Selection | None) -> FirstPass:
        """The ``wanted`` best of the selected rows for (Q, D) unit queries; ``wanted`` is at most their number."""
        ...


def scan_for(rows: StoredRows, device: str) -> GpuScan | None:
    """The rows on the GPUs of this machine; None where they are not to be used (`why_not` says why)."""
    if why_not(device):
        return None
    devices = _cuda_devices()
    share = rows[: -(-len(rows) // len(devices))]
    if _faiss_has_gpu() and all(_fits(share, device) for device in devices):
        return FaissScan(rows, lambda: TorchScan(rows, devices))
    return TorchScan(rows, devices)


def may_use(device: str) -> bool:
    """Whether to look for a GPU at all: ``auto`` does where torch is loaded already, since to load it takes seconds."""
    return device == "cuda" or (device == "auto" and "torch" in sys.modules)


def why_not(device: str) -> str:
    """Why many queries are searched on the CPU; empty where a GPU does it."""
    if not may_use(device):
        return f"the device is {device}; SEARCHKIT_DEVICE=cuda asks for a GPU"
    if find_spec("torch") is None:
        return "torch is not installed (pip install 'searchkit[gpu]')"
    return "" if _cuda_devices() else "torch sees no CUDA device"


def described() -> str:
    """What searches on the GPUs, for people."""
    return f"{'faiss-gpu' if _faiss_has_gpu() else 'torch'}, {len(_cuda_devices())} GPU"


def _cuda_devices() -> list[str]:
    import torch

    return [f"cuda:{number}" for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []


def _faiss_has_gpu() -> bool:
    faiss = load_faiss()
    return hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0


class TorchScan:
    """By torch: one product a block of rows, and its best. The rows are shared out over the devices in order."""

    def __init__(self, rows: StoredRows, devices: Sequence[str]) -> None:
        """Take the rows along.

        Args:
            rows: (N, D) of unit length; may be mapped from a file.
            devices: as torch names them.
        """
        bounds = np.linspace(0, len(rows), len(devices) + 1).astype(np.int64)
        spans = zip(bounds[:-1].tolist(), bounds[1:].tolist(), devices, strict=True)
        self._parts = [_Part(rows[start:stop], start, device) for start, stop, device in spans]

    def scan(self, unit: Rows, wanted: int, selection: Selection | None) -> FirstPass:
        """See `GpuScan.scan`."""
        pieces = []
        for first in range(0, len(unit), _QUERIES_AT_ONCE):
            some = unit[first : first + _QUERIES_AT_ONCE]
            found = [part.scan(some, wanted, selection) for part in self._parts]
            pieces.append(_best([one.scores for one in found], [one.positions for one in found], wanted))
        return FirstPass(*(np.concatenate(column) for column in zip(*pieces, strict=True)))


class _Part:
    """Neighbouring rows on one device."""

    def __init__(self, rows: StoredRows, start: int, device: str) -> None:
        import torch

        self._rows, self._start, self._device = rows, start, torch.device(device)
        # the CPU multiplies no halves faster than floats; it stands in for a GPU in tests
        self._dtype = torch.float16 if self._device.type == "cuda" else torch.float32
        stays = len(rows) > 0 and _fits(rows, device)
        self._resident = torch.cat([self._sent(block) for block in self._blocks()]) if stays else None

    def scan(self, unit: Rows, wanted: int, selection: Selection | None) -> FirstPass:
        import torch

        queries = torch.from_numpy(unit).to(self._device, self._dtype)
        scores = torch.full((len(unit), wanted), float("-inf"), device=self._device)
        positions = torch.full((len(unit), wanted), -1, dtype=torch.int64, device=self._device)
        for block in self._blocks():
            rows = self._sent(block) if self._resident is None else self._resident[block]
            found = (queries @ rows.T).float()
            if selection is not None:
                at = slice(self._start + block.start, self._start + block.stop)
                allowed = torch.from_numpy(selection.mask[at]).to(self._device)
                found = found.masked_fill(~allowed, float("-inf"))
            best = found.topk(min(wanted, found.shape[1]), dim=1)
            joined = torch.cat([scores, best.values], dim=1)
            places = torch.cat([positions, best.indices + (self._start + block.start)], dim=1)
            scores, kept = joined.topk(wanted, dim=1)
            positions = places.gather(1, kept)
        positions = positions.masked_fill(scores == float("-inf"), -1)
        return FirstPass(scores.cpu().numpy(), positions.cpu().numpy())

    def _blocks(self) -> Iterator[slice]:
        for start in range(0, len(self._rows), _BLOCK_ROWS):
            yield slice(start, min(start + _BLOCK_ROWS, len(self._rows)))

    def _sent(self, block: slice) -> Tensor:
        import torch

        return torch.from_numpy(np.array(self._rows[block])).to(self._device, self._dtype)


class FaissScan:
    """By FAISS, in float16; what is filtered goes to torch, since FAISS would not filter it."""

    def __init__(self, rows: StoredRows, other: Callable[[], GpuScan], *, make: Any = None) -> None:
        """Take the rows along.

        Args:
            rows: (N, D) of unit length.
            other: makes what is asked where there is a selection; called when there is the first one.
            make: gives an empty FAISS index of inner products for D dimensions; None for one over all GPUs.
        """
        self._other = cache(other)
        self._index = (make or _flat_on_gpus)(rows.shape[1])
        for start in range(0, len(rows), _BLOCK_ROWS):
            self._index.add(widened(rows[start : start + _BLOCK_ROWS]))
        self._one_at_a_time = threading.Lock()  # FAISS's GPU resources serve one thread

    def scan(self, unit: Rows, wanted: int, selection: Selection | None) -> FirstPass:
        """See `GpuScan.scan`."""
        if selection is not None or wanted > _MOST_OF_FAISS:
            return self._other().scan(unit, wanted, selection)
        with self._one_at_a_time:
            return FirstPass(*self._index.search(unit, wanted))


def _flat_on_gpus(dimension: int) -> Any:
    faiss = load_faiss()
    options = faiss.GpuMultipleClonerOptions()
    options.useFloat16 = True
    options.shard = True
    return faiss.index_cpu_to_all_gpus(faiss.IndexFlatIP(dimension), options)


def _best(scores: Sequence[Rows], positions: Sequence[NDArray[np.int64]], wanted: int) -> FirstPass:
    """The best of several passes over different rows."""
    if len(scores) == 1:
        return FirstPass(scores[0], positions[0])
    joined, places = np.concatenate(scores, axis=1), np.concatenate(positions, axis=1)
    best = np.argsort(-joined, axis=1, kind="stable")[:, :wanted]
    return FirstPass(np.take_along_axis(joined, best, axis=1), np.take_along_axis(places, best, axis=1))


def _fits(rows: StoredRows, device: str) -> bool:
    """Whether so many rows in float16 fit on the device, with room for the scores."""
    import torch

    free = torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else sys.maxsize
    return rows.size * 2 <= _SHARE_OF_MEMORY * free
