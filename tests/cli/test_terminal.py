from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.cli.terminal import make_printable, one_line, read_standard_input, visible, wants_rich


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_escape_sequences_are_shown_not_sent() -> None:
    assert visible("a\x1b[31mred\x1b]8;;http://x\x07b") == "a␛[31mred␛]8;;http://x␇b"


def test_eight_bit_control_characters_and_delete_are_shown() -> None:
    assert visible("\x9b31m\x7f") == "\\x9b31m␡"


def test_marks_that_reorder_a_line_are_dropped() -> None:
    assert visible("user\u202egnp.exe\u2066x\u2069") == "usergnp.exex"


def test_newlines_tabs_and_all_scripts_stay() -> None:
    text = "eins\n\tzwei\n日本語 עברית 👩‍👧"
    assert visible(text) == text


def test_windows_line_ends_are_plain_newlines() -> None:
    assert visible("a\r\nb\rc") == "a\nb␍c"


@settings(deadline=None)
@given(st.text())
def test_nothing_that_drives_a_terminal_gets_through(text: str) -> None:
    shown = visible(text)
    assert not any(ord(c) < 0x20 and c not in "\n\t" for c in shown)
    assert not any(0x7F <= ord(c) < 0xA0 for c in shown)
    shown.encode()  # no lone surrogates


def test_one_line_has_single_spaces() -> None:
    assert one_line("  a\n\n b\tc ") == "a b c"


def test_a_terminal_gets_rich_output_and_a_pipe_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert wants_rich(Terminal())
    assert not wants_rich(io.StringIO())


def test_no_color_and_dumb_terminals_get_plain_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_rich(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not wants_rich(Terminal())


def test_force_color_draws_into_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert wants_rich(io.StringIO())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_text_can_be_written_whatever_the_encoding(encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    make_printable(stream)
    stream.write("日本語 \udcff\n")
    stream.flush()


def test_a_file_name_that_is_not_utf8_is_written_as_its_own_bytes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8")
    make_printable(stream)
    stream.write("caf\udce9")
    stream.flush()
    assert raw.getvalue() == b"caf\xe9"


def test_standard_input_that_is_no_text_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9"), encoding="utf-8"))
    assert read_standard_input() == "caf\ufffd"
