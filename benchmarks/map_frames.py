"""How smoothly the page of a map moves: the time between frames in a headless Chromium, without a graphics card.

    python benchmarks/map_frames.py PAGE...

PAGE is what `searchkit map` wrote, or `corpus_map.py` left in its cache. Each way of moving is carried on for so many
frames; kept in results/map.json, and `corpus_map.py ... report` writes them into results/map.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from corpus_map import keep
from playwright.sync_api import Page, sync_playwright

FRAMES, WARM = 120, 10
MOVES = {
    "pan": "(k) => { view.x += 9 * Math.cos(k / 12); view.y += 6 * Math.sin(k / 12); drawMoving(); }",
    "zoom": "(k) => zoom(k % 60 < 30 ? 1.06 : 1 / 1.06, 0.4 * size.w, 0.5 * size.h)",
    "turn": "() => { view.yaw += 0.02; view.pitch = 0.4 * Math.sin(view.yaw); drawMoving(); }",
    "point": "(k) => hover({ clientX: 300 + 4 * k, clientY: 250 + 2 * k })",
}
# The stamps that the browser gives to each frame; every other thing that the page does between two counts.
MEASURE = f"""(move) => new Promise((done) => {{
  const act = eval(move), stamps = [];
  const step = (now) => {{
    stamps.push(now); act(stamps.length);
    if (stamps.length < {FRAMES + WARM + 1}) requestAnimationFrame(step); else done(stamps);
  }};
  requestAnimationFrame(step);
}})"""
RENDERER = """() => { const told = gl && gl.getExtension("WEBGL_debug_renderer_info");
  return gl ? gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : "canvas, no WebGL"; }"""
NO_WEBGL = """const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === "webgl2" ? null : get.call(this, kind, ...rest); };"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, nargs="+")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else [],
        )
        for path in parser.parse_args().pages:
            for with_webgl in (True, False):
                context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
                if not with_webgl:
                    context.add_init_script(NO_WEBGL)
                name, found = measured(context.new_page(), path)
                keep(f"frames, {name}, {'WebGL' if with_webgl else 'canvas'}", found)
                context.close()
        browser.close()


def measured(page: Page, path: Path) -> tuple[str, dict[str, Any]]:
    page.set_default_timeout(300_000)
    page.goto(path.absolute().as_uri())
    page.locator("#notice").wait_for(state="hidden")
    points, dimensions = page.evaluate("() => [map.n, map.dims]")
    moves = [name for name in MOVES if name != "turn" or dimensions == 3]
    found = {name: frames(page.evaluate(MEASURE, MOVES[name])) for name in moves}
    return f"{points}, {dimensions}-D", {"renderer": page.evaluate(RENDERER), "moves": found}


def frames(stamps: list[float]) -> dict[str, float]:
    """Median and 95th percentile of the milliseconds between frames."""
    apart = [later - earlier for earlier, later in zip(stamps[WARM:], stamps[WARM + 1 :], strict=False)]
    return {"median_ms": median(apart), "p95_ms": quantiles(apart, n=20)[-1]}


if __name__ == "__main__":
    main()
