"""Imports go one way: a room uses rooms of lower layers, never its neighbours or what stands on it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "searchkit"
LAYERS = (
    {"types", "errors", "settings", "exports", "listening"},
    {"documents", "chunking", "encoder", "index", "store", "directory"},
    {"search"},
    {"training"},
    {"evaluation", "scale"},
    {"insight"},
    {"server", "mcp", "integrations"},
    {"cli"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
HEAVY = ("torch", "transformers", "faiss", "onnxruntime", "sqlite_utils", "sklearn", "pandas")


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            names = [node.module] if node.module != "searchkit" else [f"searchkit.{a.name}" for a in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "searchkit" and len(parts) > 1:
                yield node.lineno, parts[1]


DOORWAYS = {PACKAGE / "__init__.py", PACKAGE / "__main__.py"}
MODULES = sorted(file for file in PACKAGE.rglob("*.py") if file not in DOORWAYS)


def test_every_room_has_a_layer() -> None:
    assert {room_of(file) for file in MODULES} <= LEVEL.keys()


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_down(file: Path) -> None:
    own = room_of(file)
    upward = [
        f"{file.name}:{line} imports searchkit.{room}"
        for line, room in imported_rooms(file)
        if room in LEVEL and room != own and LEVEL[room] >= LEVEL[own] and LEVEL[own] > 0
    ]
    assert upward == []


@pytest.mark.parametrize(
    "module", ["searchkit", "searchkit.cli", "searchkit.encoder", "searchkit.search", "searchkit.insight"]
)
def test_heavy_libraries_are_imported_where_they_are_used(module: str) -> None:
    script = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_public_names_are_meant() -> None:
    import searchkit

    assert sorted(searchkit.__all__) == [
        "Document",
        "Hit",
        "SearchEngine",
        "SearchkitError",
        "SentenceEncoder",
        "load_encoder",
    ]
    assert all(getattr(searchkit, name) is not None for name in searchkit.__all__)
    with pytest.raises(AttributeError):
        _ = searchkit.nothing
