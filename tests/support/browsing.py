"""A real server and a real browser, for tests of the web page. Both are local; without a browser the tests skip."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Frame, Page, Route

    from searchkit import SearchEngine

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 180_000  # until something is seen; machines under load are slow
_TOLD = "Failed to load resource"  # the browser's line for an answer of 4xx or 5xx, which some tests want


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox does not work for root
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"] if is_root else [], timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


@contextmanager
def served(engine: SearchEngine, **settings: Any) -> Iterator[str]:
    """Serves an index in a thread; gives the page's address."""
    import uvicorn

    from searchkit.server import ServerSettings, make_app
    from searchkit.server.running import config_of

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(config_of(make_app(engine, ServerSettings(**settings))))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


@dataclass(eq=False)
class Visit:
    """A page, and what it complained about."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_TOLD):
            self.complaints.append(message.text)

    def open(self, asked: str = "") -> Page:
        """Goes to the page with a question in its address, and waits until everything that belongs to it is there."""
        self.page.goto(f"{self.address}#{asked}")
        return self.settled()

    def settled(self) -> Page:
        """The page, once it will not change by itself: hits, their best sentences and topics are there, or a failure.

        What is done to the page makes it busy at once, before Playwright's call comes back, so that no state from
        before is taken for the one that is waited for.
        """
        self.page.locator("body[data-state=settled]").wait_for()
        return self.page

    def asked(self) -> dict[str, list[str]]:
        """What the address says. The page is asked: Playwright's ``page.url`` follows some time later."""
        return parse_qs(str(self.page.evaluate("location.hash.slice(1)")))


def frame_in(page: Page) -> Frame:
    """The page within the only frame of a page. ``page.frames`` may still hold one of before."""
    frame = page.locator("iframe").element_handle().content_frame()
    assert frame is not None
    return frame


DRAWN = "#notice[hidden]"  # of the page of a map; not seen is its notice also before there is a page


def map_in(page: Page) -> Frame:
    """The map in the only frame of a page, once it is drawn."""
    page.frame_locator("iframe").locator(DRAWN).wait_for(state="attached")
    return frame_in(page)


def fulfil(status: int, message: str, headers: dict[str, str] | None = None) -> Any:
    """A handler of a route that answers with an error of the server's form."""

    def handle(route: Route) -> None:
        route.fulfill(status=status, headers=headers or {}, json={"error": {"message": message, "hint": "a hint"}})

    return handle
