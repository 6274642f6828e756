from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from searchkit.insight.addresses import path_in_link


def test_a_path_is_whole_and_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    link = path_in_link(Path("a b#?{line}.md"))
    assert link.endswith("/a%20b%23%3F%7Bline%7D.md")
    assert unquote_to_bytes(link) == os.fsencode(tmp_path / "a b#?{line}.md")


def test_a_drive_has_a_slash_before_it() -> None:
    windows: Any = PureWindowsPath("C:\\my notes\\x.md")
    assert path_in_link(windows) == "/C:/my%20notes/x.md"


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_need_not_be_utf_8() -> None:
    assert path_in_link(Path(os.fsdecode(b"/n\xff.md"))) == "/n%FF.md"
