"""Every way a command can end, as an exit code and a message on standard error.

Codes are grep's: 0 found or done, 1 nothing found, 2 error (wrong usage included); 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, cast

import typer

from searchkit.cli.terminal import make_printable, visible
from searchkit.errors import SearchkitError, SearchkitWarning

NOTHING_FOUND = 1
ERROR = 2
INTERRUPTED = 130

# The base of everything Typer says about a wrong command line; its module differs between versions of Typer.
_UsageError = cast("type[Exception]", typer.BadParameter.__bases__[0])


def exit_code_of(command: Callable[[], int]) -> int:
    """Run the command and turn whatever happens into its exit code, saying why on standard error.

    All output has been written when this returns.
    """
    _open_closed_streams()
    make_printable(sys.stdout, sys.stderr)
    with warnings.catch_warnings():
        warnings.showwarning = _shown(warnings.showwarning)
        code = _run(command)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget(sys.stdout)
    except OSError as error:  # a full disk shows itself only now
        _forget(sys.stdout)
        return _unexpected_error(error)
    return code


def _shown(usual: Callable[..., None]) -> Callable[..., None]:
    """Our own warnings in a line, those of libraries as ever."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, SearchkitWarning):
            say(f"warning: {message}")
        else:
            usual(message, category, *place, **more)

    return show


def _run(command: Callable[[], int]) -> int:
    try:
        return command()
    except typer.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        _forget(sys.stdout)
        return 0
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted; what was committed is kept: run the same command again to go on")
        return INTERRUPTED
    except _UsageError as error:
        return _usage_error(error)
    except SearchkitError as error:
        return _expected_error(error)
    except Exception as error:
        return _unexpected_error(error)


def say(message: str) -> None:
    """A notice for the person, on standard error; that nobody reads it does not end a command."""
    try:
        print(visible(message), file=sys.stderr, flush=True)
    except BrokenPipeError:
        _forget(sys.stderr)


def _expected_error(error: SearchkitError) -> int:
    say(f"error: {error.message}")
    if error.hint:
        say(f"hint: {error.hint}")
    return ERROR


def _usage_error(error: Exception) -> int:
    message = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "searchkit"
    say(f"error: {message}\nhint: {command} --help")
    return ERROR


def _unexpected_error(error: Exception) -> int:
    if os.environ.get("SEARCHKIT_DEBUG"):
        import traceback

        traceback.print_exception(error)
    elif isinstance(error, FileNotFoundError) and _is_nowhere():
        say("error: the folder that this was started in is not there any more\nhint: cd into one that is")
    elif isinstance(error, OSError) and error.strerror:  # the machine's doing: a full disk, a lost mount
        where = f": {error.filename}" if error.filename else ""
        say(f"error: {error.strerror}{where}\nhint: SEARCHKIT_DEBUG=1 shows where it happened")
    else:
        say(f"sorry, this should not happen: {type(error).__name__}: {error}")
        say("hint: run the command again with SEARCHKIT_DEBUG=1 for the traceback, and report it")
    return ERROR


def _is_nowhere() -> bool:
    """Whether the working folder was deleted."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _forget(stream: TextIO) -> None:
    """Nobody reads the stream any more (``| head``): what is still buffered must not fail a second time."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def _open_closed_streams() -> None:
    """Python has None for a stream that the shell has closed (``2>&-``), and prints to the other one instead."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open to the end
