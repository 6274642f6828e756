"""The web page in a real browser: asking, hits, filters, the address, the keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from browsing import Visit, served
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.store.topics import KeptTopic, KeptTopics

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

GUIDE = """# Backups

Keep three copies of what matters to you. One of them lies in another house. Write down when each of them was made, by \
whom and of what, and look at that list on the first day of every month, so that no copy is older than it should be.

## Restoring

Look for the newest copy first. Restoring a backup takes a few minutes of your time. Afterwards open some of the \
files and read them, the oldest ones as well, since a copy that nobody can read is no copy at all but a hope.

## Sailing

Boats sail across the wide blue sea. The harbour is a good place for the night, with a light at its end. In winter \
they stand on the shore, where the wind and the waves can do them no harm until the days grow longer again.
"""
TOLD = """() => {
  window.told = [];  // by the button to copy, which says so for a moment alone
  const note = () => told.push(document.querySelector("[data-act=copy]").textContent);
  new MutationObserver(note).observe(document.querySelector("[data-act=copy]"), { childList: true });
}"""
NOTES = {"cats": "Cats sleep for most of the day.", "dogs": "Dogs run in the park with a ball."}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    root = tmp_path_factory.mktemp("page")
    (root / "docs").mkdir()
    (root / "docs" / "guide.md").write_text(GUIDE, encoding="utf-8")
    encoder = WordEncoder()
    with SearchEngine.open_or_create(root / "index", encoder=encoder) as opened:
        opened.index_paths([root / "docs"])
        opened.add({"id": name, "text": text, "kind": "note"} for name, text in NOTES.items())
        keep_topics(opened, encoder)
        yield opened


def keep_topics(engine: SearchEngine, encoder: WordEncoder) -> None:
    """Two topics, around the notes."""
    chunks = {name: engine.chunks(name)[0].chunk_id for name in NOTES}
    centres = encoder.encode_passages(list(NOTES.values()))
    found = [KeptTopic(i + 1, f"all about {name}", (name,), 0.9, centres[i]) for i, name in enumerate(NOTES)]
    topics = KeptTopics(tuple(found), encoder.fingerprint, "kmeans", (), "2026-11-21T00:00:00+00:00")
    engine.keep_topics(topics, np.array(list(chunks.values())), np.array([1, 2]))


@pytest.fixture(scope="module")
def address(engine: SearchEngine) -> Iterator[str]:
    with served(engine) as known:
        yield known


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """A page of its own, which must not complain of anything, the content security policy included."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    made = Visit(context.new_page(), address)
    yield made
    context.close()
    assert made.complaints == []


def titles(page: Page) -> list[str]:
    return page.locator("#hits .title").all_inner_texts()


def test_hits_come_as_one_types_with_place_headings_and_best_sentence(visit: Visit) -> None:
    page = visit.open()
    page.locator("#query").press_sequentially("restoring a backup takes minutes")
    first = visit.settled().locator("#hits .hit").first
    assert first.locator(".title").inner_text() == "Backups"
    assert first.locator(".headings").inner_text() == "Restoring"
    assert re.fullmatch(r"docs/guide\.md:\d+", first.locator(".place").inner_text())
    assert first.locator("mark").inner_text() == "Restoring a backup takes a few minutes of your time."
    assert re.fullmatch(r"\d+ hits in .*(ms|s).*", page.locator("#count").inner_text())
    assert page.locator("#count").get_attribute("aria-live") == "polite"


def test_hits_are_those_of_the_library_in_its_order(visit: Visit, engine: SearchEngine) -> None:
    page = visit.open("q=dogs+in+the+park&mode=dense")
    shown = [int(one.get_attribute("data-id") or 0) for one in page.locator("#hits .hit").all()]
    assert shown == [hit.chunk_id for hit in engine.search("dogs in the park", 10, mode="dense")]


def test_an_answer_that_comes_late_is_dropped(visit: Visit) -> None:
    page, held = visit.open(), []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/search\?q=cats"), hold)
    with page.expect_request(re.compile(r"/search\?q=cats")):
        page.locator("#query").fill("cats")
    page.locator("#query").fill("dogs run in the park")
    before = titles(visit.settled())
    for route in held:
        route.fulfill(json={"hits": []})
    page.locator("#query").press("Enter")  # asked once more: whatever came late has come by then
    assert titles(visit.settled()) == before
    assert before[0] == "dogs"


def test_one_question_is_asked_for_a_word_typed_quickly(visit: Visit) -> None:
    page, questions = visit.open(), []
    page.on("request", lambda request: questions.append(request.url) if "/search?" in request.url else None)
    page.locator("#query").press_sequentially("boats")
    visit.settled()
    whole = [url for url in questions if parse_qs(urlsplit(url).query)["q"] == ["boats"]]
    assert len(whole) == 2  # hits, then their best sentences


def test_a_question_in_the_address_is_asked(visit: Visit) -> None:
    page = visit.open("q=boats+sail&mode=lexical&path=docs%2F**")
    assert titles(page)
    assert page.locator("#query").input_value() == "boats sail"
    assert page.locator("input[name=mode]:checked").input_value() == "lexical"
    assert page.locator("#path").input_value() == "docs/**"
    assert page.locator("#filters").is_visible()


def test_more_like_this_and_the_way_back(visit: Visit) -> None:
    page = visit.open("q=cats+sleep")
    before = titles(page)
    page.locator("#hits .hit").first.hover()
    page.locator("#hits [data-act=like]").first.click()
    page.locator("#like").wait_for()
    assert page.locator("#like").inner_text() == f"More like “{before[0]}”"
    assert set(visit.asked()) == {"like"}
    assert page.locator("#query").input_value() == ""
    page.go_back()
    page.locator("#like").wait_for(state="hidden")
    assert titles(visit.settled()) == before
    assert page.locator("#query").input_value() == "cats sleep"
    page.go_forward()
    page.locator("#like").wait_for()


def test_modes_are_told_to_the_server(visit: Visit) -> None:
    page = visit.open("q=cats")
    with page.expect_response(re.compile("mode=lexical")) as answer:
        page.get_by_role("radio", name="Words").check()
    assert answer.value.json()["mode"] == "lexical"
    assert visit.asked()["mode"] == ["lexical"]


def test_what_is_being_typed_outlives_another_choice(visit: Visit) -> None:
    page = visit.open("q=cats")
    typed_and_chosen = """() => {
      const query = document.querySelector("#query");
      query.value = "dogs";
      query.dispatchEvent(new InputEvent("input", { bubbles: true }));
      document.querySelector("input[value=lexical]").click();
    }"""
    page.evaluate(typed_and_chosen)  # both before the quiet in which typing is taken for done
    assert titles(visit.settled()) == ["dogs"]
    assert visit.asked() == {"q": ["dogs"], "mode": ["lexical"]}
    assert page.locator("#query").input_value() == "dogs"


def test_what_stays_the_same_is_not_replaced_under_the_pointer(visit: Visit) -> None:
    page = visit.open("q=the+day+in+the+park")
    chip = page.get_by_role("button", name="all about dogs").element_handle()
    hit = page.locator("#hits .hit").first.element_handle()
    page.evaluate("dispatchEvent(new Event('online'))")  # asks everything anew
    visit.settled()
    assert page.evaluate("([...those]) => those.every((one) => one.isConnected)", [chip, hit])


def test_a_wrong_filter_is_told_beside_its_field_in_the_servers_words(visit: Visit) -> None:
    page = visit.open("q=cats")
    page.locator("#filters-button").click()
    with page.expect_response(re.compile("where=")) as answer:
        page.locator("#where").fill("kind =")
    told = page.locator("#where-error")
    told.wait_for()
    assert told.inner_text().splitlines()[0] == answer.value.json()["error"]["message"].splitlines()[0]
    assert page.locator("#where").get_attribute("aria-invalid") == "true"
    assert not page.locator("#query-error").is_visible()
    page.locator("#where").fill("kind = 'note'")
    told.wait_for(state="hidden")
    assert page.locator("#where").get_attribute("aria-invalid") is None
    assert sorted(titles(visit.settled())) == ["cats", "dogs"]


def test_a_wrong_date_is_told_beside_its_field(visit: Visit) -> None:
    page = visit.open("q=cats&since=yesterday&path=**")
    assert "'yesterday'" in page.locator("#since-error").inner_text()
    assert not page.locator("#path-error").is_visible()


def test_filters_that_leave_nothing_can_be_dropped(visit: Visit) -> None:
    page = visit.open("q=cats&path=nowhere%2F**")
    page.get_by_role("button", name="Ask without filters").click()
    assert titles(visit.settled())
    assert visit.asked() == {"q": ["cats"]}
    assert page.locator("#path").input_value() == ""


def test_a_topic_is_a_filter(visit: Visit) -> None:
    page = visit.open("q=the+day+in+the+park")
    chip = page.get_by_role("button", name="all about dogs")
    chip.click()
    assert titles(visit.settled()) == ["dogs"]
    assert chip.get_attribute("aria-pressed") == "true"
    chip.click()
    assert len(titles(visit.settled())) > 1
    assert "topic" not in visit.asked()


def test_an_opened_hit_shows_what_stands_around_it(visit: Visit) -> None:
    page = visit.open("q=restoring+a+backup+takes+minutes")
    page.locator("#hits .title").first.click()
    text = page.locator("#hits .hit").first.locator(".text")
    text.wait_for()
    shown = text.inner_text()
    assert "Keep three copies" in shown
    assert "Boats sail" in shown
    assert "Restoring a backup" in (chunk := text.locator(".chunk").inner_text())
    assert "Boats sail" not in chunk
    assert page.locator("#hits .title").first.get_attribute("aria-expanded") == "true"


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit.open("q=cats+sleep")
    focus = "document.activeElement"
    page.locator("body").click(position={"x": 5, "y": 500})
    page.keyboard.press("/")
    assert page.evaluate(f"{focus}.id") == "query"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(f"{focus} === document.querySelectorAll('#hits .title')[1]")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert page.locator("#hits .title").first.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert page.locator("#hits .title").first.get_attribute("aria-expanded") == "false"
    page.evaluate(TOLD)
    page.keyboard.press("c")
    page.wait_for_function("told.includes('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#hits .place").first.inner_text()
    page.keyboard.press("Escape")
    assert page.evaluate(f"{focus}.id") == "query"
    page.keyboard.press("Escape")
    assert titles(visit.settled()) == []
    assert visit.asked() == {}


def test_letters_that_are_typed_are_no_commands(visit: Visit) -> None:
    page = visit.open()
    page.locator("#query").press_sequentially("?mtf/c")
    assert page.locator("#query").input_value() == "?mtf/c"
    assert not page.locator("#help").is_visible()
    assert not page.locator("#filters").is_visible()


def test_help_opens_by_its_key_and_closes(visit: Visit) -> None:
    page = visit.open()
    page.locator("#query").blur()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys and signs").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")


def test_more_hits_can_be_shown(visit: Visit) -> None:
    page = visit.open("q=the&k=2")
    page.locator("#more").click()
    assert len(titles(visit.settled())) > 2
    assert visit.asked()["k"] == ["12"]


def test_the_status_tells_what_is_served(visit: Visit, engine: SearchEngine) -> None:
    shown = visit.open().locator("#status").inner_text()
    status = engine.status()
    assert f"{status.documents} documents" in shown
    assert f"{status.chunks} chunks" in shown
    assert status.encoder in shown


def test_a_theme_that_was_chosen_is_kept(visit: Visit) -> None:
    page = visit.open()
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.locator("#theme").click()
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark


def test_the_systems_theme_holds_until_one_is_chosen(visit: Visit) -> None:
    page = visit.open()
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(background) != light


def test_nothing_moves_for_those_who_want_it_so(visit: Visit) -> None:
    visit.page.emulate_media(reduced_motion="reduce")
    page = visit.open("q=cats")
    assert titles(page)
    moving = (
        "[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s').length"
    )
    assert page.evaluate(moving) == 0


@pytest.mark.parametrize("width", [320, 390, 768, 1920])
def test_the_page_fits_any_width(visit: Visit, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 700})
    page = visit.open("q=restoring+a+backup&path=docs%2F**")
    page.locator("#hits .title").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_that_can_be_used_has_a_name(visit: Visit) -> None:
    page = visit.open("q=cats")
    assert titles(page)
    tree = page.locator("body").aria_snapshot()
    assert not re.search(r"- (button|link|textbox|searchbox|radio)(:| \[|$)", tree, re.MULTILINE)
    assert page.locator("h1").count() == 1
