from __future__ import annotations

import pytest
from sample_files import check_blocks, document, outline, pieces, text_of

from searchkit.documents import markdown
from searchkit.types import BlockKind

GUIDE = """---
title: The Tea Guide
tags: [tea, guide]
---

Introduction.

# Brewing *green* [tea](https://example.org) `now` {#brew}

Boil the water,
then wait.

- warm the pot
- pour

  ```sh
  # not a heading
  kettle --on
  ```

| leaf  | minutes |
|-------|---------|
| green | 2       |

Steeping & waiting
------------------

    an indented example

> # A quoted heading is not one

<p align="center"><img src="x.png"></p>

## Closing ##
"""


def test_headings_have_levels_and_plain_titles() -> None:
    found = document(GUIDE, "tea.md")
    check_blocks(found)
    assert outline(found) == [
        (1, "The Tea Guide"),
        (1, "Brewing green tea now"),
        (2, "Steeping & waiting"),
        (2, "Closing"),
    ]


def test_positions_are_those_of_the_file() -> None:
    found = document(GUIDE.replace("\n", "\r\n").encode(), "tea.md")
    assert found.text == GUIDE
    assert found.lines_are_source
    heading = next(block for block in found.blocks if block.title == "Steeping & waiting")
    assert text_of(found, heading) == "Steeping & waiting\n------------------"
    assert found.text[: heading.start].count("\n") + 1 == GUIDE.split("\n").index("Steeping & waiting") + 1


def test_code_is_told_from_prose() -> None:
    found = document(GUIDE, "tea.md")
    assert pieces(found, BlockKind.CODE) == [
        "  ```sh\n  # not a heading\n  kettle --on\n  ```",
        "    an indented example",
    ]
    assert "> # A quoted heading is not one" in pieces(found, BlockKind.PARAGRAPH)


def test_front_matter_is_metadata_and_stands_above_the_text() -> None:
    found = document(GUIDE, "tea.md")
    assert found.title == "The Tea Guide"
    assert found.metadata == {"format": "markdown", "tags": ["tea", "guide"]}
    assert text_of(found, found.blocks[0]).endswith("guide]\n---")


def test_field_called_format_is_the_files_own() -> None:
    assert document("---\nformat: slides\n---\nx", "a.md").metadata == {"format": "slides"}


def test_title_is_the_first_heading_or_the_file_name() -> None:
    assert document("Text.\n\n## *Later*\n", "a.md").title == "Later"
    assert document("Text.\n", "docs/a.md").title == "a.md"
    assert document("---\ntitle: [x]\n---\n# Real\n", "a.md").title == "Real"


def test_long_text_read_in_parts_gives_the_same_blocks() -> None:
    section = "## Part\n\nSome text that goes on.\n\n```\n# in code\n\n## in code\n```\n\n- a\n- b\n\n"
    text = "# Top\n\n" + section * 4000
    found = markdown.parse(text)
    assert [block.level for block in found if block.kind is BlockKind.HEADING] == [1] + [2] * 4000
    assert sum(block.kind is BlockKind.CODE for block in found) == 4000
    once = markdown.parse("# Top\n\n" + section)
    assert [(b.kind, b.start, b.end) for b in found[: len(once)]] == [(b.kind, b.start, b.end) for b in once]


def test_long_text_is_not_cut_inside_a_fence() -> None:
    text = "~~~~\n" + ("# x\n\n~~~\ny\n" * 40_000) + "~~~~\n\n# End\n"
    found = markdown.parse(text)
    assert [block.kind for block in found] == [BlockKind.CODE, BlockKind.HEADING]


def test_hostile_markup_is_read_in_bounded_time() -> None:
    for text in ("> " * 20_000, "- " * 20_000, "[" * 50_000, "`" * 50_000, "# " + "[a](" * 20_000, "![[" * 20_000):
        check_blocks(document(text + "x", "a.md"))


def test_endless_text_keeps_its_title_and_goes_without_blocks() -> None:
    found = document("---\ntitle: Data\n---\n" + "| a | b |\n" * 600_000, "a.md")
    assert (found.title, len(found.blocks)) == ("Data", 1)


@pytest.mark.parametrize("line", ["- item\n", "text\n", "| a | b |\n", "\n"])
def test_text_that_nothing_interrupts_is_read_in_parts_too(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    longest: list[int] = []
    read = markdown._part_blocks
    monkeypatch.setattr(markdown, "_PART", 1000)
    monkeypatch.setattr(markdown, "_MOST", 3000)
    monkeypatch.setattr(markdown, "_part_blocks", lambda text, at: longest.append(len(text)) or read(text, at))
    text = "# Top\n\n```\n" + "code\n" * 10 + "```\n" + line * (9000 // len(line)) + "\n# End\n"
    found = markdown.parse(text)
    assert sum(longest) == len(text)
    assert max(longest) <= 3100
    assert [block.title for block in found if block.kind is BlockKind.HEADING] == ["Top", "End"]
    assert sum(block.kind is BlockKind.CODE for block in found) == 1
