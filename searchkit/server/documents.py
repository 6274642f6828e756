"""``/documents``: what is in the index, and changing it."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from searchkit.errors import UnknownNameError
from searchkit.server.failures import BadRequestError, NotThereError, json_answer
from searchkit.server.operations import Access, Operation
from searchkit.server.parameters import Kind, Parameter, Parameters
from searchkit.server.site import Site
from searchkit.store.filters.parser import LONGEST_EXPRESSION

if TYPE_CHECKING:
    from searchkit.search import DocumentInfo

DEFAULT_LIMIT, MOST_LISTED = 100, 1000
_HINT = "GET /documents lists what there is"


async def list_documents(site: Site, _: Request, said: dict[str, Any]) -> Response:
    """A page of the documents of the index."""
    limit, offset = said.get("limit", DEFAULT_LIMIT), said.get("offset", 0)

    def look() -> dict[str, Any]:
        found = site.engine.list_documents(where=said.get("where"), limit=limit, offset=offset)
        return {"documents": [_fields(one) for one in found]}

    return json_answer(await site.searches.run(look))


async def show_document(site: Site, request: Request, said: dict[str, Any]) -> Response:
    """The documents of an id or a file, each with a page of its chunks."""
    name = request.path_params["id"]
    limit, offset = said.get("limit", DEFAULT_LIMIT), said.get("offset", 0)

    def look() -> dict[str, Any]:
        documents = []
        for info in site.engine.documents(name)[:MOST_LISTED]:
            chunks = site.engine.chunks(info.doc_id)[offset : offset + limit]
            documents.append({**_fields(info), "total": info.chunks, "chunks": [asdict(chunk) for chunk in chunks]})
        return {"documents": documents}

    try:
        return json_answer(await site.searches.run(look))
    except UnknownNameError as error:
        raise NotThereError(error.message, hint=error.hint or _HINT) from error


async def add_documents(site: Site, _: Request, said: dict[str, Any]) -> Response:
    """Add documents, each in place of one with the same id."""
    documents = said["documents"]
    if not documents:
        raise BadRequestError("documents is empty", hint='such as {"documents": [{"id": "note", "text": "..."}]}')
    report = await site.changes.run(lambda: site.engine.add(documents))
    return json_answer(asdict(report))


async def delete_document(site: Site, request: Request, _: dict[str, Any]) -> Response:
    """Remove a document, a file, or all files of a folder."""
    name = request.path_params["id"]
    dropped = await site.changes.run(lambda: site.engine.delete([name]))
    if not dropped:
        raise NotThereError(f"there is no document or file {name[:200]!r} in the index", hint=_HINT)
    return json_answer({"deleted": dropped})


def _fields(info: DocumentInfo) -> dict[str, Any]:
    """By name; the metadata as they are, which may be nested deeper than `asdict` goes."""
    return {field.name: getattr(info, field.name) for field in fields(info)}


_LIMIT = Parameter("limit", Kind.WHOLE, "At most so many.", least=1, most=MOST_LISTED, default=DEFAULT_LIMIT)
_OFFSET = Parameter("offset", Kind.WHOLE, "Pass over so many.", least=0, most=2**31, default=0)
_WHERE = Parameter("where", Kind.TEXT, "Only documents whose metadata match this filter.", most=LONGEST_EXPRESSION)
_DOCUMENTS = Parameter(
    "documents",
    Kind.OBJECTS,
    "Texts, or objects with `text` and, if wanted, `id` and `title`; all other keys become metadata.",
    required=True,
)
_ONE = "/documents/{id:path}"
OPERATIONS = (
    Operation(
        "GET",
        "/documents",
        list_documents,
        "The documents of the index, in the order in which they were added.",
        Parameters(_WHERE, _LIMIT, _OFFSET),
        gives="Documents",
    ),
    Operation(
        "GET",
        _ONE,
        show_document,
        "The documents of an id or a file, with their chunks.",
        Parameters(_LIMIT, _OFFSET),
        gives="DocumentChunks",
        statuses=(404,),
    ),
    Operation(
        "POST",
        "/documents",
        add_documents,
        "Add documents, each in place of one with the same id.",
        Parameters(_DOCUMENTS),
        in_body=True,
        gives="Added",
        access=Access.WRITE,
    ),
    Operation(
        "DELETE",
        _ONE,
        delete_document,
        "Remove a document, a file, or all files of a folder.",
        gives="Deleted",
        access=Access.WRITE,
        statuses=(404,),
    ),
)
