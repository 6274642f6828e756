"""Queries to finished answers: bodies with their statuses, the same from this process and from a helper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import Response

from searchkit.search.asking.hit_json import answer_to_dict
from searchkit.server.failures import RETRY_S, failure, to_json
from searchkit.server.lanes import results_of

if TYPE_CHECKING:
    from searchkit.search import SearchEngine


@dataclass(frozen=True, slots=True)
class Finished:
    """An answer that only has to be sent: JSON, and its HTTP status."""

    status: int
    body: bytes

    @classmethod
    def failed(cls, error: Exception) -> Finished:
        """The answer that an error becomes."""
        response = failure(error)
        return cls(response.status_code, bytes(response.body))

    def response(self) -> Response:
        """As it is sent."""
        headers = {"retry-after": str(RETRY_S)} if self.status == 503 else None
        return Response(self.body, self.status, headers, "application/json")


class Searcher(Protocol):
    """Whoever answers queries that have the same options."""

    def ask(self, texts: Sequence[str], k: int, options: Mapping[str, Any]) -> Sequence[Finished]:
        """An answer for each text. Called from several threads at once."""
        ...


class LocalSearcher:
    """Answers in this process."""

    def __init__(self, engine: SearchEngine) -> None:
        self._engine = engine

    def ask(self, texts: Sequence[str], k: int, options: Mapping[str, Any]) -> Sequence[Finished]:
        """All in one call of the engine; if that fails, each by itself, so that no query takes others with it."""
        found = results_of(lambda some: self._together(some, k, options), list(texts))
        return [Finished.failed(one) if isinstance(one, Exception) else one for one in found]

    def _together(self, texts: Sequence[str], k: int, options: Mapping[str, Any]) -> list[Finished]:
        answers = self._engine.ask_many(texts, k, **options)
        return [
            Finished(200, to_json({"query": text, **answer_to_dict(answer)}))
            for text, answer in zip(texts, answers, strict=True)
        ]
