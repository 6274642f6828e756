from __future__ import annotations

import numpy as np
import pytest

from searchkit.chunking import packing
from searchkit.chunking.packing import Bounds, gather
from searchkit.chunking.sections import Section
from searchkit.chunking.tokens import TokenMap
from searchkit.types import Block, BlockKind


def spans(parts: list[str], *, target: int, limit: int, overlap: int = 0) -> list[str]:
    """Texts of the chunks of one section; one token a word, parts joined by blank lines."""
    text, blocks = "", []
    for part in parts:
        kind = BlockKind.HEADING if part[0] == "#" else BlockKind.CODE if part[0] == "`" else BlockKind.PARAGRAPH
        blocks.append(Block(kind, len(text), len(text) + len(part)))
        text += part + "\n\n"
    starts = [at for at in range(len(text)) if not text[at].isspace() and (at == 0 or text[at - 1].isspace())]
    section = Section((), tuple(blocks))
    found = gather(text, section, TokenMap(np.array(starts, np.int64)), Bounds(target, limit, overlap))
    return [text[piece.overlap_start : piece.end] for piece in found]


@pytest.fixture(autouse=True)
def nothing_is_tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "SMALLEST_TOKENS", 0)


def test_a_section_a_little_over_the_target_stays_whole() -> None:
    assert spans(["a b c d e", "f g h i j"], target=8, limit=16) == ["a b c d e\n\nf g h i j"]


def test_paragraphs_are_gathered_evenly() -> None:
    assert spans(["a b c"] * 4, target=9, limit=16) == ["a b c\n\na b c"] * 2


def test_a_heading_is_never_left_behind() -> None:
    assert spans(["# x", "a b c d e f", "g h i j k l"], target=6, limit=8) == [
        "# x\n\na b c d e f",
        "g h i j k l",
    ]


def test_code_stays_whole_and_with_its_introduction() -> None:
    found = spans(["a b c d e f g h i", "j k:", "`l m n o p q r s t"], target=8, limit=12)
    assert found == ["a b c d e f g h i", "j k:\n\n`l m n o p q r s t"]


def test_the_last_sentences_are_said_again_where_a_section_is_split() -> None:
    found = spans(["A b c d. E f g. H i.", "J k l m. N o p q."], target=9, limit=12, overlap=4)
    assert found == ["A b c d. E f g. H i.", "H i.\n\nJ k l m. N o p q."]


def test_overlap_is_whole_sentences_or_nothing() -> None:
    found = spans(["A b c d e f g h.", "I j k l m n."], target=8, limit=12, overlap=3)
    assert found == ["A b c d e f g h.", "I j k l m n."]


def test_overlap_never_breaks_the_limit() -> None:
    found = spans(["A b. C d. E f. G h.", "I j. K l. M n. O p."], target=8, limit=8, overlap=4)
    assert found == ["A b. C d. E f. G h.", "I j. K l. M n. O p."]


def test_code_is_not_repeated() -> None:
    found = spans(["`a. B. C. D. E. F. G. H.", "I j k l m n o p."], target=8, limit=16, overlap=4)
    assert found == ["`a. B. C. D. E. F. G. H.", "I j k l m n o p."]


def test_a_tiny_end_joins_what_stands_before(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = ["a b c d e f g h", "i j k l m n o p", "q r"]
    assert spans(parts, target=8, limit=12) == parts
    monkeypatch.setattr(packing, "SMALLEST_TOKENS", 3)
    assert spans(parts, target=8, limit=12) == [parts[0], "i j k l m n o p\n\nq r"]
