"""Gathers the pages of the site in build/docs: `make docs` runs this, then MkDocs.

Three kinds of pages come together: those of docs/; what the code says of itself, as reference; and pages at the root of
the repository. Links are made to fit their new places; those to files that the site does not have, such as tests,
become plain text.
"""

from __future__ import annotations

import inspect
import posixpath
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STAGE = ROOT / "build" / "docs"
PROJECT = {
    "README.md": "index.md",  # what it says stands in docs/index.md
    "RELIABILITY.md": "project/reliability.md",
    "SECURITY.md": "project/security.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "index_data/README.md": "project/saved-indexes.md",
    "benchmarks/README.md": "project/figures.md",
    "searchkit/encoder/bundled/default/README.md": "model-card.md",
}
LINK = re.compile(r"(?P<text>!?\[[^\[\]]*\])\((?P<target>[^()\s#]*)(?P<anchor>#[^()\s]*)?\)")


def main() -> None:
    shutil.rmtree(STAGE, ignore_errors=True)
    places = staged_places()
    for source, place in places.items():
        if source != "README.md":
            put(source, place, places)
    write("reference/commands.md", "\n".join(command_pages()))
    write("reference/library.md", "\n".join(library_pages()))


def staged_places() -> dict[str, str]:
    """Where each file of the repository that the site has is put, both as paths with slashes."""
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*") if is_page(path)]
    results = [path.name for path in (ROOT / "benchmarks" / "results").iterdir() if path.suffix in (".md", ".png")]
    return (
        PROJECT
        | {f"benchmarks/results/{name}": f"project/results/{name}" for name in results}
        | {f"docs/{name}": name for name in pages}
    )


def is_page(path: Path) -> bool:
    return path.suffix in (".md", ".svg", ".png", ".css") and "sample" not in path.parts


def put(source: str, place: str, places: dict[str, str]) -> None:
    if not source.endswith(".md"):
        (STAGE / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, STAGE / place)
        return
    text = (ROOT / source).read_text(encoding="utf-8")
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    if place.startswith("project/results/"):
        text = f"---\nsearch:\n  boost: 0.5\n---\n{text}"
    write(place, LINK.sub(lambda link: moved(link, source, place, places), text))


def moved(link: re.Match[str], source: str, place: str, places: dict[str, str]) -> str:
    """A link of ``source`` as it has to be at ``place``."""
    target = link["target"]
    if not target or "://" in target or target.startswith("mailto:"):
        return link[0]
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    made = {"docs/reference/commands.md", "docs/reference/library.md", "docs/model-card.md"}
    found = places.get(wanted) or (wanted.removeprefix("docs/") if wanted in made else None)
    if found is None:
        exists = (ROOT / wanted).exists()
        return link["text"].strip("[]") if exists else link[0]  # MkDocs complains of what is nowhere
    return f"{link['text']}({posixpath.relpath(found, posixpath.dirname(place) or '.')}{link['anchor'] or ''})"


def write(place: str, text: str) -> None:
    (STAGE / place).parent.mkdir(parents=True, exist_ok=True)
    (STAGE / place).write_text(text, encoding="utf-8")


def command_pages() -> Iterator[str]:
    """Every command with its help, as the program itself tells it."""
    from searchkit.cli.app import COMMANDS

    yield "# Commands\n\n`searchkit COMMAND --help` prints the same.\n"
    for panel in dict.fromkeys(command.panel for command in COMMANDS.values()):
        yield f"## {panel}\n"
        for name, lazy in COMMANDS.items():
            if lazy.panel == panel:
                yield from described(lazy.load(name, None), f"searchkit {name}")


def described(command: Any, called: str) -> Iterator[str]:
    import click

    subcommands = getattr(command, "commands", {})
    context = click.Context(command, info_name=called)
    usage = " ".join(command.collect_usage_pieces(context))
    help_text = paragraphs(inspect.cleandoc(command.help or ""))
    yield f"### {called}\n\n```text\n{called} {usage}\n```\n\n{help_text}\n"
    rows = [row for option in command.params if (row := option.get_help_record(context))]
    if rows and not subcommands:
        yield "| option | meaning |\n|---|---|"
        yield from (f"| `{cell(name)}` | {cell(escaped(text))} |" for name, text in rows)
        yield ""
    for name, one in subcommands.items():
        yield from described(one, f"{called} {name}")


def paragraphs(text: str) -> str:
    return "\n\n".join(escaped(" ".join(part.split())) for part in re.split(r"\n\s*\n", text))


def escaped(text: str) -> str:
    """Signs that Markdown would read stay as they are, outside code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<\[\]])", r"\\\1", part) for part in parts)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


CLASSES = ("SearchEngine", "Document", "Hit", "SentenceEncoder", "SearchkitError")


def library_pages() -> Iterator[str]:
    """The public names of the package, from their docstrings."""
    import searchkit
    from searchkit.search.question import Question

    yield "# Library\n\n```python\nfrom searchkit import " + ", ".join(searchkit.__all__) + "\n```\n"
    for name in CLASSES:
        yield from class_pages(getattr(searchkit, name))
    yield f"## load_encoder\n\n{signature('load_encoder', searchkit.load_encoder)}\n{docstring(searchkit.load_encoder)}"
    yield "\n## Options of a search\n\n`search`, `search_many`, `ask`, `ask_many` and `why` take these by name.\n"
    yield docstring(Question)


def class_pages(kind: type) -> Iterator[str]:
    yield f"## {kind.__name__}\n\n{docstring(kind)}"
    for name, member in inspect.getmembers(kind):
        if name.startswith("_") or not inspect.getdoc(member) or "searchkit" not in home_of(member):
            continue
        is_property = isinstance(member, property) or not callable(member)
        shown = "" if is_property else signature(name, member)
        yield f"### {kind.__name__}.{name}\n\n{shown}\n{docstring(member)}"


def home_of(member: Any) -> str:
    function = getattr(member, "fget", None) or getattr(member, "func", None) or member
    return str(getattr(function, "__module__", ""))


def signature(name: str, function: Any) -> str:
    text = f"{name}{inspect.signature(function)}".replace("self, ", "").replace("(self)", "()").replace("'", "")
    text = re.sub(r"\b(?:searchkit|collections|pathlib|typing)\.(?:\w+\.)*", "", text)
    return f"```python\n{text}\n```\n"


def docstring(thing: Any) -> str:
    """A docstring as Markdown: sections in bold, their entries as a list."""
    lines: list[str] = []
    in_section = False
    for line in (inspect.getdoc(thing) or "").replace("``", "`").splitlines():
        if re.fullmatch(r"(Args|Attributes|Returns|Raises|Yields):", line):
            lines += ["", f"**{line[:-1]}**", ""]
            in_section = True
        elif in_section and re.match(r"    \*?\w[\w, *.]*: ", line):
            names, _, text = line.strip().partition(": ")
            lines.append(f"- `{names}`: {escaped(text)}")
        elif line.startswith(">>>") or line.startswith("..."):
            lines.append(f"    {line}")
        else:
            in_section = in_section and (not line or line.startswith(" "))
            lines.append(f"  {escaped(line.strip())}" if in_section and line else escaped(line.strip()))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
