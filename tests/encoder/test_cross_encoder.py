from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_checkpoints import write_cross_encoder, write_pair_graph, write_word_piece
from tokenizers import Tokenizer

from searchkit.encoder import CrossEncoder
from searchkit.errors import CheckpointError, InputError, MissingExtraError

QUERY = "how do i undo a commit?"
PASSAGES = ["restore a deleted file", "undo a commit", "", "the quick brown fox jumps over the lazy dog " * 9]


def by_hand(folder: Path, table: np.ndarray, limit: int = 32) -> np.ndarray:
    """The pair numbers of a graph of `write_pair_graph`, token by token."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    rows = []
    for passage in PASSAGES:
        pair = tokenizer.encode(QUERY, passage)
        rows.append(sum(table[token] * (1 + kind) for token, kind in zip(pair.ids, pair.type_ids, strict=True)))
    return np.array(rows)


@pytest.fixture
def graph_folder(tmp_path: Path) -> Path:
    pytest.importorskip("onnx")
    return tmp_path / "pairs"


@pytest.mark.parametrize("file", ["model.onnx", "onnx/model.onnx"])
def test_a_graph_scores_every_pair_whatever_else_is_in_the_batch(graph_folder: Path, file: str) -> None:
    table = write_pair_graph(graph_folder, file=file)
    judge = CrossEncoder.load(graph_folder)
    assert judge.runtime == "onnx-cpu"
    expected = by_hand(graph_folder, table)[:, 0]
    np.testing.assert_allclose(judge.scores(QUERY, PASSAGES), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(judge.scores(QUERY, PASSAGES[1:2]), expected[1:2], rtol=1e-5, atol=1e-5)


def test_two_labels_score_by_their_difference(graph_folder: Path) -> None:
    table = write_pair_graph(graph_folder, labels=2)
    numbers = by_hand(graph_folder, table)
    found = CrossEncoder.load(graph_folder).scores(QUERY, PASSAGES)
    np.testing.assert_allclose(found, numbers[:, 1] - numbers[:, 0], rtol=1e-5, atol=1e-5)


def test_a_checkpoint_that_gives_more_than_two_numbers_is_refused_when_it_is_loaded(graph_folder: Path) -> None:
    write_pair_graph(graph_folder, labels=3)
    with pytest.raises(CheckpointError, match=r"shape \(3,\) for a pair; expected 1 score, or 2"):
        CrossEncoder.load(graph_folder)


def test_a_graph_behind_a_link_is_loaded_as_the_hub_keeps_it(graph_folder: Path, tmp_path: Path) -> None:
    write_pair_graph(graph_folder)
    expected = CrossEncoder.load(graph_folder).scores(QUERY, PASSAGES)
    blob = tmp_path / "blobs" / "0f3a"
    blob.parent.mkdir()
    (graph_folder / "model.onnx").rename(blob)
    (graph_folder / "model.onnx").symlink_to(blob)
    assert (CrossEncoder.load(graph_folder).scores(QUERY, PASSAGES) == expected).all()


def test_a_damaged_graph_or_one_of_other_inputs_is_named(graph_folder: Path) -> None:
    write_pair_graph(graph_folder)
    (graph_folder / "model.onnx").write_bytes(b"not a graph")
    with pytest.raises(CheckpointError, match=r"model\.onnx cannot be loaded"):
        CrossEncoder.load(graph_folder)


def test_no_passages_have_no_scores(graph_folder: Path) -> None:
    write_pair_graph(graph_folder)
    assert CrossEncoder.load(graph_folder).scores(QUERY, []).shape == (0,)


def test_what_is_no_text_is_refused(graph_folder: Path) -> None:
    write_pair_graph(graph_folder)
    judge = CrossEncoder.load(graph_folder)
    with pytest.raises(InputError, match=r"texts\[1\] is int"):
        judge.scores(QUERY, ["a", 3])  # type: ignore[list-item]
    with pytest.raises(InputError, match=r"texts\[0\] is NoneType"):
        judge.scores(None, ["a"])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="texts is one string"):
        judge.scores(QUERY, "undo a commit")
    assert judge.scores("\ud800", ["\udfff"]).shape == (1,)


def test_fewer_than_one_thread_is_refused_by_both_runtimes(graph_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    write_pair_graph(graph_folder)
    write_cross_encoder(tmp_path / "weights", 1)
    for folder in (graph_folder, tmp_path / "weights"):
        with pytest.raises(InputError, match="threads is 0; expected at least 1"):
            CrossEncoder.load(folder, device="cpu", threads=0)


def test_a_setting_of_the_wrong_type_is_named(graph_folder: Path) -> None:
    write_pair_graph(graph_folder)
    (graph_folder / "config.json").write_text(json.dumps({"max_position_embeddings": "many"}))
    with pytest.raises(CheckpointError, match=r"missing or of the wrong type: .*'many'"):
        CrossEncoder.load(graph_folder)


def test_onnx_without_a_graph_and_unknown_runtimes_are_told(graph_folder: Path) -> None:
    write_pair_graph(graph_folder)
    (graph_folder / "model.onnx").unlink()
    with pytest.raises(CheckpointError, match=r"has no model\.onnx"):
        CrossEncoder.load(graph_folder, runtime="onnx")
    with pytest.raises(InputError, match="'tf'; expected one of auto, onnx, torch"):
        CrossEncoder.load(graph_folder, runtime="tf")


def test_code_of_a_checkpoint_is_never_run(graph_folder: Path) -> None:
    write_pair_graph(graph_folder)
    (graph_folder / "config.json").write_text(json.dumps({"auto_map": {"AutoModel": "evil.Model"}}))
    with pytest.raises(CheckpointError, match="code of its own"):
        CrossEncoder.load(graph_folder)


def test_a_checkpoint_that_is_not_here_is_not_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="not in the local cache") as told:
        CrossEncoder.load("owner/no-such-cross-encoder")
    assert "searchkit model download owner/no-such-cross-encoder" in told.value.hint


def test_missing_torch_is_named_with_the_command_that_brings_it(
    graph_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pair_graph(graph_folder)
    (graph_folder / "model.onnx").unlink()
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(MissingExtraError) as told:
        CrossEncoder.load(graph_folder)
    assert "searchkit[train]" in told.value.hint


@pytest.mark.parametrize("labels", [1, 2])
def test_torch_gives_the_logits_of_transformers(tmp_path: Path, labels: int) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    write_cross_encoder(tmp_path, labels)
    judge = CrossEncoder.load(tmp_path, device="cpu")
    assert judge.runtime == "torch-cpu"
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(tmp_path / "tokenizer.json"), pad_token="[PAD]", model_max_length=32
    )
    tokenizer.backend_tokenizer.no_padding()
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    passages = list(filter(None, PASSAGES))  # transformers takes an empty one for none at all
    for passage, score in zip(passages, judge.scores(QUERY, passages), strict=True):
        inputs = tokenizer(
            QUERY, passage, truncation=True, max_length=32, return_tensors="pt", return_token_type_ids=True
        )
        with torch.inference_mode():
            logits = model(**inputs).logits[0]
        expected = logits[0] if labels == 1 else logits[1] - logits[0]
        assert score == pytest.approx(float(expected), abs=1e-4)


def test_an_encoder_is_no_cross_encoder(plain_bert: Path) -> None:
    with pytest.raises(CheckpointError, match=r"lacks weights that its config\.json asks for: classifier"):
        CrossEncoder.load(plain_bert, device="cpu")


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    write_word_piece(tmp_path)
    with pytest.raises(CheckpointError, match="a pickle"):
        CrossEncoder.load(tmp_path, device="cpu")
