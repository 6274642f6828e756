"""The picture of a map in docs/pictures, taken of its page in a headless Chromium.

    python docs/make_map_picture.py [--page FILE]

FILE is what `searchkit map` wrote; without it a map of searchkit's own source is made. Needs playwright, a Chromium and
Pillow, which brings the picture down to 256 colours and a third of the bytes.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
PICTURE = Path(__file__).parent / "pictures" / "map.png"
PATIENCE_MS = 180_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path)
    page = parser.parse_args().page
    with tempfile.TemporaryDirectory() as work:
        save(seen(page or map_of_the_source(Path(work))))


def map_of_the_source(work: Path) -> Path:
    for command in (["index", "searchkit"], ["map", str(work / "map.html")]):
        to = [sys.executable, "-m", "searchkit", *command, "--index", str(work / "searchkit")]
        subprocess.run(to, check=True, cwd=ROOT)
    return work / "map.html"


def seen(page: Path) -> bytes:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        tab = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        tab.set_default_timeout(PATIENCE_MS)
        tab.goto(page.absolute().as_uri())
        tab.locator("#notice").wait_for(state="hidden")
        tab.wait_for_timeout(500)
        taken = tab.screenshot()
        browser.close()
    return taken


def save(taken: bytes) -> None:
    made = io.BytesIO()
    with Image.open(io.BytesIO(taken)) as whole:
        whole.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(made, "PNG")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(made.getvalue())  # at once: half a picture is worse than none


if __name__ == "__main__":
    main()
