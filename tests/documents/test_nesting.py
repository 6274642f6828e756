from __future__ import annotations

import pytest

from searchkit.documents import nesting
from searchkit.documents.nesting import check_nesting
from searchkit.errors import DocumentRefusedError


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 50_000,
        "<div></span>" * 50_000,
        "<b><p>" * 5_000,
        "".join(f"<font size={i}><p>" for i in range(5_000)),
        "<x/>" * 50_000,
        "<svg><div>" + "<path/>" * 50_000,
        "<p " + " ".join(f"a{i}=1" for i in range(5_000)) + ">",
    ],
)
def test_page_that_would_take_quadratic_time_is_refused(page: str) -> None:
    with pytest.raises(DocumentRefusedError):
        check_nesting(page)


@pytest.mark.parametrize(
    "page",
    [
        "<div><p>x</p></div>" * 20_000,
        "<p>one<br><li>two<td>three" * 20_000,
        "<div>" * 300 + "</div>" * 300,
        "<svg>" + '<path d="M 1 2"/>' * 20_000 + "</svg>",
        f'<path d="{"1 " * 20_000}">',
        "<font color=red>" * 100 + "<p>x" * 50,
        "a < b " * 100_000,
    ],
)
def test_pages_of_people_pass(page: str) -> None:
    check_nesting(page)


def test_number_of_tags_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nesting, "MOST_TAGS", 10)
    with pytest.raises(DocumentRefusedError, match="more than 10 tags"):
        check_nesting("<p>" * 11)
