"""The commands as a user types them, over real files, with an encoder that knows words alone."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine

Run = Callable[..., Any]


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> WordEncoder:
    words = WordEncoder()
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda _name=None, **_: words)
    return words


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: WordEncoder) -> Path:
    """A folder ``docs`` with two Markdown files and a text, in the working folder."""
    assert encoder.name
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "docs"
    root.mkdir()
    (root / "apples.md").write_text("# Apples\n\nApples grow on trees in the orchard.\n")
    (root / "boats.md").write_text("---\nlang: en\n---\n# Boats\n\nBoats sail across the wide blue sea.\n")
    (root / "clocks.txt").write_text("Clocks tell the time of day and night.\n")
    return root


@pytest.fixture
def indexed(docs: Path, run: Run) -> Path:
    assert run("index", "docs").code == 0
    return docs


def test_a_folder_goes_in_and_the_right_passage_comes_out(docs: Path, run: Run) -> None:
    outcome = run("index", "docs")
    assert outcome.code == 0
    assert "3 new, 0 changed, 0 unchanged, 0 removed, 0 refused" in outcome.out
    assert 'next:   searchkit query "what you want to know"' in outcome.out
    assert outcome.err == ""
    found = run("query", "boats", "sail", "sea", "-k", "1")
    assert found.code == 0
    assert found.out.startswith("docs/boats.md:")
    assert "Boats sail across the wide blue sea." in found.out
    assert docs.exists()


def test_the_second_run_reads_nothing(indexed: Path, run: Run) -> None:
    assert "0 new, 0 changed, 3 unchanged" in run("index", str(indexed)).out


def test_changes_and_losses_are_told(indexed: Path, run: Run) -> None:
    (indexed / "apples.md").write_text("# Pears\n\nPears are not apples.\n")
    (indexed / "boats.md").unlink()
    assert "0 new, 1 changed, 1 unchanged, 1 removed" in run("index", "docs").out


def test_a_dry_run_changes_nothing(indexed: Path, run: Run) -> None:
    (indexed / "new.md").write_text("Something new.\n")
    outcome = run("index", "docs", "--dry-run")
    assert "1 new" in outcome.out
    assert "1 new" in run("index", "docs", "--dry-run").out


def test_a_dry_run_makes_no_index(docs: Path, run: Run) -> None:
    assert "3 new" in run("index", "docs", "--dry-run").out
    assert run("status").code == 2
    assert [path.name for path in docs.parent.iterdir()] == ["docs"]


def test_the_summary_as_json(docs: Path, run: Run) -> None:
    summary = json.loads(run("index", "docs", "--json").out)
    assert (summary["new"], summary["refused"], docs.name) == (3, [], "docs")


def test_refused_files_are_named_on_stderr(docs: Path, run: Run) -> None:
    (docs / "image.md").write_bytes(b"\x00\x01\x02\x00" * 300)
    outcome = run("index", "docs")
    assert outcome.code == 0
    assert "1 refused" in outcome.out
    assert outcome.err.startswith("refused: docs/image.md: ")
    listed = run("ls", "--refused")
    assert listed.out.startswith("docs/image.md\t")
    assert run("index", "docs", "--strict").code == 1


def test_refusals_are_gathered_by_reason_the_rarest_first(docs: Path, run: Run) -> None:
    for number in range(8):
        (docs / f"{number}.md").write_bytes(b"\x00\x01\x02\x00" * 300)
    (docs / "torn.json").write_text('{"a": ')
    one, many = run("index", "docs").err.splitlines()
    assert one.startswith("refused: docs/torn.json: ")
    assert many.startswith("refused: 8 files, such as docs/0.md: ")
    assert len(run("index", "docs", "--verbose").err.splitlines()) == 9


def test_globs_choose_the_files(docs: Path, run: Run) -> None:
    assert "2 new" in run("index", "docs", "--glob", "*.md", "--index", "some").out
    assert "1 new" in run("index", "docs", "--glob", "*.md", "--exclude", "boats*", "-i", "fewer").out
    assert docs.exists()


def test_standard_input_is_a_document(docs: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"# Notes\n\nDragons guard gold in caves.\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert "1 new" in run("index", "-", "--name", "notes.md").out
    assert run("query", "dragons guard gold", "-k", "1").out.startswith("notes.md")
    assert docs.exists()


def test_standard_input_stands_alone(docs: Path, run: Run) -> None:
    outcome = run("index", "-", str(docs))
    assert outcome.code == 2
    assert "stands alone" in outcome.err


def test_a_missing_path_is_an_error_and_nothing_is_lost(indexed: Path, run: Run) -> None:
    outcome = run("index", "dosc")
    assert outcome.code == 2
    assert "dosc" in outcome.err
    assert "chunks:" in run("status").out
    assert run("query", "boats").code == 0
    assert indexed.exists()


def test_an_empty_folder_is_an_error(docs: Path, run: Run) -> None:
    (docs.parent / "empty").mkdir()
    outcome = run("index", "empty")
    assert outcome.code == 2
    assert "found no file to index in empty" in outcome.err
    assert "--hidden" in outcome.err


def test_without_an_index_the_hint_says_how_to_make_one(docs: Path, run: Run) -> None:
    outcome = run("query", "boats")
    assert outcome.code == 2
    assert "searchkit index FOLDER" in outcome.err
    assert docs.exists()


def test_an_interrupted_run_goes_on_with_the_same_command(
    docs: Path, run: Run, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_texts: object) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        assert run("index", str(docs / "apples.md")).code == 0
        patch.setattr(encoder, "encode_passages", interrupted)
        outcome = run("index", "docs")
    assert outcome.code == 130
    assert "what was committed is kept" in outcome.err
    assert "docs/apples.md" in run("query", "apples grow", "-k", "1").out
    assert run("index", "docs").code == 0
    assert len(run("ls").out.splitlines()) == 3


def test_filters_act_on_metadata_and_path(indexed: Path, run: Run) -> None:
    assert run("query", "apples", "--where", "lang = 'en'", "--files").out == "docs/boats.md\n"
    assert run("query", "boats", "--path", "*.txt", "--files").out == "docs/clocks.txt\n"
    wrong = run("query", "x", "--where", "lnag = 'en'")
    assert wrong.code == 2
    assert "lnag = 'en'\n  ^" in wrong.err
    assert "lang" in wrong.err
    assert indexed.exists()


@pytest.mark.parametrize("words", [["-k", "0", "x"], ["-k", "-3", "x"], ["--min-score", "7", "x"], [""], [" "]])
@pytest.mark.usefixtures("indexed")
def test_senseless_questions_are_errors(words: list[str], run: Run) -> None:
    outcome = run("query", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")


@pytest.mark.usefixtures("indexed")
def test_min_score_may_leave_nothing(run: Run) -> None:
    outcome = run("query", "zebra", "--min-score", "1")
    assert (outcome.code, outcome.out) == (1, "")


@pytest.mark.usefixtures("indexed")
def test_status_in_words_and_as_json(run: Run) -> None:
    words = run("status").out
    assert "index:     default\n" in words
    assert "files:     3\n" in words
    state = json.loads(run("status", "--json").out)
    assert (state["sources"], state["documents"], state["encoder"]) == (3, 3, "default")


@pytest.mark.usefixtures("indexed")
def test_ls_lists_files_for_people_and_programs(run: Run) -> None:
    assert [line.split("\t")[0] for line in run("ls").out.splitlines()] == [
        "docs/apples.md",
        "docs/boats.md",
        "docs/clocks.txt",
    ]
    assert [row["path"] for row in json.loads(run("ls", "*.txt", "--json").out)] == ["docs/clocks.txt"]
    nothing = run("ls", "*.pdf")
    assert (nothing.code, nothing.out, nothing.err) == (1, "", "no files\n")


@pytest.mark.usefixtures("indexed")
def test_show_gives_the_document_and_its_chunks(run: Run) -> None:
    out = run("show", "docs/boats.md").out
    assert "title:" in out
    assert "lang:" in out
    assert "Boats sail across the wide blue sea." in out
    (document,) = json.loads(run("show", "docs/boats.md", "--json").out)
    assert document["metadata"]["lang"] == "en"
    assert document["chunks"][0]["text"]


@pytest.mark.usefixtures("indexed")
def test_show_suggests_a_close_name(run: Run) -> None:
    outcome = run("show", "docs/boat.md")
    assert outcome.code == 2
    assert "docs/boats.md" in outcome.err


@pytest.mark.usefixtures("indexed")
@pytest.mark.parametrize("command", ["show", "rm", "similar"])
@pytest.mark.parametrize("name", ["\x00", "a\x00b", "\udcff", "x" * 5000, "🐟"])
def test_a_strange_name_is_an_error_like_any_other(command: str, name: str, run: Run) -> None:
    outcome = run(command, name)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")


@pytest.mark.usefixtures("indexed")
def test_similar_leaves_the_document_itself_out(run: Run) -> None:
    files = run("similar", "docs/boats.md", "--files").out.splitlines()
    assert sorted(files) == ["docs/apples.md", "docs/clocks.txt"]
    hits = json.loads(run("similar", "1", "-k", "1", "--json").out)
    assert hits[0]["id"] != 1


@pytest.mark.usefixtures("indexed")
def test_rm_forgets_documents_and_says_how_many(run: Run) -> None:
    outcome = run("rm", "docs/boats.md", "docs/clocks.txt")
    assert outcome.out.splitlines() == [
        "removed docs/boats.md: 1 document; files were not touched",
        "removed docs/clocks.txt: 1 document; files were not touched",
    ]
    assert run("query", "boats sail", "--files").out == "docs/apples.md\n"


@pytest.mark.usefixtures("indexed")
def test_rm_of_something_unknown_is_an_error(run: Run) -> None:
    outcome = run("rm", "docs/nothing.md", "docs/boats.md")
    assert outcome.code == 2
    assert "'docs/nothing.md'" in outcome.err
    assert outcome.out.startswith("removed docs/boats.md")


@pytest.mark.usefixtures("indexed")
def test_rm_of_a_folder_forgets_all_below_it(run: Run) -> None:
    assert run("rm", "docs/").out == "removed docs/: 3 documents; files were not touched\n"
    assert run("ls").code == 1


@pytest.mark.parametrize("place", ["./boats.md", "boats.md", "../docs/boats.md"])
def test_a_place_on_disk_is_known_by_its_name_in_the_index(
    place: str, indexed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(indexed)
    assert "Boats sail" in run("show", place).out
    assert run("similar", place, "-k", "1").code == 0
    assert run("rm", place).out.startswith(f"removed {place}: 1 document")


@pytest.mark.usefixtures("indexed")
def test_rebuild_keeps_the_answers(run: Run) -> None:
    before = run("query", "boats").out
    outcome = run("rebuild")
    assert outcome.code == 0
    assert outcome.out.startswith("rebuilt ")
    assert run("query", "boats").out == before


@pytest.mark.usefixtures("indexed")
def test_a_configured_model_does_not_disturb_an_existing_index(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHKIT_MODEL", "another")
    assert run("query", "boats").code == 0
    assert run("index", "docs").code == 0


@pytest.mark.usefixtures("docs")
def test_the_index_is_chosen_by_flag_then_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHKIT_INDEX", "mine")
    assert "mine: " in run("index", "docs").out
    assert "yours: 1 chunk " in run("index", "docs/apples.md", "-i", "yours").out
    assert json.loads(run("status", "--json").out)["name"] == "mine"
    assert json.loads(run("status", "--json", "--index", "yours").out)["name"] == "yours"


@pytest.mark.usefixtures("indexed")
def test_escape_sequences_in_files_reach_no_terminal(run: Run) -> None:
    (Path("docs") / "evil\x1b[31m.md").write_text("# \x1b]0;title\x07\n\nEvil \x1b[2J text \x9b31m.\n")
    assert run("index", "docs").code == 0
    for words in (
        ["query", "evil"],
        ["query", "evil", "--full"],
        ["query", "evil", "--json"],
        ["ls"],
        ["ls", "--json"],
    ):
        out = run(*words).out
        assert "Evil" in out or "evil" in out
        assert not any(control in out for control in "\x1b\x07\x9b")


def test_rebuild_with_a_kind_is_told_by_status(docs: Path, run: Run) -> None:
    run("index", str(docs))
    assert "exact by auto (generation 1)" in run("status").out
    outcome = run("rebuild", "--kind", "pq", "--target-recall", "0.95")
    assert outcome.code == 0
    assert outcome.out.endswith("(exact)\n")  # so few chunks are never compressed
    wrong = run("rebuild", "--kind", "annoy")
    assert wrong.code == 2
    assert "auto, exact, pq, ivf" in wrong.err


@pytest.mark.usefixtures("indexed")
def test_rm_of_one_thing_named_twice_is_no_error(run: Run) -> None:
    outcome = run("rm", "docs/boats.md", "docs/boats.md")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "removed docs/boats.md: 1 document; files were not touched\n"


def test_what_is_said_to_do_next_is_for_the_same_index(docs: Path, run: Run) -> None:
    (docs / "torn.pdf").write_bytes(b"%PDF-1.7 torn")
    for number in range(6):  # more reasons than are listed
        (docs / f"torn{number}.json").write_text('{"a": ' + "[" * number)
    assert run("index", "docs", "--index", "other").code == 0
    assert "(searchkit ls --refused --index other)" in run("status", "--index", "other").out
    assert "hint: searchkit ls --index other" in run("rm", "nothing", "--index", "other").err
    assert run("rm", "docs", "--index", "other").code == 0
    assert "searchkit index FOLDER --index other" in run("query", "x", "--index", "other").err


def test_the_name_of_a_field_reaches_no_terminal(tmp_path: Path, encoder: WordEncoder, run: Run) -> None:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=encoder) as engine:
        engine.add([{"id": "a", "text": "Zebras.", "k\x1b[2J": "v"}])
    out = run("show", "a", "--index", str(tmp_path / "index")).out
    assert "k␛[2J:" in out
    assert "\x1b" not in out
