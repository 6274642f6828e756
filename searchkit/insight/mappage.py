"""A map as one HTML file that needs nothing else: no network, no font, no library.

Text of documents cannot become markup or script in it. All data are one block of base64 (of gzip, of a JSON head and
the numbers), whose alphabet has no sign that HTML reads; the script puts texts on the page as text alone; and a content
security policy lets nothing run but that script, by its hash, and nothing load at all.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
from collections.abc import Callable
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from searchkit.errors import InputError
from searchkit.insight.addresses import path_in_link
from searchkit.insight.mapdata import MapData
from searchkit.insight.palette import spread_colours

if TYPE_CHECKING:
    from searchkit.search import SearchEngine

PROJECTIONS = {"tsne": "t-SNE", "neighbours": "neighbour layout", "pca": "principal components"}
Link = Callable[[str], "str | None"]  # a file's path in the index -> its address, with {line} where a line can go
_FORBIDDEN = re.compile(r"\s*(javascript|data|vbscript):", re.IGNORECASE)


def write_map_html(data: MapData, path: Path, *, link: Link = lambda _: None) -> None:
    """Write the page.

    Args:
        path: of the file; one that exists is replaced.
        link: gives the address of each file, or None.

    Raises:
        InputError: the file cannot be written.
    """
    page = map_html(data, link=link).encode("utf-8", "replace")  # the name of a folder need not be UTF-8
    try:
        path.write_bytes(page)
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}") from exc


def map_html(data: MapData, *, link: Link = lambda _: None) -> str:
    """The page as text. The same data give the same page."""
    parts = files("searchkit.insight.page")
    page, style, script = ((parts / f"map.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src blob: data:; "
        "base-uri 'none'; form-action 'none'"
    )
    filled = {"csp": policy, "title": escape(f"{data.name}: map"), "style": style, "script": script}
    filled["data"] = base64.b64encode(gzip.compress(_packed(data, link), mtime=0)).decode("ascii")
    return re.sub("@(csp|title|style|script|data)@", lambda found: filled[found[1]], page)


def file_links(engine: SearchEngine, folder: Path, template: str | None = None) -> Link:
    """Addresses of files: relative to the folder of the map, so that both can move together.

    Args:
        template: an editor's form of a link instead, such as ``vscode://file{path}:{line}``.
    """

    def link(path: str) -> str | None:
        file = engine.locate(path)
        if file is None:
            return None
        if template:
            return template.replace("{path}", path_in_link(file))
        try:
            relative = quote(os.fsencode(os.path.relpath(file, folder).replace(os.sep, "/")))
        except ValueError:  # on another drive of Windows
            return file.absolute().as_uri()
        return relative if relative.startswith("../") else f"./{relative}"

    return link


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _packed(data: MapData, link: Link) -> bytes:
    """The length of the head, the head, then places, topics, files, lines and ids of the chunks."""
    head = json.dumps(_head(data, link), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return b"".join(
        [
            len(head).to_bytes(4, "little"),
            head,
            data.places.astype("<f4").tobytes(),
            data.members.astype("<u4").tobytes(),
            data.file.astype("<u4").tobytes(),
            data.lines.astype("<i4").tobytes(),
            data.ids.astype("<f8").tobytes(),  # a number of JavaScript, exact up to 2^53
        ]
    )


def _head(data: MapData, link: Link) -> dict[str, object]:
    colours = spread_colours([topic.at for topic in data.topics])
    return {
        "title": data.name,
        "subtitle": subtitle_of(data),
        "count": len(data.places),
        "dimensions": data.places.shape[1],
        "topics": [
            {
                "label": topic.label,
                "short": short_label(topic.label),
                "size": topic.size,
                "at": topic.at,
                "colour": colour,
            }
            for topic, colour in zip(data.topics, colours, strict=True)
        ],
        "outliers": int((data.members == 0).sum()),
        "titles": data.titles,
        "snippets": data.snippets,
        "files": [
            {"name": name, "href": _safe(link(name)) if is_file else None}
            for name, is_file in zip(data.files, data.is_file.tolist(), strict=True)
        ],
    }


def short_label(label: str) -> str:
    """As much of a topic's label as stands on the map: its first two phrases."""
    return ", ".join(label.split(", ")[:2])


def subtitle_of(data: MapData) -> str:
    """Such as ``1,203 chunks, 14 topics, t-SNE``."""
    chunks = f"{len(data.places):,} chunk{'' if len(data.places) == 1 else 's'}"
    topics = f"{len(data.topics)} topic{'' if len(data.topics) == 1 else 's'}"
    return f"{chunks}, {topics}, {PROJECTIONS[data.projection]}"


def _safe(address: str | None) -> str | None:
    return None if address is None or _FORBIDDEN.match(address) else address
