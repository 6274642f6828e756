"""Jupyter notebooks: the text and code cells, without their outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from searchkit.documents import markdown
from searchkit.documents.encodings import clean_lines
from searchkit.documents.layout import TextBuilder, first_title
from searchkit.documents.raw import RawFile
from searchkit.errors import DocumentRefusedError
from searchkit.types import BlockKind, Document


def read(raw: RawFile) -> list[Document]:
    """The one document of a notebook.

    Raises:
        DocumentRefusedError: it is not JSON, or holds no list of cells.
    """
    try:
        notebook = json.loads(raw.text())
    except (ValueError, RecursionError) as exc:
        raise DocumentRefusedError(f"not a notebook: {exc}") from exc
    building = TextBuilder()
    for cell in _cells(notebook):
        _add(cell, building)
    text, blocks = building.build()
    fields = {"language": _language(notebook)}
    title = first_title(blocks)
    return [raw.document("notebook", text, title=title, blocks=blocks, fields=fields, lines_are_source=False)]


def _cells(notebook: object) -> list[object]:
    """The cells; before format 4 they stood in worksheets."""
    if isinstance(notebook, Mapping):
        sheets = notebook.get("worksheets")
        holders = [notebook, *(sheets if isinstance(sheets, list) else [])]
        lists = [holder.get("cells") for holder in holders if isinstance(holder, Mapping)]
        if any(isinstance(cells, list) for cells in lists):
            return [cell for cells in lists if isinstance(cells, list) for cell in cells]
    raise DocumentRefusedError("not a notebook: it holds no list of cells")


def _add(cell: object, building: TextBuilder) -> None:
    if not isinstance(cell, Mapping):
        return
    source = cell.get("source", cell.get("input", ""))
    lines = source if isinstance(source, list) else [source]
    text = clean_lines("".join(line for line in lines if isinstance(line, str))).strip("\n")
    kind = cell.get("cell_type")
    if kind == "markdown":
        building.extend(text, markdown.parse(text))
    elif kind == "heading":
        level = cell.get("level")
        building.add(BlockKind.HEADING, text, level=level if isinstance(level, int) and 1 <= level <= 6 else 1)
    else:
        building.add(BlockKind.CODE if kind == "code" else BlockKind.PARAGRAPH, text)


def _language(notebook: Mapping[str, object]) -> object:
    about = notebook.get("metadata")
    kernel = about.get("kernelspec") if isinstance(about, Mapping) else None
    return kernel.get("language") if isinstance(kernel, Mapping) else None
