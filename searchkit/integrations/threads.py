"""Methods that do not block an event loop, for the frameworks that ask for both kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(method: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The method as one to await, which runs in a thread; where a subclass has another of that name, that one."""
    name = method.__name__

    @wraps(method)
    async def awaited(*args: P.args, **kwargs: P.kwargs) -> T:
        itself, *others = args
        done: T = await asyncio.to_thread(getattr(itself, name), *others, **kwargs)
        return done

    awaited.__doc__ = f"`{name}` in a thread."
    return awaited
