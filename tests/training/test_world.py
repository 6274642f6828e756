from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import joint_training
import pytest

from searchkit.errors import TrainingError
from searchkit.training import DataSettings, Kind
from searchkit.training.mixture import Batch

torch = pytest.importorskip("torch")
RECIPE = """
[run]
base = {base}
device = "cpu"
steps = 3
batch_size = 12
learning_rate = 1e-3
max_tokens = 32
dropout = 0.0
accumulate = 2
save_every = 0
{more}
[[data]]
path = {triplets}
kind = "triplets"
[[data]]
path = {texts}
kind = "unsup"
"""


def two_processes(out: Path, recipes: list[Path]) -> dict[str, list[float]]:
    """The losses that the first of two processes prints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", joint_training.__file__, str(out), *map(str, recipes)],
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=600) for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    losses: dict[str, list[float]] = json.loads(outputs[0][0].splitlines()[-1])
    return losses


def test_two_processes_learn_like_one_on_the_joint_batch(
    tmp_path: Path, tiny_bert: Path, triplet_file: Path, text_file: Path
) -> None:
    """Losses, gradients and trained weights, with plain and with cached gradients; dropout is off."""
    paths = {"base": tiny_bert, "triplets": triplet_file, "texts": text_file}
    quoted = {name: json.dumps(str(path)) for name, path in paths.items()}
    variants = {"plain": "", "cached": "cached_gradients = true\ntokens_per_pass = 128"}
    for name, more in variants.items():
        (tmp_path / f"{name}.toml").write_text(RECIPE.format(**quoted, more=more))
    recipes = [tmp_path / f"{name}.toml" for name in variants]
    for count in "12":
        (tmp_path / count).mkdir()
    alone = joint_training.learn_and_train(tmp_path / "1", recipes)
    together = two_processes(tmp_path / "2", recipes)
    for name in variants:
        assert together[name] == pytest.approx(alone[name], abs=1e-5)
        assert_same_tensors(tmp_path / "1" / f"{name}.safetensors", tmp_path / "2" / f"{name}.safetensors", 1e-5)
        assert_same_tensors(*(tmp_path / count / name / "model.safetensors" for count in "12"), 1e-4)


def assert_same_tensors(left: Path, right: Path, tolerance: float) -> None:
    from safetensors.torch import load_file

    tensors, others = load_file(left), load_file(right)
    assert max(tensor.abs().max() for tensor in tensors.values()) > 10 * tolerance
    for name, tensor in tensors.items():
        torch.testing.assert_close(tensor, others[name], atol=tolerance, rtol=1e-3, msg=name)


def test_parts_of_a_batch_are_equal_and_cover_it() -> None:
    from searchkit.training.world import World

    batch = Batch(DataSettings(path=Path("x.txt"), kind=Kind.UNSUP), (tuple("abcdefg"),), ())
    joint, first = World(0, 3, torch.device("cpu")).part(batch)
    parts = [first, *(World(rank, 3, torch.device("cpu")).part(batch)[1] for rank in (1, 2))]
    assert [part.columns[0] for part in parts] == [("a", "b"), ("c", "d"), ("e", "f")]
    assert joint.columns[0] == tuple("abcdef")


def test_batch_smaller_than_the_world_is_refused() -> None:
    from searchkit.training.world import World

    batch = Batch(DataSettings(path=Path("x.txt"), kind=Kind.UNSUP), (("a", "b"),), ())
    with pytest.raises(TrainingError, match="a batch of 2 rows cannot be shared by 3 processes"):
        World(0, 3, torch.device("cpu")).part(batch)


def test_alone_there_is_nothing_to_gather() -> None:
    from searchkit.training.world import join_world

    world = join_world("cpu")
    rows = torch.ones(4, 2)
    assert (world.rank, world.size) == (0, 1)
    assert world.gather(rows, columns=2) is rows


def test_several_processes_without_a_meeting_place_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from searchkit.training.world import join_world

    for name in ("RANK", "LOCAL_RANK", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with pytest.raises(TrainingError, match="WORLD_SIZE is 2, but RANK, LOCAL_RANK, MASTER_PORT is not set"):
        join_world("cpu")
