"""Functions of ours that SQL calls, and the interrupt that comes while one of them runs.

``sqlite3`` makes an error of SQLite of whatever a function raises. Most of the time of a change is spent in them, so
Ctrl-C would mostly be taken for damage.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

_interrupts: list[BaseException] = []  # they come to the main thread alone


def make_known(connection: sqlite3.Connection, name: str, arguments: int, function: Callable[..., Any]) -> None:
    """Let SQL on this connection call a function that gives the same for the same values; -1 for any number of them."""

    def called(*values: object) -> Any:
        try:
            return function(*values)
        except Exception:
            raise  # what it was given is damaged
        except BaseException as interrupt:
            _interrupts.append(interrupt)
            raise

    connection.create_function(name, arguments, called, deterministic=True)


def raise_interrupt() -> None:
    """Raise the interrupt that an error of SQLite stands for, if it does."""
    if _interrupts:
        raise _interrupts.pop() from None
