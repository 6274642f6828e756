"""The options of ``query``, ``why`` and ``similar`` that say which candidates become hits and what is shown of them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="DATE|AGE", help="Only files modified since, e.g. 2026-05-31 (UTC), 7d, 2w, 3m (months)."
    ),
]
TopicOption = Annotated[
    list[str] | None,
    typer.Option(
        "--topic",
        metavar="NAME|NUMBER",
        help="Only chunks of this topic, see `searchkit topics`; none: what fits no topic. Repeatable.",
    ),
]
MinScoreOption = Annotated[
    float | None,
    typer.Option("--min-score", metavar="COSINE", help="Leave out hits below this cosine similarity."),
]
UnlikeOption = Annotated[
    list[str] | None,
    typer.Option("--not", metavar="TEXT", help="Hits should not be like this; repeatable."),
]
DiverseOption = Annotated[
    float | None,
    typer.Option(
        "--diverse",
        metavar="[LAMBDA]",
        help="Choose hits unlike each other (MMR): 1 relevance alone, 0 novelty alone; without a value 0.7.",
    ),
]
FoldOption = Annotated[
    bool, typer.Option("--fold", help="Fold chunks of nearly the same content under the best of them.")
]
PerDocumentOption = Annotated[
    int | None, typer.Option("--per-document", metavar="N", help="At most N hits of one document.")
]
GroupOption = Annotated[
    str | None,
    typer.Option("--group", metavar="document", help="Show documents: one hit each, its best chunk."),
]
ContextOption = Annotated[
    int | None, typer.Option("--context", "-C", metavar="N", help="Show N chunks before and after each hit.")
]


def given(**options: Any) -> dict[str, Any]:
    """The options that a person gave; the others are the library's to choose."""
    return {name: value for name, value in options.items() if value is not None and value is not False}
