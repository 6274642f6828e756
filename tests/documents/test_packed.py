from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_files import document, documents, pdf

from searchkit.documents import ReadOptions, Source, WalkOptions, content_hash, read_bytes, read_source, walk
from searchkit.documents.packed import inner_name, unpacked, unpacked_head
from searchkit.errors import DocumentRefusedError, DocumentTooLargeError

PAGE = "<html><head><title>Tea</title></head><body><nav>menu</nav><h1>Green</h1><p>Boil water.</p></body></html>"
TEXT = b"Tea is made of leaves.\n" * 100


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("doc/changelog.Debian.gz", "doc/changelog.Debian"),
        ("README.md.GZ", "README.md"),
        ("notes.md", None),
        ("a.gz/notes.md", None),
        (".gz", None),
    ],
)
def test_the_name_without_the_packing(name: str, inner: str | None) -> None:
    assert inner_name(name) == inner


@pytest.mark.parametrize(
    ("name", "content", "kind", "title"),
    [
        ("changelog.gz", "tea (1.0) unstable\n", "text", "changelog.gz"),
        ("changelog.Debian.gz", "tea (1.0) unstable\n", "text", "changelog.Debian.gz"),
        ("README.md.gz", "# Tea\n\nBoil water.\n", "markdown", "Tea"),
        ("page.html.gz", PAGE, "html", "Tea"),
        ("page.gz", PAGE, "html", "Tea"),
        ("tea.py.gz", "def boil(): ...\n", "code", "tea.py.gz"),
    ],
)
def test_the_ending_below_decides_and_the_file_keeps_its_name(name: str, content: str, kind: str, title: str) -> None:
    found = document(gzip.compress(content.encode()), f"doc/{name}")
    assert (found.doc_id, found.title, found.metadata["format"]) == (f"doc/{name}", title, kind)
    plain = document(content, f"doc/{name.removesuffix('.gz')}")
    assert (found.text, found.blocks) == (plain.text, plain.blocks)


def test_records_are_records() -> None:
    rows = documents(gzip.compress(b"text\tname\nboil, water\tone\npour it\ttwo\n"), "a.tsv.gz", id_field="name")
    assert [(row.doc_id, row.text) for row in rows] == [
        ("a.tsv.gz#one", "boil, water"),
        ("a.tsv.gz#two", "pour it"),
    ]


def test_several_members_are_one_text() -> None:
    assert unpacked(gzip.compress(b"one ") + gzip.compress(b"two"), 100) == b"one two"


def test_a_pdf_is_a_pdf() -> None:
    pytest.importorskip("pypdfium2")
    assert document(gzip.compress(pdf(["boil water"])), "tea.pdf.gz").metadata["format"] == "pdf"


def test_what_is_no_text_inside_is_given_up_at_its_start(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        made.addfile(tarfile.TarInfo("a"), io.BytesIO())
    for name, content in [("a.tar.gz", stream.getvalue()), ("a.gz.gz", gzip.compress(TEXT)), ("a.svg.gz", b"<svg/>")]:
        file = tmp_path / name
        file.write_bytes(gzip.compress(content))
        with pytest.raises(DocumentRefusedError, match="not text"):
            read_bytes(Source(name, file, file.stat().st_size, 0))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"plain text, called so", "it is no gzip"),
        (gzip.compress(TEXT)[:-9], "damaged gzip"),
        (gzip.compress(TEXT)[:-8] + bytes(8), "damaged gzip"),
        (gzip.compress(TEXT) + b"more", "damaged gzip"),
        (gzip.compress(b""), "^empty$"),
    ],
    ids=["other", "cut off", "checksum", "trailing", "empty"],
)
def test_damaged_files_are_refused_by_name(tmp_path: Path, data: bytes, reason: str) -> None:
    file = tmp_path / "a.gz"
    file.write_bytes(data)
    with pytest.raises(DocumentRefusedError, match=reason):
        read_source(Source("a.gz", file, len(data), 0), ReadOptions())


def test_the_limit_is_that_of_plain_files(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(TEXT))
    (fits,) = walk(tmp_path, prefix="", options=WalkOptions(max_bytes=len(TEXT)))
    assert isinstance(fits, Source)
    assert len(read_source(fits, ReadOptions())) == 1
    (over,) = walk(tmp_path, prefix="", options=WalkOptions(max_bytes=len(TEXT) - 1))
    assert isinstance(over, Source)
    with pytest.raises(DocumentTooLargeError, match=r"unpacks to more than the limit of 2,299 bytes"):
        read_source(over, ReadOptions())


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(DocumentTooLargeError):
            unpacked(bomb, 1 << 20)
        assert len(unpacked_head(bomb[:8192])) == 8192
        assert tracemalloc.get_traced_memory()[1] < 3 << 20
    finally:
        tracemalloc.stop()


def test_a_file_is_known_by_the_hash_of_what_lies_on_disk(tmp_path: Path) -> None:
    data = gzip.compress(TEXT)
    file = tmp_path / "a.gz"
    file.write_bytes(data)
    assert content_hash(read_bytes(Source("a.gz", file, len(data), 0))) == content_hash(data)


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise_anything_but_a_refusal(data: bytes, is_begun: bool) -> None:
    packed = gzip.compress(data)
    for torn in (data, packed[:10] + data if is_begun else packed[: len(data)]):
        for read in (unpacked_head, lambda torn: unpacked(torn, 1000)):
            with suppress(DocumentRefusedError):
                assert len(read(torn)) <= 8192
