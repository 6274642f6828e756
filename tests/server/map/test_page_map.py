"""The map as a part of the web page: the frame, its theme, and the way from a point to its passage."""

from __future__ import annotations

from browsing import Visit, fulfil, map_in

from searchkit import SearchEngine

BRIGHT = "getComputedStyle(document.documentElement).getPropertyValue('--paper')"


def test_the_map_shows_every_chunk(visit: Visit, engine: SearchEngine) -> None:
    page = visit.open("view=map")
    assert f"{engine.status().chunks} chunks" in map_in(page).locator("#subtitle").inner_text()
    assert page.locator("#tab-map").get_attribute("aria-current") == "page"
    assert not page.locator("#search-view").is_visible()


def test_the_map_is_as_light_or_dark_as_the_page(visit: Visit) -> None:
    page = visit.open("view=map")
    frame = map_in(page)
    light = frame.evaluate(BRIGHT)
    page.locator("#theme").click()
    assert frame.evaluate(BRIGHT) != light
    page.reload()
    assert map_in(page).evaluate(BRIGHT) != light


def test_a_point_leads_to_its_passage(visit: Visit) -> None:
    page = visit.open("view=map")
    frame = map_in(page)
    x, y = frame.evaluate("onScreen(map.places[0], map.places[1], map.places[2]).slice(0, 2)")
    box = page.locator("iframe").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x, box["y"] + y)
    frame.locator("#tip.pinned").wait_for()
    snippet = frame.locator("#tip p").inner_text()
    frame.locator("#tip a").click()
    visit.settled().locator("#hits mark").first.wait_for()
    assert page.locator("#query").input_value() == snippet
    assert page.locator("#hits .excerpt").first.inner_text() == snippet
    page.go_back()
    page.locator("#map-view").wait_for()


def test_the_map_stays_while_one_searches(visit: Visit) -> None:
    page = visit.open("view=map")
    frame = map_in(page)
    frame.evaluate("window.isSame = true")
    page.locator("#tab-search").click()
    page.locator("#query").fill("apples")
    visit.settled().locator("#tab-map").click()
    assert page.locator("#map-view").is_visible()
    assert map_in(page).evaluate("window.isSame")


def test_a_map_that_cannot_be_had_is_told_in_the_servers_words(visit: Visit) -> None:
    visit.page.unroute("**/map")
    visit.page.route("**/map", fulfil(422, "the index is empty"))
    page = visit.open("view=map")
    notice = page.frame_locator("iframe").locator("#notice", has_text="the index is empty")
    notice.wait_for()
    assert "a hint" in notice.inner_text()


def test_the_server_gives_the_map_in_the_form_that_the_page_reads(visit: Visit, engine: SearchEngine) -> None:
    visit.page.unroute("**/map")
    page = visit.open("view=map")
    assert f"{engine.status().chunks} chunks" in map_in(page).locator("#subtitle").inner_text()
