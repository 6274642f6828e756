from __future__ import annotations

from collections.abc import Callable

import pytest

from searchkit.cli.wording import place, size_words, time_words, trail, when
from searchkit.errors import counted
from searchkit.types import Hit


@pytest.mark.parametrize(("number", "words"), [(0, "0 files"), (1, "1 file"), (12345, "12,345 files")])
def test_nouns_follow_their_number(number: int, words: str) -> None:
    assert counted(number, "file") == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_960, "10 kB"), (23_400_000, "23 MB")]
)
def test_sizes_have_two_digits(size: int, words: str) -> None:
    assert size_words(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")],
)
def test_times_are_in_the_largest_units(seconds: float, words: str) -> None:
    assert time_words(seconds) == words


def test_times_are_short_and_name_their_zone() -> None:
    assert when("2026-11-21T04:13:16+00:00") == "2026-11-21 04:13 UTC"
    assert when("2026-11-21T04:13:16") == "2026-11-21 04:13"
    assert when(None) == ""


def test_place_is_path_and_line(make_hit: Callable[..., Hit]) -> None:
    assert place(make_hit(1, path="a/b.md", line_start=42)) == "a/b.md:42"


def test_place_in_a_paged_file_is_its_page(make_hit: Callable[..., Hit]) -> None:
    assert place(make_hit(1, path="a.pdf", line_start=None, page=3)) == "a.pdf#page=3"


def test_place_of_a_record_names_it(make_hit: Callable[..., Hit]) -> None:
    assert place(make_hit(1, path="a.csv", doc_id="a.csv#7", line_start=None)) == "a.csv#7"


def test_place_of_a_document_without_file_is_its_id(make_hit: Callable[..., Hit]) -> None:
    assert place(make_hit(1, path=None, doc_id="note-7")) == "note-7"


def test_trail_does_not_repeat_the_title() -> None:
    assert trail("Guide", ("guide", "Install")) == ("Guide", "Install")
    assert trail("", ("A", "B")) == ("A", "B")
    assert trail("Install - The Manual", ("Install", "Linux")) == ("Install - The Manual", "Linux")
    assert trail("Installing", ("Install",)) == ("Installing", "Install")
    assert trail("", ()) == ()
