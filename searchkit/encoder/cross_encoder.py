"""Query and passage read together -> how well the passage answers: any sequence-classification checkpoint.

It sees both texts at once, so it judges better than two embeddings do, and has to be run for every pair: it is for
the few candidates of a search, not for a corpus. Nogueira, Cho 2019, "Passage Re-ranking with BERT",
https://arxiv.org/abs/1901.04085
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.encoder.batching import packed, padded
from searchkit.encoder.checkpoint import padding_token, read_config, settings_of, token_limit
from searchkit.encoder.hub import name_of, resolve_checkpoint
from searchkit.encoder.pair_runtimes import OnnxPairs, PairRuntime, TorchPairs, graph_of
from searchkit.encoder.sentence_encoder import CHARACTERS_A_TOKEN, check_texts
from searchkit.encoder.tokenization import load_tokenizer, without_surrogates
from searchkit.errors import CheckpointError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Encoding

RUNTIMES = ("auto", "onnx", "torch")


class CrossEncoder:
    """One checkpoint, ready to judge pairs; may be shared between threads.

    >>> judge = CrossEncoder.load("cross-encoder/ms-marco-MiniLM-L6-v2")  # doctest: +SKIP
    >>> judge.scores("undo a commit", ["git revert", "git log"])          # doctest: +SKIP
    array([ 4.1, -7.9], dtype=float32)
    """

    def __init__(self, folder: Path, runtime: PairRuntime, *, name: str = "") -> None:
        """Most callers want `load`.

        Args:
            folder: with ``config.json`` and a tokenizer.
            runtime: has loaded the same checkpoint.
        """
        config = read_config(folder)
        self.name = name or folder.resolve().name
        with settings_of(folder):
            self.max_tokens, self._pad_id = token_limit(folder, config), padding_token(config)
        self._folder, self._runtime = folder, runtime
        self._tokenizer = load_tokenizer(folder, max_tokens=self.max_tokens)  # cuts the longer text of a pair

    @classmethod
    def load(
        cls,
        path_or_name: str | Path,
        *,
        runtime: str = "auto",
        device: str = "auto",
        threads: int | None = None,
        download: bool = False,
    ) -> CrossEncoder:
        """Load a checkpoint.

        Args:
            path_or_name: a folder, or ``owner/name`` of the Hub (from its cache).
            runtime: ``onnx`` (CPU; ``model.onnx`` or ``onnx/model.onnx`` in the folder), ``torch``, or ``auto``: ONNX
                where there is a graph and no other device is asked for.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``, of torch; ``openvino``, which is for encoders, counts as
                ``cpu``.
            threads: on the CPU; None means the physical cores, or for torch what it was told.
            download: fetch a Hub checkpoint that is not in the cache. Nothing is ever downloaded without it.

        Raises:
            CheckpointError: no such checkpoint, or it is incomplete, damaged or needs foreign code.
            MissingExtraError: torch is needed and not installed.
            InputError: an argument is out of range.
        """
        if runtime not in RUNTIMES:
            raise InputError(f"runtime is {runtime!r}; expected one of {', '.join(RUNTIMES)}")
        folder = resolve_checkpoint(path_or_name, download=download)
        read_config(folder)  # refuses foreign code before anything is loaded
        graph = graph_of(folder)
        device = "cpu" if device == "openvino" else device
        if runtime == "onnx" and graph is None:
            raise CheckpointError(f"{folder} has no model.onnx", hint="export it, or use the torch runtime")
        chosen: PairRuntime
        if graph is not None and (runtime == "onnx" or (runtime == "auto" and device in ("auto", "cpu"))):
            chosen = OnnxPairs(graph, threads=threads)
        else:
            chosen = TorchPairs(folder, device, threads=threads)
        made = cls(folder, chosen, name=name_of(path_or_name, folder))
        made.scores("question", ["answer"])  # tells now if it is no cross-encoder
        return made

    @property
    def runtime(self) -> str:
        """Runtime and device, such as ``onnx-cpu``."""
        return self._runtime.name

    def scores(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """How well each passage answers the query, (n,) float32; higher is better, the scale is the checkpoint's own.

        Pairs longer than the limit are cut, the longer text of the two first. A checkpoint with two labels (irrelevant,
        relevant) scores by the difference of their logits.

        Raises:
            CheckpointError: the checkpoint gives neither one number nor two for a pair.
            InputError: the query is not a string, or the passages are not a list of strings.
        """
        check_texts([query])
        check_texts(passages)
        scores = np.empty(len(passages), dtype=np.float32)
        if not passages:
            return scores
        pairs = self._encoded(query, passages)
        lengths = [len(pair.ids) for pair in pairs]
        token_ids, type_ids = [pair.ids for pair in pairs], [pair.type_ids for pair in pairs]
        for positions in packed(lengths, self._runtime.token_budget):
            width = lengths[positions[0]]
            batch, types = padded(positions, token_ids, width, self._pad_id), padded(positions, type_ids, width, 0)
            logits = self._runtime.logits(batch.token_ids, batch.attention_mask, types.token_ids)
            scores[positions] = self._relevance(logits, len(positions))
        return scores

    def _encoded(self, query: str, passages: Sequence[str]) -> list[Encoding]:
        most = self.max_tokens * CHARACTERS_A_TOKEN
        asked = without_surrogates(query[:most])
        return self._tokenizer.encode_batch([(asked, without_surrogates(passage[:most])) for passage in passages])

    def _relevance(self, logits: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        if logits.shape == (count, 1):
            return logits[:, 0]
        if logits.shape == (count, 2):
            return logits[:, 1] - logits[:, 0]
        raise CheckpointError(
            f"{self._folder} gives numbers of shape {logits.shape[1:]} for a pair; expected 1 score, or 2 (irrelevant, "
            "relevant)",
            hint="choose a checkpoint trained for reranking",
        )

    def __repr__(self) -> str:
        return f"CrossEncoder({self.name!r}, runtime={self.runtime!r})"
