"""What development is pinned to holds all that pyproject.toml names, each with hashes."""

from __future__ import annotations

import re
import sys
from itertools import chain
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
EXTRAS = re.findall(r"--extra (\w+)", (ROOT / "Makefile").read_text(encoding="utf-8"))  # of `make lock`
APART = {"torch", "searchkit"}


def name_of(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def entries() -> list[str]:
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def test_every_requirement_of_development_is_pinned() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = told["project"]["optional-dependencies"]
    named = [*told["project"]["dependencies"], *told["dependency-groups"]["dev"], *chain(*(extras[e] for e in EXTRAS))]
    missing = {name_of(each) for each in named} - {name_of(line) for line in entries()} - APART
    assert not missing, "make lock"


def test_every_pin_is_one_version_with_hashes() -> None:
    for line in entries():
        assert re.match(r"[a-z0-9.-]+==\S+ ", line), line[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line[:80]


def test_no_place_to_download_from_is_written_down() -> None:
    assert "://" not in "".join(entries())


def test_what_stands_apart_is_said_in_its_file() -> None:
    lines = (ROOT / "requirements" / "apart.txt").read_text(encoding="utf-8").splitlines()
    assert {name_of(line) for line in lines if not line.startswith("#")} == APART
    assert not APART & {name_of(line) for line in entries()}
