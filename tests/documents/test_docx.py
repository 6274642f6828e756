from __future__ import annotations

import pytest
from sample_files import archive, check_blocks, document, documents, docx, outline, paragraph, pieces

from searchkit.errors import DocumentRefusedError
from searchkit.types import BlockKind

STYLES = (
    '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="Mine"><w:name w:val="My own"/><w:basedOn w:val="berschrift1"/></w:style>'
    '<w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>'
    '<w:style w:styleId="Outlined"><w:name w:val="x"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>'
    '<w:style w:styleId="Code"><w:name w:val="Source Code"/></w:style>'
    '<w:style w:styleId="Title"><w:name w:val="Title"/></w:style>'
)
ITEM = '<w:numPr><w:numId w:val="1"/></w:numPr>'


def test_headings_come_from_styles_in_any_language() -> None:
    body = (
        paragraph("Tea", style="berschrift1")
        + paragraph("Own", style="Mine")
        + paragraph("Third", style="Outlined")
        + paragraph("By id", style="Heading2")
        + paragraph("Direct", properties='<w:outlineLvl w:val="3"/>')
        + paragraph("Body", style="Loop", properties='<w:outlineLvl w:val="9"/>')
    )
    found = document(docx(body, styles=STYLES), "tea.docx")
    check_blocks(found)
    assert outline(found) == [(1, "Tea"), (1, "Own"), (3, "Third"), (2, "By id"), (4, "Direct")]
    assert found.title == "Tea"


def test_lists_tables_and_code_are_laid_out_as_they_read() -> None:
    row = "<w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr>"
    body = (
        paragraph("Boil", properties=ITEM)
        + paragraph("Wait", properties=ITEM)
        + "<w:tbl>"
        + row.format(paragraph("leaf"), paragraph("minutes"))
        + row.format(paragraph("green") + paragraph("tea"), paragraph("2"))
        + "</w:tbl>"
        + paragraph("x = 1", style="Code")
        + paragraph("  y = 2", style="Code")
        + paragraph("End")
    )
    found = document(docx(body, styles=STYLES), "tea.docx")
    assert found.text == "- Boil\n- Wait\n\nleaf | minutes\ngreen tea | 2\n\nx = 1\n  y = 2\n\nEnd"
    assert pieces(found, BlockKind.CODE) == ["x = 1\n  y = 2"]
    check_blocks(found)


def test_tab_stops_of_a_paragraph_are_not_its_text() -> None:
    stops = '<w:tabs><w:tab w:val="left" w:pos="720"/><w:tab w:val="left" w:pos="1440"/></w:tabs>'
    found = document(docx(paragraph("x = 1", style="Code", properties=stops), styles=STYLES), "a.docx")
    assert pieces(found, BlockKind.CODE) == ["x = 1"]


def test_deleted_text_and_fallbacks_are_passed_over() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"
    body = (
        f"<w:p>{run.format('kept')}<w:del>{run.format('deleted')}</w:del>"
        f"<w:r><w:instrText>PAGEREF</w:instrText><w:tab/></w:r>{run.format('on')}"
        f"<w:Fallback><w:p>{run.format('twice')}</w:p></w:Fallback></w:p>"
    )
    assert document(docx(body), "a.docx").text == "kept\ton"


def test_text_box_is_read_before_the_paragraph_that_holds_it() -> None:
    body = f"<w:p><w:r><w:t>outer</w:t></w:r><w:txbxContent>{paragraph('inner')}</w:txbxContent></w:p>"
    assert document(docx(body), "a.docx").text == "inner\n\nouter"


def test_properties_give_title_and_author() -> None:
    core = "<dc:title>On Tea</dc:title><dc:creator>Ada</dc:creator>"
    found = document(docx(paragraph("x"), core=core), "a.docx")
    assert (found.title, found.metadata) == ("On Tea", {"format": "docx", "author": "Ada"})
    assert document(docx(paragraph("Main", style="Title"), styles=STYLES), "a.docx").title == "Main"


def test_main_part_is_the_one_that_the_package_names() -> None:
    relation = '<Relationships><Relationship Type="x/officeDocument" Target="/word/document2.xml"/></Relationships>'
    members = {
        "_rels/.rels": relation,
        "word/document2.xml": f"<document>{paragraph('x').replace('w:', '')}</document>",
    }
    assert document(archive(members), "a.docx").text == "x"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"not a zip", "damaged archive"),
        (docx(paragraph("words"))[:-40], "damaged archive"),
        (archive({"a": "b"}), r"word/document\.xml is missing"),
        (archive({"word/document.xml": "<a><b></a>"}), "not valid XML"),
        (archive({"word/document.xml": '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'}), "entities"),
        (archive({"word/document.xml": b" " * (64 << 20)}), "unpacks to 64 MiB"),
        (docx(""), "empty"),
    ],
)
def test_torn_or_hostile_files_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentRefusedError, match=reason):
        documents(data, "a.docx")
