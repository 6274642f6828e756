"""What a filter lets through, over a small table of documents; rules in `searchkit.store.filters.where`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from searchkit.errors import FilterError
from searchkit.store.filters.where import compile_filter

DOCUMENTS = {
    # doc_id: (title, metadata, path, size, modified)
    "a": (
        "Guide",
        {"year": 2020, "lang": "en", "tags": ["x", "py"], "draft": False},
        "docs/a.md",
        10,
        "2026-05-31T23:30:00+00:00",
    ),
    "b": (
        "Intro",
        {"year": "2021", "lang": "de", "tags": [], "draft": "True"},
        "docs/b.md",
        200,
        "2026-06-01T00:10:00+00:00",
    ),
    "c": (
        "100%",
        {"year": "unknown", "lang": None, "tags": "x", "draft": True},
        "src/c.py",
        3000,
        "2025-12-31T10:00:00+00:00",
    ),
    "d": ("2020", {"year": 9.5, "author": {"name": "Ada", "born": 1815}, "flat.name": "f"}, None, None, None),
    "e": (
        "",
        {"größe": 3, "last-modified": "x", "title": "inner", "back\\s": 1, "n": [[1], {"k": 1}, 2]},
        None,
        None,
        None,
    ),
}
KNOWN = sorted({name for _, metadata, *_ in DOCUMENTS.values() for name in metadata})


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE documents (source_id INTEGER, doc_id TEXT, title TEXT, metadata TEXT)")
    connection.execute("CREATE TABLE sources (source_id INTEGER, path TEXT, size INTEGER, modified TEXT)")
    for number, (doc_id, (title, metadata, *source)) in enumerate(DOCUMENTS.items()):
        with_source = number if source[0] else None
        stored = json.dumps(metadata, ensure_ascii=False)
        connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?)", (with_source, doc_id, title, stored))
        if source[0]:
            connection.execute("INSERT INTO sources VALUES (?, ?, ?, ?)", (number, *source))
    return connection


def matching(database: sqlite3.Connection, where: str | Mapping[str, object]) -> str:
    condition = compile_filter(where, KNOWN)
    rows = database.execute(
        f"SELECT d.doc_id, {condition.sql} FROM documents d LEFT JOIN sources s USING (source_id) ORDER BY doc_id",
        condition.parameters,
    ).fetchall()
    assert {truth for _, truth in rows} <= {0, 1}
    return "".join(doc_id for doc_id, truth in rows if truth)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        # numbers and texts that look like numbers compare by value; "unknown" does not
        ("year = 2020", "a"),
        ("year == 2021", "b"),
        ("year = 2020.0", "a"),
        ("year >= 2020", "ab"),
        ("year > 2020", "b"),
        ("year < 2020", "d"),
        ("year <= 2020", "ad"),
        ("year > 9 AND year < 100", "d"),
        ("year BETWEEN 2020 AND 2021", "ab"),
        ("year NOT BETWEEN 2020 AND 2021", "cde"),
        ("year IN (2021, 9.5, 7)", "bd"),
        ("year = -1", ""),
        ("year < 1e9", "abd"),
        # a text as it is written; by value when it looks like a number and a number is stored
        ("year = '2020'", "a"),
        ("year = '2021'", "b"),
        ("year = '2021.0'", ""),
        ("year = '2020.0'", "a"),
        ("year >= '2020'", "abc"),
        ("year < '9'", "b"),
        ("lang = 'en'", "a"),
        ('lang = "en"', "a"),
        ("lang > 'dz'", "a"),
        ("lang IN ('en', 'de', 'fr')", "ab"),
        ("lang = 'EN'", ""),
        ("year = 'unknown'", "c"),
        ("title = 2020", "d"),
        # true and false
        ("draft = true", "bc"),
        ("draft = FALSE", "a"),
        ("draft = 'true'", "c"),
        ("draft = 1", ""),
        ("draft > 0", ""),
        # what is missing equals nothing
        ("lang != 'en'", "bcde"),
        ("NOT lang = 'en'", "bcde"),
        ("lang <> 'en'", "bcde"),
        ("NOT (NOT (lang = 'en'))", "a"),
        ("lang NOT IN ('en')", "bcde"),
        ("lang NOT LIKE 'e%'", "bcde"),
        ("lang IS NULL", "cde"),
        ("lang is not null", "ab"),
        ("lang = null", "cde"),
        ("lang != null", "ab"),
        ("lang IN ('en', NULL)", "acde"),
        ("lang IN ()", ""),
        ("path IS NULL", "de"),
        ("path != 'docs/a.md'", "bcde"),
        # lists: any element
        ("tags = 'x'", "ac"),
        ("tags != 'x'", "bde"),
        ("tags CONTAINS 'x'", "ac"),
        ("tags contains 'p'", ""),
        ("tags NOT CONTAINS 'x'", "bde"),
        ("tags IN ('py', 'q')", "a"),
        ("tags LIKE 'P%'", "a"),
        ("tags > 'w'", "ac"),
        ("tags IS NULL", "de"),
        ("n = 2", "e"),
        ("n CONTAINS 2", "e"),
        ("n = 1", ""),
        # parts of texts
        ("title CONTAINS 'uid'", "a"),
        ("title CONTAINS 'UID'", ""),
        ("title CONTAINS 20", "d"),
        ("title LIKE 'gui%'", "a"),
        ("title LIKE '_ntro'", "b"),
        (r"title LIKE '%\%'", "c"),
        ("lang CONTAINS 'd'", "b"),
        # built-in fields
        ("path = 'docs/a.md'", "a"),
        ("path LIKE 'docs/%'", "ab"),
        ("size > 10", "bc"),
        ("size = 200", "b"),
        ("size BETWEEN 10 AND '200'", "ab"),
        ("doc_id IN ('a', 'e')", "ae"),
        ("title = ''", "e"),
        # moments to the precision that is written, in UTC
        ("modified = '2026-05'", "a"),
        ("modified = 2026", "ab"),
        ("modified <= '2026-05-31'", "ac"),
        ("modified < 2026-05-31", "c"),
        ("modified > 2026-05-31", "b"),
        ("modified >= '2026-05-31T23:30'", "ab"),
        ("modified >= '2026-06-01T01:00+02:00'", "ab"),
        ("modified = 2026-06-01T00:10:00Z", "b"),
        ("modified BETWEEN '2025' AND '2026-05'", "ac"),
        ("modified IN ('2025', '2026-06')", "bc"),
        ("modified != '2026'", "cde"),
        ("modified LIKE '%T10:%'", "c"),
        ("modified IS NULL", "de"),
        # names
        ("author.name = 'Ada'", "d"),
        ("author.born < 1900", "d"),
        ("author = 'Ada'", ""),
        ("author CONTAINS 'Ada'", ""),
        ("author IS NOT NULL", "d"),
        ("author.died IS NULL", "abcde"),
        ("flat.name = 'f'", "d"),
        ("`flat.name` = 'f'", "d"),
        ("größe = 3", "e"),
        ("last-modified = 'x'", "e"),
        ("`last-modified` = 'x'", "e"),
        (r"`back\s` = 1", "e"),
        ("metadata.title = 'inner'", "e"),
        ("metadata.author.name = 'Ada'", "d"),
        # words between
        ("lang = 'en' OR lang = 'de' AND year = 1", "a"),
        ("(lang = 'en' OR lang = 'de') AND year >= 2021", "b"),
        ("NOT lang = 'en' AND year >= 2020", "b"),
        ("lang='en'or year=9.5", "ad"),
        ('lang = \'it\'\'s\' OR lang = "say ""en"""', ""),
        ("\n lang\t=\n'en' ", "a"),
    ],
)
def test_filter_lets_through(database: sqlite3.Connection, where: str, expected: str) -> None:
    assert matching(database, where) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, "abcde"),
        ({"lang": "en"}, "a"),
        ({"year": [2020, 2021], "lang": "de"}, "b"),
        ({"lang": None}, "cde"),
        ({"lang": ["en", None]}, "acde"),
        ({"lang": []}, ""),
        ({"draft": True}, "bc"),
        ({"author.name": {"Ada"}}, "d"),
        ({"flat.name": "f"}, "d"),
        ({"modified": "2026-05"}, "a"),
        ({"doc_id": [str(number) for number in range(5000)] + ["b"]}, "b"),
    ],
)
def test_mapping_is_equality_and_membership(database, where: Mapping[str, object], expected: str) -> None:
    assert matching(database, where) == expected


@pytest.mark.parametrize(
    ("where", "position", "told"),
    [
        ("", 0, "empty"),
        ("  ", 2, "empty"),
        ("year", 4, "expected a comparison after the field, found the end"),
        ("year >=", 7, "expected a value, found the end"),
        ("year = ", 7, "expected a value"),
        ("year = en", 7, "expected a value, found en"),
        ("year 2020", 5, "expected a comparison"),
        ("year = 2020 lang = 'en'", 12, "expected AND, OR or the end, found lang"),
        ("2020 = year", 0, "expected a field name, found 2020"),
        ("'year' = 2020", 0, "expected a field name"),
        ("year = 'x", 7, "quote ' is never closed"),
        ("year = 20x", 7, "not a number"),
        ("year = 1e999", 7, "too large"),
        ("year ; DROP TABLE documents", 5, "';' means nothing"),
        ("(year = 1", 9, r"expected '\)', found the end"),
        ("year = 1)", 8, r"expected AND, OR or the end, found \)"),
        ("year IN 1", 8, r"expected '\('"),
        ("year IN (1", 10, r"expected '\)'"),
        ("year IS 3", 8, "expected NULL"),
        ("year LIKE 3", 10, "expected a text after LIKE"),
        ("year BETWEEN 1 OR 2", 15, "expected AND between"),
        ("year < true", 7, "no order"),
        ("year < null", 7, "no order"),
        ("year = 1 AND", 12, "expected a field name, found the end"),
        ("and = 1", 0, "expected a field name"),
        ("author. = 1", 8, "expected a field name"),
        ("yaer = 1", 0, "no document has a field 'yaer'"),
        ("lang = 'en' AND colour = 1", 16, "no document has a field 'colour'"),
        ("modified > 'yesterday'", 0, "'yesterday'; expected dates"),
        ("modified > '2026-13'", 0, "expected dates"),
        ("modified > 20.5", 0, "expected dates"),
        ("modified = '2026-05-01Z'", 0, "expected dates"),
        ("modified = '0001-01-01T00:00+02:00'", 0, "expected dates"),
        ("year = 'a\0b'", 7, "no file can hold"),
        ("year = '\ud800'", 7, "no file can hold"),
    ],
)
def test_error_points_at_the_character(where: str, position: int, told: str) -> None:
    with pytest.raises(FilterError, match=told) as caught:
        compile_filter(where, KNOWN)
    assert caught.value.position == position


def test_error_shows_the_expression_with_a_caret() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("year >= 2020 AND\tlang ~ 'en'", KNOWN)
    _, shown, caret = caught.value.message.split("\n")
    assert shown == "  year >= 2020 AND lang ~ 'en'"
    assert shown[caret.index("^")] == "~"


def test_caret_stands_right_in_a_long_expression() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(" OR ".join(["year = 1"] * 100) + " ~ " + "x" * 100, KNOWN)
    _, shown, caret = caught.value.message.split("\n")
    assert shown[caret.index("^")] == "~"
    assert len(shown) < 100


def test_unknown_field_gets_a_suggestion_and_the_list() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("Yaer = 1", KNOWN)
    assert caught.value.hint.startswith("did you mean year? known fields: path, title, doc_id, size, modified, author")
    with pytest.raises(FilterError) as caught:
        compile_filter("x = 1", [f"column{number:02}" for number in range(40)])
    assert caught.value.hint.endswith("column24 and 15 more")


def test_word_without_quotes_gets_a_hint() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("lang = en", KNOWN)
    assert caught.value.hint == "put text in quotes: 'en'"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"lang": {"$ne": "en"}}, "field 'lang' is compared with"),
        ({"lang": float("nan")}, "nan"),
        ({"lang": 2**63}, "field 'lang'"),
        ({"lang": ["en", object()]}, "field 'lang'"),
        ({"lang": "\ud800"}, "field 'lang'"),
        ({"colour": 1}, "no document has a field 'colour'"),
        ({"modified": "soon"}, "expected dates"),
        ({'a"b': 1}, "no document has a field"),
        ({1: "en"}, "has 1 for a field"),
        (["lang", "en"], "the filter is list"),
    ],
)
def test_mapping_errors_name_the_field(where: Mapping[str, object], told: str) -> None:
    with pytest.raises(FilterError, match=told):
        compile_filter(where, KNOWN)


def test_field_with_a_double_quote_is_refused_rather_than_missed() -> None:
    with pytest.raises(FilterError, match="double quote"):
        compile_filter('`a"b` = 1', ['a"b'])


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("(" * 100 + "year = 1" + ")" * 100, "nested deeper than 16"),
        ("NOT " * 100 + "year = 1", "nested deeper than 16"),
        ("year = '" + "x" * 1_000_000 + "'", "1,000,009 characters; at most 10,000"),
        (" OR ".join(["year = 1"] * 201), "more than 200 comparisons"),
    ],
)
def test_bombs_are_refused(where: str, told: str) -> None:
    with pytest.raises(FilterError, match=told):
        compile_filter(where, KNOWN)


def deepest(shape: str, start: str = "tags contains 2") -> str:
    for _ in range(16 if shape.count("(") + shape.count("NOT") == 1 else 8):
        start = shape.format(start)
    return start


@pytest.mark.parametrize(
    "where",
    [
        " OR ".join(["year IN (1, '2', true, null)"] * 200),
        f"lang IN ({','.join(['1'] * 4000)})",
        deepest("year = 1 OR draft = true AND ({})"),
        deepest("({}) AND year = 1 OR draft = true"),
        deepest("year = 1 OR draft = true AND NOT ({})"),
        "NOT " * 16 + "tags contains 2",
        deepest("(tags contains 2 AND year IN (1, 'x') OR {})"),
        deepest("(modified IN ('2020', '2021', '2022', '2023', '2024', '2025') AND title LIKE '%' OR {})"),
    ],
)
def test_largest_allowed_filters_run(database: sqlite3.Connection, where: str) -> None:
    matching(database, where)


@given(st.recursive(st.just("tags contains 2"), lambda inner: st.lists(inner, min_size=2, max_size=3), max_leaves=60))
def test_allowed_trees_of_any_shape_fit_the_parser_of_sqlite(database: sqlite3.Connection, tree: object) -> None:
    def write(node: object, word: str) -> str:
        if isinstance(node, str):
            return node
        other = "OR" if word == "AND" else "AND"
        return f"NOT ({f' {word} '.join(write(part, other) for part in node)})"

    with suppress(FilterError):
        matching(database, write(tree, "AND"))


def test_values_are_never_part_of_the_sql() -> None:
    condition = compile_filter("lang = 'x'' OR 1=1 --' AND title LIKE '\"%' AND `flat.name` = 'evil'", KNOWN)
    assert "evil" not in condition.sql
    assert "1=1" not in condition.sql
    assert "flat" not in condition.sql


WORDS = [
    *KNOWN, "path", "modified", "author.name", "`flat.name`", "nope", "and", "OR", "not", "IN", "(", ")", ",", ".",
    "=", "!=", "<", ">=", "like", "between", "contains", "is", "null", "true", "'x'", '"2020"', "1", "-2.5e3",
    "2026-01-31", "'", "`", "é", "\0", "--",
]  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)))
@example("lang = '\ud800'")
def test_any_text_compiles_and_runs_or_is_refused(text: str) -> None:
    try:
        condition = compile_filter(text, KNOWN)
    except FilterError:
        return
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE d (doc_id TEXT, title TEXT, metadata TEXT)")
    connection.execute("CREATE TABLE s (path TEXT, size INTEGER, modified TEXT)")
    connection.execute("INSERT INTO d VALUES ('a', 'b', ?)", (json.dumps(DOCUMENTS["a"][1]),))
    ((truth,),) = connection.execute(f"SELECT {condition.sql} FROM d LEFT JOIN s", condition.parameters).fetchall()
    connection.close()
    assert truth in (0, 1)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, -1.5, 2.0]),
    st.sampled_from(
        ["", "1", "2.0", " 2 ", "-1.5", "1x", "true", "False", "abc", "0x1", "1e0", "1e999", "-1e999", "é"]
    ),
)
STORED = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.just({"k": 1}))
LIMITS = SCALARS.filter(lambda value: value is not None and not isinstance(value, bool))


def number_in(text: str) -> float | None:
    text = text.strip()
    if not text or not set(text) <= set("0123456789+-.e"):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def holds(stored: object, symbol: str, value: object) -> bool:
    """The documented rules, written again in Python for one element."""
    if stored is None or isinstance(stored, dict):
        return False
    pairs: list[tuple[object, object]] = []
    if isinstance(value, bool):
        pairs = [(str(stored).lower(), str(value).lower())] if isinstance(stored, (bool, str)) else []
    elif isinstance(value, str):
        if isinstance(stored, str):
            pairs = [(stored, value)]
        elif isinstance(stored, bool):
            pairs = [(str(stored).lower(), value)] if symbol == "=" else []
        elif number_in(value) is not None:
            pairs = [(stored, number_in(value))]
    elif isinstance(stored, str):
        pairs = [(number_in(stored), value)] if number_in(stored) is not None else []
    elif not isinstance(stored, bool):
        pairs = [(stored, value)]
    compare = {"=": "__eq__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}[symbol]
    return any(getattr(float(a) if isinstance(a, int) else a, compare)(b) for a, b in pairs)


def written(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


@given(
    st.lists(STORED, min_size=1, max_size=8),
    st.sampled_from(["=", "<", "<=", ">", ">="]),
    LIMITS,
    st.booleans(),
)
@example([True, "true", 1], "=", "true", False)
@example([5, "5", "1e999"], "=", "1e999", False)
@example([5, "5", "1e999"], "<", "1e999", False)
@example([5, "5", "-1e999"], ">", "-1e999", False)
def test_comparison_follows_the_documented_rules(stored: list, symbol: str, value: object, negated: bool) -> None:
    condition = compile_filter(f"{'NOT ' if negated else ''}x {symbol} {written(value)}", ["x"])
    connection = sqlite3.connect(":memory:")
    for item in stored:
        ((truth,),) = connection.execute(
            f"SELECT {condition.sql} FROM (SELECT ? AS metadata) d",
            (*condition.parameters, json.dumps({"x": item})),
        ).fetchall()
        elements = item if isinstance(item, list) else [item]
        assert bool(truth) is (any(holds(element, symbol, value) for element in elements) is not negated), item
    connection.close()


@given(st.lists(STORED, min_size=1, max_size=5), st.lists(SCALARS, max_size=4))
def test_membership_is_equality_with_any(stored: list, values: list) -> None:
    condition = compile_filter({"x": values}, ["x"])
    connection = sqlite3.connect(":memory:")
    for item in stored:
        ((truth,),) = connection.execute(
            f"SELECT {condition.sql} FROM (SELECT ? AS metadata) d",
            (*condition.parameters, json.dumps({"x": item})),
        ).fetchall()
        elements = item if isinstance(item, list) else [item]
        expected = any(holds(element, "=", value) for element in elements for value in values if value is not None)
        assert bool(truth) is (expected or (item is None and None in values)), item
    connection.close()
