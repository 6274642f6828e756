"""Whatever a document, a path, a title or an address says, the page shows it as text and does nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
from browsing import PATIENCE_MS, Visit, frame_in, served
from word_encoder import WordEncoder

from searchkit import SearchEngine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "'><svg onload=window.hacked=1>",
    "javascript:window.hacked=1",
    "<a href=javascript:window.hacked=1>here</a>",
    "</li></ol></main><style>body { display: none }</style>",
    "{{constructor.constructor('window.hacked=1')()}}",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
)
TURNED = "gpj.\u202eexe.\u2066txt"  # signs that turn the direction of writing


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An index in which everything that can hold a text holds a hostile one."""
    folder = tmp_path_factory.mktemp("hostile") / "index"
    documents = [
        {"id": f"{text} {i}", "title": f"{text} title", "text": f"word {text}. Another word {text}", text: text}
        for i, text in enumerate(HOSTILE)
    ]
    documents.append({"id": TURNED, "title": TURNED, "text": "a word \u202eback\u202c and \u05e9\u05dc\u05d5\u05dd"})
    with SearchEngine.open_or_create(folder, encoder=WordEncoder()) as engine:
        engine.add(documents)
        with served(engine) as known:
            yield known


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    context = browser.new_context()
    made = Visit(context.new_page(), address)
    yield made
    context.close()
    assert made.complaints == []


def unharmed(page: Page) -> bool:
    """Nothing ran, and no element is there that the page did not make."""
    alien = page.locator("main script, main img, main iframe, main style, main a, main svg[onload], [onerror]").count()
    return page.evaluate("window.hacked") is None and alien == 0 and page.locator("#form").is_visible()


def test_texts_titles_names_and_metadata_are_text(visit: Visit) -> None:
    page = visit.open("q=word&k=20")
    for title in page.locator("#hits .title").all():
        title.click()
    shown = page.locator("#hits").inner_text()
    assert all(text in shown for text in HOSTILE)
    assert page.locator("#hits .hit").count() == len(HOSTILE) + 1
    assert unharmed(page)


def test_signs_that_turn_the_writing_are_shown_in_names(visit: Visit) -> None:
    page = visit.open("q=word&k=20")
    place = page.locator("#hits .place", has_text="gpj")
    place.wait_for()
    assert place.inner_text() == "gpj.\ufffdexe.\ufffdtxt"
    assert page.locator("#hits .title", has_text="gpj").inner_text() == "gpj.\ufffdexe.\ufffdtxt"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_from_the_address_is_text(visit: Visit, text: str) -> None:
    page = visit.open(urlencode({"q": text, "path": text, "where": text, "since": text, "topic": text}))
    page.locator(".wrong:not([hidden])").first.wait_for()
    assert page.locator("#query").input_value() == text
    assert unharmed(page)


@pytest.mark.parametrize("name", ["like", "k", "mode", "view", "topic"])
def test_nonsense_in_the_address_is_told_or_left_out(visit: Visit, name: str) -> None:
    page = visit.open(f"q=word&{name}={quote(HOSTILE[1])}")
    page.locator("#hits .hit, .wrong:not([hidden]), #notice:not([hidden])").first.wait_for()
    assert unharmed(page)


def test_more_like_a_hostile_document_is_text(visit: Visit) -> None:
    page = visit.open("q=word")
    page.locator("#hits .hit").first.hover()
    page.locator("#hits [data-act=like]").first.click()
    page.locator("#like").wait_for()
    assert unharmed(page)


def test_the_policy_stops_a_script_that_got_in_all_the_same(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.evaluate(
        "(() => { const made = document.createElement('script'); made.textContent = 'window.hacked = 1';"
        " document.body.append(made); })()"
    )
    assert page.evaluate("window.hacked") is None
    page.close()


def test_no_other_page_can_put_this_one_into_a_frame(browser: Browser, address: str) -> None:
    page = browser.new_page()
    around = f"<!doctype html><iframe src='{address}'></iframe>"
    page.route("http://elsewhere.test/", lambda route: route.fulfill(body=around, content_type="text/html"))
    page.goto("http://elsewhere.test/")
    other = "() => document.querySelector('iframe').contentDocument === null"  # no longer the empty page of before
    page.wait_for_function(other, timeout=PATIENCE_MS)
    framed = frame_in(page)
    framed.wait_for_load_state()
    assert framed.locator("#query").count() == 0
    page.close()
