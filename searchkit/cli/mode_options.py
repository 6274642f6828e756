"""The options of ``query`` and ``why`` that say how candidates are found, and how much is told of it."""

from __future__ import annotations

from typing import Annotated

import typer

ModeOption = Annotated[
    str | None,
    typer.Option(
        "--mode",
        metavar="hybrid|dense|lexical",
        help='By words and meaning, by meaning, or by words: "a phrase", +with, -without, begin*. Default: hybrid.',
    ),
]
FusionOption = Annotated[
    str | None,
    typer.Option("--fusion", metavar="convex|rrf", help="How a hybrid search joins its parts: by scores or by ranks."),
]
DenseWeightOption = Annotated[
    float | None,
    typer.Option("--dense-weight", metavar="SHARE", help="Share of meaning in a hybrid search, 0 to 1."),
]
RerankOption = Annotated[
    str | None,
    typer.Option("--rerank", metavar="NAME|FOLDER", help="Judge the first 50 again with this cross-encoder."),
]
ExplainOption = Annotated[
    bool,
    typer.Option("--explain", help="Tell of each hit what put it there, and of the question how it was taken."),
]
AbstainOption = Annotated[
    float | None,
    typer.Option(
        "--abstain",
        metavar="RATE",
        help="Answer nothing when nothing is close; RATE (such as 0.05) of questions about other things gets through.",
    ),
]
