"""``searchkit mcp``: the index as tools for agents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from searchkit.cli.failures import say
from searchkit.cli.options import IndexOption, MovedModelOption
from searchkit.cli.serve import TOKEN, secret

_HTTP = "Over HTTP"


def mcp(
    index: IndexOption = None,
    model: MovedModelOption = None,
    root: Annotated[
        list[Path] | None,
        typer.Option("--root", metavar="FOLDER", help="Serve only documents at or below it; repeatable."),
    ] = None,
    http: Annotated[
        bool, typer.Option("--http", help="Over HTTP instead of standard input and output.", rich_help_panel=_HTTP)
    ] = False,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.", rich_help_panel=_HTTP)
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", "-p", metavar="PORT", help="0 takes a free one.", rich_help_panel=_HTTP)
    ] = 8765,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help=f"Holds the token; or set {TOKEN}.", rich_help_panel=_HTTP),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host", metavar="NAME", help="A further name of this server; repeatable.", rich_help_panel=_HTTP
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-origin",
            metavar="ORIGIN",
            help="Of web pages elsewhere that may ask; repeatable.",
            rich_help_panel=_HTTP,
        ),
    ] = None,
) -> None:
    """Offer an index to agents by the Model Context Protocol.

    An agent that speaks it starts `searchkit mcp --index NAME` by itself: enter that as its command. The tools are
    search, similar, get, list_topics and status; nothing can be changed. With --http it listens on this machine;
    anywhere else needs a token.
    """
    from searchkit.cli.session import open_engine
    from searchkit.mcp import Desk, HttpSettings, serve_http, serve_stdio

    with open_engine(index, model=model) as engine:
        desk = Desk(engine, root or None)
        if not http:
            serve_stdio(desk)
            return
        settings = HttpSettings(
            host=host,
            port=port,
            token=secret(None, token_file, TOKEN),
            allow_hosts=tuple(allow_host or ()),
            allow_origins=tuple(allow_origin or ()),
        )
        serve_http(desk, settings, tell=lambda address: say(f"{engine.folder.name} at {address} (Ctrl-C ends it)"))
