"""The document of the interface (OpenAPI 3.1), made from the operations.

A copy is kept beside this file: ``python -m searchkit.server.openapi`` writes it anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from searchkit import __version__
from searchkit.server.operations import Access, Operation
from searchkit.server.parameters import Kind, Parameter
from searchkit.server.schemas import SCHEMAS

_ERRORS = {
    400: "The request cannot be read: unknown or missing names, or values of the wrong kind.",
    401: "No token, or a wrong one.",
    403: "Not allowed.",
    404: "There is no such thing.",
    408: "The request did not arrive in time.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "Read, and it makes no sense: a filter that does not parse, a value out of range.",
    503: "Not now: too much to do, or the index is gone or being rebuilt.",
}

_SOMETHING = r"\S"  # not blank

KEPT = Path(__file__).with_name("openapi.json")


def written(document: dict[str, Any]) -> str:
    """The text of the kept copy."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def describe(operations: Iterable[Operation]) -> dict[str, Any]:
    """The document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = operation.path.replace(":path}", "}")
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "searchkit", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation, path: str) -> dict[str, Any]:
    told: dict[str, Any] = {"summary": operation.meaning, "responses": _responses(operation)}
    told["operationId"] = f"{operation.method.lower()}{path.replace('/', '_').replace('{', '').replace('}', '')}"
    if operation.access is not Access.OPEN:
        told["security"] = [{"token": []}] if operation.access is Access.WRITE else [{}, {"token": []}]
    listed = [_in_path(name) for name in ("id", "name") if f"{{{name}}}" in path]
    if operation.in_body:
        content = {"application/json": {"schema": _body(operation)}}
        told["requestBody"] = {"required": True, "content": content}
    else:
        listed += [_in_query(parameter) for parameter in operation.parameters]
    if listed:
        told["parameters"] = listed
    return told


def _responses(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {operation.gives: {}}
    if operation.gives in SCHEMAS:
        answer = {"application/json": {"schema": {"$ref": f"#/components/schemas/{operation.gives}"}}}
    found: dict[str, Any] = {"200": {"description": "The answer.", "content": answer}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    statuses = {400, 403, 408, 422, 503, *operation.statuses}
    statuses |= {413, 415} if operation.in_body else set()
    statuses |= set() if operation.access is Access.OPEN else {401}
    return found | {str(s): {"description": _ERRORS[s], "content": error} for s in sorted(statuses)}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    told = {"name": parameter.name, "in": "query", "description": parameter.meaning, "schema": _schema(parameter)}
    return told | ({"required": True} if parameter.required else {})


def _body(operation: Operation) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [parameter.name for parameter in operation.parameters if parameter.required],
        "properties": {parameter.name: _in_body(parameter) for parameter in operation.parameters},
    }


def _in_body(parameter: Parameter) -> dict[str, Any]:
    """In JSON, null is the same as not given."""
    told = {"description": parameter.meaning, **_schema(parameter, in_body=True)}
    if parameter.required:
        return told
    if "anyOf" in told:
        return {**told, "anyOf": [*told["anyOf"], {"type": "null"}]}
    values = {"enum": [*told["enum"], None]} if "enum" in told else {}
    return {**told, "type": [told["type"], "null"], **values}


def _schema(parameter: Parameter, *, in_body: bool = False) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string", "pattern": _SOMETHING} if parameter.says_something else {"type": "string"}
    if parameter.longest is not None:
        text["maxLength"] = parameter.longest
    texts = {"type": "array", "items": text}
    if parameter.kind is Kind.TEXTS:
        return texts | ({} if parameter.most is None else {"maxItems": parameter.most})
    if parameter.kind is Kind.TEXT_OR_TEXTS:
        return {"anyOf": [text, texts | {"minItems": 1, "maxItems": parameter.most}]}
    if parameter.kind is Kind.NAMES:
        name = {**text, "type": ["string", "integer"]}
        names = {"type": "array", "items": name, "maxItems": parameter.most}
        return {"anyOf": [name, names]} if in_body else texts | {"maxItems": parameter.most}
    if parameter.kind is Kind.OBJECTS:
        return {"type": "array", "items": {"anyOf": [text, {"type": "object", "required": ["text"]}]}, "minItems": 1}
    told: dict[str, Any] = dict(text) if parameter.kind is Kind.TEXT else {"type": parameter.kind.value}
    if parameter.choices:
        told["enum"] = list(parameter.choices)
    if parameter.kind is Kind.TEXT and parameter.most is not None:
        told["maxLength"] = parameter.most
    if parameter.kind in (Kind.WHOLE, Kind.NUMBER):
        bounds = {"minimum": parameter.least, "maximum": parameter.most}
        told |= {name: bound for name, bound in bounds.items() if bound is not None}
    if parameter.default is not None:
        told["default"] = parameter.default
    return {"anyOf": [told, {"type": "object"}]} if in_body and parameter.takes_object else told


if __name__ == "__main__":
    from searchkit.server.app import all_operations

    KEPT.write_text(written(describe(all_operations())), encoding="utf-8")
    sys.exit(0)
