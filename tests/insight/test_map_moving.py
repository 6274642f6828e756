"""While a map of many points moves on a slow machine, fewer of them are drawn; once it rests, all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from browsing import DRAWN, PATIENCE_MS

from searchkit.insight import write_map_html
from searchkit.insight.mapdata import MapData

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

POINTS = 20_000


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    zeros = np.zeros(POINTS, np.int64)
    places = np.random.default_rng(0).normal(size=(POINTS, 2)).astype(np.float32)
    none, texts, files = np.array([True]), ("",) * POINTS, ("notes.md",)
    ids = np.arange(1, POINTS + 1)
    data = MapData("many", "pca", ids, places, (), zeros, texts, texts, files, none, zeros, zeros)
    write_map_html(data, tmp_path / "map.html")
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    opened.goto((tmp_path / "map.html").as_uri())
    opened.locator(DRAWN).wait_for(state="attached")
    yield opened
    context.close()


def test_slow_frames_in_a_row_thin_the_points(page: Page) -> None:
    counts = page.evaluate(
        """() => { const counts = [thinned.length];
        for (let k = 0; k < 30; k++) { keepUp(60); counts.push(thinned.length); }
        return counts; }"""
    )
    assert counts[:4] == [POINTS, POINTS, POINTS, POINTS / 2]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == POINTS / 8  # few enough


def test_quick_frames_and_a_single_slow_one_change_nothing(page: Page) -> None:
    page.evaluate("() => { for (let k = 0; k < 30; k++) keepUp(k % 3 ? 16 : 60); }")
    assert page.evaluate("() => [stride, thinned.length]") == [1, POINTS]


def test_what_stands_out_is_drawn_whatever_is_left_out(page: Page) -> None:
    page.evaluate("() => { showFound(new Set([11, 222, 3333])); for (let k = 0; k < 30; k++) keepUp(60); }")
    assert page.evaluate("() => [11, 222, 3333].every((i) => thinned.includes(i))")
    assert page.evaluate("() => thinned.length") < POINTS / 2


def test_a_map_at_rest_shows_all_points(page: Page) -> None:
    page.evaluate("() => { for (let k = 0; k < 30; k++) keepUp(60); drawMoving(); }")
    page.wait_for_function("() => !resting && !waiting")
    drawn = """() => { const given = []; const draw = gl.drawElements.bind(gl);
      gl.drawElements = (kind, count, ...rest) => { given.push(count); draw(kind, count, ...rest); };
      render(); resting = 1; render(); resting = 0; return given; }"""
    assert page.evaluate(drawn) == [POINTS, POINTS / 8]
