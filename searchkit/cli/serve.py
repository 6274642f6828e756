"""``searchkit serve``: the index over HTTP, with a page to search in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import say
from searchkit.cli.options import IndexOption, MovedModelOption
from searchkit.errors import InputError

if TYPE_CHECKING:
    from searchkit.search import SearchEngine
    from searchkit.server import Launch

TOKEN, WRITE_TOKEN = "SEARCHKIT_TOKEN", "SEARCHKIT_WRITE_TOKEN"


def serve(
    index: IndexOption = None,
    model: MovedModelOption = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", metavar="PORT", help="0 takes a free one.")] = 8000,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help=f"Holds the token to ask; or set {TOKEN}.")
    ] = None,
    write_token_file: Annotated[
        Path | None,
        typer.Option("--write-token-file", metavar="FILE", help=f"Holds the token to change; or set {WRITE_TOKEN}."),
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", metavar="TOKEN", help="The token itself; others may see it here.")
    ] = None,
    write_token: Annotated[
        str | None, typer.Option("--write-token", metavar="TOKEN", help="The token to change, likewise.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option("--allow-origin", metavar="ORIGIN", help="Of web pages elsewhere that may ask; repeatable."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A further name of this server; repeatable."),
    ] = None,
    allow_rerank: Annotated[
        list[str] | None,
        typer.Option("--allow-rerank", metavar="MODEL", help="A cross-encoder that may be asked for; repeatable."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", help="Processes that search; default: the processors, at most 8."),
    ] = None,
    time_limit: Annotated[float, typer.Option("--time-limit", metavar="SECONDS", help="For one request.")] = 30.0,
) -> None:
    """Serve an index over HTTP: a page and a JSON API.

    Only this machine can connect, unless --host says otherwise, which needs a token. Nothing can be changed without a
    token for writing. GET /openapi.json describes the interface. Ctrl-C ends it.
    """
    from searchkit.cli.session import open_engine
    from searchkit.server import ServerSettings
    from searchkit.server import serve as run
    from searchkit.settings import load_settings

    settings = ServerSettings(
        host=host,
        port=port,
        token=secret(token, token_file, TOKEN),
        write_token=secret(write_token, write_token_file, WRITE_TOKEN),
        allow_origins=tuple(allow_origin or ()),
        allow_hosts=tuple(allow_host or ()),
        rerankers=tuple(allow_rerank or ()),
        workers=workers,
        time_limit_s=time_limit,
    )
    device = load_settings().device
    with open_engine(index, model=model, wait_s=time_limit / 2) as engine:
        run(
            engine,
            settings,
            launch=_launch(engine, device, model) if device in ("auto", "cpu") else None,  # a GPU is shared by threads
            tell=lambda address: say(f"{engine.folder.name} at {address} (Ctrl-C ends it)"),
        )


def _launch(engine: SearchEngine, device: str, model: str | None) -> Launch | None:
    """How processes that search are started; None where the web libraries are not installed, which is told later."""
    try:
        from searchkit.server import Launch
    except ImportError:
        return None
    return Launch(engine.folder, device, model)


def secret(said: str | None, file: Path | None, variable: str) -> str | None:
    """From the command line, a file or the environment, in this order."""
    if said is not None and file is not None:
        raise typer.BadParameter("give a token or a file with it, not both")
    if said is not None:
        return said
    if file is None:
        return os.environ.get(variable) or None
    try:
        return file.read_text(encoding="utf-8-sig").strip()  # Notepad writes a mark before the first character
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
