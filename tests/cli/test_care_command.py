from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damage import alter

Run = Callable[..., Any]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """An index of two files, made by the command line in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "apples.md").write_text("# Apples\n\nApples grow on trees in the orchard.\n")
    (tmp_path / "docs" / "boats.md").write_text("# Boats\n\nBoats sail across the wide blue sea.\n")
    assert run("index", "docs").code == 0
    return tmp_path / "index_data" / "default"


ALTERED = "UPDATE chunks SET text = 'altered' WHERE chunk_id = 2"


@pytest.mark.usefixtures("index")
def test_verify_of_a_sound_index_exits_with_0(run: Run) -> None:
    outcome = run("verify", "--deep")
    assert outcome.code == 0
    assert {line.split()[0] for line in outcome.out.splitlines()} == {"ok"}
    assert "2 chunks encoded again" in outcome.out


def test_verify_names_what_is_wrong_and_exits_with_1(index: Path, run: Run) -> None:
    alter(index, ALTERED)
    outcome = run("verify")
    assert outcome.code == 1
    assert "problem  rows: 1 rows of chunks are not as they were written: 2 (docs/boats.md)" in outcome.out
    assert "mend it with: searchkit repair" in outcome.out


def test_verify_as_json(index: Path, run: Run) -> None:
    assert json.loads(run("verify", "--json").out)["is_clean"] is True
    alter(index, ALTERED)
    outcome = run("verify", "--json")
    report = json.loads(outcome.out)
    assert outcome.code == 1
    assert report["is_clean"] is False
    (problem,) = [problem for check in report["checks"] for problem in check["problems"]]
    assert problem["documents"] == ["docs/boats.md"]


def test_a_missing_vectors_file_is_told_with_what_mends_it(index: Path, run: Run) -> None:
    assert "vectors file" not in run("doctor").out
    (file,) = index.glob("vectors-*.faiss")
    file.unlink()
    before = run("query", "fruit", "--json").out
    named = run("doctor", "--index", str(index))
    assert named.code == 0
    found = f"warning  vectors file: {file.name} is missing; answers are made from the database meanwhile"
    assert found in named.out
    assert f"mend it with: searchkit repair --index {index}" in named.out
    assert f"problem:   {file.name} is missing; searches are slower until: searchkit repair\n" in run("status").out
    assert json.loads(run("status", "--json").out)["vectors_problem"] == f"{file.name} is missing"
    assert f"mend it with: searchkit repair --index {index}" in run("verify", "--index", str(index)).out
    assert run("repair").code == 0
    assert "vectors file" not in run("doctor").out
    assert "problem" not in run("status").out
    assert run("query", "fruit", "--json").out == before


def test_verify_without_an_index_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run("verify")
    assert outcome.code == 2
    assert "searchkit index FOLDER" in outcome.err


@pytest.mark.usefixtures("index")
def test_repair_of_a_sound_index_does_nothing(run: Run) -> None:
    assert run("repair").out == "nothing was wrong\n"


def test_repair_makes_anew_what_is_derived(index: Path, run: Run) -> None:
    next(index.glob("*.faiss")).unlink()
    outcome = run("repair")
    assert (outcome.code, outcome.out) == (0, "made the vectors file anew\n")
    assert run("verify").code == 0


def test_repair_names_what_is_lost_and_exits_with_1(index: Path, run: Run) -> None:
    alter(index, ALTERED)
    outcome = run("repair")
    assert outcome.code == 1
    assert "made a new database of what the old one holds: 1 document, 1 chunk" in outcome.out
    assert "searchkit.db.damaged-1" in outcome.out
    assert outcome.err == (
        "lost: docs/boats.md: all of it\nhint: what came from files is read again by: searchkit index FOLDER\n"
    )
    assert run("verify", "--deep").code == 0
    assert "1 changed, 1 unchanged" in run("index", "docs").out
    assert "boats.md" in run("query", "boats").out


def test_repair_as_json(index: Path, run: Run) -> None:
    alter(index, ALTERED)
    report = json.loads(run("repair", "--json").out)
    assert report["lost"] == [{"name": "docs/boats.md", "what": "all of it"}]
    assert report["kept_aside"].endswith("searchkit.db.damaged-1")


@pytest.mark.usefixtures("index")
def test_a_backup_is_searched_and_restored(run: Run) -> None:
    outcome = run("backup", "copies/monday")
    assert outcome.code == 0
    assert "holds: 2 documents, 2 chunks" in outcome.out
    assert "boats.md" in run("query", "boats", "--index", "copies/monday").out
    refused = run("backup", "copies/monday")
    assert (refused.code, "--overwrite" in refused.err) == (2, True)
    run("rm", "docs")
    assert run("restore", "copies/monday").code == 2
    assert run("restore", "copies/monday", "--overwrite").code == 0
    assert "boats.md" in run("query", "boats").out
    assert run("restore", "copies/monday", "--index", "other").code == 0
    assert run("verify", "--deep", "--index", "other").code == 0


@pytest.mark.usefixtures("index")
def test_compact_tells_what_is_left(run: Run) -> None:
    outcome = run("compact")
    assert outcome.code == 0
    assert outcome.out.startswith("2 chunks in ")
    assert run("verify", "--deep").code == 0
