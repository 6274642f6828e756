from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from searchkit.encoder import load_encoder, measure_speed
from searchkit.errors import InputError

PASSAGES = [f"{number} the small dog {'runs far ' * (number % 5)}home" for number in range(30)]
QUERIES = ["a dog", "far from home", "7 small"]


def test_each_way_to_run_is_measured_and_compared_with_torch(exported_bert: Path) -> None:
    report = measure_speed(exported_bert, PASSAGES, QUERIES, rounds=1, threads=1)
    by_openvino = load_encoder(exported_bert, runtime="openvino").runtime
    names = ["torch-cpu-fp32", "onnx-cpu-fp16", by_openvino, "onnx-cpu-int8"]
    assert [each.runtime for each in report.runtimes] == names
    assert [each.is_ready for each in report.runtimes] == [True, True, True, False]
    assert report.reference == "torch-cpu-fp32"
    assert (report.passages, report.queries, report.threads, report.absent) == (30, 3, 1, ())
    assert report.runtimes[0].least_cosine == pytest.approx(1, abs=1e-6)
    assert report.runtimes[1].agreement > 0.9
    assert all(each.tokens_s > 0 and each.query_ms > 0 for each in report.runtimes)


def test_tokens_are_those_that_are_embedded(exported_bert: Path) -> None:
    encoder = load_encoder(exported_bert)
    long = "dog " * 500
    report = measure_speed(exported_bert, [*PASSAGES, long, long], QUERIES, rounds=1)
    own = sum(min(len(each.ids), encoder.max_tokens) for each in encoder.tokenizer.encode_batch(PASSAGES))
    assert report.tokens == own + encoder.max_tokens


def test_the_least_cosine_is_that_of_the_vectors(exported_bert: Path) -> None:
    report = measure_speed(exported_bert, PASSAGES, QUERIES, rounds=1)
    graph, torch = load_encoder(exported_bert), load_encoder(exported_bert, runtime="torch", device="cpu")
    cosines = np.sum(graph.encode(PASSAGES + QUERIES) * torch.encode(PASSAGES + QUERIES), axis=1)
    assert report.runtimes[1].least_cosine == pytest.approx(float(cosines.min()), abs=1e-5)


def test_without_torch_the_graph_is_its_own_reference(exported_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.encoder.speed.find_spec", lambda _: None)
    report = measure_speed(exported_bert, PASSAGES, QUERIES, rounds=1)
    assert report.reference == "onnx-cpu-fp16"
    assert "torch: not installed" in report.absent[0]
    assert "openvino: not installed" in report.absent[1]


def test_equal_passages_count_once() -> None:
    with pytest.raises(InputError, match="1 different passages, 1 queries"):
        measure_speed(None, ["same"] * 50, ["q"])
