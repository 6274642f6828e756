"""Places as links that a terminal can open (OSC 8)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.insight.addresses import path_in_link

if TYPE_CHECKING:
    from searchkit.search import SearchEngine
    from searchkit.types import Hit

TEMPLATE_VARIABLE = "SEARCHKIT_LINK"


def linker(engine: SearchEngine) -> Callable[[Hit], str | None]:
    """Gives the link of a hit, or None where it has no file; nothing has one when output goes to a pipe.

    ``SEARCHKIT_LINK`` names the editor's form of a link, such as ``vscode://file{path}:{line}``.
    """
    if not sys.stdout.isatty():
        return lambda hit: None  # noqa: ARG005
    template = os.environ.get(TEMPLATE_VARIABLE) or "file://{path}"
    return lambda hit: None if hit.path is None else _link(hit, engine.locate(hit.path), template)


def _link(hit: Hit, file: Path | None, template: str) -> str | None:
    if file is None:
        return None
    link = template.replace("{path}", path_in_link(file)).replace("{line}", str(hit.line_start or 1))
    return f"{link}#page={hit.page}" if hit.page is not None and template.startswith("file:") else link
