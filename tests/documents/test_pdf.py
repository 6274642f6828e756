from __future__ import annotations

import pytest
from sample_files import check_blocks, document, documents, outline, pdf

from searchkit.documents import pdf as pdf_module
from searchkit.errors import DocumentRefusedError

pytest.importorskip("pypdfium2", reason="pypdfium2 (extra: docs) is not installed")


def test_text_with_the_beginning_of_each_page() -> None:
    found = document(pdf(["Green tea\nis light.", "", "Black tea."], title="On Tea"), "tea.pdf")
    assert found.text == "Green tea\nis light.\n\n\n\nBlack tea."
    assert found.page_starts == (0, 21, 23)
    assert found.text[found.page_starts[2] :] == "Black tea."
    assert not found.lines_are_source
    assert found.title == "On Tea"
    assert found.metadata == {"format": "pdf", "author": "A. Writer", "pages": 3}


def test_outline_entries_become_the_headings_they_name() -> None:
    data = pdf(
        ["Tea\nTea is a drink.", "1.2 Green (tea)\nIs light."],
        marks=[("Tea", 0), ("Nowhere", 0), ("Green \\(tea\\)", 1)],
    )
    data = data.replace(b"1.2 Green (tea)", b"1.2 Green [tea]").replace(b"Green \\(tea\\)", b"Green [tea] ")
    found = document(data, "tea.pdf")
    check_blocks(found)
    assert outline(found) == [(1, "Tea"), (1, "Green [tea]")]


@pytest.mark.parametrize("title", ["untitled", "Microsoft Word - tea.doc", "tea.docx", ""])
def test_title_that_is_none_gives_way_to_the_file_name(title: str) -> None:
    assert document(pdf(["x"], title=title), "docs/tea.pdf").title == "tea.pdf"


LOCK = "/Encrypt << /Filter /Standard /V 1 /R 2 /O ({}) /U ({}) /P -4 >> /ID [(0123456789abcdef) (0123456789abcdef)]"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.4\ngarbage", "damaged PDF"),
        (pdf(["words"])[:200], "damaged PDF"),
        (b"", "damaged PDF"),
        (pdf(["words"], trailer=LOCK.format("x" * 32, "y" * 32)), "needs a password"),
        (pdf(["", ""]), "its pages are pictures"),
    ],
)
def test_torn_locked_and_scanned_files_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentRefusedError, match=reason):
        documents(data, "a.pdf")


def test_number_of_pages_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_module, "MOST_PAGES", 2)
    with pytest.raises(DocumentRefusedError, match="3 pages"):
        documents(pdf(["a", "b", "c"]), "a.pdf")


def test_amount_of_text_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_module, "MOST_CHARS", 10)
    assert documents(pdf(["words", "words"]), "a.pdf")
    with pytest.raises(DocumentRefusedError, match="more than 10 characters"):
        documents(pdf(["words", "words!"]), "a.pdf")


def test_page_that_cannot_be_read_is_counted_and_the_others_go_on() -> None:
    data = pdf(["First page.", "Second page."])
    found = document(data.replace(b"/Type /Page /", b"/Type /Nope /", 1), "a.pdf")
    assert (found.text.strip(), found.page_starts) == ("Second page.", (0, 2))
    assert found.metadata["damaged_pages"] == 1
    with pytest.raises(DocumentRefusedError, match="no page can be read"):
        documents(data.replace(b"/Type /Page /", b"/Type /Nope /"), "a.pdf")
