"""``searchkit push``: an index sent to a server that serves it."""

from __future__ import annotations

from typing import Annotated

import typer

from searchkit.cli.output import renderer
from searchkit.cli.progress import progress_bar
from searchkit.cli.remote_options import CollectionOption, MilvusOption
from searchkit.cli.wording import Facts, counted


def push(
    index: Annotated[
        str | None, typer.Argument(metavar="INDEX", help="Which index, by name or folder; default: as for query.")
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
        typer.Option("--model", metavar="FOLDER", help="Where the index's encoder lies now, if it was moved."),
    ] = None,
) -> None:
    """Send an index to Milvus, which serves it.

    Interrupted, the same command goes on where it stopped. What the collection holds is counted in the end. Then:
    `searchkit query "..." --milvus URI --collection NAME`, or --index milvus://HOST:PORT/NAME with any command that
    searches.
    """
    if milvus is None or collection is None:
        raise typer.BadParameter("give the server and the name: --milvus URI --collection NAME")
    from searchkit.cli.session import open_engine
    from searchkit.scale.milvus import Address
    from searchkit.scale.milvus.push import PushOptions
    from searchkit.scale.milvus.push import push as send

    address = Address.of(milvus, collection)
    options = PushOptions(kind, shards, replicas, partition_key, sync)
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
