"""``searchkit push``: an index, or shards, sent to a server that serves them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import say
from searchkit.cli.options import MovedModelOption
from searchkit.cli.output import renderer
from searchkit.cli.progress import progress_bar
from searchkit.cli.remote_options import CollectionOption, MilvusOption
from searchkit.cli.wording import Facts
from searchkit.errors import IndexNotFoundError, InputError, counted
from searchkit.settings import load_settings

if TYPE_CHECKING:
    from searchkit.scale.milvus import Address
    from searchkit.scale.milvus.push import PushReport
    from searchkit.scale.shards import Shards
    from searchkit.search.reports import Progress, ProgressSink

LATER = "every chunk is there, but until the server has its index, searches may miss some of the nearest"


def push(
    index: Annotated[
        str | None,
        typer.Argument(
            metavar="[INDEX|OUT]",
            help="Which index, by name or folder, or the shards that `embed` wrote; default: as for query.",
        ),
    ] = None,
    milvus: MilvusOption = None,
    collection: CollectionOption = None,
    sync: Annotated[
        bool, typer.Option("--sync", help="Send what changed since the last push: new, changed and deleted chunks.")
    ] = False,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help="hnsw (default), exact, ivf, ivf-sq8 or diskann; if it is new."),
    ] = None,
    shards: Annotated[
        int | None, typer.Option("--shards", metavar="N", help="Of a new collection: written to at once; default: 1.")
    ] = None,
    replicas: Annotated[int, typer.Option("--replicas", metavar="N", help="Loaded and searched at once.")] = 1,
    partition_key: Annotated[
        str | None,
        typer.Option(
            "--partition-key",
            metavar="FIELD",
            help="Of a new collection: keep chunks of one value of this metadata field together.",
        ),
    ] = None,
    wait_index: Annotated[
        float,
        typer.Option(
            "--wait-index",
            metavar="SECONDS",
            min=0,
            help="In the end, wait so long until the server has built and loaded its index; 0 does not wait.",
        ),
    ] = 600,
    model: MovedModelOption = None,
) -> None:
    """Send an index, or shards, to Milvus, which serves it.

    Interrupted, the same command goes on where it stopped. What the collection holds is counted in the end; until the
    server has its index, it answers from a coarser one. Then:
    `searchkit query "..." --milvus URI --collection NAME`, or --index milvus://HOST:PORT/NAME with any command that
    searches.
    """
    if milvus is None or collection is None:
        raise typer.BadParameter("give the server and the name: --milvus URI --collection NAME")
    from searchkit.cli.session import open_engine
    from searchkit.scale.milvus import Address
    from searchkit.scale.milvus.push import PushOptions, push_shards
    from searchkit.scale.milvus.push import push as send

    address = Address.of(milvus, collection)
    options = PushOptions(kind, shards, replicas, partition_key, sync)
    made = _shards(index)
    if made is not None:
        with progress_bar() as tell:
            report = push_shards(made, address, options, tell, encoder=model, device=load_settings().device)
    else:
        with open_engine(index, model=model) as engine, progress_bar() as tell:
            report = send(engine, address, options, tell)
    how_far = _indexed(address, report, wait_index)
    place = f"searchkit query --milvus {shlex.quote(milvus)} --collection {shlex.quote(collection)}"
    words = "yes" if report.has_words else "no: this server has no BM25, which Milvus 2.5 and later have"
    renderer().show_facts(
        Facts(
            "Pushed",
            (
                ("collection", str(address)),
                ("holds", counted(report.chunks, "chunk")),
                ("sent", counted(report.sent, "chunk")),
                ("deleted", counted(report.deleted, "chunk")),
                ("server", f"Milvus {report.server}"),
                ("index", f"{report.kind}{how_far}"),
                ("search by words", words),
                ("next", f'{place} "what you want to know"'),
            ),
        )
    )


def _indexed(address: Address, report: PushReport, seconds: float) -> str:
    """Wait for the index, and give how far it is; Ctrl-C ends the waiting, not the command."""
    from searchkit.scale.milvus.waiting import await_indexed

    try:
        with progress_bar() as tell:
            found = await_indexed(address, report.kind, report.chunks, seconds, tell or _saying_once(seconds))
    except KeyboardInterrupt:
        say(f"not waiting any longer; {LATER}")
        return ", not there yet"
    if found.is_done:
        return ""
    if seconds:
        say(f"warning: after {seconds:g} s the server is not done with its index; {LATER}")
    done, what = (found.searched, "loaded") if found.built >= found.rows else (found.built, "built")
    return f", {what} for {done:,} of {counted(found.rows, 'row')}"


def _saying_once(seconds: float) -> ProgressSink:
    """Says that there is something to wait for, where there is no progress bar."""
    said = False

    def tell(progress: Progress) -> None:
        nonlocal said
        if seconds and not said and progress.done < (progress.total or 0):
            say(f"every chunk is there; waiting up to {seconds:g} s for the index of the server (--wait-index)")
            said = True

    return tell


def _shards(where: str | None) -> Shards | None:
    """The shards there, where no index is."""
    from searchkit.directory import resolve_index
    from searchkit.scale.shards import Shards, holds_shards

    if where is None or not holds_shards(where):
        return None
    try:
        resolve_index(where, must_exist=True)
    except (IndexNotFoundError, InputError):
        return Shards.open(where)
    return None
