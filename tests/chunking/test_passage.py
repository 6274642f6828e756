from __future__ import annotations

from searchkit.chunking import body_text, passage_text
from searchkit.types import Chunk


def chunk(text: str, *path: str) -> Chunk:
    return Chunk(text, 0, len(text), 1, 1 + text.count("\n"), path)


def test_title_and_headings_lead_the_text() -> None:
    assert passage_text("Guide", chunk("Run it.", "Install", "Linux")) == "Guide > Install > Linux\nRun it."


def test_a_text_under_no_heading_stands_alone() -> None:
    assert passage_text("", chunk("Run it.")) == "Run it."
    assert passage_text("Guide", chunk("Run it.")) == "Guide\nRun it."


def test_a_title_said_by_a_heading_is_not_repeated() -> None:
    assert passage_text("The  guide", chunk("Run it.", "The Guide", "Linux")) == "The Guide > Linux\nRun it."


def test_a_title_cut_short_stands_for_the_whole() -> None:
    assert passage_text("A long title of a guide", chunk("Run it.", "A long…", "Linux")) == "A long… > Linux\nRun it."


def test_markdown_heading_lines_are_not_embedded_twice() -> None:
    text = "# Guide\n\n## [Install](install.md) it {#install}\n\nRun it."
    assert passage_text("Guide", chunk(text, "Install it")) == "Guide > Install it\nRun it."


def test_underlined_heading_lines_are_not_embedded_twice() -> None:
    assert passage_text("Guide", chunk("=====\nGuide\n=====\n\nRun\n---\n\nit", "Run")) == "Guide > Run\nit"


def test_only_leading_heading_lines_are_left_out() -> None:
    assert passage_text("", chunk("one\n\n## Run\n\ntwo", "Run")) == "Run\none\n\n## Run\n\ntwo"


def test_a_line_that_only_begins_like_the_heading_stays() -> None:
    assert passage_text("", chunk("Run the server\nnow", "Run")) == "Run\nRun the server\nnow"


def test_the_first_line_keeps_its_indentation() -> None:
    assert passage_text("", chunk("## Run\n\n    code", "Run")) == "Run\n    code"


def test_a_bare_heading_is_its_path() -> None:
    assert passage_text("Guide", chunk("## Run", "Run")) == "Guide > Run"


def test_the_body_is_the_passage_without_its_first_line() -> None:
    found = chunk("# Guide\n\n## Run\n\nRun it.", "Run")
    assert body_text("Guide", found) == "Run it."
    assert body_text("", chunk("Run it.")) == "Run it."
