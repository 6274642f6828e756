from __future__ import annotations

import pytest

from searchkit.insight.code_words import is_code, without_front_matter, without_syntax
from searchkit.insight.phrases import phrases_in


def phrases(code: str) -> set[str]:
    return {written for _, written in phrases_in(without_syntax(code))}


@pytest.mark.parametrize(
    "line",
    [
        "from pathlib import Path",
        "import numpy as np",
        "#include <stdio.h>",
        "use std::fmt::Display;",
        "const fs = require('fs')",
        "package searching",
    ],
)
def test_imports_name_no_topic(line: str) -> None:
    assert phrases(f"{line}\nboats") == {"boats"}


def test_keywords_name_no_topic_and_part_phrases() -> None:
    assert phrases("def sail_boat(self) -> None:\n    return True") == {"sail", "sail boat", "boat"}


def test_words_that_only_begin_like_keywords_stay() -> None:
    assert {"importance", "classes", "integer"} <= phrases("importance, classes, integer")


def test_a_line_of_code_is_not_read_on_into_the_next() -> None:
    assert phrases("ship\nboat") == {"ship", "boat"}


@pytest.mark.parametrize(("path", "expected"), [("a/b.py", True), ("Makefile", True), ("a.md", False), (None, False)])
def test_code_is_told_by_its_name(path: str | None, expected: bool) -> None:
    assert is_code(path) is expected


@pytest.mark.parametrize("fence", ["---", "+++"])
def test_front_matter_names_no_topic(fence: str) -> None:
    assert without_front_matter(f"{fence}\ntitle: x\n{fence}\n# Boats\n{fence}\n") == f"# Boats\n{fence}\n"
    assert without_front_matter(f"{fence}\nno end") == f"{fence}\nno end"
