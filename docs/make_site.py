"""Gathers the pages of the site in build/docs: `make docs` runs this, then Zensical (see mkdocs.yml).

Three kinds of pages come together: those of docs/; what the code says of itself, as reference; and pages at the root of
the repository. Links are made to fit their new places; those to files that the site does not have, such as tests,
become plain text.
"""

from __future__ import annotations

import inspect
import json
import posixpath
import re
import shutil
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

if TYPE_CHECKING:
    from searchkit import Hit

ROOT = Path(__file__).parent.parent
STAGE = ROOT / "build" / "docs"
MADE = ("reference/commands.md", "reference/library.md", "reference/recipes.md")
PROJECT = {
    "README.md": "index.md",  # links to it; its text is not used, docs/index.md is the first page
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
    for place, pages in zip(MADE, (command_pages, library_pages, recipe_pages), strict=True):
        write(place, "\n".join(pages()))


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
    made = wanted.removeprefix("docs/")
    found = places.get(wanted) or (made if made in (*MADE, "model-card.md") else None)
    if found is None:
        exists = (ROOT / wanted).exists()
        return link["text"].strip("[]") if exists else link[0]  # the site's builder complains of what is nowhere
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
    subcommands = getattr(command, "commands", {})
    context = command.make_context(called, [], resilient_parsing=True)
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


def library_pages() -> Iterator[str]:
    """The public names of the package, from their docstrings."""
    import searchkit
    from searchkit import errors
    from searchkit.search.asking.hit_json import hit_to_dict
    from searchkit.search.question import Question

    yield "# Library\n\n```python\nfrom searchkit import " + ", ".join(searchkit.__all__) + "\n```\n"
    for name in searchkit.__all__:
        public = getattr(searchkit, name)
        if inspect.isclass(public):
            yield from class_pages(public)
        else:
            yield f"## {name}\n\n{signature(name, public)}\n{docstring(public)}"
    yield "\n## Options of a search\n\n`search`, `search_many`, `ask`, `ask_many` and `why` take these by name.\n"
    yield docstring(Question)
    yield f"\n## Errors\n\nIn `searchkit.errors`.\n\n```text\n{inspect.getdoc(errors)}\n```\n"
    yield "\n## A hit as JSON\n\nWhat `searchkit query --json` prints, and what the server answers.\n"
    yield f"```json\n{json.dumps(hit_to_dict(example()), indent=2)}\n```\n\n{docstring(hit_to_dict)}"


def example() -> Hit:
    from searchkit import Hit

    place = {"path": "docs/http.md", "line_start": 3, "line_end": 5, "page": None}
    text = "The client tries again three times."
    span = {"text": text, "snippet": text, "snippet_start": 0, "start": 8, "end": 43}
    said = {"title": "Requests", "heading_path": ("Requests", "Retries"), "metadata": {"lang": "en"}}
    return Hit(rank=1, score=0.52, percentile=99.9, chunk_id=7, doc_id="docs/http.md", **place, **span, **said)


def recipe_pages() -> Iterator[str]:
    """The keys of a recipe, from the settings that are made of them."""
    from searchkit.training import DataSettings, MiningSettings, RunSettings

    yield "# Training recipes\n\n`searchkit train --recipe FILE` reads a `[run]`, and a `[[data]]` for each source.\n"
    for table, kind in (("[run]", RunSettings), ("[[data]]", DataSettings), ("mine, in [[data]]", MiningSettings)):
        yield f"## {escaped(table)}\n\n{docstring(kind)}\n| key | default | or |\n|---|---|---|"
        hints = get_type_hints(kind)
        for key in fields(kind):
            yield f"| `{key.name}` | {default_of(key)} | {', '.join(choices_of(hints[key.name], key.default))} |"
        yield ""


def default_of(key: Field[Any]) -> str:
    if key.default is MISSING:
        return "none, it has to be named" if key.default_factory is MISSING else ""
    value = key.default.value if isinstance(key.default, Enum) else key.default
    return "" if value is None or value in ("", ()) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def choices_of(hint: Any, default: object) -> list[str]:
    """The values of a key that takes one of a few, but for its default."""
    kinds = [kind for kind in (hint, *get_args(hint)) if inspect.isclass(kind) and issubclass(kind, Enum)]
    return [f"`{member.value}`" for kind in kinds for member in kind if member is not default]


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
