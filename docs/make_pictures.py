"""The pictures of the page in docs/pictures, taken in a headless Chromium.

    python docs/make_pictures.py [--index FOLDER] [--question TEXT]

FOLDER is an index with topics (`searchkit index`, `searchkit topics`); without it one is made of this repository's
pages. Needs playwright and a Chromium; the files take under 300 kB each.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
PICTURES = Path(__file__).parent / "pictures"
QUESTION = "what does a score mean"
PATIENCE_MS = 180_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--port", type=int, default=8796)
    options = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        index = options.index or of_the_pages(Path(work) / "searchkit")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        with served(index, options.port) as address:
            for theme in ("light", "dark"):
                take(browser, address, theme, options.question)
        browser.close()


def of_the_pages(index: Path) -> Path:
    for command in (["index", *map(str, [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))])], ["topics"]):
        subprocess.run([sys.executable, "-m", "searchkit", *command, "--index", str(index)], check=True, cwd=ROOT)
    return index


@contextlib.contextmanager
def served(index: Path, port: int) -> Iterator[str]:
    command = [sys.executable, "-m", "searchkit", "serve", "--index", str(index), "--port", str(port), "--workers", "1"]
    address = f"http://127.0.0.1:{port}/"
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}search?q=ready", timeout=60):
                break
            time.sleep(0.3)
        yield address
    finally:
        process.terminate()
        process.wait()


def take(browser: Browser, address: str, theme: str, question: str) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 800}, color_scheme=theme, device_scale_factor=1.25)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.locator("#status span").first.wait_for()
    page.locator("#query").fill(question)
    page.locator("#hits mark").first.wait_for()
    page.locator("#topics li").first.wait_for()
    keep(page, f"page-{theme}")
    if theme == "light":
        page.locator("#tab-map").click()
        seen = page.frame_locator("#map-view iframe")
        seen.locator("#list button").first.wait_for()  # the map is drawn, and answers the same question
        seen.locator("#list button").first.focus()
        keep(page, "served-map")
    context.close()


def keep(page: Page, name: str) -> None:
    page.wait_for_timeout(1500)  # what fades has faded
    (PICTURES / f"{name}.png").write_bytes(page.screenshot())  # at once: half a picture is worse than none


if __name__ == "__main__":
    main()
