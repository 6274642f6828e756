"""``searchkit map``: the whole index as one picture, to walk about in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from searchkit.cli.links import TEMPLATE_VARIABLE
from searchkit.cli.options import IndexOption, seed_option
from searchkit.cli.progress import teller
from searchkit.cli.terminal import one_line
from searchkit.cli.wording import size_words
from searchkit.errors import counted


def map_command(
    out: Annotated[Path, typer.Argument(metavar="[FILE]", help="The page to write; default: map.html.")] = Path(
        "map.html"
    ),
    index: IndexOption = None,
    in_space: Annotated[bool, typer.Option("--3d", help="Three dimensions instead of two.")] = False,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="NAME", help="tsne, neighbours or pca; default: the best installed."),
    ] = None,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Also draw a picture for paper.")] = None,
    seed: Annotated[int, seed_option("Of the projection.")] = 0,
) -> None:
    """Draw a map of all chunks into one HTML file.

    What is alike lies together, coloured by topic (those of `searchkit topics`). The file needs nothing else and loads
    nothing: zoom, search, select with a lasso, follow a point to its place. SEARCHKIT_LINK makes links for your editor.
    """
    from searchkit.cli.session import open_engine
    from searchkit.insight import check_map_files, file_links, map_of, write_map_html, write_map_png

    check_map_files(out, png)
    with open_engine(index) as engine:
        data = map_of(engine, dimensions=3 if in_space else 2, method=method, seed=seed, tell=teller())
        write_map_html(data, out, link=file_links(engine, out.absolute().parent, os.environ.get(TEMPLATE_VARIABLE)))
    written = [out]
    if png is not None:
        write_map_png(data, png)
        written.append(png)
    for file in written:
        typer.echo(f"{one_line(str(file))}: {counted(len(data.places), 'chunk')}, {size_words(file.stat().st_size)}")
