from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from searchkit.errors import MissingExtraError, TrainingError
from searchkit.training import DataSettings, Kind, train
from searchkit.training.recipe import Recipe


def test_the_room_opens_without_torch() -> None:
    script = "import sys, searchkit.training; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0


def test_missing_torch_names_the_extra(
    make_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"searchkit\[train\]"):
        train(make_recipe(), tmp_path / "out")


def test_useless_source_stops_before_anything_is_written(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(TrainingError, match=r"empty\.txt has no usable row"):
        train(make_recipe(DataSettings(path=tmp_path / "empty.txt", kind=Kind.UNSUP)), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.run").exists()


@pytest.mark.parametrize("kind", [Kind.CROP, Kind.CLOZE])
def test_single_passages_train_as_pairs(
    make_recipe: Callable[..., Recipe], text_file: Path, tmp_path: Path, kind: Kind
) -> None:
    report = train(make_recipe(DataSettings(path=text_file, kind=kind), steps=2), tmp_path / "out")
    assert report.sentences == 2 * 2 * 8


def test_scored_pairs_train_by_their_order(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    rows = ["sentence1,sentence2,score", "the cat sleeps,the cat runs,5", "the dog digs,a bee flies,1"]
    rows += ["the owl sings,the owl eats,4", "the ant swims,a hen waits,0"]
    (tmp_path / "sts.csv").write_text("\n".join(rows))
    data = DataSettings(path=tmp_path / "sts.csv", kind=Kind.SCORED)
    report = train(make_recipe(data, steps=30, dropout=0.0), tmp_path / "out")
    assert report.last_loss < 0.1 < report.first_loss
