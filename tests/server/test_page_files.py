"""What can be said of the page without a browser: what it may load, what its scripts may do, its colours."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from starlette.testclient import TestClient

from searchkit.server.frame import frame_files

PAGE = {
    file.name: file.read_text(encoding="utf-8")
    for file in files("searchkit.server").joinpath("page").iterdir()
    if file.is_file()
}
SCRIPTS = {name: text for name, text in PAGE.items() if name.endswith(".js")}
GROUNDS, TEXTS = ("paper", "raised", "bad-ground"), ("ink", "soft", "accent", "bad")
AA = 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("name", [*PAGE, "map.html", "map.js", "map.css"])
def test_every_file_is_served_and_may_load_from_the_server_alone(client: TestClient, name: str) -> None:
    answer = client.get(f"/page/{name}")
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == ("'self'" if name == "map.html" else "'none'")


def test_the_page_is_at_the_root(client: TestClient) -> None:
    assert client.get("/").text == PAGE["index.html"]


@pytest.mark.parametrize("text", [PAGE["index.html"], frame_files()["map.html"].decode()], ids=["page", "map"])
def test_nothing_stands_inline_and_nothing_comes_from_elsewhere(text: str) -> None:
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
    assert scripts
    assert all("src=" in attributes or "text/plain" in attributes for attributes, _ in scripts)
    assert not any(content.strip() for _, content in scripts)
    assert "<style" not in text
    assert not re.search(r"\s(style|on\w+)=", text)
    assert not re.search(r"""(src|href)=["']?(https?:|//|data:|javascript:)""", text)
    assert "@" not in text.replace("@media", "")  # no mark of the template is left


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_no_markup_of_texts(name: str) -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|srcdoc|\.cookie"
    )
    assert not re.search(forbidden, SCRIPTS[name])


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_import_what_there_is(name: str) -> None:
    for names, source in re.findall(r'^import \{(.*?)\} from "\./(.*?)";', SCRIPTS[name], re.MULTILINE):
        for imported in names.split(","):
            pattern = rf"^export (async )?(function|const|class) {imported.strip()}\b"
            assert re.search(pattern, SCRIPTS[source], re.MULTILINE), (imported, source)


def test_elements_that_scripts_look_for_are_on_the_page() -> None:
    ids = set(re.findall(r'\bid="([\w-]+)"', PAGE["index.html"]))
    wanted = {
        found for name, text in SCRIPTS.items() if name != "frame.js" for found in re.findall(r'byId\("([\w-]+)"', text)
    }
    assert wanted <= ids
    assert {f"{field}-error" for field in ("query", "path", "since", "where")} <= ids


def test_every_key_of_the_help_is_listened_to() -> None:
    names = {"↓": "ArrowDown", "↑": "ArrowUp", "Esc": "Escape"}
    shown = re.findall(r"<kbd>(.*?)</kbd>", PAGE["index.html"].split('class="keys"')[1])
    listened = PAGE["keys.js"]
    for key in (names.get(key, key) for key in shown if key != "Enter"):  # a button's own key
        assert f'"{key}"' in listened or re.search(rf"^    {key}: ", listened, re.MULTILINE), key


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_texts_can_be_read(theme: int, ground: str, text: str) -> None:
    colours = dict(re.findall(r"--([\w-]+): light-dark\((.*?)\);", PAGE["base.css"]))
    of = {name: pair.split(", ")[theme] for name, pair in colours.items()}
    assert contrast(of[text], of[ground]) >= AA
    assert contrast(of["ink"], of["mark"]) >= AA
    assert contrast(of["on-accent"], of["accent"]) >= AA


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05) of relative luminances."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    linear = []
    for at in (1, 3, 5):
        share = int(colour[at : at + 2], 16) / 255
        linear.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_that_of_the_definition() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
