from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.insight import file_links, map_html, write_map_html
from searchkit.insight.mapdata import MapData, MapTopic

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<!--<script>",
    "\u2028]]>&lt;script&gt;",
)


def some_data(**changes: Any) -> MapData:
    values: dict[str, Any] = {
        "name": "docs",
        "projection": "pca",
        "ids": np.array([7, 2**40, 9]),
        "places": np.array([[0.5, -1], [2, 3], [4, 5]], np.float32),
        "topics": (MapTopic("apples, pears, plums", 2, (1.0, 1.0)), MapTopic("boats", 0, None)),
        "members": np.array([1, 0, 1]),
        "titles": ("One", "Two", "Three"),
        "snippets": ("first", "second", "third"),
        "files": ("a.md", "text"),
        "is_file": np.array([True, False]),
        "file": np.array([0, 1, 0]),
        "lines": np.array([3, 0, -2]),
    }
    return MapData(**{**values, **changes})


class Page(HTMLParser):
    """The tags of a page with their attributes, and the text within each script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.title = ""
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data: str) -> None:
        if self._open in self.inside:
            self.inside[self._open][-1] += data
        elif self._open == "title":
            self.title += data


def unpacked(page: str) -> tuple[dict[str, Any], bytes]:
    raw = gzip.decompress(base64.b64decode(Page(page).inside["script"][0]))
    length = int.from_bytes(raw[:4], "little")
    return json.loads(raw[4 : 4 + length]), raw[4 + length :]


def test_the_page_holds_the_data() -> None:
    head, numbers = unpacked(map_html(some_data(), link=lambda file: f"./{file}"))
    assert (head["title"], head["subtitle"]) == ("docs", "3 chunks, 2 topics, principal components")
    assert head["topics"][0] == {
        "label": "apples, pears, plums",
        "short": "apples, pears",
        "size": 2,
        "at": [1.0, 1.0],
        "colour": 0,
    }
    assert head["topics"][1]["at"] is None
    assert (head["count"], head["dimensions"], head["outliers"]) == (3, 2, 1)
    assert (head["titles"], head["snippets"]) == (["One", "Two", "Three"], ["first", "second", "third"])
    assert head["files"] == [{"name": "a.md", "href": "./a.md"}, {"name": "text", "href": None}]
    assert numbers == b"".join(
        np.array(values, kind).tobytes()
        for values, kind in (
            ([0.5, -1, 2, 3, 4, 5], "<f4"),
            ([1, 0, 1], "<u4"),
            ([0, 1, 0], "<u4"),
            ([3, 0, -2], "<i4"),
            ([7, 2**40, 9], "<f8"),
        )
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_documents_is_never_markup_or_script(text: str) -> None:
    hostile = some_data(
        name=text,
        titles=(text,) * 3,
        snippets=(text,) * 3,
        files=(text, text),
        topics=(MapTopic(text, 2, (0.0, 0.0)), MapTopic(text, 0, None)),
    )
    page, harmless = Page(map_html(hostile)), Page(map_html(some_data()))
    assert page.tags[0:7] == harmless.tags[0:7]
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in harmless.tags]
    assert page.inside["script"][1] == harmless.inside["script"][1]
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", page.inside["script"][0])
    assert page.title == f"{text}: map"
    assert unpacked(map_html(hostile))[0]["titles"] == [text] * 3


def test_the_policy_lets_only_the_own_script_and_style_run_and_nothing_load() -> None:
    page = Page(map_html(some_data()))
    (policy,) = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in str(policy).split(";"))
    assert rules["default-src"] == "'none'"
    for kind, text in (("script", page.inside["script"][1]), ("style", page.inside["style"][0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert not [attrs for _, attrs in page.tags if attrs.keys() & {"src", "href", "onload", "onclick", "style"}]


def test_the_script_makes_no_markup_and_loads_nothing() -> None:
    script = (files("searchkit.insight.page") / "map.js").read_text(encoding="utf-8")
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|fetch\(|XMLHttp|import\(|https?://"
    )
    assert re.findall(forbidden, script) == []


def test_all_that_is_seen_stands_in_a_landmark() -> None:
    """Who listens to a page goes from one to the next: nothing may lie between them."""
    body = map_html(some_data()).partition("<body>")[2]
    top = re.findall(r"^<(\w+)([^>]*)>", body, re.MULTILINE)  # what stands at the margin is no part of another
    kinds = [re.search(r'role="(\w+)"', attributes) or name for name, attributes in top]
    named = [kind if isinstance(kind, str) else kind[1] for kind in kinds]
    assert named == ["main", "header", "search", "nav", "aside", "section", "script", "script"]
    assert all("aria-label=" in attributes for name, attributes in top if name in ("nav", "aside", "section"))


def test_the_same_data_give_the_same_page() -> None:
    assert map_html(some_data()) == map_html(some_data())


@pytest.mark.parametrize("address", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_an_address_that_would_run_is_no_link(address: str) -> None:
    head, _ = unpacked(map_html(some_data(), link=lambda _: address))
    assert head["files"][0]["href"] is None


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_map_html(some_data(), tmp_path / "nowhere" / "map.html")


def test_links_are_relative_to_the_map_or_as_the_editor_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a b#.md").write_text("# Title\n\nText.\n")
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as engine:
        engine.index_paths([Path("docs")])
        name = "docs/a b#.md"
        assert file_links(engine, tmp_path)(name) == "./docs/a%20b%23.md"
        assert file_links(engine, tmp_path / "out")(name) == "../docs/a%20b%23.md"
        editor = file_links(engine, tmp_path, "vscode://file{path}:{line}")(name)
        assert editor == f"vscode://file{tmp_path.as_posix()}/docs/a%20b%23.md:{{line}}".replace(os.sep, "/")
        assert file_links(engine, tmp_path)("docs/unknown.md") in (None, "./docs/unknown.md")


def test_the_name_of_an_index_need_not_be_unicode(tmp_path: Path) -> None:
    write_map_html(some_data(name="odd\udcff"), tmp_path / "map.html")
    assert Page((tmp_path / "map.html").read_text(encoding="utf-8")).title == "odd?: map"
