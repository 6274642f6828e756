from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.mcp import Desk

Ask = Callable[..., Any]


def text(result: Any) -> str:
    return "\n".join(block.text for block in result.content)


def paths(result: Any) -> set[str]:
    assert not result.is_error, text(result)
    return {hit["path"] for hit in result.structured_content["hits"]}


# --- search and similar


def test_a_search_gives_places_texts_and_ids(ask: Ask, engine: SearchEngine) -> None:
    result = ask("search", query="boats sail the sea", limit=1)
    (hit,) = result.structured_content["hits"]
    expected = engine.search("boats sail the sea", 1)[0]
    assert (hit["path"], hit["line_start"], hit["title"]) == ("open/boats.md", 1, "Boats")
    assert (hit["id"], hit["text"], hit["score"]) == (expected.chunk_id, expected.text, round(expected.score, 4))
    assert text(result).startswith(f"1. open/boats.md:1-3 (id {hit['id']}, score {hit['score']:.2f})\nBoats\n")


def test_pages_of_hits_come_without_gap_or_repeat(ask: Ask, engine: SearchEngine) -> None:
    whole = [hit.chunk_id for hit in engine.search("apples part", 99)]
    seen, offset = [], 0
    while offset is not None:
        answer = ask("search", query="apples part", limit=3, offset=offset).structured_content
        seen += [hit["id"] for hit in answer["hits"]]
        offset = answer["next_offset"]
    assert seen == whole


@pytest.mark.parametrize("most", [500, 1000, 3000])
def test_an_answer_is_bounded_in_characters(ask: Ask, most: int) -> None:
    result = ask("search", query="part of the long guide", limit=8, max_chars=most)
    answer = result.structured_content
    assert sum(len(hit["text"]) for hit in answer["hits"]) <= most
    assert answer["next_offset"] == len(answer["hits"]) < 8
    assert len(text(result)) < most + 200
    following = ask("search", query="part of the long guide", offset=answer["next_offset"]).structured_content
    assert following["hits"][0]["rank"] == answer["next_offset"] + 1


def test_the_first_hit_is_cut_where_it_must_be(ask: Ask, engine: SearchEngine) -> None:
    engine.add([{"id": "big", "text": "zebra " * 60, "title": "t" * 5000, "fields": "f" * 5000}])
    result = ask("search", query="zebra", mode="lexical", limit=1, max_chars=500)
    (hit,) = result.structured_content["hits"]
    assert hit["is_cut"]
    assert len(str(hit)) < 700
    assert hit["metadata"] == {}
    assert f"[cut; get with id {hit['id']} and more max_chars shows the rest]" in text(result)


def test_options_reach_the_engine(ask: Ask) -> None:
    assert paths(ask("search", query="apples", path="secret/**")) == {"secret/plan.md"}
    assert paths(ask("search", query="apples", where="classified = 'high'")) == {"secret/plan.md"}
    assert ask("search", query="apples", since="2999-01-01").structured_content["hits"] == []
    assert ask("search", query="apples", min_score=0.999).structured_content["hits"] == []
    assert len(paths(ask("search", query="part", group="document", limit=50))) == 6
    assert "Part 0" in ask("search", query="w3x1 w3x2", mode="lexical", context=5).structured_content["hits"][0]["text"]


def test_similar_to_a_chunk_a_document_or_a_text(ask: Ask, engine: SearchEngine) -> None:
    chunk_id = engine.search("poisoned apples", 1)[0].chunk_id
    expected = {hit.path for hit in engine.similar(chunk_id, 2)}
    assert paths(ask("similar", id=chunk_id, limit=2)) == expected
    assert paths(ask("similar", document="secret/plan.md", limit=2)) == expected
    assert "secret/plan.md" not in expected
    assert paths(ask("similar", text="boats on the sea", limit=1)) == {"open/boats.md"}


@pytest.mark.parametrize("arguments", [{}, {"id": 1, "text": "a"}])
def test_similar_needs_one_thing_to_be_like(ask: Ask, arguments: dict[str, Any]) -> None:
    assert text(ask("similar", **arguments)) == "error: give exactly one of id, document and text"


# --- get


def test_a_document_is_read_in_parts_without_gap_or_repeat(ask: Ask, engine: SearchEngine) -> None:
    whole = [chunk.text for chunk in engine.chunks("open/long.txt")]
    assert len(whole) > 4
    seen, offset = [], 0
    while offset is not None:
        answer = ask("get", document="open/long.txt", offset=offset, max_chars=1000).structured_content
        assert sum(len(chunk["text"]) for chunk in answer["chunks"]) <= 1000
        seen += [chunk["text"] for chunk in answer["chunks"]]
        offset = answer["next_offset"]
    assert seen == whole


def test_reading_goes_on_from_a_hit(ask: Ask, engine: SearchEngine) -> None:
    third = engine.chunks("open/long.txt")[3]
    answer = ask("get", id=third.chunk_id, max_chars=500).structured_content
    assert [chunk["id"] for chunk in answer["chunks"]] == [third.chunk_id]
    answer = ask("get", id=third.chunk_id, before=2).structured_content
    assert answer["chunks"][0]["position"] == 1
    assert answer["chunks"][2]["id"] == third.chunk_id


def test_a_file_of_several_documents_names_them(ask: Ask) -> None:
    answer = ask("get", document="open/rows.jsonl").structured_content
    assert len(answer["documents"]) == 2
    row = ask("get", document=answer["documents"][1]).structured_content
    assert row["chunks"][0]["text"] == "Whales sing."


def test_what_is_not_there_says_so_with_a_next_step(ask: Ask) -> None:
    assert text(ask("get", document="open/apple.md")).endswith("hint: did you mean 'open/apples.md'?")
    assert "there is no chunk 999999 in the index" in text(ask("get", id=999999))
    assert text(ask("get")) == "error: give exactly one of document and id"
    assert "offset goes with document" in text(ask("get", id=1, offset=2))


def test_an_offset_past_the_end_gives_nothing(ask: Ask) -> None:
    answer = ask("get", document="open/apples.md", offset=7).structured_content
    assert (answer["chunks"], answer["next_offset"]) == ([], None)


# --- topics and status


@pytest.mark.usefixtures("topics")
def test_topics_are_listed_and_filter(ask: Ask) -> None:
    answer = ask("list_topics").structured_content
    assert [(row["number"], row["label"], row["chunks"]) for row in answer["topics"]] == [
        (1, "boats", 1),
        (2, "poisoned apples", 3),
    ]
    assert paths(ask("search", query="apples", topic=["boats"])) == {"open/boats.md"}
    assert ask("list_topics", limit=1).structured_content["next_offset"] == 1
    assert "no topic is called 'cars'; there are" in text(ask("search", query="apples", topic=["cars"]))


def test_without_topics_the_command_is_named(ask: Ask) -> None:
    assert (
        text(ask("list_topics")) == "error: no topics of this index are known\nhint: find them once: searchkit topics"
    )


def test_status(ask: Ask, engine: SearchEngine) -> None:
    answer = ask("status").structured_content
    assert (answer["files"], answer["documents"], answer["chunks"]) == (5, 7, engine.status().chunks)
    assert answer["folders"] == ["open", "secret"]


@pytest.mark.parametrize(("recorded", "shown"), [("/home/me/models/mine", "mine"), ("owner/name", "owner/name")])
def test_status_tells_no_place_of_the_encoder(
    ask: Ask, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch, recorded: str, shown: str
) -> None:
    state = replace(engine.status(), encoder=recorded)
    monkeypatch.setattr(engine, "status", lambda: state)
    assert ask("status").structured_content["encoder"] == shown


# --- allowed roots


def test_nothing_outside_the_roots_is_found(ask_open: Ask, ask: Ask) -> None:
    everything = {"open/apples.md", "open/boats.md", "open/long.txt", "open/rows.jsonl"}
    assert paths(ask_open("search", query="ripe apples", limit=50)) == everything
    assert paths(ask("search", query="ripe apples", limit=50)) == everything | {"secret/plan.md", None}
    assert paths(ask_open("similar", text="ripe apples are poisoned", limit=50)) == everything
    assert paths(ask_open("similar", document="open/apples.md", limit=50)) < everything


@pytest.mark.parametrize("name", ["secret/plan.md", "memory", "secret/pla.md", "open/../secret/plan.md", "/etc/passwd"])
def test_a_document_outside_is_as_if_it_were_not_there(ask_open: Ask, name: str) -> None:
    expected = f"error: there is no document or file {name!r} in the index\nhint: search finds what there is"
    assert text(ask_open("get", document=name)) == text(ask_open("similar", document=name)) == expected


def test_a_chunk_outside_is_as_if_it_were_not_there(ask_open: Ask, engine: SearchEngine) -> None:
    for name in ("secret/plan.md", "memory"):
        (chunk,) = engine.chunks(name)
        for tool in ("get", "similar"):
            assert f"there is no chunk {chunk.chunk_id} in the index" in text(ask_open(tool, id=chunk.chunk_id))


def test_a_filter_does_not_name_fields_of_others(ask_open: Ask, ask: Ask) -> None:
    assert "classified" in text(ask("search", query="a", where="nothing = 1"))
    refused = ask_open("search", query="a", where="nothing = 1")
    assert refused.is_error
    assert "no document has a field 'nothing'" in text(refused)
    assert "classified" not in text(refused)


@pytest.mark.usefixtures("topics")
def test_words_of_a_topic_that_reaches_outside_are_not_shown(ask_open: Ask) -> None:
    result = ask_open("list_topics")
    assert [(row["label"], row["chunks"]) for row in result.structured_content["topics"]] == [
        ("boats", 1),
        ("topic 2", 1),
    ]
    assert "poison" not in text(result) + text(ask_open("search", query="a", topic=["poisoned apples"])).replace(
        "no topic is called 'poisoned apples'", ""
    )
    assert paths(ask_open("search", query="apples", topic=[2])) == {"open/apples.md"}
    assert paths(ask_open("search", query="boats", topic=["boats"])) == {"open/boats.md"}


def test_status_counts_what_is_served(ask_open: Ask, engine: SearchEngine) -> None:
    answer = ask_open("status").structured_content
    assert answer["chunks"] == engine.status().chunks - 2
    assert (answer["folders"], answer["files"], answer["restricted_to"]) == (["open"], None, ["open"])


def test_a_root_that_is_a_link_is_followed(engine: SearchEngine, docs: Path) -> None:
    (docs / "link").symlink_to(docs / "open")
    found = Desk(engine, [docs / "link"]).search("ripe apples", limit=50)
    assert {hit["path"].split("/")[0] for hit in found["hits"]} == {"open"}


def test_a_root_of_which_nothing_was_indexed_serves_nothing(engine: SearchEngine, docs: Path) -> None:
    (docs / "empty").mkdir()
    assert Desk(engine, [docs / "empty"]).search("apples")["hits"] == []


def test_a_root_that_is_not_there_is_an_error(engine: SearchEngine, docs: Path) -> None:
    with pytest.raises(InputError, match="nowhere does not exist"):
        Desk(engine, [docs / "nowhere"])
