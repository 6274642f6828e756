"""Every way a command can end, as an exit code and a message on standard error.

Codes are grep's: 0 found or done, 1 nothing found, 2 error (wrong usage included); 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import cast

import typer

from searchkit.cli.terminal import make_printable, visible
from searchkit.errors import FilterError, SearchkitError

NOTHING_FOUND = 1
ERROR = 2
INTERRUPTED = 130

# The base of everything Typer says about a wrong command line; its module differs between versions of Typer.
_UsageError = cast("type[Exception]", typer.BadParameter.__bases__[0])


def exit_code_of(command: Callable[[], int]) -> int:
    """Run the command and turn whatever happens into its exit code, saying why on standard error."""
    make_printable(sys.stdout, sys.stderr)
    try:
        code = command()
        sys.stdout.flush()  # here, where a closed pipe is still caught
    except typer.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        _leave_quietly()
        return 0
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted; what was committed is kept: run the same command again to go on")
        return INTERRUPTED
    except _UsageError as error:
        return _usage_error(error)
    except SearchkitError as error:
        return expected_error(error)
    except Exception as error:
        return _unexpected_error(error)
    return code


def expected_error(error: SearchkitError, *, expression: str | None = None) -> int:
    """Show message and hint; below a filter, a caret at the place that was not understood."""
    say(f"error: {error.message}")
    position = error.position if isinstance(error, FilterError) else None
    if expression is not None and position is not None:
        say(f"  {visible(expression)}\n  {' ' * position}^")
    if error.hint:
        say(f"hint: {error.hint}")
    return ERROR


def say(message: str) -> None:
    """A notice for the person, on standard error."""
    print(visible(message), file=sys.stderr)


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
        return ERROR
    say(f"sorry, this should not happen: {type(error).__name__}: {error}")
    say("hint: run the command again with SEARCHKIT_DEBUG=1 for the traceback, and report it")
    return ERROR


def _leave_quietly() -> None:
    """The reader of our output has gone (``| head``): the last flush must not fail either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
