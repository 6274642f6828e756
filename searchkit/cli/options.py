"""The options that several commands share, so that each is spelt and explained once."""

from __future__ import annotations

from typing import Annotated, Any

import typer

IndexOption = Annotated[
    str | None,
    typer.Option("--index", "-i", metavar="NAME|FOLDER", help="Which index; default: SEARCHKIT_INDEX or 'default'."),
]
LimitOption = Annotated[
    int | None, typer.Option("-k", "-n", "--limit", metavar="K", help="How many hits at most; default: 10.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON array.")]
JsonObjectOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
JsonLinesOption = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")]
FilesOption = Annotated[bool, typer.Option("--files", "-l", help="Print only the paths, best first, each once.")]
WhereOption = Annotated[
    str | None,
    typer.Option("--where", metavar="FILTER", help="Only documents whose metadata match, e.g. \"lang = 'en'\"."),
]
PathOption = Annotated[
    str | None,
    typer.Option("--path", metavar="GLOB", help="Only files whose path matches, e.g. 'docs/**/*.md'."),
]
WaitOption = Annotated[
    float,
    typer.Option(
        "--wait",
        metavar="[SECONDS]",
        help="Wait for another process that is writing, at most so long; default: not at all.",
        show_default=False,
    ),
]
MovedModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="FOLDER", help="Where the index's encoder lies now, if it was moved."),
]
FullOption = Annotated[bool, typer.Option("--full", help="Show the whole chunk instead of a snippet.")]
_LARGEST_SEED = 2**31 - 1  # that FAISS, numpy and scikit-learn all take


def seed_option(purpose: str) -> Any:
    """``--seed``, with the help of one command."""
    return typer.Option("--seed", metavar="N", min=0, max=_LARGEST_SEED, help=purpose)
