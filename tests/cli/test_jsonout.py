from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.cli.jsonout import show_array, show_lines, to_json
from searchkit.search.asking.hit_json import hit_to_dict
from searchkit.types import Context, Hit, Place


@settings(deadline=None)
@given(st.text())
def test_text_survives_and_controls_no_terminal(text: str) -> None:
    line = to_json({"text": text})
    assert json.loads(line) == {"text": text}
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E for c in line)
    assert len(line.splitlines()) == 1


def test_lone_surrogates_are_escaped() -> None:
    assert to_json("\udcff") == '"\\udcff"'


def test_other_scripts_stay_readable() -> None:
    assert to_json("日本語") == '"日本語"'


def test_an_array_is_one_json_value(capsys: pytest.CaptureFixture[str]) -> None:
    show_array([{"a": 1}, {"a": 2}])
    assert json.loads(capsys.readouterr().out) == [{"a": 1}, {"a": 2}]
    show_array([])
    assert capsys.readouterr().out == "[]\n"


def test_lines_are_one_object_each(capsys: pytest.CaptureFixture[str]) -> None:
    show_lines([{"a": "x\ny"}, {"a": 2}])
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"a": "x\ny"}, {"a": 2}]


def test_dataclasses_and_paths_become_plain_values() -> None:
    @dataclass(frozen=True)
    class Status:
        folder: Path
        names: tuple[str, ...]

    assert json.loads(to_json(Status(Path("a/b"), ("x",)))) == {"folder": "a/b", "names": ["x"]}


def test_a_hit_has_the_promised_keys(make_hit: Callable[..., Hit]) -> None:
    made = make_hit(2, metadata={"lang": "en"})
    value = json.loads(to_json(hit_to_dict(made)))
    promised = "rank score percentile id doc_id path line_start line_end page title heading_path snippet text metadata"
    added = "alike others context_before context_after explanation"
    assert list(value) == [*promised.split(), *added.split()]
    assert value["id"] == made.chunk_id
    assert value["heading_path"] == ["Animals", "Sleep"]
    assert value["metadata"] == {"lang": "en"}


def test_a_hit_tells_what_stands_behind_and_around_it(make_hit: Callable[..., Hit]) -> None:
    made = make_hit(2, alike=(7, 8), others=(Place(9, 3, 4, None),), context=Context("before ", " after"))
    value = json.loads(to_json(hit_to_dict(made)))
    assert value["alike"] == [7, 8]
    assert value["others"] == [{"id": 9, "line_start": 3, "line_end": 4, "page": None}]
    assert (value["context_before"], value["context_after"]) == ("before ", " after")
    bare = hit_to_dict(make_hit(1))
    assert (bare["alike"], bare["others"], bare["context_before"], bare["context_after"]) == ([], [], None, None)


def test_what_is_no_number_in_json_is_null() -> None:
    text = to_json({"figures": [float("nan"), 1.5, {"most": float("inf")}], "least": -float("inf")})
    assert json.loads(text, parse_constant=pytest.fail) == {"figures": [None, 1.5, {"most": None}], "least": None}
