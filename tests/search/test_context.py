from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.search import IndexSettings
from searchkit.types import Context

TEXT = "\n\n".join(" ".join(f"Sentence {n} of {part}." for n in range(part % 4 + 2)) for part in range(14))


@pytest.fixture
def overlapping(folder: Path, encoder: WordEncoder) -> SearchEngine:
    """An index in which neighbouring chunks share a sentence."""
    return SearchEngine.open_or_create(folder, encoder=encoder, settings=IndexSettings(None, overlap_tokens=16))


def test_the_text_around_a_chunk_is_the_documents(overlapping: SearchEngine) -> None:
    with overlapping as engine:
        engine.add([{"id": "a", "text": TEXT}, {"id": "b", "text": "Another document."}])
        chunks = engine.chunks("a")
        assert any(one.end > other.start for one, other in pairwise(chunks))  # they do overlap
        for place, chunk in enumerate(chunks):
            for count in (1, 2, 99):
                first, last = chunks[max(0, place - count)], chunks[min(len(chunks) - 1, place + count)]
                expected = Context(TEXT[first.start : chunk.start], TEXT[chunk.end : last.end])
                assert engine.context(chunk.chunk_id, count) == expected


def test_line_breaks_between_chunks_are_kept(engine: SearchEngine) -> None:
    text = "\n\n\n".join(f"# {name}\n\n{' '.join([name] * 40)}" for name in ("apple", "boat", "clock"))
    engine.add([{"id": "a", "text": text}])
    first, second, third = engine.chunks("a")
    assert engine.context(second.chunk_id, 1) == Context(text[: second.start], text[second.end :])
    assert engine.context(first.chunk_id, 1) == Context("", text[first.end : second.end])
    assert engine.context(third.chunk_id, 2) == Context(text[: third.start], "")


def test_hits_come_with_their_context_from_the_same_state(overlapping: SearchEngine) -> None:
    with overlapping as engine:
        engine.add([{"id": "a", "text": TEXT}])
        hits = engine.search("sentence number 5", k=3, context=1)
        assert [hit.context for hit in hits] == [engine.context(hit, 1) for hit in hits]
        assert engine.search("sentence", k=1)[0].context is None


def test_a_lone_chunk_has_nothing_around_it(engine: SearchEngine) -> None:
    engine.add([{"id": "a", "text": "apples"}, {"id": "b", "text": "boats"}])
    (chunk,) = engine.chunks("a")
    assert engine.context(chunk.chunk_id, 5) == Context("", "")


@pytest.mark.parametrize("chunk_id", [99, 0, -1, 2**63, 10**30])
def test_a_chunk_that_is_not_there_is_an_error(engine: SearchEngine, chunk_id: int) -> None:
    engine.add(["apples"])
    with pytest.raises(InputError, match=f"there is no chunk {chunk_id}"):
        engine.context(chunk_id)


def test_a_count_may_be_huge_but_not_negative(engine: SearchEngine) -> None:
    engine.add([{"id": "a", "text": "apples"}])
    (chunk,) = engine.chunks("a")
    assert engine.context(chunk.chunk_id, 10**40) == Context("", "")
    with pytest.raises(InputError, match="context is -1"):
        engine.context(chunk.chunk_id, -1)
