from __future__ import annotations

import json

import pytest
from sample_files import document

from searchkit.documents.frontmatter import split

YAML = """---
title: "Tea: a guide"  # for beginners
date: 2024-05-01
draft: false
weight: 10
rating: 4.5
code: 007
none: ~
tags: [green, "black, strong", 'white']
authors:
- Ada
- name: Bo
  role: editor
brewing:
  water:
    - soft
    - hot
  minutes: 3
summary: >
  Folded
  text
poem: |
  line one
  line two
url: https://example.org/a:b#c
long: begins here
  and goes on
---
Body
"""


def test_yaml_of_every_common_kind() -> None:
    found = split(YAML)
    assert YAML[found.end :] == "\nBody\n"
    assert found.fields == {
        "title": "Tea: a guide",
        "date": "2024-05-01",
        "draft": False,
        "weight": 10,
        "rating": 4.5,
        "code": "007",
        "none": None,
        "tags": ["green", "black, strong", "white"],
        "authors": ["Ada", {"name": "Bo", "role": "editor"}],
        "brewing": {"water": ["soft", "hot"], "minutes": 3},
        "summary": "Folded text",
        "poem": "line one\nline two",
        "url": "https://example.org/a:b#c",
        "long": "begins here and goes on",
    }


def test_toml() -> None:
    text = '+++\ntitle = "T"\n[extra]\nn = [1, 2]\n+++\nBody'
    assert split(text).fields == {"title": "T", "extra": {"n": [1, 2]}}
    assert split("+++\nbroken =\n+++\nBody").fields == {}


@pytest.mark.parametrize(
    "text",
    [
        "---\nA line of prose.\n\n---\nMore.",
        "---\ntitle: never closed\n",
        "# Title\n---\na: b\n---\n",
        "---",
        "",
        "----\na: b\n---",
    ],
)
def test_rules_around_prose_are_no_front_matter(text: str) -> None:
    assert split(text).end == 0


@pytest.mark.parametrize(
    "body",
    [
        "a: [",
        "a: " + "[" * 10_000 + "]" * 10_000,
        "a: {b",
        "a:\n" + " " * 500 + "b",
        "k:\n" + "- " * 5000,
        'a: "' * 500,
        "\t\t: x",
        "- a",
        "a" + " " * 60_000 + "b",
    ],
)
def test_odd_front_matter_is_never_an_error(body: str) -> None:
    split(f"---\nkey: v\n{body}\n---\n")


def test_number_without_end_is_no_value() -> None:
    """Hexadecimal ones are read, and could not be written."""
    found = document(f"+++\na = 0x{'f' * 5000}\nb = 0x{'f' * 20}\n+++\nBody", "a.md")
    assert found.metadata == {"format": "markdown", "a": None, "b": 16**20 - 1}
    json.dumps(found.metadata)


def test_deep_nesting_is_cut() -> None:
    deep = "".join(" " * depth + f"k{depth}:\n" for depth in range(200))
    assert split(f"---\n{deep}---\n").end
