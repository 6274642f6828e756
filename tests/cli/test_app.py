from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from searchkit import __version__
from searchkit.cli.app import COMMANDS

Run = Callable[..., Any]


def test_help_names_every_command(run: Run) -> None:
    outcome = run("--help")
    assert outcome.code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in outcome.out


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    assert run().out == run("--help").out


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself_and_its_options(name: str, flag: str, run: Run) -> None:
    outcome = run(name, flag)
    assert outcome.code == 0
    assert f"Usage: searchkit {name}" in outcome.out
    assert outcome.out.split("\n\n")[1].strip()[0].isupper()


def test_the_list_of_commands_cuts_no_summary_short(run: Run) -> None:
    listed = run("--help").out.partition("Commands:")[2] + run("model", "--help").out.partition("Commands:")[2]
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


def commands(name: str) -> list[Any]:
    command = COMMANDS[name].load(name, None)
    return [command, *getattr(command, "commands", {}).values()]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_no_types_that_say_nothing(name: str) -> None:
    for command in commands(name):
        context = command.make_context(name, [], resilient_parsing=True)
        shown = [option.get_help_record(context)[0] for option in command.get_params(context) if not option.hidden]
        assert [words for words in shown if "list[" in words or "bool>" in words] == []
        types = {option.name: option.display_type_rich(ctx=context) for option in command.get_params(context)}
        assert "<bool>" not in types.values()  # what a terminal shows


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_and_option_is_explained(name: str) -> None:
    for command in commands(name):
        assert command.help
        for parameter in command.params:
            assert parameter.help, (name, parameter.name)


def test_help_on_a_terminal_is_drawn_by_rich(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "╭" in run("--help").out
    assert "╭" in run("query", "--help").out


def test_version(run: Run) -> None:
    outcome = run("--version")
    assert (outcome.code, outcome.out) == (0, f"searchkit {__version__}\n")


def test_an_unknown_command_suggests_a_close_one(run: Run) -> None:
    outcome = run("qurey", "x")
    assert outcome.code == 2
    assert "Did you mean 'query'" in outcome.err


def test_an_unknown_option_is_a_usage_error(run: Run) -> None:
    outcome = run("query", "--colour", "x")
    assert outcome.code == 2
    assert "--colour" in outcome.err
    assert "hint: searchkit query --help" in outcome.err


def test_the_shell_gets_completions() -> None:
    words = {"_SEARCHKIT_COMPLETE": "complete_bash", "COMP_WORDS": "searchkit qu", "COMP_CWORD": "1"}
    program = "from searchkit.cli import main; raise SystemExit(main([]))"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **words}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["query"], done.stderr


HEAVY = {"numpy", "faiss", "onnxruntime", "tokenizers", "torch", "sqlite3", "rich", "pydantic", "transformers"}


@pytest.mark.parametrize("words", [["--help"], ["query", "--help"], ["--version"], ["query", "x", "-k", "many"]])
def test_parsing_and_help_import_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\nfrom searchkit.cli import main\n"
        f"main({words!r})\nprint('LOADED', *sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].split() == ["LOADED"]


def test_the_doorway_of_a_checkout_works() -> None:
    doorway = Path(__file__).parents[2] / "cli.py"
    done = subprocess.run([sys.executable, str(doorway), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"searchkit {__version__}\n"


def test_a_group_of_commands_without_one_shows_its_help(run: Run) -> None:
    for group in ("eval", "model"):
        outcome = run(group)
        assert (outcome.code, outcome.err, outcome.out) == (0, "", run(group, "--help").out)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_with_a_value_says_which(name: str) -> None:
    for command in commands(name):
        context = command.make_context(name, [], resilient_parsing=True)
        options = [one for one in command.get_params(context) if one.param_type_name == "option" and not one.is_flag]
        assert [one.name for one in options if not one.metavar] == []
