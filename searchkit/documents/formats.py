"""Which reader a file belongs to: by its name, otherwise by its first bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from searchkit.documents.encodings import SNIFFED_BYTES, is_binary
from searchkit.errors import DocumentRefusedError

_SUFFIXES: Mapping[str, str] = {
    "markdown": "md markdown mdown mkd mdx qmd rmd",
    "rst": "rst rest",
    "html": "html htm xhtml",
    "text": "txt text log org adoc asciidoc tex me nfo srt vtt",
    "notebook": "ipynb",
    "csv": "csv",
    "tsv": "tsv tab",
    "json": "json",
    "jsonl": "jsonl ndjson",
    "pdf": "pdf",
    "docx": "docx",
    "epub": "epub",
    "parquet": "parquet pq",
}
_LANGUAGES: Mapping[str, str] = {
    "python": "py pyi pyw pyx",
    "javascript": "js mjs cjs jsx",
    "typescript": "ts mts cts tsx",
    "c": "c h",
    "c++": "cc cpp cxx hh hpp hxx",
    "c#": "cs",
    "cuda": "cu cuh",
    "java": "java",
    "kotlin": "kt kts",
    "scala": "scala",
    "swift": "swift",
    "go": "go",
    "rust": "rs",
    "ruby": "rb",
    "php": "php",
    "perl": "pl pm",
    "lua": "lua",
    "r": "r",
    "julia": "jl",
    "haskell": "hs",
    "ocaml": "ml mli",
    "elixir": "ex exs",
    "erlang": "erl hrl",
    "clojure": "clj cljs",
    "lisp": "el lisp scm",
    "dart": "dart",
    "zig": "zig",
    "fortran": "f f90 f95",
    "shell": "sh bash zsh fish",
    "powershell": "ps1",
    "batch": "bat cmd",
    "sql": "sql",
    "css": "css scss sass less",
    "vue": "vue svelte",
    "xml": "xml xsd xsl",
    "yaml": "yaml yml",
    "toml": "toml",
    "ini": "ini cfg conf properties",
    "cmake": "cmake",
    "make": "mk",
    "protobuf": "proto",
    "graphql": "graphql gql",
    "terraform": "tf",
    "diff": "diff patch",
}
_NAMES: Mapping[str, str] = {
    "makefile": "make",
    "gnumakefile": "make",
    "dockerfile": "docker",
    "cmakelists.txt": "cmake",
    "justfile": "make",
    "jenkinsfile": "groovy",
    "rakefile": "ruby",
    "gemfile": "ruby",
}
# Text by its bytes, yet nothing a person would read in it.
_NOT_PROSE: Mapping[str, str] = {
    ".svg": "an image, not text",
    ".eps": "an image, not text",
    ".ps": "PostScript is not supported; convert it to PDF",
    ".rtf": "rich text is not supported; save it as DOCX",
    ".map": "a source map, not text",
}
_MAGIC = (
    (b"%!PS", _NOT_PROSE[".ps"]),
    (b"{\\rtf", _NOT_PROSE[".rtf"]),
    (b"\x89PNG", "binary, not text"),
    (b"\xff\xd8\xff", "binary, not text"),
    (b"GIF8", "binary, not text"),
    (b"\x1f\x8b", "binary, not text"),
    (b"BZh", "binary, not text"),
    (b"\xfd7zXZ", "binary, not text"),
    (b"\x7fELF", "binary, not text"),
)
_HTML_TAG = re.compile(rb"<(?:!doctype\s{1,9}html|html)\b", re.I)
_SHEBANG = re.compile(rb"#!\s*\S*/(?:env\s+(?:-S\s+)?)?([a-z]+)")
_INTERPRETERS = {"python": "python", "node": "javascript", "perl": "perl", "ruby": "ruby", "lua": "lua", "php": "php"}
BINARY_FORMATS = frozenset({"pdf", "docx", "epub", "parquet"})


@dataclass(frozen=True, slots=True)
class Format:
    """The reader of a file, and for source code its language."""

    name: str
    language: str = ""


def _by_suffix() -> dict[str, Format]:
    known = {f".{suffix}": Format(name) for name, all_ in _SUFFIXES.items() for suffix in all_.split()}
    for language, suffixes in _LANGUAGES.items():
        known.update({f".{suffix}": Format("code", language) for suffix in suffixes.split()})
    return known


_KNOWN = _by_suffix()
SUPPORTED: Mapping[str, str] = {suffix: found.name for suffix, found in sorted(_KNOWN.items())}
"""The name of the reader for each file suffix; files of other suffixes are read when they hold text."""


def by_name(name: str) -> Format | None:
    """The format that a file's name tells, or None. ``guide.rst.txt``, as Sphinx copies it, is ``rst``."""
    base = PurePosixPath(name).name.lower()
    if base in _NAMES:
        return Format("code", _NAMES[base])
    path = PurePosixPath(base)
    inner = _KNOWN.get(PurePosixPath(path.stem).suffix)
    if path.suffix == ".txt" and inner is not None and inner.name in ("rst", "markdown"):
        return inner
    return _KNOWN.get(path.suffix)


def detect(name: str, data: bytes) -> Format:
    """The format of a file by its name, otherwise by its content.

    Args:
        data: all of it, or at least its first ``SNIFFED_BYTES``.

    Raises:
        DocumentRefusedError: it is not text in any form that can be read.
    """
    reason = refusal(name, data[:SNIFFED_BYTES])
    if reason is not None:
        raise DocumentRefusedError(reason)
    return by_name(name) or _by_content(data)


def refusal(name: str, head: bytes) -> str | None:
    """Why a file cannot be read, if its name or its first bytes already tell."""
    named = by_name(name)
    if named is not None and named.name in BINARY_FORMATS:
        return None
    if named is None and (head.startswith(b"%PDF-") or _is_zip(head)):
        return None
    reason = _NOT_PROSE.get(PurePosixPath(name).suffix.lower())
    reason = reason or next((why for magic, why in _MAGIC if head.startswith(magic)), None)
    return reason or ("binary, not text" if is_binary(head) else None)


def _is_zip(head: bytes) -> bool:
    return head.startswith(b"PK\x03\x04")


def _by_content(data: bytes) -> Format:
    head = data[:SNIFFED_BYTES]
    if head.startswith(b"%PDF-"):
        return Format("pdf")
    if _is_zip(head):
        return Format(_kind_of_archive(data))
    if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<") and _HTML_TAG.search(head):
        return Format("html")
    shebang = _SHEBANG.match(head)
    if shebang:
        return Format("code", _INTERPRETERS.get(shebang[1].decode(), "shell"))
    return Format("text")


def _kind_of_archive(data: bytes) -> str:
    from searchkit.documents.archive import Archive

    names = Archive(data).names
    if "META-INF/container.xml" in names:
        return "epub"
    if "word/document.xml" in names:
        return "docx"
    raise DocumentRefusedError("an archive, not text")
