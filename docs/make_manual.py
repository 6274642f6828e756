"""Writes the manual page from what the commands say of themselves: python docs/make_manual.py > searchkit.1

For those who package searchkit; `make man` puts it at build/searchkit.1. It needs searchkit, installed, and the
tables of docs/settings.md.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SETTINGS = Path(__file__).with_name("settings.md")
_SIGNS = str.maketrans(  # which roff would take for something else
    {"\\": r"\(rs", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}
)


def main() -> None:
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.writelines(f"{line}\n" for line in manual())


def manual() -> Iterator[str]:
    """The lines of the page."""
    from typer.main import get_command

    from searchkit import __version__
    from searchkit.cli.app import COMMANDS, build

    group = get_command(build())
    first, *others = parts_of(group)
    yield f'.TH SEARCHKIT 1 "" "searchkit {__version__}" "User Commands"'
    yield f".SH NAME\nsearchkit \\- {first[0].lower()}{text(first[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS\n.B searchkit\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]"
    yield ".SH DESCRIPTION"
    yield from paragraphs(others)
    yield from options_of(group)
    for panel in dict.fromkeys(command.panel for command in COMMANDS.values()):
        yield f".SH {text(panel).upper()}"
        for name, lazy in COMMANDS.items():
            if lazy.panel == panel:
                yield from described(lazy.load(name, None), f"searchkit {name}")
    for heading, section in (("Exit codes", "EXIT STATUS"), ("Environment", "ENVIRONMENT"), ("Files", "FILES")):
        yield f".SH {section}"
        yield from items(rows_below(heading))


def rows_below(heading: str) -> list[tuple[str, str]]:
    """The table of docs/settings.md under a heading: names, and what each means."""
    section = SETTINGS.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [(name.replace("`", ""), meaning) for name, meaning in rows[1:]]


def described(command: Any, called: str) -> Iterator[str]:
    """A command, and the commands in it."""
    context = command.make_context(called, [], resilient_parsing=True)
    yield f".SS {text(called)} {text(' '.join(command.collect_usage_pieces(context)))}"
    yield from paragraphs(parts_of(command))
    subcommands = getattr(command, "commands", {})
    if not subcommands:
        yield from options_of(command)
    for name, one in subcommands.items():
        yield from described(one, f"{called} {name}")


def options_of(command: Any) -> Iterator[str]:
    context = command.make_context("searchkit", [], resilient_parsing=True)
    yield from items([row for option in command.params if (row := option.get_help_record(context))])


def items(rows: list[tuple[str, str]]) -> Iterator[str]:
    """Names, each with what it means indented below."""
    for name, meaning in rows:
        yield f".TP\n\\fB{text(name)}\\fR\n{marked(meaning)}"


def parts_of(command: Any) -> list[str]:
    """The paragraphs of the help, each on one line."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", inspect.cleandoc(command.help or ""))]


def paragraphs(parts: list[str]) -> Iterator[str]:
    for part in parts:
        yield f".PP\n{marked(part)}"


def marked(line: str) -> str:
    """A line whose code is bold."""
    pieces = re.split(r"`([^`]*)`", line)
    shown = "".join(f"\\fB{text(piece)}\\fR" if at % 2 else text(piece) for at, piece in enumerate(pieces))
    return f"\\&{shown}" if shown.startswith(".") else shown


def text(words: str) -> str:
    """Words as they are."""
    return words.translate(_SIGNS)


if __name__ == "__main__":
    main()
