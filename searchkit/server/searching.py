"""``/search`` and ``/similar``: hits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from searchkit.errors import UnknownNameError
from searchkit.search.asking.hit_json import hit_to_dict
from searchkit.search.asking.similar import similar_question
from searchkit.search.question import Question, check_query, number_or_name
from searchkit.server.answering import Finished
from searchkit.server.failures import ForbiddenError, NotThereError, to_json
from searchkit.server.operations import Operation
from searchkit.server.parameters import search_parameters, similar_parameters
from searchkit.server.site import Site

if TYPE_CHECKING:
    from searchkit.search import SearchEngine

DEFAULT_K = 10


async def search(site: Site, _: Request, said: dict[str, Any]) -> Response:
    """The hits of a query."""
    text = check_query(said.pop("q"))
    k = said.pop("k", DEFAULT_K)
    _check_reranker(site, said.get("rerank"))
    Question.of(k, said)  # type: ignore[arg-type]  # what is out of range is told before it waits

    def ask(texts: Sequence[str]) -> Sequence[Finished]:
        return site.answering.ask(texts, k, said)

    finished: Finished = await site.searches.submit((k, repr(sorted(said.items()))), text, ask)
    return finished.response()


async def similar(site: Site, _: Request, said: dict[str, Any]) -> Response:
    """The hits most like a chunk, a document or a file of the index."""
    name, k = said.pop("id"), said.pop("k", DEFAULT_K)
    similar_question(k, said)  # type: ignore[arg-type]

    def look() -> bytes:
        hits = _like(site.engine, name, k, said)
        return to_json({"id": name, "hits": [hit_to_dict(hit) for hit in hits]})

    return Response(await site.searches.run(look), media_type="application/json")


def _like(engine: SearchEngine, name: str, k: int, options: dict[str, Any]) -> Any:
    target = number_or_name(name)
    try:
        return engine.similar(target, k, **options)
    except UnknownNameError as error:
        raise NotThereError(error.message, hint="GET /documents lists what there is") from error


def _check_reranker(site: Site, name: str | None) -> None:
    """A request names no folder and no model that the server was not told of."""
    if name is not None and name not in site.settings.rerankers:
        known = ", ".join(site.settings.rerankers)
        raise ForbiddenError(
            f"rerank is {name[:60]!r}, which this server was not given",
            hint=f"known: {known}" if known else "start it with --allow-rerank NAME",
        )


_SEARCH, _SIMILAR = search_parameters(), similar_parameters()
_ALIKE = "The chunks most like one of the index."
OPERATIONS = (
    Operation("GET", "/search", search, "The chunks that answer a query best.", _SEARCH, gives="Answer"),
    Operation("POST", "/search", search, "As GET, with a JSON body.", _SEARCH, in_body=True, gives="Answer"),
    Operation("GET", "/similar", similar, _ALIKE, _SIMILAR, gives="Likes", statuses=(404,)),
)
