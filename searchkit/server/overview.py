"""``/status``, ``/topics``, ``/map``, ``/health``, ``/metrics``: the index as a whole, and the server itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from searchkit import __version__
from searchkit.server.failures import NotThereError, json_answer
from searchkit.server.metrics import CONTENT_TYPE, family
from searchkit.server.operations import Access, Operation
from searchkit.server.site import Site

MAP_POLICY = "frame-ancestors 'self'"  # beside that of the page itself, which has the hash of its script


async def status(site: Site, _: Request, __: dict[str, Any]) -> Response:
    """What `searchkit status --json` says, without places on the server's disk."""

    def look() -> dict[str, Any]:
        found = site.engine.status()
        state = {**asdict(found), "encoder": found.public_encoder}
        del state["folder"]
        state["roots"] = [{"prefix": root["prefix"], "sources": root["sources"]} for root in state["roots"]]
        return {**state, "version": __version__}

    return json_answer(await site.searches.run(look))


async def topics(site: Site, _: Request, __: dict[str, Any]) -> Response:
    """The topics that were found last."""

    def look() -> list[dict[str, Any]]:
        from searchkit.insight import read_topics

        found = read_topics(site.engine)
        if found is None:
            raise NotThereError("no topics of this index are known", hint="find them once: searchkit topics")
        return [asdict(topic) for topic in found.topics]

    return json_answer({"topics": await site.long.run(look)})


async def map_page(site: Site, _: Request, __: dict[str, Any]) -> Response:
    """The map as one HTML page, whose own policy lets nothing run but its script."""

    def state() -> tuple[object, ...]:
        now = site.engine.status()
        return now.updated_at, now.chunks, now.generation

    page = await site.map.page(await site.searches.run(state))
    return Response(page, media_type="text/html", headers={"content-security-policy": MAP_POLICY})


async def health(_: Site, __: Request, ___: dict[str, Any]) -> Response:
    """That the server lives."""
    return json_answer({"status": "ok", "version": __version__})


async def metrics(site: Site, _: Request, __: dict[str, Any]) -> Response:
    """Counters for Prometheus."""
    lines = list(site.metrics.lines())
    lines += family(
        "searchkit_waiting", "gauge", "Work that waits for a thread.",
        [("", {"lane": lane.name}, lane.waiting) for lane in site.lanes],
    )  # fmt: skip
    lines += family(
        "searchkit_work_total", "counter", "Work done, by lane.",
        [("", {"lane": lane.name}, lane.counts.items) for lane in site.lanes],
    )  # fmt: skip
    lines += family(
        "searchkit_calls_total", "counter", "Calls that the work took; fewer, where it was done together.",
        [("", {"lane": lane.name}, lane.counts.calls) for lane in site.lanes],
    )  # fmt: skip
    lines += family(
        "searchkit_refused_total", "counter", "Work refused because too much waited.",
        [("", {"lane": lane.name}, lane.counts.refused) for lane in site.lanes],
    )  # fmt: skip
    return Response("\n".join(lines) + "\n", media_type=CONTENT_TYPE)


OPERATIONS = (
    Operation("GET", "/status", status, "What the index holds.", gives="Status"),
    Operation("GET", "/topics", topics, "The topics that were found last.", gives="Topics", statuses=(404,)),
    Operation(
        "GET", "/map", map_page, "A map of all chunks, as one page; made when first asked for.", gives="text/html"
    ),
    Operation("GET", "/health", health, "That the server lives.", gives="Health", access=Access.OPEN),
    Operation("GET", "/metrics", metrics, "Counters for Prometheus.", gives="text/plain"),
)
