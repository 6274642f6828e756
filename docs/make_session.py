"""The terminal session of README.md and the first page, docs/pictures/session.svg, from what the commands print.

    python docs/make_session.py

The picture names no font of the web and loads nothing.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

DOCS = Path(__file__).parent
WIDTH = 88
SESSION = (
    "searchkit index docs notes.md",
    'searchkit query "is my data safe if the house burns down?" -k 2',
    'searchkit query "E1234" -k 1',
    'searchkit why "E1234" docs/git.md',
)
THEME = TerminalTheme(
    background=(22, 27, 34),
    foreground=(216, 222, 228),
    normal=[
        (72, 79, 88),
        (255, 123, 114),
        (86, 211, 164),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (216, 222, 228),
    ],
)
FONTS = "ui-monospace, 'SF Mono', 'Cascadia Code', 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def main() -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        shutil.copytree(DOCS / "sample", ".", dirs_exist_ok=True)
        for number, typed in enumerate(SESSION):
            console.print(Text.assemble("\n" if number else "", ("$ ", "bold green"), (typed, "bold")))
            console.print(Text.from_ansi(printed(typed).replace(f"{Path.cwd()}/", "")))
    place = DOCS / "pictures" / "session.svg"
    place.parent.mkdir(exist_ok=True)
    place.write_text(console.export_svg(title="searchkit", theme=THEME, code_format=svg_format(), unique_id="session"))
    print(f"{place}: {place.stat().st_size // 1024} kB", file=sys.stderr)


def printed(typed: str) -> str:
    """What a command shows on a terminal, without its progress and its time, so that the picture can be made again."""
    from searchkit.cli import main as run

    os.environ.update(FORCE_COLOR="1", COLUMNS=str(WIDTH))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        run(shlex.split(typed)[1:])
    lines = out.getvalue() or err.getvalue().rpartition("\x1b[?25h")[2]
    without_links = re.sub(r"\x1b\]8;[^\x1b]*\x1b\\", "", lines)
    shown = [line.rstrip() for line in without_links.rstrip().splitlines()]
    return "\n".join(line for line in shown if not re.search(r"\btime\b.* s\b", line))


def svg_format() -> str:
    """Rich's, with the fonts that a machine has, and a description for those who cannot see it."""
    without_fonts = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    with_own = without_fonts.replace("Fira Code, monospace", FONTS)
    return with_own.replace(
        "<style>", "<title>A session in a terminal: a folder is indexed and asked</title>\n    <style>"
    )


if __name__ == "__main__":
    main()
