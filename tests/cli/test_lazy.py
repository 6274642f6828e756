from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from searchkit.cli.lazy import PlainCommand


def given(words: list[str]) -> dict[str, Any]:
    """What a command with one option of each kind receives for these words."""
    received: dict[str, Any] = {}

    def command(
        names: Annotated[list[str], typer.Argument()],
        number: Annotated[int, typer.Option()] = 3,
        share: Annotated[float | None, typer.Option()] = None,
        folder: Annotated[Path, typer.Option()] = Path("here"),
        flag: Annotated[bool | None, typer.Option("--flag/--no-flag")] = None,
        tags: Annotated[list[str] | None, typer.Option("--tag")] = None,
        bounded: Annotated[int, typer.Option(min=1, max=9)] = 5,
    ) -> None:
        received.update(locals())

    app = typer.Typer(add_completion=False)
    app.command(cls=PlainCommand)(command)
    with typer.main.get_command(app).make_context("command", words) as context:
        context.command.invoke(context)
    return {name: value for name, value in received.items() if name != "received"}


def test_absent_options_have_their_defaults() -> None:
    assert given(["x"]) == {
        "names": ["x"],
        "number": 3,
        "share": None,
        "folder": Path("here"),
        "flag": None,
        "tags": None,
        "bounded": 5,
    }


def test_words_become_values_of_the_declared_types() -> None:
    words = ["a", "b", "--number", "-7", "--share", "0.5", "--folder", "x/y", "--no-flag", "--tag", "1", "--tag", "2"]
    words += ["--bounded", "9"]
    assert given(words) == {
        "names": ["a", "b"],
        "number": -7,
        "share": 0.5,
        "folder": Path("x/y"),
        "flag": False,
        "tags": ["1", "2"],
        "bounded": 9,
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x", "--number", "1.5"], "'1.5' is not a "),
        (["x", "--share", "half"], "'half' is not a "),
        (["x", "--share", "nan"], "'nan' is not a number"),
        (["x", "--number", str(2**63)], "is too large"),
        (["x", "--bounded", "0"], "0 is too small; expected at least 1"),
        (["x", "--bounded", "10"], "10 is too large; expected at most 9"),
    ],
)
def test_a_word_that_does_not_convert_is_a_usage_error(words: list[str], message: str) -> None:
    with pytest.raises(typer.BadParameter, match=message):
        given(words)
