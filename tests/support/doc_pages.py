"""Pages of documentation as what can be run: their commands, Python and files, in the order of the page.

A page is read in one folder that begins as a copy of ``docs/sample``:

- ```` ```console ````: each ``$ line`` is run. Lines below it are what it prints, numbers aside; ``...`` is anything.
- ```` ```python ````: run, with the names of the blocks before it on the page.
- ```` ```text title="name" ````, of any language: written as that file.
- ``<!-- not run: REASON -->`` before a block says why it cannot be; ``<!-- needs: EXTRA -->`` what has to be there.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

REASONS = {
    "endless": "it goes on until it is stopped",
    "gpu": "it needs a GPU",
    "install": "it installs something",
    "interactive": "it asks somebody",
    "network": "it fetches something from the network",
    "server": "it needs a server that is not here",
    "slow": "it takes minutes",
}
MODULES = {  # of each extra, one that is there when the extra is
    "datasets": "datasets",
    "docs": "pypdfium2",
    "haystack": "haystack",
    "langchain": "langchain_core",
    "llamaindex": "llama_index",
    "map": "openTSNE",
    "sentence-transformers": "sentence_transformers",
    "sklearn": "sklearn",
    "tables": "pandas",
    "train": "torch",
}
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?P<rest>[^\n]*)\n(?P<body>.*?)^(?P=indent)```", re.M | re.DOTALL
)
_MARK = re.compile(r"<!-- (?P<kind>not run|needs): (?P<words>[^>]*?) -->\s*\Z")
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True)
class PageBlock:
    """One block of code.

    Attributes:
        language, body: as written, the body without the indentation of its fence.
        line: of the fence, from 1.
        file: the name it is to be written as; "" for none.
        not_run: why it is not run; "" where it is.
        needs: extras that it takes.
    """

    language: str
    body: str
    line: int
    file: str = ""
    not_run: str = ""
    needs: tuple[str, ...] = ()


def blocks_of(page: Path) -> list[PageBlock]:
    """The blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    return [_block(text, found) for found in _FENCE.finditer(text)]


def _block(text: str, found: re.Match[str]) -> PageBlock:
    mark = _MARK.search(text, 0, found.start())
    words = mark["words"].strip() if mark else ""
    kind = mark["kind"] if mark else ""
    title = _TITLE.search(found["rest"])
    return PageBlock(
        language=found["language"],
        body=re.sub(rf"^{found['indent']}", "", found["body"], flags=re.M),
        line=text.count("\n", 0, found.start()) + 1,
        file=title[1] if title else "",
        not_run=words if kind == "not run" else "",
        needs=tuple(words.replace(",", " ").split()) if kind == "needs" else (),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A command as typed, without its comment, and what the page says that it prints."""

    typed: str
    shown: str


def lines_of(body: str) -> list[Line]:
    """The commands of a console block; a line that ends with a backslash goes on."""
    joined = re.sub(r"\\\n\s*", "", body)
    parts = re.split(r"^\$ ", joined, flags=re.M)[1:]
    return [Line(without_comment(first), rest) for first, _, rest in (part.partition("\n") for part in parts)]


def without_comment(typed: str) -> str:
    """The line up to a ``#`` that stands outside quotes, after a space."""
    quote = ""
    for at, character in enumerate(typed):
        if character in "'\"" and quote in ("", character):
            quote = "" if quote else character
        elif character == "#" and not quote and typed[at - 1 : at] in ("", " "):
            return typed[:at].rstrip()
    return typed.rstrip()


def parts_of(typed: str) -> list[list[str]]:
    """The words of each command of a line, split at pipes and semicolons."""
    found: list[list[str]] = [[]]
    for word in _words(typed):
        if word in ("|", ";", "&&"):
            found.append([])
        else:
            found[-1].append(word)
    return found


def _words(typed: str) -> list[str]:
    lexer = shlex.shlex(typed, posix=True, punctuation_chars=";|&")
    lexer.whitespace_split, lexer.commenters = True, ""
    return list(lexer)


def is_as_shown(printed: str, shown: str) -> bool:
    """Whether the lines agree, where numbers, spaces and what ``...`` stands for do not count."""
    pattern = ".*?".join(re.escape(_bare(part)) for part in _bare(shown).split("..."))
    return re.fullmatch(pattern.strip(), _bare(printed), flags=re.DOTALL) is not None


def _bare(text: str) -> str:
    without_colours = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x1b]*\x1b\\", "", text)
    return " ".join(re.sub(r"\d+(\.\d+)?", "0", without_colours).split())
