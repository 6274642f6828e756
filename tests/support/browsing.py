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

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Route

    from searchkit import SearchEngine

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000  # until something is seen; machines under load are slow
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
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if is_root else [])
        yield browser
        browser.close()


@contextmanager
def served(engine: SearchEngine, **settings: Any) -> Iterator[str]:
    """Serves an index in a thread; gives the page's address."""
    import uvicorn

    from searchkit.server import ServerSettings, make_app

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        app = make_app(engine, ServerSettings(**settings))
        config = uvicorn.Config(app, log_level="critical", lifespan="on", ws="none")
        server = uvicorn.Server(config)
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
        """Goes to the page with a question in its address, and waits until it knows the index."""
        self.page.goto(f"{self.address}#{asked}")
        self.page.locator("#status span").first.wait_for()
        return self.page

    def ask(self, text: str) -> Page:
        """Types a question and waits for hits."""
        self.page.locator("#query").fill(text)
        self.page.locator("#hits .hit").first.wait_for()
        return self.page


def fulfil(status: int, message: str, headers: dict[str, str] | None = None) -> Any:
    """A handler of a route that answers with an error of the server's form."""

    def handle(route: Route) -> None:
        route.fulfill(status=status, headers=headers or {}, json={"error": {"message": message, "hint": "a hint"}})

    return handle
