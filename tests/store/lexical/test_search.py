from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.errors import IndexDamagedError, IndexStateError
from searchkit.store import (
    LexicalQuery,
    NewChunk,
    NewDocument,
    StoredSettings,
    StoreReader,
    StoreWriter,
    parse_query,
    plain_query,
)
from searchkit.types import Chunk, Document

if TYPE_CHECKING:
    from searchkit.types import Ids, Scores

WORDS = ("branch", "tag", "rename", "delete", "commit", "remote", "merge", "index")


def new_store(path: Path) -> StoreWriter:
    writer = StoreWriter(path)
    with writer.change():
        writer.save_settings(StoredSettings("", "f" * 64, 2, 16, 16, 0, ""))
    return writer


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreWriter]:
    writer = new_store(tmp_path / "searchkit.db")
    yield writer
    writer.close()


def put(store: StoreWriter, name: str, *texts: str, title: str = "", headings: tuple[str, ...] = ()) -> None:
    chunks = tuple(NewChunk(Chunk(text, 0, len(text), 1, 1, headings), text.encode(), bytes(4)) for text in texts)
    with store.change():
        store.put_document(NewDocument(Document(name, " ".join(texts), title=title), chunks))


def asked(text: str) -> LexicalQuery:
    query = plain_query(text)
    assert query is not None
    return query


def found(store: StoreWriter, query: LexicalQuery, k: int = 10) -> list[int]:
    return store.read.lexical_nearest(query, k)[1].tolist()


def put_random(store: StoreWriter, count: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, len(WORDS) + 1)
    texts = [" ".join(rng.choice(WORDS, rng.integers(1, 40), p=shares / shares.sum())) for _ in range(count)]
    put(store, "random", *texts)


def by_fts5(store: StoreWriter, query: LexicalQuery) -> dict[int, float]:
    """What FTS5 itself says of every match."""
    ranked = "SELECT rowid, -bm25(chunk_words) FROM chunk_words WHERE chunk_words MATCH ?"
    return dict(store._connection.execute(ranked, [query.match]))


def assert_best(answer: tuple[Scores, Ids], expected: dict[int, float], k: int) -> None:
    """The scores are the k highest, each that of its chunk; equal ones rank by chunk id."""
    scores, ids = answer
    np.testing.assert_allclose(scores, [expected[i] for i in ids.tolist()], rtol=1e-12)
    np.testing.assert_allclose(scores, sorted(expected.values(), reverse=True)[:k], rtol=1e-12)
    assert ids.tolist() == ids[np.lexsort((ids, -scores))].tolist()


@pytest.mark.parametrize(
    "text", ["index", "merge index", "branch tag rename rename", '"branch tag" index', "mer* remote", "branch"]
)
@pytest.mark.parametrize("k", [1, 10, 100, 5000])
def test_scores_and_order_are_those_of_fts5(store: StoreWriter, text: str, k: int) -> None:
    put_random(store, 1500)
    query = parse_query(text)
    answer = store.read.lexical_nearest(query, k)
    assert_best(answer, by_fts5(store, query), k)
    assert (answer[0] > 0).all()


def test_a_score_worked_by_hand(store: StoreWriter) -> None:
    put(store, "a", "branch branch tag", "remote", "remote", "remote")
    # idf = ln((4 - 1 + .5) / (1 + .5)) = .8473; 2 of 3 words, mean length 6 / 4:
    # .8473 * 2 * 2.2 / (2 + 1.2 * (.25 + .75 * 3 / 1.5)) = .8473 * 4.4 / 4.1 = .9093
    scores, ids = store.read.lexical_nearest(asked("branches"), 10)
    assert ids.tolist() == [1]
    assert scores[0] == pytest.approx(0.9093, abs=1e-4)


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
def test_a_filter_acts_before_the_best_are_chosen(store: StoreWriter, share: float) -> None:
    put_random(store, 1500)
    query = asked("merge index remote")
    allowed = np.flatnonzero(np.random.default_rng(1).random(1500) < share) + 1
    scores, ids = store.read.lexical_nearest(query, 20, allowed)
    let_through = set(allowed.tolist())
    assert_best((scores, ids), {i: score for i, score in by_fts5(store, query).items() if i in let_through}, 20)
    assert scores.tolist() == store.read.lexical_scores(query, ids).tolist()


def test_equal_scores_rank_by_chunk_id(store: StoreWriter) -> None:
    put(store, "a", *["the equal words"] * 5)
    scores, ids = store.read.lexical_nearest(asked("equal words"), 2, np.array([5, 3, 4]))
    assert ids.tolist() == [3, 4]
    assert scores[0] == scores[1]


def test_scores_of_given_chunks_are_in_their_order(store: StoreWriter) -> None:
    put(store, "a", "rename a branch", "delete a tag")
    query = asked("branch")
    (score,) = store.read.lexical_nearest(query, 1)[0].tolist()
    assert store.read.lexical_scores(query, np.array([9, 2, 1])).tolist() == [0, 0, score]
    assert store.read.lexical_scores(query, np.empty(0, np.int64)).tolist() == []


def test_no_match_is_no_hit(store: StoreWriter) -> None:
    assert found(store, asked("branch")) == []
    put(store, "a", "rename a branch")
    assert found(store, asked("nothing")) == []
    assert found(store, asked("branch"), k=0) == []
    assert store.read.lexical_nearest(asked("branch"), 3, np.empty(0, np.int64))[1].tolist() == []


def test_where_no_chunk_has_a_word_nothing_is_found(store: StoreWriter) -> None:
    put(store, "a", "!!!", "* * *")
    assert found(store, asked("branch")) == []
    assert store.read.lexical_scores(asked("branch"), np.array([1, 2])).tolist() == [0, 0]
    assert store.read.lexical_most(asked("branch")) > 0


def test_signs_let_chunks_through_or_not(store: StoreWriter) -> None:
    put(store, "a", "rename a branch", "rename the remote branch", "a branch of git", "dry run", "run --dry-run now")
    assert sorted(found(store, parse_query("branch +rename"))) == [1, 2]
    assert sorted(found(store, parse_query('branch -"remote branch"'))) == [1, 3]
    assert found(store, parse_query("+branch +git -rename")) == [3]
    assert sorted(found(store, parse_query("run +dry-run"))) == [4, 5]
    assert found(store, parse_query('"rename the remote"')) == [2]
    assert found(store, parse_query("remo*")) == [2]
    query = parse_query("branch -rename")
    assert (store.read.lexical_scores(query, np.array([1, 2, 3, 4])) > 0).tolist() == [False, False, True, False]


def test_terms_are_told_as_they_were_written(store: StoreWriter) -> None:
    put(store, "a", "Renamed branches of getUserName", "nothing here")
    query = parse_query("Rename BRANCH getUserName rename")
    assert store.read.matched_terms(query, np.array([2, 1])) == {
        2: (),
        1: ("Rename", "BRANCH", "getUserName", "get", "User", "Name", "rename"),
    }


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("北京是中华人民共和国的首都。", ("首都", "中华人民共和国", "北京", "京")),
        ("日本語の全文検索エンジンをPythonで作る。", ("検索", "全文検索", "エンジン", "語", "Python")),
        ("저는 학교에서 한국어를 공부합니다.", ("학교", "한국어", "공부")),
        ("ภาษาไทยไม่มีช่องว่าง", ("ไทย",)),
        ("Die Größe der Straße im Café", ("grösse", "strasse", "CAFE", "Größe")),
        ("Ｆｕｌｌｗｉｄｔｈ ｶﾀｶﾅ", ("fullwidth", "カタカナ")),
        ("def getUserName(max_retries=3): ...", ("getUserName", "getusername", "user", "max_retries", "retries")),
        ("class HTTPServer2(Base)", ("HTTPServer2", "httpserver2", "server", "http_server_2")),
        ("call it with --dry-run", ("--dry-run", "dry-run", "dry run", "dryrun")),
        ("see src/foo/bar.py and a.b.c", ("src/foo/bar.py", "bar.py", "foo/bar", "a.b.c")),
        ("failed with E1234 or 0x80070005", ("E1234", "e1234", "0x80070005", "0X80070005")),
    ],
)
def test_a_chunk_is_found_by_what_people_type(store: StoreWriter, text: str, queries: tuple[str, ...]) -> None:
    put(store, "others", *(f"something else about number {number}" for number in range(5)), "普通の文", "다른 글")
    around = "Some longer text stands before it, and 在它的前后都有别的文字。 "
    put(store, "a", text, around + text + "。" + around)
    for query in queries:
        assert set(found(store, asked(query), k=2)) == {8, 9}, query
        assert set(found(store, parse_query(f'"{query}"'))) == {8, 9}, query


def test_title_and_headings_are_looked_up_too(store: StoreWriter) -> None:
    put(store, "a", "text", title="Branches", headings=("Branches", "Renaming"))
    put(store, "b", "text", title="Tags", headings=('A "quoted"\nheading',))
    assert found(store, asked("branch")) == [1]
    assert found(store, asked("rename")) == [1]
    assert found(store, asked("quoted heading")) == [2]
    assert found(store, asked("n")) == []  # JSON's \n is no word


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=9), min_size=1, max_size=30),
    wanted=st.lists(st.sampled_from("abcde"), min_size=1, max_size=4),
    k=st.integers(1, 12),
)
def test_the_best_are_found_without_scoring_all(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], wanted: list[str], k: int
) -> None:
    store = new_store(tmp_path_factory.mktemp("index") / "searchkit.db")
    put(store, "a", *(" ".join(f"x{letter}x" for letter in text) for text in texts))
    query = asked(" ".join(f"x{letter}x" for letter in wanted))
    assert_best(store.read.lexical_nearest(query, k), by_fts5(store, query), k)
    store.close()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM chunk_words_docsize WHERE id = 2",
        "UPDATE chunk_words_docsize SET sz = x'0102' WHERE id = 2",
        "UPDATE chunk_words_docsize SET sz = x'ffff' WHERE id = 2",
        "UPDATE chunk_words_docsize SET sz = 7 WHERE id = 2",
        "UPDATE chunk_words_docsize SET id = -2 WHERE id = 2",
        "DELETE FROM chunk_words_data WHERE id = 1",
        "UPDATE chunk_words_data SET block = x'8080' WHERE id = 1",
    ],
)
def test_words_that_do_not_fit_together_are_damage(store: StoreWriter, damage: str) -> None:
    """A bit that flipped in a key of FTS5's tables took the length of a chunk away."""
    put_random(store, 10, seed=3)
    store._connection.execute(damage)
    with pytest.raises(IndexDamagedError, match="do not fit together"):
        store.read.lexical_nearest(asked("index remote branch"), 10)


def test_bounds_leave_out_only_what_cannot_be_among_the_best(
    store: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from searchkit.store.lexical import search as lexical
    from searchkit.store.lexical.memory import LexicalMemory

    put_random(store, 800, seed=3)
    query = asked("index remote branch")
    whole = store.read.lexical_nearest(query, 800)
    scored: list[int] = []
    lengths = LexicalMemory.lengths

    def counting(memory: LexicalMemory, ids: Ids) -> np.ndarray:
        scored.append(len(ids))
        return lengths(memory, ids)

    monkeypatch.setattr(lexical, "SCORED_FIRST", 1)
    monkeypatch.setattr(LexicalMemory, "lengths", counting)
    for k in (1, 3, 10):
        scores, ids = store.read.lexical_nearest(query, k)
        assert ids.tolist() == whole[1][:k].tolist()
        assert scores.tolist() == whole[0][:k].tolist()
    assert max(scored) < len(whole[1])


def test_a_database_without_words_says_so(store: StoreWriter, tmp_path: Path) -> None:
    put(store, "a", "rename a branch")
    store._connection.execute("DELETE FROM settings WHERE name = 'analysis'")
    reader = StoreReader(tmp_path / "searchkit.db")
    assert not reader.has_lexical()
    for ask in (
        lambda: reader.lexical_nearest(asked("branch"), 1),
        lambda: reader.lexical_scores(asked("branch"), np.array([1])),
        lambda: reader.matched_terms(asked("branch"), np.array([1])),
    ):
        with pytest.raises(IndexStateError, match="searchkit index FOLDER"):
            ask()
    reader.close()
    store.close()
    with StoreWriter.opened(tmp_path / "searchkit.db") as writer:  # which fills them
        assert found(writer, asked("branch")) == [1]
