from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.errors import TrainingError
from searchkit.training import DataSettings, Kind, Loss, MiningSettings, Pooling, Precision, Recipe, RunSettings
from searchkit.training.recipe import load_recipe, recipe_facts

FULL = """
[run]
base = "some/model"
steps = 100
learning_rate = 1
precision = "bf16"
pooling = "avg"
matryoshka_dims = [384, 128]

[[data]]
path = "nli.csv"
kind = "triplets"
columns = ["sent0", "sent1", "hard_neg"]
weight = 2.5
loss = "triplet"
keep = { split = ["train"] }
drop = { source = ["a", "b"] }

[[data]]
path = "qa.jsonl"
kind = "pairs"
mine = { first_rank = 5, ceiling = 0.9 }
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def test_every_value_of_the_file_arrives_with_its_type(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, FULL))
    run, (nli, qa) = recipe.run, recipe.data
    assert (run.base, run.steps, run.learning_rate, run.precision) == ("some/model", 100, 1.0, Precision.BF16)
    assert (run.pooling, run.matryoshka_dims) == (Pooling.AVG, (384, 128))
    assert (nli.path, nli.kind, nli.loss) == (tmp_path / "nli.csv", Kind.TRIPLETS, Loss.TRIPLET)
    assert (nli.columns, nli.weight) == (("sent0", "sent1", "hard_neg"), 2.5)
    assert (nli.keep, nli.drop) == ({"split": ("train",)}, {"source": ("a", "b")})
    assert qa.mine == MiningSettings(first_rank=5, last_rank=50, ceiling=0.9)


def test_data_and_base_can_lie_elsewhere(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, FULL), root=tmp_path / "data", base="another")
    assert recipe.data[0].path == tmp_path / "data" / "nli.csv"
    assert recipe.run.base == "another"


def test_base_beside_the_recipe_is_found_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "start").mkdir()
    recipe = load_recipe(write(tmp_path, FULL.replace("some/model", "start")))
    assert recipe.run.base == str(tmp_path / "start")


def test_teacher_beside_the_recipe_is_found_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "mentor").mkdir()
    told = FULL.replace("[run]", '[run]\nteacher = "mentor"', 1)
    assert load_recipe(write(tmp_path, told), base="another").run.teacher == str(tmp_path / "mentor")
    assert load_recipe(write(tmp_path, told.replace("mentor", "default"))).run.teacher == "default"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("steps = 100", "stepz = 100", r"\[run\]: unknown key 'stepz'"),
        ("weight = 2.5", "wieght = 2.5", r"data 1: unknown key 'wieght'"),
        ("first_rank", "frist_rank", r"data 2: mine: unknown key 'frist_rank'"),
        ("[run]", "[trainer]\nx = 1\n[run]", "unknown key 'trainer'"),
        ('base = "some/model"', "", "'base' is missing"),
        ("steps = 100", 'steps = "many"', r"steps is 'many', expected int"),
        ("steps = 100", "steps = true", "steps is True, expected int"),
        ('"bf16"', '"fp8"', "precision is 'fp8', expected one of auto, fp32, bf16, fp16"),
        ('columns = ["sent0", "sent1", "hard_neg"]', 'columns = "sent0"', "expected a list"),
        ("steps = 100", "steps = 0", "steps is 0, which is out of range"),
        ("weight = 2.5", "weight = 0", "weight is 0"),
        ("first_rank = 5", "first_rank = 80", "window is 80 to 50"),
        ('kind = "pairs"', 'kind = "unsup"', "mining needs kind 'pairs'"),
        ('kind = "triplets"', 'kind = "pairs"', "triplet loss needs hard negatives"),
        ("[run]", "[run", "is not TOML"),
        ("steps = 100", "batch_size = 1", "batch_size is 1, which is out of range"),
        ("steps = 100", "epochs = inf", "epochs is inf, which is out of range"),
        ("weight = 2.5", "weight = inf", "weight is inf"),
        ("weight = 2.5", "dropout = 1.0", "dropout is 1.0, expected at least 0 and less than 1"),
    ],
)
def test_a_mistake_is_named_and_placed(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in FULL
    with pytest.raises(TrainingError, match=message):
        load_recipe(write(tmp_path, FULL.replace(before, after, 1)))


@pytest.mark.parametrize(
    "text",
    ["run = 5", '[run]\nbase = "x"\n[data]\npath = "a.txt"\nkind = "unsup"', 'data = ["a.txt"]\n[run]\nbase = "x"'],
)
def test_one_data_table_in_place_of_a_list_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(TrainingError, match="run is not one table, or data not a list of them") as told:
        load_recipe(write(tmp_path, text))
    assert "[[data]]" in told.value.hint


def test_recipe_without_data_or_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="names no data"):
        load_recipe(write(tmp_path, '[run]\nbase = "x"\n'))
    with pytest.raises(TrainingError, match=r"absent\.toml cannot be read"):
        load_recipe(tmp_path / "absent.toml")
    with pytest.raises(TrainingError, match="is not TOML"):
        load_recipe(write(tmp_path, f"steps = {'[' * 100_000}"))


def test_simple_recipe_needs_no_file(tmp_path: Path) -> None:
    recipe = Recipe.simple("m", unsup=[tmp_path / "a.txt"], triplets=[tmp_path / "b.csv"], steps=7)
    assert [(data.path.name, data.kind) for data in recipe.data] == [("a.txt", Kind.UNSUP), ("b.csv", Kind.TRIPLETS)]
    assert recipe.run == RunSettings(base="m", steps=7)


def test_facts_keep_folders_of_this_machine_to_themselves(tmp_path: Path) -> None:
    recipe = Recipe(RunSettings(base=str(tmp_path)), (DataSettings(path=tmp_path / "a.txt", kind=Kind.UNSUP),))
    facts = recipe_facts(recipe)
    assert facts["run"]["base"] == tmp_path.name
    assert facts["data"][0]["path"] == "a.txt"
    assert recipe_facts(Recipe(RunSettings(base="owner/name"), recipe.data))["run"]["base"] == "owner/name"
