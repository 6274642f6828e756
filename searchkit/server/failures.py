"""Every way a request can fail, as a status and a JSON answer ``{"error": {"message": ..., "hint": ...}}``.

    400 the request cannot be read: unknown or missing names, values of the wrong kind, broken JSON
    401 no token, or a wrong one            403 not allowed: foreign host or origin, writing is off
    404 there is no such thing              405 not with this method
    408 the request did not arrive in time  413 the body is too large       415 the body is no JSON
    422 read, and it makes no sense: a filter that does not parse, a value out of range
    503 not now: too much to do, the index is gone, is being rebuilt, or another process writes

Nothing of the inside is shown: what was not foreseen is a plain 500 with its traceback in the log alone.
"""

from __future__ import annotations

import json
import logging
import math
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from searchkit.errors import (
    EncoderError,
    IndexLockedError,
    IndexStateError,
    InputError,
    MissingExtraError,
    NoTopicsError,
    SearchkitError,
)

log = logging.getLogger("searchkit.server")
RETRY_S = 1
_STATUS: tuple[tuple[type[SearchkitError], int], ...] = (
    (InputError, 422),
    (NoTopicsError, 422),
    (IndexStateError, 503),
    (EncoderError, 503),
    (MissingExtraError, 503),
)


class RequestError(SearchkitError):
    """A request that gets no answer; ``status`` is HTTP's."""

    status = 400

    def __init__(self, message: str, *, hint: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message, hint=hint)
        self.headers = headers or {}


class BadRequestError(RequestError):
    """The request cannot be read."""


class TokenError(RequestError):
    """No token, or a wrong one."""

    status = 401

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, headers={"www-authenticate": "Bearer"})


class ForbiddenError(RequestError):
    """Not allowed, with any token or without."""

    status = 403


class NotThereError(RequestError):
    """There is no such thing."""

    status = 404


class SlowBodyError(RequestError):
    """The request did not arrive in time."""

    status = 408


class TooLargeError(RequestError):
    """The body is too large."""

    status = 413


class NotJsonError(RequestError):
    """The body is not said to be JSON."""

    status = 415


class BusyError(RequestError):
    """Not now; later perhaps."""

    status = 503

    def __init__(self, message: str, *, hint: str = "", retry_s: int = RETRY_S) -> None:
        super().__init__(message, hint=hint, headers={"retry-after": str(retry_s)})


def status_of(error: Exception) -> int:
    """The HTTP status of an error."""
    if isinstance(error, RequestError):
        return error.status
    if isinstance(error, HTTPException):
        return error.status_code
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def failure(error: Exception) -> Response:
    """The answer that an error becomes."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, RequestError):
        headers |= error.headers
    if isinstance(error, HTTPException):
        headers |= dict(error.headers or {})
    if isinstance(error, IndexLockedError):
        headers["retry-after"] = str(RETRY_S)
    if isinstance(error, SearchkitError):
        message, hint = error.message, error.hint
    elif isinstance(error, HTTPException):
        message, hint = f"{error.detail.lower()}", "GET /openapi.json tells what there is"
    else:
        log.error("a request failed in an unforeseen way", exc_info=error)
        message, hint = "the server failed; its log tells more", ""
    return json_answer({"error": {"message": message, "hint": hint}}, status, headers)


async def on_error(_: Request, error: Exception) -> Response:
    """`failure`, as Starlette calls it."""
    return failure(error)


def json_answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A value as the body of an answer."""
    return Response(to_json(value), status, headers, "application/json")


def to_json(value: object) -> bytes:
    """UTF-8; lone surrogates are escaped, and numbers that JSON has not are null."""
    try:
        return _dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _dumps(value, ensure_ascii=True).encode()
    except ValueError:  # infinity, or not a number, in somebody's metadata
        return to_json(_finite(value))


def _dumps(value: object, *, ensure_ascii: bool) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, separators=(",", ":"), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
