"""Hits made by hand, a stand-in for the engine, and a way to run a command as a user does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from searchkit.cli import main
from searchkit.search.asking.answers import Answer, Plan
from searchkit.search.question import Mode
from searchkit.types import Hit

MakeHit = Callable[..., Hit]


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "NO_COLOR",
        "FORCE_COLOR",
        "SEARCHKIT_DEBUG",
        "SEARCHKIT_INDEX",
        "SEARCHKIT_LINK",
        "COLUMNS",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_hit() -> MakeHit:
    def make(rank: int = 1, **changes: Any) -> Hit:
        text = changes.pop("text", "Cats sleep for most of the day. Dogs do not.")
        snippet = changes.pop("snippet", text.partition(". ")[0])
        values: dict[str, Any] = {
            "score": 1 - rank / 10,
            "chunk_id": rank,
            "doc_id": f"doc-{rank}",
            "path": f"animals/{rank}.md",
            "title": "Animals",
            "heading_path": ("Animals", "Sleep"),
            "line_start": 10 * rank,
            "line_end": 10 * rank + 3,
            "page": None,
            "metadata": {},
        }
        where = text.index(snippet)
        span = {"text": text, "snippet": snippet, "snippet_start": where, "start": 0, "end": len(text)}
        return Hit(rank=rank, **{**values, **span, **changes})

    return make


@dataclass
class FakeEngine:
    """Answers every search with ``hits`` and remembers what it was asked; an exception is raised instead."""

    hits: list[Hit] = field(default_factory=list)
    error: BaseException | None = None
    chunks: int = 100
    notices: tuple[str, ...] = ()
    nothing_close: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> FakeEngine:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def ask(self, query: str, k: int, **options: Any) -> Answer:
        hits = self._answer(query=query, k=k, **options)
        plan = Plan(self.chunks, (), "convex", 0.8, ("word",), 0.5, 0.25) if options.get("explain") else None
        return Answer(hits, Mode.HYBRID, "exact", None, {}, {}, self.notices, self.nothing_close, plan)

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(chunks=self.chunks)

    def similar(self, target: int | str, k: int, **options: Any) -> list[Hit]:
        return self._answer(target=target, k=k, **options)

    def _answer(self, **asked: Any) -> list[Hit]:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return self.hits[: asked["k"]]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    monkeypatch.setattr("searchkit.cli.session.open_engine", lambda _index, **_: fake)
    return fake


@dataclass(frozen=True)
class Outcome:
    """What a user sees of a finished command."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run_command(*words: str) -> Outcome:
        code = main(list(words))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_command
