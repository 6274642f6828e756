"""What no line of searchkit may do: SECURITY.md promises it, so the source is read for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "searchkit").rglob("*.py"))
RUNS_DATA = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml"}  # reading them may run code
NETWORK = {"urllib.request", "http.client", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "urllib3"}
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "load_extension", "enable_load_extension"}
STARTS_PROCESSES = {"server/helpers.py"}  # its own, by a list of arguments


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                yield function.id, node
            elif isinstance(function, ast.Attribute):
                owner = function.value.id if isinstance(function.value, ast.Name) else ""
                yield f"{owner}.{function.attr}", node


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "searchkit")))
def test_nothing_runs_what_it_reads_nor_reaches_the_network(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = set(imported(tree))
    assert not {name.partition(".")[0] for name in names} & RUNS_DATA
    assert not names & NETWORK
    place = file.relative_to(ROOT / "searchkit").as_posix()
    assert "subprocess" not in names or place in STARTS_PROCESSES
    for name, call in calls(tree):
        assert name not in CALLS, f"line {call.lineno}"
        assert name not in {"os.system", "os.popen", "torch.load", "connection.enable_load_extension"}, call.lineno
        for keyword in call.keywords:
            is_off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            assert keyword.arg not in {"shell", "trust_remote_code", "allow_pickle"} or is_off, call.lineno


def test_the_network_is_asked_for_models_at_one_place_that_has_to_be_told_so() -> None:
    using = {
        file.relative_to(ROOT / "searchkit").as_posix()
        for file in FILES
        if {name.partition(".")[0] for name in imported(ast.parse(file.read_text(encoding="utf-8")))}
        & {"huggingface_hub"}
    }
    assert using == {"encoder/hub.py"}


@pytest.mark.parametrize("page", ["SECURITY.md", "RELIABILITY.md"])
def test_every_test_that_a_promise_names_is_there(page: str) -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / page).read_text(encoding="utf-8")))
    assert len(named) > 10
    assert not {path for path in named if not (ROOT / path).is_file()}


@pytest.mark.parametrize("page", ["SECURITY.md", "RELIABILITY.md"])
def test_every_claim_of_a_test_is_one(page: str) -> None:
    """`test_name` anywhere in the page is the name of a test."""
    named = set(re.findall(r"`(test_\w+)`", (ROOT / page).read_text(encoding="utf-8")))
    there = {
        name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert named <= there, named - there
