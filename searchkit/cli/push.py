"""``searchkit push``: an index, or shards, sent to a server that serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.output import renderer
from searchkit.cli.progress import progress_bar
from searchkit.cli.remote_options import CollectionOption, MilvusOption
from searchkit.cli.wording import Facts, counted
from searchkit.errors import IndexNotFoundError, InputError
from searchkit.settings import load_settings

if TYPE_CHECKING:
    from searchkit.scale.shards import Shards


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
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="FOLDER", help="Where the encoder lies now, if it was moved."),
    ] = None,
) -> None:
    """Send an index, or shards, to Milvus, which serves it.

    Interrupted, the same command goes on where it stopped. What the collection holds is counted in the end. Then:
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
    words = "yes" if report.has_words else "no: this server has no BM25, which Milvus 2.5 and later have"
    renderer().show_facts(
        Facts(
            "Pushed",
            (
                ("collection", str(address)),
                ("holds", counted(report.chunks, "chunk")),
                ("sent", counted(report.sent, "chunk")),
                ("deleted", counted(report.deleted, "chunk")),
                ("server", f"Milvus {report.server}, index {report.kind}"),
                ("search by words", words),
            ),
        )
    )


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
