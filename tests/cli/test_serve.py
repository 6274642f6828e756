from __future__ import annotations

from pathlib import Path

import pytest
import typer

from searchkit.cli.serve import TOKEN, secret
from searchkit.errors import InputError


def test_a_token_is_the_one_that_was_given_then_that_of_the_file_then_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("of-the-file\n")
    monkeypatch.setenv(TOKEN, "of-the-environment")
    assert secret("given", None, TOKEN) == "given"
    assert secret(None, file, TOKEN) == "of-the-file"
    assert secret(None, None, TOKEN) == "of-the-environment"
    monkeypatch.setenv(TOKEN, "")
    assert secret(None, None, TOKEN) is None


def test_a_mark_before_the_first_character_is_no_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xef\xbb\xbfof-the-file\r\n")
    assert secret(None, file, TOKEN) == "of-the-file"


def test_a_token_and_a_file_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="not both"):
        secret("given", tmp_path / "token", TOKEN)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_an_error(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match="token cannot be read: "):
        secret(None, file, TOKEN)
