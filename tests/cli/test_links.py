from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import pytest

from searchkit.cli.links import linker
from searchkit.types import Hit

MakeHit = Callable[..., Hit]


class Places:
    """Knows where files lie, as the engine does."""

    def locate(self, path: str) -> Path | None:
        return None if path.startswith("moved") else Path("/home/me") / path


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Callable[[Hit], str | None]:
    monkeypatch.setattr(sys, "stdout", Terminal())
    places: Any = Places()
    return linker(places)


def test_a_place_links_to_its_file(link: Callable[[Hit], str | None], make_hit: MakeHit) -> None:
    assert link(make_hit(1, path="a b/ü.md")) == "file:///home/me/a%20b/%C3%BC.md"


def test_a_drive_has_a_slash_before_it(make_hit: MakeHit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    places: Any = SimpleNamespace(locate=lambda path: PureWindowsPath("C:\\my notes") / path)
    assert linker(places)(make_hit(1, path="x.md")) == "file:///C:/my%20notes/x.md"
    monkeypatch.setenv("SEARCHKIT_LINK", "vscode://file{path}:{line}")
    assert linker(places)(make_hit(1, path="x.md", line_start=7)) == "vscode://file/C:/my%20notes/x.md:7"


def test_a_page_is_part_of_the_link(link: Callable[[Hit], str | None], make_hit: MakeHit) -> None:
    assert link(make_hit(1, path="x.pdf", page=3, line_start=None)) == "file:///home/me/x.pdf#page=3"


@pytest.mark.parametrize("path", [None, "moved/x.md"])
def test_without_a_file_there_is_no_link(
    path: str | None, link: Callable[[Hit], str | None], make_hit: MakeHit
) -> None:
    assert link(make_hit(1, path=path)) is None


def test_an_editor_can_be_chosen(make_hit: MakeHit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHKIT_LINK", "vscode://file{path}:{line}")
    monkeypatch.setattr(sys, "stdout", Terminal())
    places: Any = Places()
    assert linker(places)(make_hit(1, path="x.md", line_start=7)) == "vscode://file/home/me/x.md:7"


def test_a_pipe_gets_no_links(make_hit: MakeHit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    places: Any = Places()
    assert linker(places)(make_hit(1)) is None
