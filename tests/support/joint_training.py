"""What one of several training processes does; the test of `searchkit.training.world` starts it once and twice."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def learn_and_train(out: Path, recipes: list[Path]) -> dict[str, list[float]]:
    """For each recipe the gradient of two batches and a whole run, written under ``out``; the losses of both."""
    from safetensors.torch import save_file

    from searchkit.training import load_recipe, read_source, train
    from searchkit.training.learner import Learner
    from searchkit.training.mixture import Mixture
    from searchkit.training.model import load_start, trained_weights
    from searchkit.training.world import join_world

    losses = {}
    for path in recipes:
        recipe = load_recipe(path)
        start = load_start(recipe.run)
        world = join_world("cpu")
        mixture = Mixture([read_source(data, seed=0) for data in recipe.data], batch_size=recipe.run.batch_size, seed=0)
        learner = Learner(start, recipe.run, world)
        found = [learner.learn(mixture.batch(n), is_last=n == 1).loss for n in range(2)]
        if world.is_first:
            gradients = {name: weight.grad for name, weight in trained_weights(start.model).items()}
            save_file(gradients, out / f"{path.stem}.safetensors")
        train(recipe, out / path.stem, progress=lambda progress: found.append(progress.loss))  # noqa: B023
        losses[path.stem] = found
    return losses


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    result = learn_and_train(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
    print(json.dumps(result))
