from __future__ import annotations

import json
from pathlib import Path

import pytest

from searchkit.encoder.manifest import HeadRecord
from searchkit.encoder.pooling import Activation, Pooling
from searchkit.encoder.sentence_layout import SentenceLayout, read_layout, write_layout
from searchkit.errors import CheckpointError

OLD = "sentence_transformers.models."
NEW = "sentence_transformers.base.modules.transformer."


def write(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value))


def modules(folder: Path, *kinds: str) -> None:
    """modules.json with a folder a module: ``1_Pooling``, ``2_Dense`` and so on."""
    entries = [
        {"idx": i, "name": str(i), "path": f"{i}_{kind.rpartition('.')[2]}", "type": kind}
        for i, kind in enumerate(kinds)
    ]
    entries[0]["path"] = ""
    write(folder / "modules.json", entries)


def test_a_plain_folder_has_no_layout(tmp_path: Path) -> None:
    assert read_layout(tmp_path) is None


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, Pooling.AVG),
        ({"pooling_mode_cls_token": True}, Pooling.CLS_BEFORE_POOLER),
        ({"pooling_mode_max_tokens": True}, Pooling.MAX),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, Pooling.AVG),
        ({"pooling_mode": "cls", "embedding_dimension": 32}, Pooling.CLS_BEFORE_POOLER),
        ({"pooling_mode": ["mean"]}, Pooling.AVG),
    ],
)
def test_pooling_is_read_as_old_and_new_releases_write_it(config: object, expected: Pooling, tmp_path: Path) -> None:
    modules(tmp_path, f"{NEW}Transformer", f"{OLD}Pooling")
    write(tmp_path / "1_Pooling" / "config.json", config)
    layout = read_layout(tmp_path)
    assert layout is not None
    assert layout.pooling is expected


@pytest.mark.parametrize(
    "config",
    [
        {"pooling_mode_lasttoken": True},
        {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
        {"pooling_mode": "weightedmean"},
        {},
    ],
)
def test_pooling_that_is_not_known_is_refused(config: object, tmp_path: Path) -> None:
    modules(tmp_path, f"{OLD}Transformer", f"{OLD}Pooling")
    write(tmp_path / "1_Pooling" / "config.json", config)
    with pytest.raises(CheckpointError, match="asks for pooling"):
        read_layout(tmp_path)


def test_pooling_without_the_prompt_is_refused(tmp_path: Path) -> None:
    modules(tmp_path, f"{OLD}Transformer", f"{OLD}Pooling")
    write(tmp_path / "1_Pooling" / "config.json", {"pooling_mode": "mean", "include_prompt": False})
    with pytest.raises(CheckpointError, match="prompt"):
        read_layout(tmp_path)


@pytest.mark.parametrize("kind", ["my_code.Transformer", f"{OLD}LSTM", "sentence_transformers.models.Evil.Exec"])
def test_a_module_that_is_not_known_is_named(kind: str, tmp_path: Path) -> None:
    modules(tmp_path, f"{OLD}Transformer", kind)
    with pytest.raises(CheckpointError, match=kind.replace(".", r"\.")):
        read_layout(tmp_path)


@pytest.mark.parametrize("content", ["", "{}x", '{"type": 1}', "[1]", '[{"type": "x"}]'])
def test_a_damaged_module_list_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"modules\.json is damaged"):
        read_layout(tmp_path)


@pytest.mark.parametrize(
    "config",
    [
        {"activation_function": "torch.nn.modules.activation.GELU"},
        {"activation_function": "torch.nn.modules.linear.Identity", "use_residual": True},
    ],
)
def test_a_dense_layer_that_is_not_known_is_refused(config: object, tmp_path: Path) -> None:
    modules(tmp_path, f"{OLD}Transformer", f"{OLD}Dense")
    write(tmp_path / "1_Dense" / "config.json", config)
    with pytest.raises(CheckpointError, match="asks for torch"):
        read_layout(tmp_path)


def test_a_dense_layer_after_a_mean_by_the_root_of_the_length_is_refused(tmp_path: Path) -> None:
    """Alone this mean is the plain one but for its length, which a bias and a tanh do not leave out."""
    modules(tmp_path, f"{OLD}Transformer", f"{OLD}Pooling", f"{OLD}Dense")
    write(tmp_path / "1_Pooling" / "config.json", {"pooling_mode_mean_sqrt_len_tokens": True})
    write(tmp_path / "2_Dense" / "config.json", {})
    with pytest.raises(CheckpointError, match="dense layer after pooling 'mean_sqrt_len_tokens'"):
        read_layout(tmp_path)


def test_prompts_are_found_under_each_name(tmp_path: Path) -> None:
    modules(tmp_path, f"{OLD}Transformer")
    found = []
    for prompts in (
        {"prompts": {"query": "q: ", "document": "d: "}},
        {"prompts": {"passage": "p: "}},
        {"prompts": {"any": "a: "}, "default_prompt_name": "any"},
        {"prompts": {"query": None, "document": None}},
        {},
    ):
        write(tmp_path / "config_sentence_transformers.json", prompts)
        layout = read_layout(tmp_path)
        assert layout is not None
        found.append((layout.query_prompt, layout.passage_prompt))
    assert found == [("q: ", "d: "), ("", "p: "), ("a: ", "a: "), ("", ""), ("", "")]


def test_the_length_is_found_in_old_file_names(tmp_path: Path) -> None:
    modules(tmp_path, f"{OLD}Transformer")
    write(tmp_path / "sentence_roberta_config.json", {"max_seq_length": 75, "do_lower_case": True})
    layout = read_layout(tmp_path)
    assert layout is not None
    assert (layout.max_tokens, layout.lower_case) == (75, True)


@pytest.mark.parametrize("bias", ["linear.bias", None])
def test_what_is_written_is_read_back(bias: str | None, tmp_path: Path) -> None:
    head = HeadRecord("2_Dense/model.safetensors", "linear.weight", bias, Activation.IDENTITY)
    layout = SentenceLayout(Pooling.MAX, (head,), 24, True, "query: ", "passage: ")
    write_layout(tmp_path, layout, [32, 8])
    assert read_layout(tmp_path) == layout
    assert json.loads((tmp_path / "2_Dense" / "config.json").read_text())["out_features"] == 8
