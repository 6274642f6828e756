"""The options of ``searchkit index``; they stand apart because there are many."""

from __future__ import annotations

from typing import Annotated

import typer

_FILES, _RECORDS = "Which files", "Tables and records"

Paths = Annotated[list[str] | None, typer.Argument(metavar="PATHS", help="Folders and files; - reads standard input.")]
FromShards = Annotated[
    str | None,
    typer.Option("--from-shards", metavar="OUT", help="Instead of PATHS: what `searchkit embed` made, as a new index."),
]
Glob = Annotated[
    list[str] | None,
    typer.Option("--glob", metavar="GLOB", help="Only matching files; repeatable.", rich_help_panel=_FILES),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="Leave these out; repeatable.", rich_help_panel=_FILES),
]
Hidden = Annotated[bool, typer.Option("--hidden", help="Hidden files and folders too.", rich_help_panel=_FILES)]
NoIgnore = Annotated[
    bool,
    typer.Option("--no-ignore", help="Disregard .gitignore and .searchkitignore.", rich_help_panel=_FILES),
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Of text files; default: detect.", rich_help_panel=_FILES),
]
Name = Annotated[
    str,
    typer.Option(
        "--name",
        metavar="FILE",
        help="What standard input is called; an ending tells its format.",
        rich_help_panel=_FILES,
    ),
]
TextFields = Annotated[
    list[str] | None,
    typer.Option(
        "--text-field",
        metavar="NAME",
        help="Column or key that is searched; the others become metadata. Repeatable.",
        rich_help_panel=_RECORDS,
    ),
]
TitleField = Annotated[
    str | None,
    typer.Option("--title-field", metavar="NAME", help="The title of a record.", rich_help_panel=_RECORDS),
]
IdField = Annotated[
    str | None,
    typer.Option("--id-field", metavar="NAME", help="The name of a record.", rich_help_panel=_RECORDS),
]
NewModel = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME|FOLDER", help="The encoder of a new index; default: the bundled one."),
]
Watch = Annotated[bool, typer.Option("--watch", help="Go on and follow changes until Ctrl-C; one line a run.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit code 1 when a file was refused.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="List every refused file.")]
