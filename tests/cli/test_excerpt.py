from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.cli.excerpt import excerpt


def around(text: str, best: str, room: int = 400) -> tuple[str, str, str]:
    start = text.index(best)
    shown = excerpt(text, start, start + len(best), room=room)
    return shown.before, shown.best, shown.after


def test_a_short_chunk_is_shown_whole() -> None:
    assert around("One. Two. Three.", "Two.") == ("One. ", "Two.", " Three.")


def test_lines_of_prose_are_joined() -> None:
    assert around("One\nline. Two\nlines here.", "Two\nlines here.") == ("One line. ", "Two lines here.", "")


def test_paragraphs_stay_apart_without_the_blank_line() -> None:
    assert around("One.\n\n\nTwo.\n", "One.") == ("", "One.", "\nTwo.")


def test_lists_code_and_tables_keep_their_lines() -> None:
    text = "Do:\n- one\n- two\n\n    x = 1\n    y = 2\n| a |"
    assert around(text, "Do:")[2] == "\n- one\n- two\n    x = 1\n    y = 2\n| a |"


def test_tables_lose_their_padding_and_edges() -> None:
    text = "|\n| name      |   default |\n| flag      |   off     |"
    assert around(text, "| flag      |   off     |") == ("| name | default |\n", "| flag | off |", "")


def test_cuts_fall_between_words_and_are_marked() -> None:
    text = "alpha beta gamma delta BEST epsilon zeta eta theta"
    before, best, after = around(text, "BEST", room=30)
    assert (before, best, after) == ("… delta ", "BEST", " epsilon zeta …")


def test_a_sentence_longer_than_the_room_is_cut_itself() -> None:
    before, best, after = around("a " + "word " * 200, "word " * 200, room=50)
    assert best.endswith("…")
    assert len(best) <= 52
    assert after == ""
    assert before == ""


def test_text_without_spaces_is_cut_too() -> None:
    assert len(around("漢" * 500, "漢" * 500, room=40)[1]) == 42


def test_a_long_listing_does_not_fill_the_screen() -> None:
    text = "Best.\n" + "\n".join(f"  line {n}" for n in range(50))
    assert around(text, "Best.", room=2000)[2].count("\n") <= 7


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 300), st.integers(10, 200))
def test_any_span_of_any_text_gives_an_excerpt_of_bounded_length(text: str, a: int, b: int, room: int) -> None:
    start, end = sorted((min(a, len(text)), min(b, len(text))))
    shown = excerpt(text, start, end, room=room)
    widest = 4  # a C1 control is shown as \x9b, a tab as up to four spaces
    assert len(shown.text) <= widest * room + 6
