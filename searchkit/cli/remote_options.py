"""An index on a server, as the command line names it."""

from __future__ import annotations

from typing import Annotated

import typer

MilvusOption = Annotated[
    str | None,
    typer.Option(
        "--milvus",
        metavar="URI",
        help="A server of Milvus, such as http://host:19530, or a file of milvus-lite, such as try.db; credentials are "
        "read from MILVUS_TOKEN.",
    ),
]
CollectionOption = Annotated[
    str | None, typer.Option("--collection", metavar="NAME", help="The collection on that server.")
]


def index_or_address(index: str | None, milvus: str | None, collection: str | None) -> str | None:
    """The index that was named, or the address of the collection."""
    if milvus is None and collection is None:
        return index
    if milvus is None or collection is None:
        raise typer.BadParameter("--milvus and --collection go together")
    if index is not None:
        raise typer.BadParameter("choose one of --index and --milvus")
    from searchkit.scale.milvus import Address

    return str(Address.of(milvus, collection))
