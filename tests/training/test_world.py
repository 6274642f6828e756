from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from searchkit.errors import TrainingError
from searchkit.training import DataSettings, Kind, train
from searchkit.training.mixture import Batch
from searchkit.training.recipe import Recipe

torch = pytest.importorskip("torch")
SCRIPT = """
import json, sys, torch
from pathlib import Path
from searchkit.training import load_recipe, train
torch.set_num_threads(1)
for name in sys.argv[2:]:
    losses = []
    train(load_recipe(Path(name + ".toml")), Path(sys.argv[1]) / name, progress=lambda p: losses.append(p.loss))
    print(json.dumps(losses))
torch.distributed.destroy_process_group()
"""
RECIPE = """
[run]
base = {base}
device = "cpu"
steps = 3
batch_size = 12
learning_rate = 1e-3
max_tokens = 32
dropout = 0.0
save_every = 0
{more}
[[data]]
path = {triplets}
kind = "triplets"
[[data]]
path = {texts}
kind = "unsup"
"""


def two_processes(folder: Path, names: list[str]) -> list[list[float]]:
    """What the first of two processes prints: the losses of each recipe."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    root = str(Path(__file__).parents[2])
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "PYTHONPATH": root}
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, str(folder), *names],
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    return [json.loads(line) for line in outputs[0][0].splitlines()]


def test_two_processes_learn_like_one_on_the_joint_batch(
    tmp_path: Path, tiny_bert: Path, triplet_file: Path, text_file: Path
) -> None:
    paths = {"base": tiny_bert, "triplets": triplet_file, "texts": text_file}
    quoted = {name: json.dumps(str(path)) for name, path in paths.items()}
    variants = {"plain": "", "cached": "cached_gradients = true\naccumulate = 2\ntokens_per_pass = 128"}
    from searchkit.training import load_recipe

    alone = {}
    for name, more in variants.items():
        (tmp_path / f"{name}.toml").write_text(RECIPE.format(**quoted, more=more))
        alone[name] = run_alone(load_recipe(tmp_path / f"{name}.toml"), tmp_path / "alone" / name)
    together = two_processes(tmp_path, list(variants))
    for losses, name in zip(together, variants, strict=True):
        assert losses == pytest.approx(alone[name], abs=1e-5)
        assert_same_weights(tmp_path / name, tmp_path / "alone" / name)


def run_alone(recipe: Recipe, out: Path) -> list[float]:
    losses: list[float] = []
    train(recipe, out, progress=lambda progress: losses.append(progress.loss))
    return losses


def assert_same_weights(left: Path, right: Path) -> None:
    from safetensors.torch import load_file

    weights, others = (load_file(folder / "model.safetensors") for folder in (left, right))
    for name, weight in weights.items():
        torch.testing.assert_close(weight, others[name], atol=1e-4, rtol=1e-3, msg=name)


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
