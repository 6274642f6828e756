from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tiny_checkpoints import TEXTS

from searchkit.encoder import SentenceEncoder, batching, load_encoder
from searchkit.encoder.sentence_encoder import unit_rows
from searchkit.errors import InputError

CLOSE = 1e-5


@pytest.fixture(scope="module")
def encoder(exported_bert: Path) -> SentenceEncoder:
    return load_encoder(exported_bert)


def counting(encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The shapes of the batches that the transformer sees from now on."""
    shapes: list[tuple[int, int]] = []
    original = encoder._runtime.embed

    def embed(token_ids: np.ndarray, attention_mask: np.ndarray) -> np.ndarray:
        shapes.append(token_ids.shape)
        return original(token_ids, attention_mask)

    monkeypatch.setattr(encoder._runtime, "embed", embed)
    return shapes


def test_rows_are_float32_of_unit_length(encoder: SentenceEncoder) -> None:
    rows = encoder.encode_passages(TEXTS)
    assert rows.shape == (len(TEXTS), encoder.dimension) == (6, 32)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_a_pooling_that_is_not_known_is_refused(exported_bert: Path) -> None:
    with pytest.raises(InputError, match="pooling is 'mean'; expected one of cls, cls_before_pooler, avg, "):
        load_encoder(exported_bert, pooling="mean")


def test_no_texts_give_no_rows(encoder: SentenceEncoder) -> None:
    assert encoder.encode_queries([]).shape == (0, 32)


def test_both_runtimes_give_the_same_vectors_and_fingerprint(exported_bert: Path) -> None:
    by_graph, by_torch = (load_encoder(exported_bert, runtime=name, device="cpu") for name in ("onnx", "torch"))
    assert (by_graph.runtime, by_torch.runtime) == ("onnx-cpu-fp16", "torch-cpu-fp32")
    assert by_graph.fingerprint == by_torch.fingerprint
    np.testing.assert_allclose(by_graph.encode(TEXTS), by_torch.encode(TEXTS), atol=CLOSE)


def test_a_row_does_not_depend_on_its_neighbours_or_its_place(encoder: SentenceEncoder) -> None:
    texts = [f"fox {'over the lazy dog ' * (i % 5)}{i}" for i in range(40)]
    together = encoder.encode_passages(texts)
    order = np.random.default_rng(1).permutation(len(texts))
    np.testing.assert_allclose(encoder.encode_passages([texts[i] for i in order]), together[order], atol=CLOSE)
    alone = np.concatenate([encoder.encode_passages([text]) for text in texts])
    np.testing.assert_allclose(alone, together, atol=CLOSE)


def test_equal_texts_are_encoded_once(encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = counting(encoder, monkeypatch)
    rows = encoder.encode_passages(["fox", "dog", "fox", "fox", "dog"])
    assert sum(count for count, _ in shapes) == 2
    assert (rows[0] == rows[2]).all()
    assert (rows[1] == rows[4]).all()
    assert not np.allclose(rows[0], rows[1])


def test_working_memory_is_bounded_by_windows(encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "WINDOW_TEXTS", 7)
    texts = [f"fox {i}" for i in range(20)]
    shapes = counting(encoder, monkeypatch)
    rows = encoder.encode_passages(texts)
    assert max(count for count, _ in shapes) <= 7
    monkeypatch.undo()
    np.testing.assert_allclose(rows, encoder.encode_passages(texts), atol=CLOSE)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00\x07", "\ud800", "🎉🎉", "\u200b", "x" * 1_000_000, "fox " * 250_000],
    ids=["empty", "blank", "control", "surrogate", "emoji", "zero width", "one long word", "1 MB"],
)
def test_no_text_is_too_strange(text: str, encoder: SentenceEncoder) -> None:
    rows = encoder.encode_passages([text, "fox"])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_what_lies_past_the_limit_does_not_count(encoder: SentenceEncoder) -> None:
    assert encoder.max_tokens == 24
    long = "fox " * 22
    rows = encoder.encode_passages([long, long + "dog", "dog " + long])
    np.testing.assert_allclose(rows[0], rows[1], atol=CLOSE)
    assert not np.allclose(rows[0], rows[2], atol=1e-3)


def test_a_huge_text_is_cut_before_it_is_tokenised(encoder: SentenceEncoder) -> None:
    assert len(encoder._prepared("fox " * 1_000_000)) == 24 * 200


def test_a_bare_string_is_refused(encoder: SentenceEncoder) -> None:
    with pytest.raises(InputError, match="one string"):
        encoder.encode_queries("fox")


def test_what_is_no_string_is_named(encoder: SentenceEncoder) -> None:
    with pytest.raises(InputError, match=r"texts\[1\] is NoneType"):
        encoder.encode_passages(["fox", None])  # type: ignore[list-item]


def test_the_first_columns_are_kept_and_normalised_again(exported_bert: Path, encoder: SentenceEncoder) -> None:
    short = load_encoder(exported_bert, truncate_dim=8)
    assert short.dimension == 8
    np.testing.assert_allclose(
        short.encode_passages(TEXTS), unit_rows(encoder.encode_passages(TEXTS)[:, :8]), atol=CLOSE
    )
    assert short.fingerprint != encoder.fingerprint


@pytest.mark.parametrize("size", [0, -1, 33])
def test_columns_that_are_not_there_cannot_be_kept(size: int, exported_bert: Path) -> None:
    with pytest.raises(InputError, match="truncate_dim"):
        load_encoder(exported_bert, truncate_dim=size)


def test_prompts_are_put_before_queries_and_passages(plain_bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prompted"
    shutil.copytree(plain_bert, folder)
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    prompts = {"prompts": {"query": "how do i ", "passage": "the "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    prompted, plain = load_encoder(folder, device="cpu"), load_encoder(plain_bert, device="cpu")
    queries, passages = prompted.encode_queries(["undo"]), prompted.encode_passages(["fox"])
    np.testing.assert_allclose(queries, plain.encode_queries(["how do i undo"]), atol=CLOSE)
    np.testing.assert_allclose(passages, plain.encode_passages(["the fox"]), atol=CLOSE)
    assert prompted.fingerprint != plain.fingerprint


def test_texts_are_lower_cased_where_the_checkpoint_asks_for_it(plain_bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lower"
    shutil.copytree(plain_bert, folder)
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "model_max_length": 24}')
    assert not np.allclose(*load_encoder(folder, device="cpu").encode(["FOX", "fox"]))
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text('{"do_lower_case": true}')
    upper, lower = load_encoder(folder, device="cpu").encode(["FOX", "fox"])
    np.testing.assert_allclose(upper, lower, atol=CLOSE)


def test_the_tokenizer_that_is_shown_is_not_the_one_that_cuts(encoder: SentenceEncoder) -> None:
    before = encoder.encode_passages(["fox " * 100])
    assert len(encoder.tokenizer.encode("fox " * 100).ids) == 102
    encoder.tokenizer.enable_truncation(4)
    assert (encoder.encode_passages(["fox " * 100]) == before).all()
    encoder.tokenizer.no_truncation()


def test_threads_share_an_encoder(exported_bert: Path) -> None:
    fresh = load_encoder(exported_bert)
    batches = [[f"fox {i} {j}" for j in range(9)] for i in range(16)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(fresh.encode_passages, batches))
    for batch, rows in zip(batches, found, strict=True):
        np.testing.assert_allclose(rows, fresh.encode_passages(batch), atol=CLOSE)


def test_an_unknown_runtime_is_refused(exported_bert: Path) -> None:
    with pytest.raises(InputError, match="'tensorflow'; expected one of auto, onnx, openvino, torch"):
        load_encoder(exported_bert, runtime="tensorflow")


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_a_runtime_of_the_processor_takes_no_other_device(exported_bert: Path, runtime: str) -> None:
    with pytest.raises(InputError, match=f"runtime '{runtime}' computes on the processor; device is 'cuda'"):
        load_encoder(exported_bert, runtime=runtime, device="cuda")


def test_a_folder_without_a_graph_runs_in_torch(make_checkpoint: Callable[..., Path]) -> None:
    encoder = load_encoder(make_checkpoint("bert", name="plain"), device="cpu")
    assert encoder.runtime == "torch-cpu-fp32"
    assert repr(encoder) == "SentenceEncoder('plain', dimension=32, runtime='torch-cpu-fp32')"


def test_encoding_by_onnx_imports_neither_torch_nor_transformers(exported_bert: Path) -> None:
    program = (
        "import sys, searchkit.encoder as room\n"
        "heavy = lambda names: [n for n in names if n in sys.modules]\n"
        "assert not heavy(['numpy', 'onnxruntime', 'tokenizers', 'torch']), 'importing the room'\n"
        f"room.load_encoder({str(exported_bert)!r}).encode_queries(['fox'])\n"
        "assert not heavy(['torch', 'transformers', 'onnx', 'huggingface_hub', 'safetensors']), 'encoding'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_row_of_zeros_stays_one() -> None:
    rows = unit_rows(np.array([[0, 0], [3, 4]], np.float32))
    np.testing.assert_allclose(rows, [[0, 0], [0.6, 0.8]])
