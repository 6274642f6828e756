"""The commands by name, and the options that stand before them.

A new command is one line in ``COMMANDS`` and one function in a module of its own group.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from searchkit.cli.lazy import HELP_NAMES, LazyCommand, LazyGroup
from searchkit.cli.terminal import wants_rich

_SEARCH, _INSIDE, _CARE, _ENCODER = "Search", "Look inside", "Keep it safe", "Encoder and installation"
_WHOLE, _SCALE = "See the whole", "Past one machine"

COMMANDS = {
    "index": LazyCommand("searchkit.cli.index:index", _SEARCH),
    "query": LazyCommand("searchkit.cli.query:query", _SEARCH),
    "similar": LazyCommand("searchkit.cli.similar:similar", _SEARCH),
    "why": LazyCommand("searchkit.cli.why:why", _SEARCH),
    "mcp": LazyCommand("searchkit.cli.mcp:mcp", _SEARCH),
    "serve": LazyCommand("searchkit.cli.serve:serve", _SEARCH),
    "status": LazyCommand("searchkit.cli.inspect:status", _INSIDE),
    "ls": LazyCommand("searchkit.cli.inspect:ls", _INSIDE),
    "show": LazyCommand("searchkit.cli.inspect:show", _INSIDE),
    "rm": LazyCommand("searchkit.cli.manage:rm", _INSIDE),
    "diff": LazyCommand("searchkit.cli.diff:diff", _INSIDE),
    "topics": LazyCommand("searchkit.cli.topics:topics", _WHOLE),
    "map": LazyCommand("searchkit.cli.map:map_command", _WHOLE),
    "duplicates": LazyCommand("searchkit.cli.duplicates:duplicates", _WHOLE),
    "outliers": LazyCommand("searchkit.cli.health:outliers", _WHOLE),
    "health": LazyCommand("searchkit.cli.health:health", _WHOLE),
    "rebuild": LazyCommand("searchkit.cli.manage:rebuild", _INSIDE),
    "verify": LazyCommand("searchkit.cli.care:verify", _CARE),
    "repair": LazyCommand("searchkit.cli.care:repair", _CARE),
    "backup": LazyCommand("searchkit.cli.copies:backup", _CARE),
    "restore": LazyCommand("searchkit.cli.copies:restore", _CARE),
    "compact": LazyCommand("searchkit.cli.copies:compact", _CARE),
    "embed": LazyCommand("searchkit.cli.embed:embed", _SCALE),
    "push": LazyCommand("searchkit.cli.push:push", _SCALE),
    "plan": LazyCommand("searchkit.cli.plan:plan", _SCALE),
    "train": LazyCommand("searchkit.cli.train:train", _ENCODER),
    "judge": LazyCommand("searchkit.cli.judge:judge", _ENCODER),
    "eval": LazyCommand("searchkit.cli.evaluate:app", _ENCODER),
    "model": LazyCommand("searchkit.cli.model:app", _ENCODER),
    "doctor": LazyCommand("searchkit.cli.doctor:doctor", _ENCODER),
}


class SearchkitGroup(LazyGroup):
    """The commands of ``COMMANDS``."""

    lazy_commands = COMMANDS


def build() -> typer.Typer:
    """The application; its help is drawn with Rich on a terminal and plain elsewhere."""
    app = typer.Typer(
        name="searchkit",
        cls=SearchkitGroup,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if wants_rich(sys.stdout) else None,
        context_settings=HELP_NAMES,
    )
    app.callback()(searchkit)
    return app


def searchkit(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Semantic search over your own documents, offline.

    Start with `searchkit index FOLDER`, then ask: `searchkit query "how do I ..."`.
    """
    if version:
        from searchkit import __version__

        typer.echo(f"searchkit {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit


def run(words: list[str]) -> int:
    """Run one command; errors leave as exceptions, see ``failures``."""
    command = typer.main.get_command(build())
    if "_SEARCHKIT_COMPLETE" in os.environ:
        command.main(words, prog_name="searchkit")  # the shell asks for completions; Typer answers and exits
    with command.make_context("searchkit", words) as context:
        command.invoke(context)
    return 0
