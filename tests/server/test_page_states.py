"""The page when things are not as usual: a token, nothing indexed, nothing close, a server that is busy or gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import Visit, fulfil, served
from word_encoder import WordEncoder

from searchkit import SearchEngine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

TOKEN = "a-token-for-reading-this-index"
NOT_BY_ITSELF = """{
  const wait = window.setTimeout;  // a server that is away is asked again by hand alone
  window.setTimeout = (act, ms, ...rest) => (ms === 3000 ? 0 : wait(act, ms, ...rest));
}"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SearchEngine]:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(page: Page, engine: SearchEngine) -> Iterator[Visit]:
    """A page on an index with one document."""
    engine.add([{"id": "cats", "text": "Cats sleep for most of the day."}])
    with served(engine) as address:
        made = Visit(page, address)
        yield made
        page.close()
        assert made.complaints == []


def test_a_token_is_asked_for_and_kept_for_the_tab_alone(page: Page, engine: SearchEngine) -> None:
    engine.add(["Cats sleep for most of the day."])
    with served(engine, token=TOKEN) as address:
        visit = Visit(page, address)
        page.goto(f"{address}#q=cats")
        dialog = page.get_by_role("dialog", name="This server asks for a token")
        dialog.wait_for()
        page.get_by_label("Token", exact=True).fill("not-the-token-at-all")
        page.keyboard.press("Enter")
        page.locator("#token-why", has_text="the token is wrong").wait_for()
        page.get_by_label("Token", exact=True).fill(TOKEN)
        page.keyboard.press("Enter")
        page.locator("#hits .hit").first.wait_for()
        assert TOKEN in page.evaluate("Object.values(sessionStorage)")
        assert page.evaluate("localStorage.length") == 0
        assert TOKEN not in page.url
        page.reload()
        page.locator("#hits .hit").first.wait_for()
        assert visit.complaints == []
        page.close()


def test_an_index_that_is_not_there_yet_is_told_and_then_found(page: Page, engine: SearchEngine) -> None:
    with served(engine) as address:
        page = Visit(page, address).page
        page.goto(f"{address}#q=cats")
        page.get_by_role("alert").wait_for()
        assert "no index" in page.get_by_role("alert").inner_text()
        engine.add(["Cats sleep for most of the day."])
        page.locator("#hits .hit").first.wait_for()
        page.close()


def test_an_empty_index_tells_how_to_fill_it(page: Page, engine: SearchEngine) -> None:
    engine.add([{"id": "cats", "text": "Cats sleep for most of the day."}])
    engine.delete(["cats"])
    with served(engine) as address:
        shown = Visit(page, address).open("q=cats")
        shown.get_by_role("heading", name="This index is empty").wait_for()
        assert "searchkit index FOLDER" in shown.locator("#notice").inner_text()
        page.close()


def test_before_a_question_the_page_says_what_there_is(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("heading", name="What would you like to know?").wait_for()
    assert "1 document " in page.locator("#notice").inner_text()


def test_words_that_occur_nowhere_give_advice(visit: Visit) -> None:
    page = visit.open("q=zebra&mode=lexical")
    page.get_by_role("heading", name="No hits").wait_for()
    assert page.locator("#count").inner_text() == "No hits"


def test_a_server_that_finds_nothing_close_is_believed(visit: Visit) -> None:
    visit.page.route("**/search?*", lambda route: route.fulfill(json={"hits": [], "nothing_close": True}))
    visit.open("q=cats").get_by_role("heading", name="Nothing close").wait_for()


def test_a_server_that_went_away_is_told_and_its_return_noticed(visit: Visit) -> None:
    page = visit.open("q=cats")
    page.context.set_offline(True)
    page.locator("#query").fill("cats that sleep")
    page.get_by_role("alert").wait_for()
    assert "The server does not answer" in page.get_by_role("alert").inner_text()
    assert page.locator("#hits .hit").count() == 1  # what was found before stays
    page.context.set_offline(False)
    page.get_by_role("alert").wait_for(state="hidden")
    page.locator("#hits mark").first.wait_for()


def test_a_server_that_is_away_from_the_beginning_is_tried_again(visit: Visit) -> None:
    visit.page.add_init_script(NOT_BY_ITSELF)
    visit.page.route("**/status", lambda route: route.abort())
    visit.page.goto(f"{visit.address}#q=cats")
    visit.page.get_by_role("button", name="Try now").wait_for()
    visit.page.unroute("**/status")
    visit.page.get_by_role("button", name="Try now").click()
    visit.page.locator("#hits .hit").first.wait_for()


def test_a_busy_server_is_asked_again(visit: Visit) -> None:
    refusals = iter([fulfil(503, "too much to do", {"retry-after": "1"})])

    def first_refused(route: Route) -> None:
        next(refusals, lambda other: other.continue_())(route)

    visit.page.route("**/search?*", first_refused)
    visit.open("q=cats").locator("#hits .hit").first.wait_for()
    assert visit.page.locator("#notice").is_hidden()


def test_a_server_that_fails_is_quoted(visit: Visit) -> None:
    visit.page.route("**/search?*", fulfil(500, "the server failed; its log tells more"))
    page = visit.open("q=cats")
    page.get_by_role("alert").wait_for()
    assert "the server failed; its log tells more" in page.get_by_role("alert").inner_text()
    assert "a hint" in page.get_by_role("alert").inner_text()


def test_an_answer_that_is_no_json_is_a_failure(visit: Visit) -> None:
    visit.page.route("**/search?*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page = visit.open("q=cats")
    page.get_by_role("alert").wait_for()
    assert "the server answered 502" in page.get_by_role("alert").inner_text()


def test_a_word_that_is_nowhere_leads_on_to_meaning(visit: Visit) -> None:
    page = visit.open("q=felines&mode=lexical")
    page.get_by_role("button", name="Ask by meaning").click()
    page.locator("#hits .hit").first.wait_for()
    assert page.get_by_role("radio", name="Meaning").is_checked()
    assert visit.asked()["mode"] == ["dense"]


def test_code_keeps_its_columns_and_prose_does_not(page: Page, engine: SearchEngine) -> None:
    engine.add(
        [{"id": "code", "text": "def cats():\n    return 9", "format": "code"}, {"id": "prose", "text": "Cats sleep."}]
    )
    with served(engine) as address:
        visit = Visit(page, address)
        visit.open("q=cats")
        closed = page.locator("#hits .title[aria-expanded=false]")
        while closed.count():
            closed.first.click()
        families = {
            place: page.locator(f"#hits .hit:has-text('{words}') .text").evaluate(
                "one => getComputedStyle(one).fontFamily"
            )
            for place, words in (("code", "return 9"), ("prose", "Cats sleep."))
        }
        assert "mono" in families["code"].lower()
        assert "mono" not in families["prose"].lower()
        page.close()
    assert visit.complaints == []


def test_every_link_and_button_has_a_name_on_a_narrow_screen_too(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 800})
    page = visit.open("q=cats")
    for one in page.locator("a:visible, button:visible").all():
        assert one.evaluate("one => one.ariaLabel || one.innerText.trim()"), one.evaluate("one => one.outerHTML")
