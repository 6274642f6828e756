from __future__ import annotations

from collections.abc import Callable

import pytest

from searchkit.cli import plain
from searchkit.cli.wording import Facts, Finding, HitView, Level, Table
from searchkit.types import Hit


def test_a_hit_is_one_line(make_hit: Callable[..., Hit], capsys: pytest.CaptureFixture[str]) -> None:
    plain.show_hits([make_hit(1, score=0.7126, snippet="Dogs do\nnot.", text="Dogs do\nnot.")], HitView())
    assert capsys.readouterr().out == "animals/1.md:10: 0.713  Animals > Sleep  Dogs do not.\n"


def test_full_shows_the_whole_chunk_indented(make_hit: Callable[..., Hit], capsys: pytest.CaptureFixture[str]) -> None:
    plain.show_hits([make_hit(1, text="one\n  two\n\nthree\n")], HitView(full=True))
    out = capsys.readouterr().out
    assert out == "animals/1.md:10: 0.900  Animals > Sleep\n    one\n      two\n\n    three\n\n"


def test_document_text_cannot_drive_the_terminal(
    make_hit: Callable[..., Hit], capsys: pytest.CaptureFixture[str]
) -> None:
    evil = make_hit(1, text="x\x1b[2Jy", snippet="x\x1b[2Jy", title="\x1b]0;t\x07", path="a\nb.md")
    plain.show_hits([evil], HitView())
    plain.show_hits([evil], HitView(full=True))
    assert "\x1b" not in (out := capsys.readouterr().out)
    assert out.splitlines()[0].startswith("a b.md:10: ")


def test_facts_are_aligned_and_go_on_below(capsys: pytest.CaptureFixture[str]) -> None:
    plain.show_facts(Facts("Index", (("name", "a"), ("sources", "x\ny"))))
    assert capsys.readouterr().out == "name:    a\nsources: x\n         y\n"


def test_table_is_tab_separated_without_a_head(capsys: pytest.CaptureFixture[str]) -> None:
    plain.show_table(Table("t", ("path", "chunks"), (("a b", "1"), ("c\td", "2"))))
    assert capsys.readouterr().out == "a b\t1\nc d\t2\n"


def test_a_finding_names_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    plain.show_findings([Finding(Level.OK, "numpy", "2.0"), Finding(Level.PROBLEM, "faiss", "gone", "pip install x")])
    assert (
        capsys.readouterr().out == "ok       numpy: 2.0\nproblem  faiss: gone\n         mend it with: pip install x\n"
    )


def test_a_label_that_a_document_brought_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    plain.show_facts(Facts("Index", (("a\x1b[2J\nb", "1"), ("c", "2"))))
    assert capsys.readouterr().out == "a␛[2J b: 1\nc:       2\n"
