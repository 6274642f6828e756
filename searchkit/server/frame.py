"""The map as a part of the web page: the page of `searchkit map`, its style and script as files of their own.

The page is the same; only its data come from the server, asked for by ``page/frame.js``, which knows the token.
"""

from __future__ import annotations

from importlib.resources import files

FRAME = "map.html"
_PARTS = {
    "<style>@style@</style>": '<link rel="stylesheet" href="map.css">\n<link rel="stylesheet" href="frame.css">',
    "<script>@script@</script>": '<script type="module" src="frame.js"></script>',
    "@csp@": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob: data:",
    "@title@": "Map",
    "@data@": "",
}


def frame_files() -> dict[str, bytes]:
    """The files of the map by name."""
    folder = files("searchkit.insight.page")
    page = (folder / FRAME).read_text(encoding="utf-8")
    for mark, part in _PARTS.items():
        page = page.replace(mark, part)
    return {FRAME: page.encode(), **{name: (folder / name).read_bytes() for name in ("map.css", "map.js")}}
