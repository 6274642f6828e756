"""Texts to embeddings: tokenizer, transformer, pooling, unit length, for one checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from searchkit.encoder.batching import batches, windows
from searchkit.encoder.checkpoint import Checkpoint, read_checkpoint
from searchkit.encoder.hub import name_of, resolve_checkpoint
from searchkit.encoder.onnx_runtime import OnnxRuntime, has_graph
from searchkit.encoder.pooling import Pooling
from searchkit.encoder.tokenization import load_tokenizer, without_surrogates
from searchkit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from searchkit.types import Rows

RUNTIMES = ("auto", "onnx", "openvino", "torch")
DEFAULT_GRAPH = "model.onnx"
CHARACTERS_A_TOKEN = 200  # on average, more than any text has; spares tokenising megabytes to keep a page


class Runtime(Protocol):
    """What runs the transformer: token ids in, pooled vectors out.

    Attributes:
        name: runtime, device and precision, to show.
        form: of the weights where it changes the vectors (``int8``).
        token_budget: padded tokens in a batch that this runtime works best with.
        most_padding: tokens of padding that cost it as much as another batch; None where none do.
    """

    @property
    def name(self) -> str: ...

    @property
    def form(self) -> str: ...

    @property
    def token_budget(self) -> int: ...

    @property
    def most_padding(self) -> int | None: ...

    def embed(self, token_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Rows:
        """(B, D) float32 vectors of (B, T) token ids, pooled and not normalised."""
        ...


class SentenceEncoder:
    """One checkpoint, ready to encode; may be shared between threads.

    >>> encoder = SentenceEncoder.load()  # doctest: +SKIP
    >>> encoder.encode_queries(["how do I undo a commit"]).shape  # doctest: +SKIP
    (1, 384)
    """

    def __init__(self, checkpoint: Checkpoint, runtime: Runtime, *, truncate_dim: int | None = None) -> None:
        """Most callers want `load`.

        Args:
            checkpoint: what `read_checkpoint` gave.
            runtime: has loaded the same checkpoint.
            truncate_dim: keep this many leading columns, for checkpoints trained with Matryoshka prefixes.

        Raises:
            InputError: ``truncate_dim`` is not between 1 and the checkpoint's dimension.
        """
        if truncate_dim is not None and not 1 <= truncate_dim <= checkpoint.dimension:
            raise InputError(f"truncate_dim is {truncate_dim}; {checkpoint.name} has {checkpoint.dimension} columns")
        self.checkpoint = checkpoint
        self._runtime = runtime
        self._truncate_dim = truncate_dim
        self._cutting = load_tokenizer(checkpoint.folder, max_tokens=checkpoint.max_tokens)

    @classmethod
    def load(
        cls,
        path_or_name: str | Path | None = None,
        *,
        runtime: str = "auto",
        device: str = "auto",
        graph: str = DEFAULT_GRAPH,
        threads: int | None = None,
        pooling: Pooling | str | None = None,
        max_tokens: int | None = None,
        truncate_dim: int | None = None,
        download: bool = False,
    ) -> SentenceEncoder:
        """Load a checkpoint.

        Args:
            path_or_name: None for the bundled default, a folder, or ``owner/name`` of the Hub (from its cache).
            runtime: ``onnx`` (CPU), ``openvino`` (CPU), ``torch``, or ``auto``: ONNX where the folder has the graph
                and no other device is asked for, so that a query never waits for torch to start.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``, of torch; ``openvino`` asks for that runtime.
            graph: file name of the ONNX graph.
            threads: on the CPU; None means the physical cores.
            pooling: overrides the checkpoint's own; needs the torch runtime.
            max_tokens: a lower limit than the checkpoint's.
            truncate_dim: keep this many leading columns, then normalise again.
            download: fetch a Hub checkpoint that is not in the cache.

        Raises:
            CheckpointError: no such checkpoint, or it is incomplete, damaged or needs foreign code.
            MissingExtraError: the runtime is not installed.
            InputError: an argument is out of range.
        """
        if runtime not in RUNTIMES:
            raise InputError(f"runtime is {runtime!r}; expected one of {', '.join(RUNTIMES)}")
        if device == "openvino":
            runtime, device = "openvino" if runtime == "auto" else runtime, "cpu"
        if runtime in ("onnx", "openvino") and device not in ("auto", "cpu"):
            raise InputError(
                f"runtime {runtime!r} computes on the processor; device is {device!r}",
                hint="choose the runtime torch for other devices, or leave it to auto",
            )
        folder = resolve_checkpoint(path_or_name, download=download)
        wanted = _pooling(pooling) if pooling is not None else None
        checkpoint = read_checkpoint(folder, name=name_of(path_or_name, folder), pooling=wanted, max_tokens=max_tokens)
        prefers_graph = runtime == "auto" and device in ("auto", "cpu") and has_graph(checkpoint, graph)
        if runtime == "onnx" or prefers_graph:
            chosen: Runtime = OnnxRuntime(checkpoint, graph, threads=threads)
        elif runtime == "openvino":
            from searchkit.encoder.openvino_runtime import OpenVinoRuntime

            chosen = OpenVinoRuntime(checkpoint, graph, threads=threads)
        else:
            from searchkit.encoder.torch_runtime import TorchRuntime

            chosen = TorchRuntime(checkpoint, device, threads=threads)
        return cls(checkpoint, chosen, truncate_dim=truncate_dim)

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return self.checkpoint.name

    @property
    def dimension(self) -> int:
        """Columns of every row."""
        return self._truncate_dim or self.checkpoint.dimension

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens, special tokens included."""
        return self.checkpoint.max_tokens

    @property
    def runtime(self) -> str:
        """Runtime, device and precision, such as ``onnx-cpu-fp16``."""
        return self._runtime.name

    @cached_property
    def fingerprint(self) -> str:
        """Hex SHA-256 of everything that shapes a vector; the same for the ONNX and the torch runtime."""
        form = self._runtime.form if self._runtime.form == "int8" else ""
        return self.checkpoint.fingerprint(truncate_dim=self._truncate_dim, form=form)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The checkpoint's tokenizer without truncation and padding; a copy that the encoder does not use."""
        return load_tokenizer(self.checkpoint.folder)

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """(N, D) float32 unit rows of queries; the checkpoint's query prompt is put before each."""
        return self._encode(texts, self.checkpoint.query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        """(N, D) float32 unit rows of passages; the checkpoint's passage prompt is put before each."""
        return self._encode(texts, self.checkpoint.passage_prompt)

    def encode(self, texts: Sequence[str]) -> Rows:
        """The same as `encode_passages`, under the name that sentence-transformers uses."""
        return self.encode_passages(texts)

    def _encode(self, texts: Sequence[str], prompt: str) -> Rows:
        check_texts(texts)
        numbers: dict[str, int] = {}  # equal texts share a number
        rows_of = [numbers.setdefault(text, len(numbers)) for text in texts]
        unique = list(numbers)
        rows = np.empty((len(unique), self.dimension), dtype=np.float32)
        for start, end in windows(unique):
            self._encode_window(unique[start:end], prompt, rows[start:end])
        return rows if len(unique) == len(texts) else rows[rows_of]

    def _encode_window(self, texts: Sequence[str], prompt: str, out: Rows) -> None:
        """Fill ``out`` (N, D) with the unit rows of these texts."""
        prepared = [self._prepared(prompt + text) for text in texts]
        for batch in batches(
            self._cutting,
            prepared,
            token_budget=self._runtime.token_budget,
            pad_id=self.checkpoint.pad_id,
            most_padding=self._runtime.most_padding,
        ):
            pooled = self._runtime.embed(batch.token_ids, batch.attention_mask)
            out[batch.positions] = unit_rows(pooled[:, : self.dimension])

    def _prepared(self, text: str) -> str:
        """The text as the tokenizer gets it, cut far behind the last token that can count."""
        text = without_surrogates(text[: self.max_tokens * CHARACTERS_A_TOKEN])
        return text.lower() if self.checkpoint.lower_case else text

    def __repr__(self) -> str:
        return f"SentenceEncoder({self.name!r}, dimension={self.dimension}, runtime={self.runtime!r})"


load_encoder = SentenceEncoder.load


def _pooling(said: Pooling | str) -> Pooling:
    try:
        return Pooling(said)
    except ValueError as exc:
        raise InputError(f"pooling is {said!r}; expected one of {', '.join(one.value for one in Pooling)}") from exc


def check_texts(texts: Sequence[str]) -> None:
    """Raises `InputError` for a bare string, or for anything that is not a string inside."""
    if isinstance(texts, str):
        raise InputError("texts is one string; expected a list of strings", hint="write [text]")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"texts[{i}] is {type(text).__name__}; expected str")


def unit_rows(rows: Rows) -> Rows:
    """The rows brought to length 1; a row of zeros stays one."""
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float32))
    return np.asarray(rows / np.maximum(lengths, 1e-12)[:, None], dtype=np.float32)
