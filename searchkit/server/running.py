"""Runs the application with uvicorn until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from searchkit.errors import MissingExtraError
from searchkit.listening import address_of, listen

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

    from searchkit.search import SearchEngine
    from searchkit.server.helpers import Launch
    from searchkit.server.settings import ServerSettings

MOST_CONNECTIONS = 1024
MOST_HEAD_BYTES = 1 << 19  # of a request: the longest texts of an address, each byte of them written as %XX
IDLE_S = 30  # a connection is kept so long without a request


def serve(
    engine: SearchEngine,
    settings: ServerSettings,
    *,
    launch: Launch | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the index until SIGINT or SIGTERM.

    Args:
        engine: stays the caller's.
        launch: for queries to be answered by processes of their own, where there is more than one worker; None for
            threads of this one.
        tell: called with the address once it is known.

    Raises:
        InputError: the address is taken, or is not this machine's.
        MissingExtraError: the extra ``server`` is not installed.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise MissingExtraError("the HTTP server", "server") from error
    from searchkit.server.app import make_app
    from searchkit.server.helpers import Helpers

    listener = listen(settings.host, settings.port)
    helpers = Helpers(settings.worker_count, launch) if launch is not None and settings.worker_count > 1 else None
    config = config_of(make_app(engine, settings, searcher=helpers))
    tell(address_of(listener))
    try:
        with listener:
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        if helpers is not None:
            helpers.close()


def config_of(app: Starlette) -> uvicorn.Config:
    """How uvicorn serves the application."""
    import uvicorn

    return uvicorn.Config(
        app,
        http=_protocol(),
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=10,
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        lifespan="on",
        ws="none",
    )


def _protocol() -> type[asyncio.Protocol]:
    """HTTP/1.1, which answers what is none, or has too long a head, in the form of every other failure."""
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    from searchkit.server.failures import BadRequestError, failure

    class Protocol(H11Protocol):
        def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the name is uvicorn's
            hint = f"the head of a request may have {MOST_HEAD_BYTES:,} bytes; longer texts go into a body, by POST"
            response = failure(BadRequestError("this is no HTTP request, or its head is too long", hint=hint))
            headers = [*response.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=response.status_code, headers=headers, reason=b"Bad Request"),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

    return Protocol
