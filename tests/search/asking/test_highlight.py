from __future__ import annotations

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.search.asking.highlight import body_start, opening


@pytest.mark.parametrize(
    ("text", "heading", "body"),
    [
        ("# Install\n\nRun it.", "Install", "Run it."),
        ("#### [`npm publish`](/commands/npm-publish)\n\nRun it.", "npm publish", "Run it."),
        ("=======\nInstall\n=======\n\nRun it.", "Install", "Run it."),
        ("Install\n-------\nRun it.", "Install", "Run it."),
        ("How to do what to do\n====\n\nRun it.", "How to do what to do", "Run it."),
        ("---\ntitle: Install\n---\n\n# Install\n\nRun it.", "Install", "Run it."),
        ("---\ntitle: Install\n---\nRun it.", "", "Run it."),
        ("Run it.", "Install", "Run it."),
        ("Install the package first.", "Install", "Install the package first."),
        ("# not a heading but a comment\nx = 1", "Settings", "# not a heading but a comment\nx = 1"),
        ("# Install", "Install", "# Install"),
        ("---\ntitle: Install\n---\n", "Install", "---\ntitle: Install\n---\n"),
        ("  \n ", "", ""),
    ],
)
def test_the_body_begins_after_what_is_shown_above_it(text: str, heading: str, body: str) -> None:
    assert text[body_start(text, heading) :] == body


def test_an_opening_ends_between_words() -> None:
    snippet, start = opening("# T\n\n" + "word " * 100, "T")
    assert start == 5
    assert snippet.endswith(" word")
    assert len(snippet) <= 240


def test_the_best_sentence_is_the_one_that_shares_the_words(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add([{"id": "a", "text": "Cats sleep all day. Boats sail the sea. Dogs bark at night."}])
    (hit,) = engine.search("boats sea", k=1, highlight=True)
    assert hit.snippet == "Boats sail the sea."
    assert hit.text[hit.snippet_start :].startswith(hit.snippet)
    assert encoder.encoded[-3:] == ["Cats sleep all day.", "Boats sail the sea.", "Dogs bark at night."]


def test_a_single_sentence_needs_no_second_look(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add([{"id": "a", "text": "Boats sail the sea."}])
    before = len(encoder.encoded)
    (hit,) = engine.search("boats", k=1, highlight=True)
    assert hit.snippet == "Boats sail the sea."
    assert len(encoder.encoded) == before


def test_each_hit_gets_its_own_best_sentence(engine: SearchEngine) -> None:
    engine.add(
        [
            {"id": "a", "text": "Apples are red. Boats sail far."},
            {"id": "b", "text": "Boats sink."},
            {"id": "c", "text": "Boats sail at dawn. Owls wake at dusk."},
        ]
    )
    hits = engine.search("boats sail", k=3, highlight=True)
    assert {hit.doc_id: hit.snippet for hit in hits} == {
        "a": "Boats sail far.",
        "b": "Boats sink.",
        "c": "Boats sail at dawn.",
    }
