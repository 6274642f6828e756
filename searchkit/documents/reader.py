"""The one door through which files become documents: whatever is wrong with a file comes out as a reason."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import NoReturn, cast

from searchkit.documents.encodings import SNIFFED_BYTES
from searchkit.documents.formats import Format, by_name, detect, refusal
from searchkit.documents.packed import inner_name, unpacked, unpacked_head
from searchkit.documents.raw import RawFile
from searchkit.documents.sources import DEFAULT_MAX_BYTES, ReadOptions, Source
from searchkit.errors import DocumentRefusedError, MissingExtraError
from searchkit.types import Document

Reader = Callable[[RawFile], list[Document]]

# Modules are imported when the first file of their format is met.
_READERS = {
    "markdown": ("markdown", "read"),
    "rst": ("rst", "read"),
    "html": ("html", "read"),
    "text": ("plain", "read"),
    "code": ("code", "read"),
    "notebook": ("notebook", "read"),
    "csv": ("delimited", "read"),
    "tsv": ("delimited", "read"),
    "json": ("jsonfile", "read"),
    "jsonl": ("jsonfile", "read_lines"),
    "pdf": ("pdf", "read"),
    "docx": ("docx", "read"),
    "epub": ("epub", "read"),
    "parquet": ("parquet", "read"),
}
_SAFE_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_GROWTH = 16 * 1024 * 1024  # bytes that a file may have gained since it was found


def content_hash(data: bytes) -> str:
    """The XXH3-128 of ``data`` in hexadecimal: tells changed bytes from touched files, and no more."""
    import xxhash

    return xxhash.xxh3_128_hexdigest(data)


def read_bytes(source: Source) -> bytes:
    """The bytes of a file. Binary ones are given up after their first few thousand bytes.

    A file that became a link or a pipe since it was found is not followed or waited for.

    Raises:
        DocumentRefusedError: it vanished, may not be read, is binary, or grows without end.
    """
    try:
        descriptor = os.open(source.file, _SAFE_OPEN)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DocumentRefusedError("not a file any more")
            head = stream.read(SNIFFED_BYTES)
            inner = inner_name(source.path)
            reason = refusal(source.path, head) if inner is None else refusal(inner, unpacked_head(head))
            if reason is not None:
                raise DocumentRefusedError(reason)
            data = head + stream.read(source.size + _GROWTH)
            if stream.read(1):
                raise DocumentRefusedError("it grew while it was read; index it again when it is complete")
            return data
    except FileNotFoundError as exc:
        raise DocumentRefusedError("it vanished before it could be read") from exc
    except OSError as exc:
        raise DocumentRefusedError(f"cannot be read: {exc.strerror or exc}") from exc


def read_source(source: Source, options: ReadOptions, data: bytes | None = None) -> list[Document]:
    """The documents of one file: one, or one for each record.

    Args:
        data: the bytes of the file, where they are at hand.

    Raises:
        DocumentRefusedError: it cannot be read or holds no text; the message says why, without the path.
        DocumentTooLargeError: it is packed, and unpacks to more than `Source.max_bytes`.
        MissingExtraError: its format needs a package that is not installed.
    """
    raw = RawFile(source.path, read_bytes(source) if data is None else data, options)
    return _documents(raw, source.max_bytes)


def read_text(content: str | bytes, *, name: str, options: ReadOptions) -> list[Document]:
    """The documents of a text at hand, for example of standard input (``name`` is then ``-``).

    Args:
        content: text, of which `ReadOptions.encoding` says nothing; or the bytes of any format that files may have.
        name: what the documents are called; its suffix tells the format, as that of a file does.

    Raises:
        DocumentRefusedError, MissingExtraError: as for files.
    """
    if isinstance(content, str):
        content, options = content.encode("utf-8", "replace"), replace(options, encoding=None)
    return _documents(RawFile(name, content, options), DEFAULT_MAX_BYTES)


def _documents(raw: RawFile, max_bytes: int) -> list[Document]:
    """A packed file is read as what is in it, under its own name."""
    try:
        inner = inner_name(raw.name)
        plain = raw if inner is None else replace(raw, name=inner, data=unpacked(raw.data, max_bytes))
        found = _format(plain)
        module, function = _READERS[found.name]
        reader = cast(Reader, getattr(import_module(f"searchkit.documents.{module}"), function))
        documents = reader(replace(plain, name=raw.name, language=found.language))
    except (DocumentRefusedError, MissingExtraError):
        raise
    except Exception as exc:  # a malformed file must not end the run, whatever a parser makes of it
        _refuse(exc)
    documents = [document for document in documents if document.text.strip()]
    if not documents:
        raise DocumentRefusedError("empty")
    return documents


def _refuse(exc: Exception) -> NoReturn:
    if isinstance(exc, MemoryError):
        raise DocumentRefusedError("it takes more memory than there is") from exc
    if isinstance(exc, RecursionError):
        raise DocumentRefusedError("it is nested too deeply") from exc
    raise DocumentRefusedError(f"malformed: {type(exc).__name__}: {exc}") from exc


def _format(raw: RawFile) -> Format:
    """The format; nameless text is records where the caller asks for fields."""
    found = detect(raw.name, raw.data)
    options = raw.options
    wants_records = bool(options.text_fields or options.title_field or options.id_field)
    if found.name != "text" or by_name(raw.name) is not None or not wants_records:
        return found
    start = raw.data.lstrip()[:1]
    if start == b"[":
        return Format("json")
    return Format("jsonl" if start == b"{" else "csv")
