"""The page of a map in a real browser, from a file, as people open it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browsing import DRAWN, PATIENCE_MS

from searchkit.insight import write_map_html
from searchkit.insight.mapdata import MapData, MapTopic

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = (
    "</script><script>document.title = 'run'</script>",
    "<img src=x onerror=\"document.title = 'run'\">",
    "<svg onload=\"document.title = 'run'\"><iframe src=//127.0.0.1/>",
)
EACH = 30


@dataclass(eq=False)
class Seen:
    """A page that is open, what it asked for, and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda told: self.complaints.append(told.text) if told.type == "error" else None)
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    def place(self, point: int) -> tuple[float, float]:
        """Where a point stands on the screen."""
        x, y, _ = self.page.evaluate(
            "i => { render(); return onScreen(...map.places.slice(3 * i, 3 * i + 3)); }", point
        )
        return x, y

    def drawn(self) -> int:
        """Pixels of the canvas that are not empty."""
        return int(
            self.page.evaluate(
                """() => {
                  render();
                  const sheet = document.createElement("canvas"), pen = sheet.getContext("2d");
                  [sheet.width, sheet.height] = [points.width, points.height];
                  pen.drawImage(points, 0, 0);
                  const { data } = pen.getImageData(0, 0, sheet.width, sheet.height);
                  return data.filter((value, place) => place % 4 === 3 && value).length;
                }"""
            )
        )


Show = Callable[..., Seen]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Writes a map, opens it, and waits until it is drawn."""
    contexts = []

    def open_map(data: MapData, *, scheme: str = "light", link: Any = lambda _: None, before: str = "") -> Seen:
        write_map_html(data, tmp_path / "map.html", link=link)
        context = browser.new_context(viewport={"width": 1200, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        contexts.append(context)
        if before:
            context.add_init_script(before)
        seen = Seen(context.new_page())
        seen.page.goto((tmp_path / "map.html").as_uri())
        seen.page.locator(DRAWN).wait_for(state="attached")
        return seen

    yield open_map
    for context in contexts:
        context.close()


def two_crowds(dimensions: int = 2, **changes: Any) -> MapData:
    """Apples on the left, boats on the right, EACH of both; the last chunk fits no topic."""
    draw = np.random.default_rng(0)
    count = 2 * EACH
    is_boat = np.arange(count) >= EACH
    places = draw.normal(scale=0.5, size=(count, dimensions))
    places[:, 0] += np.where(is_boat, 4, -4)
    members = np.where(is_boat, 2, 1)
    members[-1] = 0
    values: dict[str, Any] = {
        "name": "docs",
        "projection": "tsne",
        "ids": np.arange(1, count + 1),
        "places": places.astype(np.float32),
        "topics": tuple(
            MapTopic(label, int((members == number).sum()), tuple(places[members == number].mean(axis=0).tolist()))
            for number, label in ((1, "apples, pears"), (2, "boats, sails"))
        ),
        "members": members,
        "titles": tuple(f"{'Boat' if boat else 'Apple'} {number}" for number, boat in enumerate(is_boat)),
        "snippets": tuple(f"Words about {'sailing' if boat else 'fruit'}." for boat in is_boat),
        "files": ("fruit.md", "ships.md"),
        "is_file": np.array([True, True]),
        "file": is_boat.astype(np.int64),
        "lines": np.arange(1, count + 1),
    }
    return MapData(**{**values, **changes})


def test_a_map_is_drawn_and_asks_for_nothing(show: Show) -> None:
    seen = show(two_crowds())
    assert (seen.text("#title"), seen.text("#subtitle")) == ("docs", "60 chunks, 2 topics, t-SNE")
    assert seen.page.locator("#legend span").all_inner_texts() == ["apples, pears", "boats, sails", "fits no topic"]
    assert seen.drawn() > 60
    assert [address.split("/")[-1] for address in seen.requests] == ["map.html"]
    assert seen.complaints == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stand_there_as_text(show: Show, text: str) -> None:
    crowds = two_crowds()
    count = len(crowds.titles)
    topics = tuple(MapTopic(text, topic.size, topic.at) for topic in crowds.topics)
    data = two_crowds(name=text, titles=(text,) * count, snippets=(text,) * count, files=(text, text), topics=topics)
    seen = show(data, link=lambda file: file)
    seen.page.mouse.move(*seen.place(0))
    seen.page.locator("#tip").wait_for()
    seen.page.locator("#query").fill("run")
    seen.page.locator("#found", has_text="60 hits").wait_for()
    seen.page.evaluate("() => choose(new Set([0, 1, 2]))")
    assert seen.text("#title") == seen.text("#tip b") == text
    assert seen.page.locator("#list li b").all_inner_texts() == [text] * 3
    assert seen.page.title() == f"{text}: map"
    assert seen.page.locator("img, iframe, svg[onload]").count() == 0
    assert [address.split("/")[-1] for address in seen.requests] == ["map.html"]
    assert seen.complaints == []


def test_the_pointer_shows_a_chunk_and_a_click_keeps_its_link(show: Show) -> None:
    seen = show(two_crowds(), link=lambda file: f"editor://open/{file}:{{line}}")
    seen.page.mouse.move(*seen.place(7))
    seen.page.locator("#tip").wait_for()
    shown = seen.page.evaluate("() => state.over")
    assert seen.text("#tip b") == f"Apple {shown}"
    assert seen.text("#tip p") == "Words about fruit."
    seen.page.mouse.down()
    seen.page.mouse.up()
    link = seen.page.locator("#tip.pinned a")
    assert link.inner_text() == f"fruit.md:{shown + 1}"
    assert link.get_attribute("href") == f"editor://open/fruit.md:{shown + 1}"


def test_searching_lights_the_hits_and_hides_what_is_none(show: Show) -> None:
    seen = show(two_crowds())
    seen.page.mouse.move(*seen.place(3))
    seen.page.locator("#tip").wait_for()
    seen.page.locator("#query").fill("SAILING boat")
    seen.page.locator("#found", has_text=f"{EACH} hits").wait_for()
    assert seen.page.evaluate("() => [...state.hits].every((i) => map.titles[i].startsWith('Boat'))")
    assert seen.page.locator("#tip").is_hidden()
    before = seen.place(EACH)
    seen.page.locator("#query").press("Enter")
    assert seen.place(EACH) != before
    seen.page.locator("#query").press("Escape")
    assert seen.page.evaluate("() => state.hits === null && bright === null")


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_lasso_takes_what_lies_within(show: Show, dimensions: int) -> None:
    seen = show(two_crowds(dimensions))
    inside = [seen.place(point) for point in range(EACH)]
    left, right = min(x for x, _ in inside) - 9, max(x for x, _ in inside) + 9
    top, bottom = min(y for _, y in inside) - 9, max(y for _, y in inside) + 9
    seen.page.locator("#lasso").click()
    seen.page.mouse.move(left, top)
    seen.page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom)):
        seen.page.mouse.move(*corner, steps=4)
    seen.page.mouse.up()
    assert seen.text("#count") == f"{EACH} chunks"
    assert seen.text("#mix") == "100 % apples, pears"
    assert seen.page.locator("#list li").count() == EACH
    seen.page.locator("#clear").click()
    assert seen.page.locator("#chosen").is_hidden()


def test_dragging_moves_a_flat_map_and_turns_one_in_space(show: Show) -> None:
    for dimensions in (2, 3):
        seen = show(two_crowds(dimensions))
        before, far = seen.place(0), seen.place(EACH)
        seen.page.mouse.move(600, 700)
        seen.page.mouse.down()
        seen.page.mouse.move(660, 720, steps=3)
        seen.page.mouse.up()
        moved = np.subtract([seen.place(0), seen.place(EACH)], [before, far])
        if dimensions == 2:
            np.testing.assert_allclose(moved, [[60, 20]] * 2, atol=0.1)
        else:
            assert np.abs(moved[0] - moved[1]).max() > 5


def test_the_wheel_zooms_about_the_pointer(show: Show) -> None:
    seen = show(two_crowds())
    x, y = seen.place(5)
    other, scale = seen.place(EACH), seen.page.evaluate("view.scale")
    seen.page.mouse.move(x, y)
    seen.page.mouse.wheel(0, -400)
    seen.page.wait_for_function("scale => view.scale !== scale", arg=scale)
    np.testing.assert_allclose(seen.place(5), (x, y), atol=1.5)  # a pointer stands on whole pixels
    assert seen.place(EACH)[0] - x > 1.5 * (other[0] - x)


def test_the_browsers_own_keys_are_left_to_it(show: Show) -> None:
    seen = show(two_crowds())
    scale = seen.page.evaluate("view.scale")
    for key in ("Control+-", "Meta+=", "Alt+ArrowLeft"):
        seen.page.evaluate(
            """key => { const [name, sign] = [key.slice(0, key.indexOf("+")), key.slice(key.indexOf("+") + 1)];
            const held = { Control: "ctrlKey", Meta: "metaKey", Alt: "altKey" }[name];
            document.dispatchEvent(new KeyboardEvent("keydown", { key: sign, [held]: true })); }""",
            key,
        )
    assert seen.page.evaluate("[view.scale, view.moved]") == [scale, False]
    seen.page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: '-' }))")
    assert seen.page.evaluate("view.scale") < scale


def test_places_are_offered_to_copy_where_there_is_a_clipboard(show: Show) -> None:
    gone = "Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })"
    assert show(two_crowds()).page.evaluate("$('copy').hidden") is False
    assert show(two_crowds(), before=gone).page.evaluate("$('copy').hidden") is True


def test_dark_paper_and_other_colours_where_the_system_is_dark(show: Show) -> None:
    papers = []
    for scheme in ("light", "dark"):
        seen = show(two_crowds(), scheme=scheme)
        papers.append(seen.page.evaluate("() => [getComputedStyle(document.body).backgroundColor, colourOf(1)]"))
        seen.page.locator("#theme").click()
        assert seen.page.evaluate("() => document.documentElement.dataset.theme") != scheme
    assert papers[0][0] != papers[1][0]
    assert papers[0][1] != papers[1][1]


def test_a_picture_is_saved(show: Show, tmp_path: Path) -> None:
    seen = show(two_crowds())
    with seen.page.expect_download() as download:
        seen.page.locator("#picture").click()
    download.value.save_as(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert seen.complaints == []


def test_without_webgl_the_map_is_drawn_plainly(show: Show) -> None:
    taken = """const get = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
      return kind === "webgl2" ? null : get.call(this, kind, ...rest); };"""
    seen = show(two_crowds(3), before=taken)
    assert seen.page.evaluate("() => gl === null")
    assert seen.drawn() > 60
    assert seen.complaints == []


@pytest.mark.parametrize("count", [1, 9])
def test_chunks_on_one_spot_are_a_map_too(show: Show, count: int) -> None:
    data = two_crowds()
    changes = {name: getattr(data, name)[:count] for name in ("titles", "snippets", "file", "lines", "members")}
    seen = show(
        two_crowds(places=np.zeros((count, 2), np.float32), topics=(), **changes | {"members": np.zeros(count)})
    )
    assert seen.drawn() > 0
    assert seen.complaints == []
