"""``searchkit similar`` and ``rm``: from one document to its neighbours, and out of the index."""

from __future__ import annotations

from typing import Annotated

import typer

from searchkit.cli.answer import AnswerForm, show_answer
from searchkit.cli.options import (
    FilesOption,
    FullOption,
    IndexOption,
    JsonLinesOption,
    JsonOption,
    LimitOption,
    PathOption,
    WhereOption,
)
from searchkit.cli.wording import HitView, counted


def similar(
    target: Annotated[str, typer.Argument(metavar="ID_OR_PATH", help="A path, a document's id, or a chunk's number.")],
    index: IndexOption = None,
    k: LimitOption = 10,
    where: WhereOption = None,
    path: PathOption = None,
    full: FullOption = False,
    files: FilesOption = False,
    as_json: JsonOption = False,
    as_jsonl: JsonLinesOption = False,
) -> None:
    """Show the chunks closest in meaning to a document or chunk of the index, itself left out."""
    form = AnswerForm(as_json=as_json, as_jsonl=as_jsonl, files=files)
    from searchkit.cli.links import linker
    from searchkit.cli.session import open_engine

    with open_engine(index) as engine:
        hits = engine.similar(int(target) if target.isdecimal() else target, k, where=where, path=path)
        show_answer(hits, form, HitView(full=full, link=linker(engine)))


def rm(
    targets: Annotated[list[str], typer.Argument(metavar="PATH_OR_ID...", help="Files or documents to forget.")],
    index: IndexOption = None,
) -> None:
    """Remove documents from the index; the files themselves are not touched."""
    from searchkit.cli.session import open_engine

    with open_engine(index) as engine:
        removed = engine.delete(targets)
    typer.echo(f"removed {counted(removed, 'document')} from the index; the files were not touched")
