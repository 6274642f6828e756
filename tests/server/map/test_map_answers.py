"""Words in the box of the served map: the engine answers them, and its hits stand out on the map."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from browsing import PATIENCE_MS, Visit, fulfil, map_in

from searchkit import SearchEngine

if TYPE_CHECKING:
    from playwright.sync_api import Frame

IDS_OF_HITS = "() => state.hits && [...state.hits].map((i) => map.id[i])"


def opened(visit: Visit, asked: str = "") -> Frame:
    """The map, once it is drawn."""
    visit.open(f"view=map{asked}")
    return map_in(visit.page)


def ask(frame: Frame, text: str) -> Any:
    """The chunks that stand out once the box holds a text, the best first."""
    frame.locator("#query").fill(text)
    frame.locator("#found", has_text="hit").wait_for()
    return frame.evaluate(IDS_OF_HITS)


def until(visit: Visit, is_so: Callable[[], bool]) -> None:
    """Waits for what the page's policy forbids Playwright to wait for itself."""
    for _ in range(PATIENCE_MS // 100):
        if is_so():
            return
        visit.page.wait_for_timeout(100)
    raise AssertionError("it did not come about")


def test_the_engines_hits_stand_out_in_its_order(visit: Visit, engine: SearchEngine) -> None:
    text = "which orchard grows apples"
    frame = opened(visit)
    wanted = [hit.chunk_id for hit in engine.search(text, 10)]
    found = ask(frame, text)
    assert found[:10] == wanted
    assert len(found) < engine.status().chunks
    assert "the best first" in frame.locator("#found").inner_text()
    shown = frame.evaluate("() => [...bright.keys()].filter((i) => bright[i]).map((i) => map.id[i])")
    assert sorted(shown) == sorted(found)
    strength = frame.evaluate("() => [...state.hits].map((i) => bright[i])")
    assert strength == sorted(strength, reverse=True)
    assert strength[0] == 255


def test_the_keyboard_goes_from_the_question_through_the_hits_to_a_passage(visit: Visit) -> None:
    frame = opened(visit)
    found = ask(frame, "apples")
    frame.locator("#query").press("ArrowDown")
    assert frame.evaluate("() => map.id[state.over]") == found[0]
    visit.page.keyboard.press("ArrowDown")
    assert frame.evaluate("() => map.id[state.over]") == found[1]
    visit.page.keyboard.press("Enter")
    assert frame.evaluate("() => map.id[state.pinned]") == found[1]
    visit.page.keyboard.press("Home")
    visit.page.keyboard.press("ArrowUp")
    assert frame.evaluate("() => document.activeElement.id") == "query"
    frame.locator("#list button").nth(2).focus()
    visit.page.keyboard.press("Escape")
    assert frame.evaluate("() => document.activeElement.id") == "query"
    visit.page.keyboard.press("Escape")
    assert frame.evaluate("() => [state.hits, bright, document.getElementById('chosen').hidden]") == [None, None, True]
    assert frame.locator("#list button").count() == 0


def test_one_tab_stop_leads_into_the_list(visit: Visit) -> None:
    frame = opened(visit)
    ask(frame, "apples")
    stops = "() => [...document.querySelectorAll('#list [tabindex=\"0\"]')].map((one) => one.tagName)"
    assert frame.evaluate(stops) == ["BUTTON", "A"]
    frame.locator("#list button").nth(3).focus()
    assert frame.evaluate(stops) == ["BUTTON", "A"]
    assert frame.evaluate("() => document.querySelectorAll('#list button')[3].tabIndex") == 0


def test_the_question_of_the_page_is_asked_of_the_map(visit: Visit, engine: SearchEngine) -> None:
    frame = opened(visit, "&q=apples")
    frame.locator("#found", has_text="hit").wait_for()
    assert frame.locator("#query").input_value() == "apples"
    assert frame.evaluate(IDS_OF_HITS)[0] == engine.search("apples", 1)[0].chunk_id
    visit.page.locator("#tab-search").click()
    visit.page.locator("#query").fill("boats")
    visit.settled().locator("#tab-map").click()
    first = engine.search("boats", 1)[0]
    until(visit, lambda: frame.evaluate(IDS_OF_HITS)[0] == first.chunk_id)
    assert frame.locator("#query").input_value() == "boats"


def test_a_chunk_that_came_after_the_map_is_counted(visit: Visit, engine: SearchEngine) -> None:
    frame = opened(visit)
    engine.add([{"id": "later", "text": "quince quince quince"}])
    try:
        found = ask(frame, "quince")
        assert "1 newer than the map" in frame.locator("#found").inner_text()
        assert engine.search("quince", 1)[0].chunk_id not in found
    finally:
        engine.delete(["later"])


def test_an_engine_that_does_not_answer_leaves_the_words_themselves(visit: Visit) -> None:
    frame = opened(visit)
    visit.page.route("**/search?*", fulfil(503, "too much is waiting"))
    ask(frame, "apples")
    assert "by words alone: too much is waiting" in frame.locator("#found").inner_text()
    assert frame.evaluate("() => !state.ranked && [...state.hits].every((i) => map.lower[i].includes('apples'))")
