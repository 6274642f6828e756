"""One operation of the interface: where it is, who may, what it takes and gives. Routes and OpenAPI come of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from searchkit.server.parameters import Parameters
from searchkit.server.site import Site

Handler = Callable[[Site, Request, dict[str, Any]], Awaitable[Response]]


class Access(Enum):
    """Who may use an operation."""

    OPEN = "open"  # everybody: nothing of the index is in it
    READ = "read"  # whoever has the token, where there is one
    WRITE = "write"  # whoever has the token for writing


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        method, path: of HTTP; ``{id:path}`` in a path takes the rest of it.
        handler: gives the answer from what the request says.
        meaning: one sentence.
        parameters: of the address, or with ``in_body`` the names of the JSON body.
        in_body: whether they are.
        gives: what the answer is: a name of `schemas.SCHEMAS`, or a media type.
        access: who may.
        statuses: what it may answer besides 200 and the errors of all operations.
    """

    method: str
    path: str
    handler: Handler
    meaning: str
    parameters: Parameters = field(default_factory=Parameters)
    in_body: bool = False
    gives: str = "Object"
    access: Access = Access.READ
    statuses: tuple[int, ...] = ()
