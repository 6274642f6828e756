"""The ASGI application: every operation on its path."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from searchkit.errors import SearchkitError
from searchkit.server import documents, embedding, overview, pages, searching
from searchkit.server.failures import BadRequestError, NotJsonError, failure, json_answer, on_error
from searchkit.server.guard import Guard, busy, check_token
from searchkit.server.openapi import describe
from searchkit.server.operations import Access, Operation
from searchkit.server.settings import ServerSettings
from searchkit.server.site import Site

if TYPE_CHECKING:
    from searchkit.search import SearchEngine
    from searchkit.server.answering import Searcher


def make_app(
    engine: SearchEngine, settings: ServerSettings | None = None, *, searcher: Searcher | None = None
) -> Starlette:
    """The application that serves one index.

    Args:
        engine: stays the caller's, who closes it after the server has ended.
        settings: None for the defaults: this machine alone, nothing can be changed.
        searcher: answers queries; None for the engine itself, in this process.
    """
    site = Site(engine, settings or ServerSettings(), searcher)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        site.start()
        try:
            yield
        finally:
            await asyncio.to_thread(site.close)

    handlers: Mapping[Any, Any] = {HTTPException: on_error}
    app = Starlette(
        routes=_routes(site, all_operations()),
        middleware=[Middleware(Guard, site=site)],
        exception_handlers=handlers,
        lifespan=lifespan,
    )
    app.state.site = site
    return app


def all_operations() -> tuple[Operation, ...]:
    """Everything that the server does."""
    own = Operation("GET", "/openapi.json", _openapi, "This document.", gives="Object", access=Access.OPEN)
    rooms = (searching, documents, embedding, overview, pages)
    return (*(operation for room in rooms for operation in room.OPERATIONS), own)


async def _openapi(_: Site, __: Request, ___: dict[str, Any]) -> Response:
    return json_answer(describe(all_operations()))


def _routes(site: Site, operations: Sequence[Operation]) -> list[Route]:
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [Route(path, _endpoint(site, ways), methods=list(ways)) for path, ways in by_path.items()]


def _endpoint(site: Site, ways: Mapping[str, Operation]) -> Any:
    async def endpoint(request: Request) -> Response:
        operation = ways[request.method if request.method in ways else "GET"]  # HEAD
        request.scope["searchkit.path"] = operation.path.replace(":path", "")
        try:
            check_token(request.headers, operation.access, site.settings)
            said = await _said(request, operation)
            return await asyncio.wait_for(operation.handler(site, request, said), site.settings.time_limit_s)
        except asyncio.TimeoutError:
            return failure(busy())
        except Exception as error:
            return failure(error)

    return endpoint


async def _said(request: Request, operation: Operation) -> dict[str, Any]:
    """What the request says, checked."""
    pairs = request.query_params.multi_items()
    if not operation.in_body:
        return operation.parameters.from_query(pairs)
    if pairs:
        raise BadRequestError(f"{operation.method} takes a JSON body, nothing in its address")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise NotJsonError(f"the body is {kind[:60] or 'of no kind'}; expected application/json")
    try:
        return operation.parameters.from_object(json.loads(await request.body()))
    except ClientDisconnect:
        raise BadRequestError("the client went away") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, SearchkitError):
            raise
        raise BadRequestError(f"the body is no JSON: {str(error)[:100]}") from None
