from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from searchkit.cli.failures import ERROR, INTERRUPTED, exit_code_of
from searchkit.errors import IndexNotFoundError


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


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder that a process is in")
def test_a_working_folder_that_is_gone_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert exit_code_of(lambda: len(str(Path.cwd()))) == ERROR
    assert capsys.readouterr().err == (
        "error: the folder that this was started in is not there any more\nhint: cd into one that is\n"
    )


def test_control_c_says_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(failing(KeyboardInterrupt())) == INTERRUPTED == 130
    assert "what was committed is kept" in capsys.readouterr().err


def test_an_exit_keeps_its_code() -> None:
    assert exit_code_of(failing(typer.Exit(1))) == 1


def test_error_messages_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(failing(IndexNotFoundError("no \x1b[2J", hint="\x07")))
    assert capsys.readouterr().err == "error: no ␛[2J\nhint: ␇\n"


WRITER = """
from searchkit.cli.failures import exit_code_of
def command():
    for n in range({lines}): print('line', n)
    return 0
raise SystemExit(exit_code_of(command))
"""


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_leaves_early_is_no_error(lines: int) -> None:
    read, write = os.pipe()
    os.close(read)
    program = [sys.executable, "-c", WRITER.format(lines=lines)]
    done = subprocess.run(program, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_output_that_cannot_be_written_is_an_error() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        program = [sys.executable, "-c", WRITER.format(lines=1)]
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == ERROR
    assert done.stderr.startswith(b"error: No space left on device\n")


def test_as_a_program_all_output_is_written_before_the_process_ends() -> None:
    program = "import sys\nfrom searchkit.cli import main\nsys.argv[1:] = ['--help']\nmain()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.rstrip().splitlines()[-1].startswith("  doctor")


CLOSED = """
import os, sys
{close}
from searchkit.cli.failures import exit_code_of, say
def command():
    print('result')
    say('notice')
    sys.stdin.read()
    return 3
code = exit_code_of(command)
os._exit(code)
"""


@pytest.mark.parametrize(("closed", "out", "err"), [("stdin", b"result", b"notice"), ("stdout", b"", b"notice")])
def test_a_closed_stream_is_one_that_nobody_reads(closed: str, out: bytes, err: bytes) -> None:
    program = [sys.executable, "-c", CLOSED.format(close=f"sys.{closed} = None")]  # as Python has it after ``>&-``
    done = subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr.strip()) == (3, out, err)


def test_notices_never_go_among_the_results() -> None:
    program = [sys.executable, "-c", CLOSED.format(close="sys.stderr = None")]
    done = subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (3, b"result", b"")


def test_a_notice_that_nobody_reads_does_not_end_the_command() -> None:
    read, write = os.pipe()
    os.close(read)
    program = [sys.executable, "-c", CLOSED.format(close="")]
    done = subprocess.run(program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=write, check=False)
    os.close(write)
    assert (done.returncode, done.stdout.strip()) == (3, b"result")
