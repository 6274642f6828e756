from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import typer

from searchkit.cli.failures import ERROR, INTERRUPTED, exit_code_of, expected_error
from searchkit.errors import FilterError, IndexNotFoundError


def failing(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


def test_an_expected_error_is_its_message_and_hint_without_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = exit_code_of(failing(IndexNotFoundError("no index 'x'", hint="searchkit index FOLDER")))
    captured = capsys.readouterr()
    assert code == ERROR
    assert captured.err == "error: no index 'x'\nhint: searchkit index FOLDER\n"
    assert captured.out == ""


def test_a_filter_error_points_at_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    error = FilterError("unknown field 'lnag'", hint="known: lang", position=4)
    assert expected_error(error, expression="not lnag = 'en'") == ERROR
    assert capsys.readouterr().err == "error: unknown field 'lnag'\n  not lnag = 'en'\n      ^\nhint: known: lang\n"


def test_an_unexpected_error_is_one_apology(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exit_code_of(failing(KeyError("x"))) == ERROR
    err = capsys.readouterr().err
    assert err.startswith("sorry, this should not happen: KeyError: 'x'\n")
    assert "SEARCHKIT_DEBUG=1" in err
    assert "Traceback" not in err
    monkeypatch.setenv("SEARCHKIT_DEBUG", "1")
    assert exit_code_of(failing(KeyError("x"))) == ERROR
    assert "Traceback" in capsys.readouterr().err


def test_control_c_says_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(failing(KeyboardInterrupt())) == INTERRUPTED == 130
    assert "what was committed is kept" in capsys.readouterr().err


def test_an_exit_keeps_its_code() -> None:
    assert exit_code_of(failing(typer.Exit(1))) == 1


def test_error_messages_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(failing(IndexNotFoundError("no \x1b[2J", hint="\x07")))
    assert capsys.readouterr().err == "error: no ␛[2J\nhint: ␇\n"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    program = (
        "from searchkit.cli.failures import exit_code_of\n"
        "def command():\n"
        "    for n in range(100_000): print('line', n)\n"
        "    return 0\n"
        "raise SystemExit(exit_code_of(command))\n"
    )
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == 0
