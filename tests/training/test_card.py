from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from searchkit.errors import TrainingError
from searchkit.training import CardTable, TrainingReport, train, update_card
from searchkit.training.card import write_card
from searchkit.training.recipe import Recipe

EXPECTED = (
    "base_model: tiny-bert",
    "| temperature | 0.05 |",
    "| batch size | 8 |",
    "| learning rate | 0.001 |",
    "| steps | 4 |",
    "| seed | 42 |",
    "| max tokens | 32 |",
    "| best dev score | 0.5 |",
    "| torch |",
    "| hardware |",
    "## Limits",
)


@pytest.fixture
def folder(make_recipe: Callable[..., Recipe], tmp_path: Path) -> Path:
    return train(make_recipe(), tmp_path / "out", evaluate=lambda _: 0.5).out


def test_card_states_start_settings_data_machine_and_limits(folder: Path, text_file: Path) -> None:
    card = (folder / "README.md").read_text()
    for line in EXPECTED:
        assert line in card
    digest = hashlib.sha256(text_file.read_bytes()).hexdigest()
    assert f"| sentences | unsup | 1.0 | 100 | 0 | {digest} |" in card


def test_card_names_the_hardware_that_was_used(
    make_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A GPU")
    report = TrainingReport(tmp_path, 1, 2.0, 1.0, None, (), 8, 1.0, ())
    for device, is_gpu in (("cpu", False), ("auto", True), ("cuda", True)):
        write_card(tmp_path, make_recipe(device=device), report)
        hardware = json.loads((tmp_path / "training.json").read_text())["machine"]["hardware"]
        assert (hardware == "A GPU") is is_gpu


def test_card_names_no_folder_of_this_machine(folder: Path, tmp_path: Path) -> None:
    assert str(tmp_path) not in (folder / "README.md").read_text() + (folder / "training.json").read_text()


def test_figures_can_be_added_later_and_replace_earlier_ones(folder: Path) -> None:
    update_card(folder, [CardTable("Similarity", ("set", "before"), (("STS-B", "80.1"),))])
    update_card(
        folder,
        [CardTable("Similarity", ("set", "after|now"), (("STS|B", "82.3"),), note='Spearman, "all"')],
        limits="Only for animals.",
    )
    card = (folder / "README.md").read_text()
    assert card.count("## Similarity") == 1
    assert "| STS\\|B | 82.3 |" in card
    assert 'Spearman, "all"' in card
    assert card.endswith("## Limits\n\nOnly for animals.\n")
    assert "| temperature | 0.05 |" in card


def test_folder_without_facts_cannot_have_its_card_rewritten(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"training\.json cannot be read"):
        update_card(tmp_path, [])
