"""``searchkit rm`` and ``rebuild``: a document's end, and the index made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import ERROR, say
from searchkit.cli.options import IndexOption, WaitOption
from searchkit.cli.progress import progress_bar
from searchkit.cli.terminal import one_line
from searchkit.cli.wording import of_index
from searchkit.errors import counted

if TYPE_CHECKING:
    from searchkit.search import SearchEngine


def rm(
    targets: Annotated[list[str], typer.Argument(metavar="PATH_OR_ID", help="Files or documents to forget.")],
    index: IndexOption = None,
    wait: WaitOption = 0,
) -> None:
    """Remove documents from the index; files stay.

    A document's id, a file's path, or a folder's, which means all below it. A file that is still there comes back
    with the next `searchkit index` over its folder.
    """
    from searchkit.cli.session import open_engine

    with open_engine(index, wait_s=wait) as engine:
        removed = {target: _forget(engine, target) for target in dict.fromkeys(targets)}  # each named once
    for target, documents in removed.items():
        if documents:
            typer.echo(f"removed {one_line(target)}: {counted(documents, 'document')}; files were not touched")
        else:
            listed = of_index("searchkit ls", index)
            say(f"error: there is no document, file or folder {target!r} in the index\nhint: {listed}")
    if not all(removed.values()):
        raise typer.Exit(ERROR)


def _forget(engine: SearchEngine, target: str) -> int:
    return engine.delete([target]) or engine.delete([engine.known_as(target) or target])


def rebuild(
    index: IndexOption = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME|FOLDER", help="Another encoder; every chunk is embedded again."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help="auto, exact, pq or ivf, for this and later changes."),
    ] = None,
    target_recall: Annotated[
        float | None,
        typer.Option("--target-recall", metavar="SHARE", help="Of the true 10 nearest; pq and ivf are tuned to it."),
    ] = None,
    wait: WaitOption = 0,
) -> None:
    """Make the index anew from what it holds.

    The files are not needed. Without --model chunks are embedded again only where the encoder that the index names has
    become another. Searches go on meanwhile with what was there.
    """
    from searchkit.cli.session import open_engine

    with open_engine(index, wait_s=wait) as engine:
        with progress_bar() as tell:
            encoded = engine.rebuild(encoder=model, kind=kind, target_recall=target_recall, progress=tell)
        state = engine.status()
    typer.echo(f"rebuilt {counted(state.chunks, 'chunk')}, {encoded:,} of them embedded again ({state.index_kind})")
