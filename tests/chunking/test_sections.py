from __future__ import annotations

from collections.abc import Callable

from searchkit.chunking.sections import Section, complete_blocks, merge_tiny, sections
from searchkit.types import Block, BlockKind, Document

Writer = Callable[..., Document]


def paths(found: list[Section]) -> list[tuple[str, ...]]:
    return [section.path for section in found]


def characters(start: int, end: int) -> int:
    return end - start


def test_a_heading_closes_those_of_its_level_and_below(markdown: Writer) -> None:
    document = markdown(["intro", "# A", "a", "### B", "b", "## C", "c", "# D", "d"])
    assert paths(sections(document)) == [(), ("A",), ("A", "B"), ("A", "C"), ("D",)]


def test_a_heading_that_repeats_the_title_is_left_out_of_paths(markdown: Writer) -> None:
    assert paths(sections(markdown(["# The guide", "a", "## Run", "b"], title="The Guide"))) == [(), ("Run",)]


def test_text_between_blocks_is_not_lost() -> None:
    text = "before\n\ncode here\n\none\n\ntwo"
    document = Document("a", text, blocks=(Block(BlockKind.CODE, 8, 17),))
    assert [text[b.start : b.end] for b in complete_blocks(document)] == ["before", "code here", "one", "two"]


def test_overlapping_and_overlong_blocks_are_clamped() -> None:
    blocks = (Block(BlockKind.PARAGRAPH, 0, 6), Block(BlockKind.PARAGRAPH, 3, 99))
    assert [(b.start, b.end) for b in complete_blocks(Document("a", "abcdefghi", blocks=blocks))] == [
        (0, 6),
        (6, 9),
    ]


def test_code_keeps_the_indentation_of_its_first_line() -> None:
    text = "\n\n    if x:\n        y\n\n"
    document = Document("a", text, blocks=(Block(BlockKind.CODE, 0, len(text)),))
    assert [text[b.start : b.end] for b in complete_blocks(document)] == ["    if x:\n        y"]


def test_a_tiny_section_joins_the_next_sibling_under_their_parent(markdown: Writer) -> None:
    found = sections(markdown(["# A", "text " * 9, "## B", "b", "## C", "c", "# D", "d " * 20]))
    merged = merge_tiny(found, characters, smallest=12, largest=200)
    assert paths(merged) == [("A",), ("A",), ("D",)]
    assert merged[1].end - merged[1].start == len("## B\n\nb\n\n## C\n\nc")


def test_a_bare_heading_joins_its_first_subsection_under_its_path(markdown: Writer) -> None:
    found = sections(markdown(["# A", "## B", "long enough to stand alone", "## C", "long enough to stand alone"]))
    assert paths(merge_tiny(found, characters, smallest=12, largest=200)) == [("A", "B"), ("A", "C")]


def test_front_matter_of_any_length_joins_the_first_section() -> None:
    matter, rest = "---\n" + "field: a value\n" * 40 + "---\n", "# A\n\nWords about A."
    blocks = (
        Block(BlockKind.HEADING, 0, len(matter), 1, "A"),
        Block(BlockKind.HEADING, len(matter), len(matter) + 3, 1, "A"),
    )
    found = sections(Document("a.md", matter + rest, title="A", blocks=blocks))
    assert len(found) == 2
    assert paths(merge_tiny(found, characters, smallest=12, largest=2000)) == [()]


def test_a_tiny_section_stays_alone_where_the_next_is_no_kin_or_too_long(markdown: Writer) -> None:
    no_kin = sections(markdown(["# A", "## B", "b", "# C", "c"]))
    assert paths(merge_tiny(no_kin[1:], characters, smallest=12, largest=200)) == [("A", "B"), ("C",)]
    too_long = sections(markdown(["# A", "a", "# B", "b " * 200]))
    assert paths(merge_tiny(too_long, characters, smallest=12, largest=200)) == [("A",), ("B",)]
