from __future__ import annotations

import pytest
from sample_files import check_blocks, document, documents, outline, pieces

from searchkit.errors import DocumentRefusedError
from searchkit.types import BlockKind

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Tea &amp; time</title>
<meta name="Description" content="How to brew."><style>p { color: red }</style></head>
<body><header><nav>Home <nav>News</nav></nav> Our site</header>
<div class="sidebar">Related pages</div>
<main><article><header><h1>Brewing<a class="headerlink">¶</a></h1></header>
<p>Boil <em>the</em>
 wa<b>ter</b>.<br>Then wait.</p>
<ul><li>warm the pot</li><li><p>pour</p><p>slowly</p></li><li></li></ul>
<pre><code>kettle --on
    --hot</code></pre>
<table><thead><tr><th>leaf</th><th>minutes</th></tr></thead>
<tr><td><p>green</p></td><td>2</td></tr></table>
<h2><div>Steeping</div> times <a href="#steeping">#</a></h2>
<dl><dt>short</dt><dd>two minutes</dd></dl>
<script>var hidden = 1;</script><p hidden>unseen</p><img src="x" alt="a teapot">
</article></main><footer>Imprint</footer></body></html>"""

TEXT = """Brewing

Boil the water.
Then wait.

- warm the pot
- pour

slowly

kettle --on
    --hot

leaf | minutes
green | 2

Steeping times

short

two minutes

a teapot"""


def test_main_text_in_reading_order_without_page_furniture() -> None:
    found = document(PAGE, "tea.html")
    check_blocks(found)
    assert found.text == TEXT
    assert not found.lines_are_source
    assert outline(found) == [(1, "Brewing"), (2, "Steeping times")]
    assert pieces(found, BlockKind.CODE) == ["kettle --on\n    --hot"]


def test_head_gives_title_and_metadata() -> None:
    found = document(PAGE, "tea.html")
    assert found.title == "Tea & time"
    assert found.metadata == {"format": "html", "lang": "en", "description": "How to brew."}
    assert document("<h1>Only a heading</h1><p>x", "a.html").title == "Only a heading"
    assert document("<p>x", "a.html").title == "a.html"


def test_main_element_that_holds_hardly_anything_is_not_believed() -> None:
    text = document("<div><p>" + "The text itself. " * 50 + "</p></div><main>x</main>", "a.html").text
    assert text.startswith("The text itself.")


def test_table_for_layout_keeps_its_headings() -> None:
    page = "<table><tr><td>menu</td><td><h1>News</h1><p>One.</p><p>Two.</p></td></tr></table>"
    found = document(page, "a.html")
    assert outline(found) == [(1, "News")]
    assert "One.\n\nTwo." in found.text


def test_declared_encoding_is_used() -> None:
    data = '<meta charset="windows-1251"><p>Чай</p>'.encode("cp1251")
    assert document(data, "a.html").text == "Чай"
    data = '<?xml version="1.0" encoding="iso-8859-1"?><html><p>thé</p></html>'.encode("latin-1")
    assert document(data, "a.xhtml").text == "thé"


@pytest.mark.parametrize("page", ["", "<script>x</script>", "<nav>menu</nav>", "<svg><text>x</text></svg>"])
def test_page_without_text_is_empty(page: str) -> None:
    with pytest.raises(DocumentRefusedError, match="empty"):
        documents(page, "a.html")


def test_redirect_is_refused() -> None:
    page = '<meta http-equiv="Refresh" content="0;URL=b.html"><p>Redirecting to b.html'
    with pytest.raises(DocumentRefusedError, match="only leads to another page"):
        documents(page, "a.html")


def test_control_characters_that_a_page_spells_out_are_as_harmless_as_others() -> None:
    found = document("<h1>a&#27;[31m red&#7;</h1><pre>b&#13;&#10;c&#27;]0;title&#7;</pre><p>d&#127;e&#1;f", "a.html")
    check_blocks(found)
    assert found.text == "a red\n\nb\nc\n\nd e f"
    assert found.title == "a red"


def test_nested_furniture_is_removed_once() -> None:
    page = "<header><nav><nav><button>a</button></nav></nav></header>" * 50 + "<p>Words.</p>"
    assert document(page, "a.html").text == "Words."


def test_unclosed_heading_is_a_paragraph() -> None:
    found = document("<h1>Title <span>" + "text " * 400, "a.html")
    assert outline(found) == []
    check_blocks(found)
