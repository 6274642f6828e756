"""What README.md shows is what there is: its Python runs, its commands and flags exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from searchkit.cli.app import COMMANDS

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "ARCHITECTURE.md", "index_data/README.md", "benchmarks/README.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def shown_commands() -> list[list[str]]:
    """The words of every `searchkit ...` in the console blocks, one command each."""
    lines = [
        line[2:].split("#")[0] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")
    ]
    parts = (part.strip() for line in lines for part in re.split(r"\||;", line))
    return [shlex.split(part)[1:] for part in parts if part.startswith("searchkit ")]


@pytest.mark.parametrize("block", blocks("python"), ids=["library", "embeddings"])
def test_python_of_the_readme_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})


@pytest.mark.parametrize("words", shown_commands(), ids=" ".join)
def test_commands_of_the_readme_exist_with_their_flags(words: list[str]) -> None:
    assert words[0] in COMMANDS
    loaded = COMMANDS[words[0]].load(words[0], None)
    if hasattr(loaded, "commands"):
        loaded = loaded.commands[words[1]]
    known = {flag for parameter in loaded.params for flag in [*parameter.opts, *parameter.secondary_opts]}
    assert {word for word in words if re.fullmatch(r"-[a-z]|--[a-z-]+", word)} <= known


def test_every_command_is_in_the_readme() -> None:
    assert {name for name in COMMANDS if not re.search(rf"searchkit {name}\b", README)} == set()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text)
    broken = [t for t in targets if "://" not in t and not ((ROOT / page).parent / t).exists()]
    assert broken == []
