from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from searchkit.chunking import Chunker, ChunkSettings, passage_text
from searchkit.errors import InputError
from searchkit.types import Block, BlockKind, Chunk, Document

Writer = Callable[..., Document]


def test_sections_become_chunks_with_lines_and_paths(tokenizer: Tokenizer, markdown: Writer) -> None:
    body = "run the code of the index to search " * 4
    document = markdown(["# Guide", "## Install", body, "## Search", body], title="Guide")
    chunks = Chunker(tokenizer, ChunkSettings(96)).chunk(document)
    assert [chunk.heading_path for chunk in chunks] == [("Install",), ("Search",)]
    assert [(chunk.line_start, chunk.line_end) for chunk in chunks] == [(1, 5), (7, 9)]
    assert passage_text(document.title, chunks[1]) == f"Guide > Search\n{body.strip()}"


def test_a_document_without_words_has_no_chunks(tokenizer: Tokenizer) -> None:
    chunker = Chunker(tokenizer, ChunkSettings(64))
    assert chunker.chunk(Document("a", "")) == []
    assert chunker.chunk(Document("a", " \n\n\t")) == []


def test_a_chunk_knows_the_page_it_begins_on(tokenizer: Tokenizer) -> None:
    page = "the search index of the code " * 10 + "\n\n"
    document = Document("a.pdf", page * 3, page_starts=(0, len(page), 2 * len(page)))
    chunks = Chunker(tokenizer, ChunkSettings(100)).chunk(document)
    assert [chunk.page for chunk in chunks] == [1, 2, 3]


def test_text_before_the_first_page_has_no_page(tokenizer: Tokenizer) -> None:
    [chunk] = Chunker(tokenizer, ChunkSettings(64)).chunk(Document("a", "the index", page_starts=(5,)))
    assert chunk.page is None


def test_a_fence_that_fits_is_kept_whole(tokenizer: Tokenizer, markdown: Writer) -> None:
    code = "```\n" + "run the code\n\n" * 12 + "```"
    chunks = Chunker(tokenizer, ChunkSettings(64)).chunk(markdown(["# A", "the text of it " * 9, code, "the end " * 9]))
    assert sum(code in chunk.text for chunk in chunks) == 1


def test_the_given_tokenizer_is_left_as_it_was(tokenizer: Tokenizer) -> None:
    before = tokenizer.to_str()
    Chunker(tokenizer, ChunkSettings(64)).chunk(Document("a", "the index " * 200))
    assert tokenizer.to_str() == before


def test_a_title_longer_than_the_window_still_leaves_room(tokenizer: Tokenizer) -> None:
    document = Document("a", "the code of the index " * 50, title="title " * 500)
    chunks = Chunker(tokenizer, ChunkSettings(32)).chunk(document)
    assert_sound(document, chunks, tokenizer, 32)
    assert chunks[0].heading_path[0].endswith("…")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 30_000,
        "ab1" * 9_000,
        "word " * 6_000,
        ". " * 5_000,
        "中" * 5_000,
        "\u200b" * 5_000,
        "한" * 900,
        "=" * 9_000,
    ],
    ids=["one word", "mixed", "words", "stops", "chinese", "unseen", "hangul", "rule"],
)
def test_one_endless_line_is_bounded_and_covered(any_tokenizer: Tokenizer, text: str) -> None:
    document = Document("a", text)
    chunks = Chunker(any_tokenizer, ChunkSettings(64)).chunk(document)
    assert_sound(document, chunks, any_tokenizer, 64)
    assert max(len(chunk.text) for chunk in chunks) <= 64 * 64


def test_a_lone_surrogate_is_text_like_any_other(tokenizer: Tokenizer) -> None:
    document = Document("a", "the \ud800 index", title="\udfff")
    [chunk] = Chunker(tokenizer, ChunkSettings(16)).chunk(document)
    assert chunk.text == document.text


def test_special_tokens_that_fill_the_window_are_refused(tokenizer: Tokenizer) -> None:
    from tokenizers.processors import TemplateProcessing

    greedy = Tokenizer.from_str(tokenizer.to_str())
    greedy.post_processor = TemplateProcessing(single=" ".join(["[CLS]"] * 12) + " $A", special_tokens=[("[CLS]", 2)])
    with pytest.raises(InputError, match="special tokens take 12"):
        Chunker(greedy, ChunkSettings(16))


PARTS = st.one_of(
    st.sampled_from(["# Install", "## Run", "### The long heading of a section " * 5, "#### C. 1", "## ", "#"]),
    st.sampled_from(
        ["```\nrun\n\n  code\n```", "```\n" + "line of code\n" * 30 + "```", "- item\n- item", "中文。" * 40]
    ),
    st.lists(
        st.sampled_from(["the", "Index.", "e.g.", "x" * 150, "naïve", "😀", "Search!\n", "[SEP]"]),
        max_size=60,
    ).map(" ".join),
    st.text(max_size=80),
)


def assert_sound(document: Document, chunks: list[Chunk], tokenizer: Tokenizer, max_tokens: int) -> None:
    """Every claim that ``Chunker.chunk`` makes."""
    text, covered, start_before = document.text, 0, -1
    plain = Tokenizer.from_str(tokenizer.to_str())
    plain.no_truncation()
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.text.strip()
        assert chunk.start > start_before
        assert not text[covered : chunk.start].strip()
        assert chunk.line_start == 1 + text.count("\n", 0, chunk.start)
        assert chunk.line_end == 1 + text.count("\n", 0, chunk.end)
        assert len(plain.encode(passage_text(document.title, chunk)).ids) <= max_tokens
        start_before, covered = chunk.start, max(covered, chunk.end)
    assert not text[covered:].strip()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(PARTS, max_size=12),
    title=st.sampled_from(["", "Install", "The guide to everything " * 4]),
    max_tokens=st.sampled_from([16, 33, 64, 256]),
    overlap=st.integers(0, 40),
    has_blocks=st.booleans(),
)
def test_chunks_are_sound_whatever_the_document(
    any_tokenizer: Tokenizer,
    markdown: Writer,
    parts: list[str],
    title: str,
    max_tokens: int,
    overlap: int,
    has_blocks: bool,
) -> None:
    document = markdown(parts, title=title)
    if not has_blocks:
        document = Document("a", document.text, title=title)
    chunker = Chunker(any_tokenizer, ChunkSettings(max_tokens, overlap))
    chunks = chunker.chunk(document)
    assert_sound(document, chunks, any_tokenizer, max_tokens)
    assert chunks == chunker.chunk(document)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(alphabet="ab .\n中", max_size=120),
    cuts=st.lists(st.integers(-5, 130), max_size=8),
    kinds=st.integers(0, 6),
)
def test_blocks_of_any_shape_lose_nothing(tokenizer: Tokenizer, text: str, cuts: list[int], kinds: int) -> None:
    kind = list(BlockKind)[kinds % 3]
    blocks = tuple(Block(kind, a, b, level=1, title="A") for a, b in pairwise(cuts))
    document = Document("a", text, blocks=blocks)
    assert_sound(document, Chunker(tokenizer, ChunkSettings(16)).chunk(document), tokenizer, 16)
