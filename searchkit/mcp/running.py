"""Serves a desk until the client hangs up, or until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from searchkit.errors import MissingExtraError
from searchkit.listening import address_of, config_of, listen

if TYPE_CHECKING:
    from searchkit.mcp.desk import Desk
    from searchkit.mcp.settings import HttpSettings


def serve_stdio(desk: Desk) -> None:
    """Speak with one client over standard input and output, on which nothing else is written, until it hangs up.

    Raises:
        MissingExtraError: the extra ``mcp`` is not installed.
    """
    _require()
    import anyio
    from mcp.server.stdio import stdio_server

    from searchkit.mcp.protocol import make_server

    async def run() -> None:
        server = make_server(desk)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    with suppress(KeyboardInterrupt):
        anyio.run(run)


def serve_http(desk: Desk, settings: HttpSettings, *, tell: Callable[[str], None] = lambda _: None) -> None:
    """Serve clients over HTTP until SIGINT or SIGTERM.

    Args:
        tell: called with the address once it is known.

    Raises:
        InputError: the address is taken, or is not this machine's.
        MissingExtraError: the extra ``mcp`` is not installed.
    """
    _require()
    import uvicorn

    from searchkit.mcp.web import PATH, make_app

    app = make_app(desk, settings)
    with listen(settings.host, settings.port) as listener:
        tell(address_of(listener) + PATH)
        config = config_of(app, timeout_graceful_shutdown=5)
        with suppress(KeyboardInterrupt):  # which uvicorn raises again when it has ended well
            uvicorn.Server(config).run([listener])


def _require() -> None:
    try:
        import mcp  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as exc:
        raise MissingExtraError("the Model Context Protocol library", "mcp") from exc
