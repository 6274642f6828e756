"""Files that went wrong: the samples of every format, altered at random, and files made to do harm."""

from __future__ import annotations

import gzip
import os
import random
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from sample_files import SAMPLES, archive, docx, epub, paragraph, pdf

SUFFIXES = (*SAMPLES, ".tsv", ".log", ".svg", ".gz", ".zip", ".yaml", ".toml", "", ".unknown")
PIECES = (
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\r",
    b"\n\n",
    b"---\n",
    b"```",
    b"[" * 50,
    b"<div>" * 50,
    b'"',
    b"%PDF-1.4",
)


def mutated(draw: random.Random) -> tuple[bytes, str]:
    """The bytes of a file and the suffix that it gets: a sample with one to eight faults, or mere noise."""
    suffix = draw.choice(list(SAMPLES))
    data = SAMPLES[suffix]
    if draw.random() < 0.1:
        return draw.randbytes(draw.randrange(400)), draw.choice(SUFFIXES)
    if suffix in (".docx", ".epub") and draw.random() < 0.5:
        return _with_a_part_mutated(data, draw), suffix
    for _ in range(draw.randrange(1, 9)):
        data = draw.choice(_FAULTS)(data, draw)
    return data, suffix if draw.random() < 0.9 else draw.choice(SUFFIXES)


def _with_a_part_mutated(data: bytes, draw: random.Random) -> bytes:
    """The archive is whole, what is in it is not."""
    with zipfile.ZipFile(BytesIO(data)) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    name = draw.choice(list(members))
    for _ in range(draw.randrange(1, 9)):
        members[name] = draw.choice(_FAULTS)(members[name], draw)
    return archive(dict(members))


def _at(data: bytes, draw: random.Random) -> int:
    return draw.randrange(len(data) + 1)


def _flipped(data: bytes, draw: random.Random) -> bytes:
    if not data:
        return data
    altered = bytearray(data)
    altered[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(altered)


def _cut(data: bytes, draw: random.Random) -> bytes:
    return data[: _at(data, draw)]


def _without_a_part(data: bytes, draw: random.Random) -> bytes:
    start, end = sorted((_at(data, draw), _at(data, draw)))
    return data[:start] + data[end:]


def _with_a_part_again(data: bytes, draw: random.Random) -> bytes:
    start = _at(data, draw)
    part = data[start : start + draw.randrange(1, 40)]
    return data[:start] + part * draw.choice([2, 50, 2000]) + data[start:]


def _with_a_piece(data: bytes, draw: random.Random) -> bytes:
    at = _at(data, draw)
    return data[:at] + draw.choice(PIECES) + data[at:]


def _with_another_number(data: bytes, draw: random.Random) -> bytes:
    """Sizes and offsets of binary formats, and numbers as text."""
    at = _at(data, draw)
    number = draw.choice([b"99999999999", b"-1", struct.pack("<I", 0xFFFFFFFF), struct.pack("<Q", 1 << 40)])
    return data[:at] + number + data[at + len(number) :]


def _with_a_part_of_another(data: bytes, draw: random.Random) -> bytes:
    other = SAMPLES[draw.choice(list(SAMPLES))]
    start = _at(other, draw)
    return data[: _at(data, draw)] + other[start : start + 200] + data[_at(data, draw) :]


_FAULTS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flipped,
    _cut,
    _without_a_part,
    _with_a_part_again,
    _with_a_piece,
    _with_another_number,
    _with_a_part_of_another,
)


def hostile_files(size: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of files that unpack, nest or repeat without end.

    Args:
        size: bytes of the long ones; of the bombs, unpacked.
    """
    spaces, words = b" " * size, b"apples boats "
    yield "bomb.docx", archive({"[Content_Types].xml": "<Types/>", "word/document.xml": spaces})
    yield "bomb.epub", epub({"a": "<p>" + " " * size})
    yield "entities.docx", docx("&a;", core='<!DOCTYPE a [<!ENTITY a "aaaa">]>')
    yield "members.docx", archive({f"{number}.xml": "" for number in range(11_000)}, compress=False)
    yield "nested.docx", archive({"word/document.xml": archive({"word/document.xml": spaces})})
    yield "lying.docx", _lying_about_sizes(docx(paragraph("x" * 5000)))
    yield "bomb.pdf", _pdf_bomb(size)
    for name in ("bomb.gz", "bomb.md.gz", "bomb.txt", "bomb.json"):
        yield name, gzip.compress(spaces)
    yield "stream.svgz", zlib.compress(spaces)
    for suffix in ("txt", "md", "rst", "html", "log", "org"):
        yield f"line.{suffix}", words * (size // len(words))
    yield "word.txt", b"a" * size
    yield "accents.txt", ("a" + "\u0301" * (size // 2)).encode()
    yield "line.json", b'{"text": "' + words * (size // len(words)) + b'"}'
    yield "line.csv", b'text,n\n"' + words * (size // len(words)) + b'",1\n'
    yield "matrix.csv", b"a,b\n" + b"x," * (size // 2)
    yield "open.csv", b'a,b\n"' + b"x,y\n" * (size // 4)
    yield "lists.json", b"[" + b"[]," * (size // 3) + b"[]]"
    yield "objects.json", b"[" + b'{"a":1},' * (size // 8) + b"{}]"
    yield "number.json", b'[{"text":"x","n":' + b"1" * size + b"}]"
    yield "odd.json", b'[{"text":"x","n":NaN,"m":1e999,"m":-Infinity,"\\ud800":"\\udfff","d":"\\u0000"}]'
    for number, opened in enumerate((b"[", b'{"a":', b'[{"text":')):
        yield f"deep{number}.json", opened * 100_000
        yield f"deep{number}.jsonl", b'{"text": "x"}\n' + opened * 100_000
        yield f"deep{number}.ipynb", b'{"nbformat":4,"cells":' + opened * 100_000
    for number, opened in enumerate((b"> ", b"- ", b"[", b"*", b"<div>", b"![[", b"`")):
        yield f"deep{number}.md", opened * 20_000 + b"x"
        yield f"deep{number}.html", b"<p>x" + opened * 20_000
    yield "list.md", b"- x\n" * min(size // 16, 100_000)
    yield "blank.md", b"\n" * size + b"x"
    yield "yaml.md", b"---\na: " + b"[" * 100_000 + b"\n---\nx"
    yield "aliases.md", b"---\na: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n---\nx"
    yield "toml.md", b"+++\na = " + b"[" * 100_000 + b"\n+++\nx"
    yield "deep.py", b"x = " + b"(" * 100_000
    yield "nul.txt", b"a\0b" * 1000
    yield "surrogates.txt", b"a \xed\xa0\x80 b " * 1000
    yield "surrogates.json", b'[{"text": "\\ud800 \\udfff apples", "title": "\\ud83d"}]'
    yield "signs.md", "\u202e\u2066\x1b[2J\x07\ufeff\ufffe\U0010ffff apples\n".encode() * 100


def _lying_about_sizes(data: bytes) -> bytes:
    """The archive declares that each of its members has four gigabytes."""
    altered, at = bytearray(data), 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        altered[at + 24 : at + 28] = b"\xff\xff\xff\x7f"
        at += 4
    return bytes(altered)


def _pdf_bomb(size: int) -> bytes:
    packed = zlib.compress(b"BT (apples) Tj ET " * (size // 18), 9).decode("latin-1")
    content = f"/Filter /FlateDecode /Length {len(packed)} >>\nstream\n{packed}\nendstream"
    plain = pdf(["x"])
    start, end = plain.index(b"<< /Length"), plain.index(b"endstream") + len(b"endstream")
    return plain[:start] + b"<< " + content.encode("latin-1") + plain[end:]


def odd_entries(folder: Path) -> int:
    """Make what is no file, or has a name that is none, in a folder; how many of them have to be named as refused."""
    (folder / "loop-a").symlink_to("loop-b")
    (folder / "loop-b").symlink_to("loop-a")
    (folder / "circle").symlink_to(folder)  # what it leads to is in the folder already
    (folder / "zero.txt").symlink_to("/dev/zero")
    (folder / "passwords.txt").symlink_to("/etc/passwd")
    (folder / "gone.txt").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as made, suppress(OSError):  # a path may be too long for it
        made.bind(str(folder / "s"))
    with suppress(OSError):  # who is not root may make none
        os.mknod(folder / "device.txt", 0o020600, os.makedev(1, 5))
    (folder / os.fsdecode(b"caf\xe9.md")).write_text("apples")
    with (folder / "hole.txt").open("wb") as sparse:
        sparse.write(b"apples boats ")
        sparse.truncate(1 << 30)  # a line of a gigabyte
    return sum(entry.name != "circle" for entry in os.scandir(folder))


def odd_names(folder: Path) -> int:
    """Files with names that are hard to bear and yet names; how many there are."""
    names = [
        "a\nb.md",
        "a\rb.md",
        "\x1b[2Jred.md",
        "\u202etxt.md",
        "x" * 250 + ".md",
        "-rf.md",
        "'; DROP TABLE.md",
        "a\tb.md",
    ]
    for name in names:
        (folder / name).write_text(f"apples {len(name)}", encoding="utf-8")
    os.utime(folder / names[0], (-1e10, -1e10))
    os.utime(folder / names[1], (1e11, 1e11))
    return len(names)
