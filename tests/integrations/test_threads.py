from __future__ import annotations

import asyncio
import threading

from searchkit.integrations.threads import in_thread


class Adder:
    def add(self, left: int, *, right: int = 1) -> tuple[int, bool]:
        """Add."""
        return left + right, threading.current_thread() is threading.main_thread()

    add_async = in_thread(add)


class Doubler(Adder):
    def add(self, left: int, *, right: int = 1) -> tuple[int, bool]:
        total, is_main = super().add(left, right=right)
        return 2 * total, is_main


def test_it_runs_in_another_thread() -> None:
    assert Adder().add(1, right=2) == (3, True)
    assert asyncio.run(Adder().add_async(1, right=2)) == (3, False)


def test_what_a_subclass_has_instead_is_asked() -> None:
    assert asyncio.run(Doubler().add_async(1, right=2)) == (6, False)


def test_it_says_what_it_is() -> None:
    assert Adder.add_async.__doc__ == "`add` in a thread."
    assert asyncio.iscoroutinefunction(Adder.add_async)
