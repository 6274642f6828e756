"""An index of a few themes, its map, and a visit to the page that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from browsing import Visit, served
from themed_corpus import themed_texts
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.insight import map_of
from searchkit.insight.mappage import map_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    with SearchEngine.open_or_create(tmp_path_factory.mktemp("map") / "index", encoder=WordEncoder()) as opened:
        opened.add(themed_texts())
        yield opened


@pytest.fixture(scope="module")
def drawn(engine: SearchEngine) -> str:
    """What /map gives, made by the quickest projection."""
    return map_html(map_of(engine, method="pca"))


@pytest.fixture(scope="module")
def address(engine: SearchEngine) -> Iterator[str]:
    with served(engine) as known:
        yield known


@pytest.fixture
def visit(browser: Browser, address: str, drawn: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made = Visit(context.new_page(), address)
    made.page.route("**/map", lambda route: route.fulfill(body=drawn, content_type="text/html"))
    yield made
    context.close()
    assert made.complaints == []
