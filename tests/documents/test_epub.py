from __future__ import annotations

import pytest
from sample_files import archive, check_blocks, document, documents, epub, outline

from searchkit.errors import DocumentRefusedError

CHAPTERS = {"one": "<h1>Leaves</h1><p>Pick them.</p>", "two": "<h1>Water</h1><p>Boil it.</p>"}
ABOUT = (
    "<dc:title>Tea</dc:title><dc:creator>Ada</dc:creator><dc:title>Second title</dc:title><dc:language>en</dc:language>"
)


def test_chapters_follow_the_spine() -> None:
    found = document(epub(CHAPTERS, spine=["two", "one", "missing", "two"], about=ABOUT), "tea.epub")
    check_blocks(found)
    assert found.text == "Water\n\nBoil it.\n\nLeaves\n\nPick them."
    assert outline(found) == [(1, "Water"), (1, "Leaves")]
    assert found.title == "Tea"
    assert found.metadata == {"format": "epub", "author": "Ada", "lang": "en"}
    assert not found.lines_are_source


def test_a_cover_that_leads_on_does_not_cost_the_book() -> None:
    cover = '<meta http-equiv="refresh" content="0;URL=one.xhtml"/><p>Turn the page.</p>'
    assert document(epub({"cover": cover, **CHAPTERS}), "tea.epub").text.startswith("Turn the page.\n\nLeaves")


def test_paths_are_those_of_the_archive_and_unescaped() -> None:
    opf = (
        '<package><manifest><item id="a" href="../my%20text/a.xhtml#top" media-type="application/xhtml+xml"/>'
        '<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        '<item id="i" href="i.png" media-type="image/png"/></manifest>'
        '<spine><itemref idref="n"/><itemref idref="i"/><itemref idref="a"/></spine></package>'
    )
    members = {
        "META-INF/container.xml": '<container><rootfile full-path="OPS/b.opf"/></container>',
        "OPS/b.opf": opf,
        "OPS/nav.xhtml": "<p>Contents</p>",
        "OPS/i.png": "png",
        "my text/a.xhtml": "<p>Words.</p>",
    }
    assert document(archive(members), "a.epub").text == "Words."


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04 torn", "damaged archive"),
        (archive({"a": "b"}), r"META-INF/container\.xml is missing"),
        (archive({"META-INF/container.xml": "<container/>"}), "names no book"),
        (epub({"a": "\x00\x01\x02encrypted"}), "copy-protected"),
        (epub({}), "empty"),
        (epub({"a": "x" * (64 << 20)}), "unpacks to 64 MiB"),
    ],
)
def test_torn_or_hostile_books_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentRefusedError, match=reason):
        documents(data, "a.epub")
