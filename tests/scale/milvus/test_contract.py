"""What every engine promises, one in a folder and one on a server: the same claims, compared by value."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import Document, SearchEngine
from searchkit.errors import FilterError, InputError, QueryError, SearchkitError
from searchkit.scale.milvus.push import PushOptions, push

TEXTS = [
    "apples grow on trees in the orchard",
    "boats sail across the wide blue sea",
    "clocks tell the time of day and night",
    "the orchard lies by the sea",
    "max_retries is set in src/client/http.py",
    "time and tide wait for no boats",
    "a tree is known by its fruit, apples by their tree",
    "日本語の文章もあります",
]
METADATA: list[dict[str, Any]] = [
    {"year": 2019, "lang": "en", "tags": ["fruit", "tree"], "draft": False, "price": 1.5},
    {"year": "2020", "lang": "de", "tags": ["sea"], "draft": True, "author": {"name": "Ada"}},
    {"year": 2021.0, "lang": "en", "tags": [], "note": 'say "no" \\ to\nthis'},
    {"year": 2022, "lang": "fr", "tags": ["sea", "tree"], "draft": "TRUE", "author": {"name": "Bob", "born": 1970}},
    {"lang": "EN", "tags": "fruit", "price": "12.50", "odd name!": "x%y_z"},
    {"year": None, "lang": None, "tags": [1, "2", 3.5, None, ["deep"]], "price": -3},
    {"year": 2020.5, "lang": "", "author": "Ada", "a.b": "dotted"},
    {"lang": "日本", "tags": ["日本", True]},
]
WHERES = [
    "year = 2020",
    "year = '2020'",
    "year = 2021",
    "year = '2021.0'",
    "year >= 2020",
    "year > '2019'",
    "year < 2020.5",
    "NOT year >= 2021",
    "year != 2022",
    "year BETWEEN 2020 AND 2021",
    "year IS NULL",
    "year IS NOT NULL",
    "lang = 'en'",
    "lang IN ('en', 'fr', NULL)",
    "lang NOT IN ('en')",
    "lang IN ()",
    "lang LIKE 'e%'",
    "lang LIKE 'E_'",
    "lang LIKE '%n'",
    "lang LIKE 'en'",
    "lang > 'de'",
    "lang <= 'en'",
    "lang = '日本'",
    "lang BETWEEN 'd' AND 'f'",
    "lang = ''",
    "tags = 'tree'",
    "tags CONTAINS 'sea'",
    "tags CONTAINS 'ru'",
    "tags CONTAINS 3.5",
    "NOT tags CONTAINS 'tree'",
    "tags = 2",
    "tags = '2'",
    "tags > 2",
    "tags >= 'sea'",
    "tags < 2",
    "tags = TRUE",
    "tags IS NULL",
    "draft = TRUE",
    "draft = FALSE",
    "draft = 'true'",
    "draft != TRUE",
    "price > 1",
    "price <= 1.5",
    "price = 12.5",
    "price LIKE '1%'",
    "author.name = 'Ada'",
    "author = 'Ada'",
    "author.born < 1980",
    "author IS NULL",
    "author.name IS NULL",
    "`a.b` = 'dotted'",
    "`odd name!` = 'x%y_z'",
    "note LIKE 'SAY%'",
    "note CONTAINS 'no'",
    "note > 'say \"n'",
    "title = 'T3'",
    "title >= 'T5'",
    "doc_id = 'd1' OR doc_id = 'd2'",
    "(lang = 'en' OR year >= 2022) AND NOT tags = 'tree'",
    "NOT (lang = 'en' AND (draft = FALSE OR price > 100))",
    "path IS NULL",
    "modified < '2020'",
    "size > 1",
]


def documents() -> list[Document]:
    return [
        Document(f"d{number}", text, title=f"T{number}", metadata=metadata)
        for number, (text, metadata) in enumerate(zip(TEXTS, METADATA, strict=True))
    ]


class Backend:
    """A way to search what an engine here holds; ``opened`` gives an engine that sees its latest state."""

    def __init__(self, engine: SearchEngine, opened: Callable[[], SearchEngine] | None) -> None:
        self.engine, self._opened = engine, opened

    @contextmanager
    def opened(self) -> Iterator[SearchEngine]:
        if self._opened is None:
            yield self.engine
            return
        with self._opened() as remote:
            yield remote


@pytest.fixture(params=["folder", "milvus"])
def backend(request: pytest.FixtureRequest, engine: SearchEngine) -> Backend:
    if request.param == "folder":
        return Backend(engine, None)
    mirror = request.getfixturevalue("mirror")

    def pushed() -> SearchEngine:
        mirror.push(sync=True)
        return mirror.open()  # type: ignore[no-any-return]

    return Backend(engine, pushed)


def ids(hits: Any) -> list[str]:
    return [hit.doc_id for hit in hits]


def test_dense_hits_are_those_of_exact_search(backend: Backend, encoder: WordEncoder) -> None:
    backend.engine.add(documents())
    rows = encoder.encode_passages([f"T{number}\n{text}" for number, text in enumerate(TEXTS)])
    with backend.engine.corpus() as corpus:
        stored = corpus.vectors()[np.argsort(corpus.layout.ids)].astype(np.float64)
    assert np.abs(stored - rows).max() < 1e-3
    for query in ("apples in the orchard", "boats", "what time is it"):
        cosines = stored @ encoder.encode_queries([query])[0].astype(np.float64)
        order = np.argsort(-cosines, kind="stable")[:5]
        with backend.opened() as engine:
            hits = engine.search(query, k=5, mode="dense")
        assert ids(hits) == [f"d{number}" for number in order]
        assert [hit.score for hit in hits] == pytest.approx(cosines[order].astype(np.float32).tolist(), abs=1e-6)


def test_a_hit_shows_all_that_was_stored(backend: Backend) -> None:
    backend.engine.add(documents())
    with backend.opened() as engine:
        (hit,) = engine.search(TEXTS[4], k=1, mode="dense", context=1)
    assert (hit.doc_id, hit.title, hit.text, hit.metadata) == ("d4", "T4", TEXTS[4], METADATA[4])
    assert (hit.path, hit.line_start, hit.start, hit.end) == (None, 1, 0, len(TEXTS[4]))
    assert hit.context is not None


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, new_address: Any) -> Iterator[tuple[SearchEngine, SearchEngine]]:
    """An index of all documents, and the engine of its collection; neither is changed."""
    encoder = WordEncoder()
    with (
        new_address() as address,
        SearchEngine.open_or_create(tmp_path_factory.mktemp("full") / "index", encoder=encoder) as local,
    ):
        local.add(documents())
        push(local, address, PushOptions())
        with SearchEngine.open(str(address), encoder=encoder) as remote:
            yield local, remote


@contextmanager
def skipping_old_servers() -> Iterator[None]:
    """One before 2.4 says that it finds beginnings alone."""
    try:
        yield
    except FilterError as error:
        if "finds beginnings of texts alone" not in str(error):
            raise
        pytest.skip("this server finds beginnings of texts alone")


@pytest.mark.parametrize("where", WHERES)
def test_a_filter_lets_through_what_sqlite_lets_through(where: str, full: tuple[SearchEngine, SearchEngine]) -> None:
    local, remote = full
    expected = local.ask("apples", 20, mode="dense", where=where)
    with skipping_old_servers():
        found = remote.ask("apples", 20, mode="dense", where=where)
    assert sorted(ids(found.hits)) == sorted(ids(expected.hits))
    assert found.allowed == expected.allowed == len(expected.hits)


def test_a_mapping_filters_too(backend: Backend) -> None:
    backend.engine.add(documents())
    with backend.opened() as engine:
        assert set(ids(engine.search("x", where={"lang": ["en", None]}, mode="dense"))) == {"d0", "d2", "d5"}


def test_filters_are_checked_alike(backend: Backend) -> None:
    backend.engine.add(documents())
    with backend.opened() as engine:
        with pytest.raises(FilterError, match="no document has a field 'yaer'"):
            engine.search("x", where="yaer = 1")
        with pytest.raises(FilterError, match="expected a value"):
            engine.search("x", where="year = ")
        with pytest.raises(FilterError, match="expected dates"):
            engine.search("x", where="modified > 'soon'")
        with pytest.raises(InputError, match="expected a date or an age"):
            engine.search("x", since="soon")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "docs"
    (root / "guide" / "deep").mkdir(parents=True)
    for name, year in (("guide/apples.md", 2019), ("guide/deep/boats.md", 2021), ("clocks.txt", 2023)):
        (root / name).write_text(f"# {name}\n\nAll about {name}, in so many words.\n")
        moment = (year - 1970) * 31557600 + 86400.0
        os.utime(root / name, (moment, moment))
    return root


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"path": "guide/**"}, {"docs/guide/apples.md", "docs/guide/deep/boats.md"}),
        ({"path": "*.md"}, {"docs/guide/apples.md", "docs/guide/deep/boats.md"}),
        ({"path": "guide/*.md"}, {"docs/guide/apples.md"}),
        ({"path": "nothing"}, set()),
        ({"path": "*"}, {"docs/guide/apples.md", "docs/guide/deep/boats.md", "docs/clocks.txt"}),
        ({"since": "2021"}, {"docs/guide/deep/boats.md", "docs/clocks.txt"}),
        ({"where": "modified <= '2021'"}, {"docs/guide/apples.md", "docs/guide/deep/boats.md"}),
        ({"where": "modified > '2021'"}, {"docs/clocks.txt"}),
        ({"where": "modified = '2021'"}, {"docs/guide/deep/boats.md"}),
        ({"where": "modified < '2021'"}, {"docs/guide/apples.md"}),
        ({"where": "modified BETWEEN '2019' AND '2021'"}, {"docs/guide/apples.md", "docs/guide/deep/boats.md"}),
        ({"where": "path LIKE 'DOCS/guide/%'"}, {"docs/guide/apples.md", "docs/guide/deep/boats.md"}),
        ({"path": "*.md", "since": "2021", "where": "size > 10"}, {"docs/guide/deep/boats.md"}),
    ],
)
def test_files_are_chosen_by_path_and_time(
    backend: Backend, files: Path, options: dict[str, Any], expected: set[str]
) -> None:
    backend.engine.index_paths([files])
    backend.engine.add(["a text without a file"])
    with backend.opened() as engine, skipping_old_servers():
        assert {hit.path for hit in engine.search("words", mode="dense", **options)} == expected


def test_what_is_deleted_is_never_found(backend: Backend) -> None:
    backend.engine.add(documents())
    with backend.opened() as engine:
        assert "d0" in ids(engine.search("apples", mode="dense"))
    assert backend.engine.delete(["d0", "d3"]) == 2
    with backend.opened() as engine:
        assert set(ids(engine.search("apples", k=20, mode="dense"))) == {f"d{n}" for n in (1, 2, 4, 5, 6, 7)}


def test_a_changed_document_is_found_as_it_is_now(backend: Backend) -> None:
    backend.engine.add(documents())
    with backend.opened() as engine:
        assert engine.search("clocks tell the time", k=1, mode="dense")[0].doc_id == "d2"
    backend.engine.add([Document("d2", "violins are made of wood", metadata={"lang": "it"})])
    with backend.opened() as engine:
        assert engine.search("violins are made", k=1, mode="dense")[0].doc_id == "d2"
        assert ids(engine.search("violins", mode="dense", where="lang = 'it'")) == ["d2"]
        assert all("clocks" not in hit.text for hit in engine.search("clocks", k=20, mode="dense"))


def test_a_file_that_only_moved_in_time_is_found_by_its_new_time(backend: Backend, files: Path) -> None:
    backend.engine.index_paths([files])
    with backend.opened() as engine:
        assert ids(engine.search("words", since="2024")) == []
    os.utime(files / "clocks.txt", (1.75e9, 1.75e9))
    backend.engine.index_paths([files])
    with backend.opened() as engine:
        assert ids(engine.search("words", since="2024")) == ["docs/clocks.txt"]


def test_an_emptied_index_finds_nothing(backend: Backend) -> None:
    backend.engine.add(TEXTS[:2])
    with backend.opened() as engine:
        assert len(engine.search("apples")) == 2
    backend.engine.delete(["text-1", "text-2"])
    with backend.opened() as engine:
        assert engine.search("apples") == []
        assert engine.status().chunks == 0


def test_another_process_life_finds_the_same(backend: Backend) -> None:
    backend.engine.add(documents())
    with backend.opened() as engine:
        before = engine.search("apples", mode="dense")
    with backend.opened() as engine:
        assert engine.search("apples", mode="dense") == before


QUESTIONS = ["apples in the orchard", "max_retries", "http.py", "日本語", "the", "boats and time", "nothing like it"]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"mode": "dense"},
    {"mode": "lexical"},
    {"fusion": "rrf"},
    {"explain": True},
    {"explain": True, "where": "year >= 2020", "mode": "dense"},
    {"where": "lang = 'en'"},
    {"unlike": ["fruit trees"]},
    {"fold": True, "diverse": 0.5},
    {"group": "document"},
    {"per_document": 1, "context": 1},
    {"min_score": 0.3},
    {"abstain": 0.5},
    {"dense_weight": 0.9},
    {"highlight": True},
]


def needs_words(engine: SearchEngine) -> None:
    if engine.ask("x").notices:
        pytest.skip("this server has no BM25")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_both_give_the_same_answers(options: dict[str, Any], full: tuple[SearchEngine, SearchEngine]) -> None:
    local, remote = full
    if options.get("mode") != "dense":
        needs_words(remote)
    for question in QUESTIONS:
        expected, found = local.ask(question, 4, **options), remote.ask(question, 4, **options)
        assert found.hits == expected.hits
        assert (found.plan, found.candidates, found.allowed) == (expected.plan, expected.candidates, expected.allowed)
        assert found.nothing_close == expected.nothing_close


LEXICAL = ['"by the sea"', "+tree apples", "apples -orchard", '"apples grow" -sea', "+sea +orchard", '+"of day" sea']


@pytest.mark.parametrize("query", LEXICAL)
def test_signs_of_a_query_mean_the_same(query: str, full: tuple[SearchEngine, SearchEngine]) -> None:
    local, remote = full
    needs_words(remote)
    options: dict[str, Any] = {"mode": "lexical", "explain": True}
    assert remote.search(query, **options) == local.search(query, **options)


def test_similar_chunks_are_the_same(full: tuple[SearchEngine, SearchEngine]) -> None:
    local, remote = full
    for target in ("d0", 2, Document("new", "apples and trees")):
        assert remote.similar(target, 3) == local.similar(target, 3)
    vector = local.encoder.encode_queries(["apples"])[0]
    assert remote.search_embedding(vector, 3) == local.search_embedding(vector, 3)
    assert remote.context(3) == local.context(3)
    for failing in ("nowhere", 99):
        with pytest.raises(InputError, match=f"there is no chunk, document or file {failing!r}"):
            remote.similar(failing)


def test_long_texts_in_several_chunks_keep_their_context(backend: Backend) -> None:
    words = [f"word{number}" for number in range(300)]
    backend.engine.add([Document("long", " ".join(words)), *documents()])
    with backend.opened() as engine:
        (hit,) = engine.search("word150", k=1, context=1, where="doc_id = 'long'", mode="dense")
        assert hit.context is not None
        joined = f"{hit.context.before}{hit.text}{hit.context.after}"
        assert joined.split() == words[words.index(joined.split()[0]) :][: len(joined.split())]
        assert len(joined.split()) > len(hit.text.split())


def test_what_cannot_be_said_to_a_server_is_told(full: tuple[SearchEngine, SearchEngine]) -> None:
    _, remote = full
    refused: list[tuple[type[SearchkitError], str, dict[str, Any]]] = [
        (FilterError, "holds lists, of which BETWEEN", {"where": "tags BETWEEN 1 AND 2"}),
        (FilterError, "holds lists, of which LIKE", {"where": "tags LIKE 's%'"}),
        (FilterError, "with %, _ or a backslash|finds beginnings of texts alone", {"where": "note CONTAINS 'a%b'"}),
        (InputError, "topics are not known", {"topic": [1]}),
        (InputError, "places on disk are not known", {"within": ["."]}),
    ]
    for error, message, options in refused:
        with pytest.raises(error, match=message):
            remote.search("x", mode="dense", **options)
    needs_words(remote)
    with pytest.raises(QueryError, match="by their beginning"):
        remote.search("appl*", mode="lexical")


def test_batches_are_answered_as_one_by_one(full: tuple[SearchEngine, SearchEngine]) -> None:
    local, remote = full
    together = remote.search_many(QUESTIONS, 3, mode="dense")
    assert together == [remote.search(question, 3, mode="dense") for question in QUESTIONS]
    assert together == local.search_many(QUESTIONS, 3, mode="dense")
    assert [replace(hit, rank=1) for hit in together[0]] != together[0]
