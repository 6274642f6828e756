from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from searchkit.cli.app import COMMANDS
from searchkit.directory import IndexFolder, WriterLock
from searchkit.search import acknowledged

Run = Callable[..., Any]
WRITING = ("index", "rm", "rebuild", "repair", "restore", "compact")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> IndexFolder:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "apples.md").write_text("Apples grow on trees in the orchard.\n")
    assert run("index", "apples.md").code == 0
    return IndexFolder(tmp_path / "index_data" / "default")


@pytest.mark.parametrize("name", WRITING)
def test_every_writing_command_can_wait(name: str) -> None:
    command = COMMANDS[name].load(name, None)
    assert any("--wait" in parameter.opts for parameter in command.params)


def test_without_wait_the_holder_is_named_at_once(index: IndexFolder, run: Run) -> None:
    with WriterLock(index, command="searchkit index books"):
        outcome = run("rm", "apples.md")
    assert outcome.code == 2
    assert "(searchkit index books)" in outcome.err
    assert "hint: wait for it with --wait" in outcome.err


def test_waiting_has_the_end_that_was_given(index: IndexFolder, run: Run) -> None:
    with WriterLock(index):
        outcome = run("rm", "apples.md", "--wait", "0.2")
    assert outcome.code == 2
    assert "(waited 0.2 s)" in outcome.err


def test_wait_alone_waits_until_the_other_is_done(index: IndexFolder, run: Run) -> None:
    is_held, is_waited_for = threading.Event(), threading.Event()

    def hold() -> None:
        with WriterLock(index):
            is_held.set()
            is_waited_for.wait(0.3)

    threading.Thread(target=hold).start()
    is_held.wait()
    assert run("rm", "apples.md", "--wait").out.startswith("removed apples.md")


def test_readers_do_not_wait(index: IndexFolder, run: Run) -> None:
    with WriterLock(index):
        assert "apples.md" in run("query", "apples").out
        assert run("verify", "--deep").code == 0
        assert run("backup", "copy").code == 0


@pytest.mark.usefixtures("index")
def test_a_warning_is_a_line_on_standard_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acknowledged, "network_file_system", lambda _: "nfs4")
    monkeypatch.setattr("warnings.filters", [("always", None, Warning, None, 0)])
    outcome = run("index", "apples.md")
    assert outcome.code == 0
    assert outcome.err.startswith("warning: ")
    assert outcome.err.count("\n") == 1
