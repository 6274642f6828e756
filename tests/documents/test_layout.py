from __future__ import annotations

from searchkit.documents.layout import LineBlocks, TextBuilder
from searchkit.types import Block, BlockKind

HEADING, PARAGRAPH, CODE = BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.CODE


def test_built_text_has_blank_lines_between_blocks_and_none_in_lists() -> None:
    building = TextBuilder()
    building.add(HEADING, " One\n two ", level=1)
    building.add(PARAGRAPH, "- a")
    building.add(PARAGRAPH, "- b", is_tight=True)
    building.add(PARAGRAPH, " \n ")
    building.add(CODE, "\n  x\n\n")
    building.extend("# T", [Block(HEADING, 0, 3, 1, "T")])
    text, blocks = building.build()
    assert text == "One\n two\n\n- a\n- b\n\n  x\n\n# T"
    assert [text[b.start : b.end] for b in blocks] == ["One\n two", "- a", "- b", "  x", "# T"]
    assert [b.title for b in blocks if b.kind is HEADING] == ["One two", "T"]


def test_line_blocks_are_trimmed_and_never_overlap() -> None:
    found = LineBlocks(["", "a  ", "", "b", "c", ""], offset=10)
    found.add(PARAGRAPH, 0, 3)
    found.add(CODE, 1, 4)
    found.add(PARAGRAPH, 4, 99)
    found.add(PARAGRAPH, 5, 6)
    assert [(b.kind, b.start, b.end) for b in found.blocks] == [
        (PARAGRAPH, 11, 12),
        (CODE, 16, 17),
        (PARAGRAPH, 18, 19),
    ]
