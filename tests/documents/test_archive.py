from __future__ import annotations

import io
import struct
import zipfile

import pytest
from sample_files import archive

from searchkit.documents import archive as archive_module
from searchkit.documents.archive import Archive, parse_xml
from searchkit.errors import DocumentRefusedError


def test_members_are_read() -> None:
    opened = Archive(archive({"a/b.xml": "<a/>"}))
    assert opened.read("a/b.xml") == b"<a/>"
    assert opened.read_if_there("c") is None
    with pytest.raises(DocumentRefusedError, match="c is missing"):
        opened.read("c")


def test_bomb_is_refused_by_its_declared_size() -> None:
    opened = Archive(archive({"a": b"\0" * (2 << 20)}))
    with pytest.raises(DocumentRefusedError, match="a in it unpacks to 2 MiB"):
        opened.read("a")


def test_bomb_that_lies_about_its_size_is_stopped_while_it_unpacks() -> None:
    data = bytearray(archive({"a": b"\0" * (4 << 20)}))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 100)  # the size in the central directory
    with pytest.raises(DocumentRefusedError):
        Archive(bytes(data)).read("a")


def test_many_members_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MOST_BYTES", 1000)
    opened = Archive(archive({"a": "x" * 600, "b": "y" * 600}))
    opened.read("a")
    with pytest.raises(DocumentRefusedError, match="b in it unpacks"):
        opened.read("b")


def test_number_of_members_is_bounded_before_they_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MOST_MEMBERS", 2)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(DocumentRefusedError, match="more than 2 files"):
        Archive(b"PK\x01\x02" * 3)


def test_torn_archive_and_damaged_member_are_refused() -> None:
    data = archive({"a": "words " * 100}, compress=False)
    with pytest.raises(DocumentRefusedError, match="damaged archive"):
        Archive(data[:-10])
    with pytest.raises(DocumentRefusedError, match="a in it is damaged"):
        Archive(data.replace(b"words words", b"wards words", 1)).read("a")


def test_encrypted_member_is_refused() -> None:
    data = bytearray(archive({"a": "words"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DocumentRefusedError, match="password"):
        Archive(bytes(data)).read("a")


def test_xml_comes_tag_by_tag_without_namespaces() -> None:
    seen: list[object] = []
    parse_xml(
        b'<w:a xmlns:w="x" w:k="v">t<b/></w:a>',
        "a.xml",
        start=lambda name, attributes: seen.append((name, attributes)),
        end=seen.append,
        text=seen.append,
    )
    assert seen == [("a", {"k": "v"}), "t", ("b", {}), "b", "a"]


BILLION = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'


@pytest.mark.parametrize("data", [BILLION, OUTSIDE, BILLION.decode().encode("utf-16")])
def test_xml_with_entities_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentRefusedError, match="entities"):
        parse_xml(data, "a.xml", start=lambda *_: None)


@pytest.mark.parametrize("data", [b"", b"<a>", b"<a></b>", b"\0", b'<?xml version="1.0" encoding="no-such"?><a/>'])
def test_broken_xml_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentRefusedError, match=r"a\.xml in it is not valid XML"):
        parse_xml(data, "a.xml", start=lambda *_: None)


def test_deep_xml_is_read_without_recursion() -> None:
    depths = io.StringIO()
    parse_xml(b"<a>" * 100_000 + b"</a>" * 100_000, "a.xml", start=lambda *_: depths.write("x") and None)
    assert len(depths.getvalue()) == 100_000
