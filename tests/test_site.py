"""The site of `make docs`: its pages are gathered whole, stand in its menu, and lead somewhere."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from pathlib import Path

import pytest

import searchkit
from searchkit.training import DataSettings, RunSettings

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the pages."""
    spec = importlib.util.spec_from_file_location("make_site", ROOT / "docs" / "make_site.py")
    assert spec is not None
    assert spec.loader is not None
    make_site = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_site)
    make_site.STAGE = tmp_path_factory.mktemp("site") / "docs"
    make_site.main()
    return make_site.STAGE


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def test_the_menu_has_every_page_but_the_single_results(stage: Path) -> None:
    menu = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    pages = {page.relative_to(stage).as_posix() for page in stage.rglob("*.md")}
    assert sorted(menu) == sorted(page for page in pages if not page.startswith("project/results/"))


def test_links_lead_to_pages_and_headings_that_are_there(stage: Path) -> None:
    broken = []
    for page in stage.rglob("*.md"):
        for target, anchor in re.findall(r"\]\(([^()\s#]*)#?([^()\s]*)\)", page.read_text(encoding="utf-8")):
            there = page if not target else (page.parent / target).resolve()
            is_ours = "://" not in target and not target.startswith("mailto:")
            if is_ours and (not there.exists() or (anchor and anchor not in anchors_of(there))):
                broken.append((page.name, target, anchor))
    assert broken == []


@pytest.mark.parametrize("kind", [RunSettings, DataSettings])
def test_every_key_of_a_recipe_is_told_with_its_default(stage: Path, kind: type) -> None:
    page = (stage / "reference" / "recipes.md").read_text(encoding="utf-8")
    assert [key.name for key in dataclasses.fields(kind) if f"| `{key.name}` |" not in page] == []
    assert "| `temperature` | `0.05` |" in page
    assert "| `head` | `as_start` | `none`, `train_only`, `kept` |" in page


def test_the_library_page_has_the_public_names_and_no_private_ones(stage: Path) -> None:
    page = (stage / "reference" / "library.md").read_text(encoding="utf-8")
    headings = re.findall(r"^##+ (.+)$", page, flags=re.MULTILINE)
    assert {*searchkit.__all__, "SearchEngine.search", "Errors", "A hit as JSON"} <= set(headings)
    assert not [heading for heading in headings if "._" in heading]
