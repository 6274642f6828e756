"""The one JSON form of a hit, shared by the command line, the server and the library."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchkit.search.asking.answers import Answer
    from searchkit.search.asking.reasons import Why
    from searchkit.types import Hit, Place


def hit_to_dict(hit: Hit) -> dict[str, Any]:
    """A hit as JSON values. The names and meanings are stable; new names may join them.

    ``id`` is the chunk's id (int64, never reused), ``path`` uses ``/`` and is null for documents without a
    file; ``line_start`` and ``line_end`` count from 1, both included, and are null where a file has no lines
    (PDF), whose ``page`` counts from 1. ``score`` is the cosine of query and chunk, ``percentile`` says what that
    means in this index (null where it was not measured). ``alike`` are ids of chunks folded under the hit, ``others``
    further places of its document; ``context_before`` and ``context_after`` are null where no context was asked for.
    ``explanation`` is null where none was asked for; of its parts those are null that did not propose the chunk, and
    ``spans`` are pairs of places in ``text``.
    """
    return {
        "rank": hit.rank,
        "score": hit.score,
        "percentile": hit.percentile,
        "id": hit.chunk_id,
        "doc_id": hit.doc_id,
        "path": hit.path,
        "line_start": hit.line_start,
        "line_end": hit.line_end,
        "page": hit.page,
        "title": hit.title,
        "heading_path": list(hit.heading_path),
        "snippet": hit.snippet,
        "text": hit.text,
        "metadata": dict(hit.metadata),
        "alike": list(hit.alike),
        "others": [_place_to_dict(place) for place in hit.others],
        "context_before": None if hit.context is None else hit.context.before,
        "context_after": None if hit.context is None else hit.context.after,
        "explanation": None if hit.explanation is None else asdict(hit.explanation),
    }


def answer_to_dict(answer: Answer) -> dict[str, Any]:
    """An explained answer as JSON values: its ``hits``, and beside them how they came about.

    ``conditions`` are the filters with the number of ``chunks`` that each lets through on its own, ``allowed`` is that
    of all together (null without a filter); ``seconds`` are by stage. ``off_topic`` is the p-value of the ``closest``
    cosine. The names and meanings are stable; new names may join them.
    """
    return {
        "mode": answer.mode.value,
        "index_kind": answer.index_kind,
        "allowed": answer.allowed,
        "candidates": dict(answer.candidates),
        "seconds": dict(answer.seconds),
        "notices": list(answer.notices),
        "nothing_close": answer.nothing_close,
        **({} if answer.plan is None else asdict(answer.plan)),
        "hits": [hit_to_dict(hit) for hit in answer.hits],
    }


def why_to_dict(why: Why) -> dict[str, Any]:
    """What became of a document, as JSON values: ``rank`` is null where it is not among the ``hits``.

    ``cause`` is one of the values of `Cause`. In ``standing``, null where no chunk competed, ``dense`` is the exact
    rank by cosine whatever the index finds. The names and meanings are stable; new names may join them.
    """
    return {
        "name": why.name,
        "rank": why.rank,
        "reasons": [{**asdict(reason), "cause": reason.cause.value} for reason in why.reasons],
        "standing": None if why.standing is None else asdict(why.standing),
        "hits": [hit_to_dict(hit) for hit in why.hits],
    }


def _place_to_dict(place: Place) -> dict[str, Any]:
    return {
        "id": place.chunk_id,
        "line_start": place.line_start,
        "line_end": place.line_end,
        "page": place.page,
    }
