"""Runs the application with uvicorn until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from searchkit import listening
from searchkit.errors import MissingExtraError

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

    from searchkit.search import SearchEngine
    from searchkit.server.helpers import Launch
    from searchkit.server.settings import ServerSettings

MOST_HEAD_BYTES = 1 << 19  # of a request: the longest texts of an address, each byte of them written as %XX


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

    with ExitStack() as ending:
        listener = ending.enter_context(listening.listen(settings.host, settings.port))
        helpers = None
        if launch is not None and settings.worker_count > 1:
            helpers = Helpers(settings.worker_count, launch)
            ending.callback(helpers.close)
        config = config_of(make_app(engine, settings, searcher=helpers))
        tell(listening.address_of(listener))
        uvicorn.Server(config).run(sockets=[listener])


def config_of(app: Starlette) -> uvicorn.Config:
    """How uvicorn serves the application."""
    from searchkit.server.site import STOP_S

    return listening.config_of(
        app, _protocol(), h11_max_incomplete_event_size=MOST_HEAD_BYTES, timeout_graceful_shutdown=int(STOP_S)
    )


def _protocol() -> Any:
    """HTTP/1.1, which answers what is none, or has too long a head, in the form of every other failure."""
    import h11

    from searchkit.server.failures import BadRequestError, failure

    class Protocol(listening.punctual_protocol()):  # type: ignore[misc]
        def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the name is uvicorn's
            if self.cycle is not None:
                self.cycle.disconnected = True  # what it would answer has no place any more
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                self._send_400()
            self.transport.close()

        def _send_400(self) -> None:
            hint = f"the head of a request may have {MOST_HEAD_BYTES:,} bytes; longer texts go into a body, by POST"
            response = failure(BadRequestError("this is no HTTP request, or its head is too long", hint=hint))
            headers = [*response.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=response.status_code, headers=headers, reason=b"Bad Request"),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")

    return Protocol
