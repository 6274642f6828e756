from __future__ import annotations

import pytest
from sample_files import archive, docx, epub, pdf

from searchkit.documents import SUPPORTED
from searchkit.documents.formats import Format, detect
from searchkit.errors import DocumentRefusedError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/Guide.MD", Format("markdown")),
        ("_sources/guide.rst.txt", Format("rst")),
        ("notes.v2.txt", Format("text")),
        ("Makefile", Format("code", "make")),
        ("sub/CMakeLists.txt", Format("code", "cmake")),
        ("x.rs", Format("code", "rust")),
        ("data.ndjson", Format("jsonl")),
    ],
)
def test_the_name_tells_the_format(name: str, expected: Format) -> None:
    assert detect(name, b"words") == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"plain words", Format("text")),
        (b"", Format("text")),
        (b"#!/usr/bin/env python3\nprint()", Format("code", "python")),
        (b"#!/bin/sh\n", Format("code", "shell")),
        (b"\xef\xbb\xbf\n<!-- x --><!DOCTYPE html><p>", Format("html")),
        (pdf(["words"]), Format("pdf")),
        (docx(""), Format("docx")),
        (epub({"a": "x"}), Format("epub")),
    ],
)
def test_the_content_tells_where_the_name_does_not(data: bytes, expected: Format) -> None:
    assert detect("LICENSE", data) == expected
    assert detect("a.unknown", data) == expected


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.md", b"\x89PNG\r\n\x1a\n\0\0", "binary"),
        ("a.txt", b"words\0words", "binary"),
        ("a", b"\x7fELF\2\1\1\0", "binary"),
        ("a.gz", b"\x1f\x8b\x08", "binary"),
        ("a.zip", archive({"x.txt": "x"}), "an archive"),
        ("a.zip", b"PK\x03\x04torn", "damaged archive"),
        ("logo.svg", b"<svg/>", "an image"),
        ("a.rtf", b"{\\rtf1 x}", "save it as DOCX"),
        ("a", b"%!PS-Adobe", "PDF"),
    ],
)
def test_what_is_no_text_is_refused(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(DocumentRefusedError, match=reason):
        detect(name, data)


def test_every_supported_suffix_is_a_suffix_and_finds_its_reader() -> None:
    for suffix, name in SUPPORTED.items():
        assert suffix.startswith(".")
        assert detect(f"x{suffix}", b"words").name == name
