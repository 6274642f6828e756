"""Processes that search for the server: the same answers as in this one, and another in place of one that ends."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.server import helper
from searchkit.server.answering import LocalSearcher
from searchkit.server.failures import BusyError
from searchkit.server.helpers import Helpers, Launch

STAND_IN = """#!{python}
import json, os, sys
lines = iter(sys.stdin.buffer.readline, b"")
told = json.loads(next(lines))
sys.stdout.buffer.write(b"[]\\n")
sys.stdout.buffer.flush()
for line in lines:
    said = json.loads(line)
    if "die" in said["texts"]:
        os._exit(3)
    others = [said["k"], said["options"], told["index"]]
    bodies = [json.dumps([os.getpid(), text, *others]).encode() for text in said["texts"]]
    sys.stdout.buffer.write(json.dumps([[200, len(body)] for body in bodies]).encode() + b"\\n" + b"".join(bodies))
    sys.stdout.buffer.flush()
"""
Start = Callable[[int], Helpers]


def test_a_helper_answers_what_the_server_itself_would(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """One query of the batch cannot be answered; the others are."""

    def open_it(path: str, **_: object) -> SearchEngine:
        return SearchEngine.open(path, encoder=WordEncoder())

    monkeypatch.setattr(helper, "SearchEngine", SimpleNamespace(open=open_it))
    asked = {"texts": ["cats", '"unclosed', "the sea"], "k": 2, "options": {"mode": "lexical"}}
    lines = [{"index": str(engine.folder), "device": "cpu", "encoder": None}, asked]
    answers = io.BytesIO()
    helper.run(io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines)), answers)
    answers.seek(0)
    assert answers.readline() == b"[]\n"
    told = json.loads(answers.readline())
    bodies = [json.loads(answers.read(length)) for _, length in told]
    here = LocalSearcher(engine).ask(asked["texts"], 2, {"mode": "lexical"})  # type: ignore[arg-type]
    assert [status for status, _ in told] == [one.status for one in here] == [200, 422, 200]
    for body, one in zip(bodies, here, strict=True):
        assert body.get("hits") == json.loads(one.body).get("hits")
        assert body.get("error") == json.loads(one.body).get("error")
    assert answers.read() == b""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts stand-ins, which answer with their process and what they were asked."""
    program = tmp_path / "stand-in"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(program))
    started: list[Helpers] = []

    def run(count: int) -> Helpers:
        started.append(Helpers(count, Launch(tmp_path / "index")))
        return started[-1]

    yield run
    for one in started:
        one.close()


def test_nothing_is_imported_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where a server is started there may be anything, such as a ``queue.py`` of somebody's own."""
    (tmp_path / "searchkit.py").write_text("open('imported', 'w').close()")
    monkeypatch.chdir(tmp_path)
    with closing(Helpers(1, Launch(tmp_path / "no index"))) as helpers, pytest.raises(BusyError):
        helpers.ask(["cats"], 1, {})
    assert not (tmp_path / "imported").exists()
    said = capfd.readouterr().err
    assert said.startswith("error: a search process ended: ")
    assert "Traceback" not in said


def test_a_process_is_told_where_the_encoder_lies_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, object]] = []
    monkeypatch.setattr("searchkit.server.helpers._Helper._write", lambda _, value: told.append(value))
    with closing(Helpers(1, Launch(tmp_path, "cpu", "models/moved"))):
        assert told == [{"index": str(tmp_path), "device": "cpu", "encoder": "models/moved"}]


def process_of(helpers: Helpers) -> int:
    (finished,) = helpers.ask(["who"], 1, {})
    return int(json.loads(finished.body)[0])


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_answers_are_in_the_order_of_the_questions(start: Start, tmp_path: Path) -> None:
    finished = start(1).ask(["one", "zwei ä\n", "three"], 7, {"mode": "dense"})
    assert [one.status for one in finished] == [200, 200, 200]
    said = [json.loads(one.body)[1:] for one in finished]
    assert said == [[text, 7, {"mode": "dense"}, str(tmp_path / "index")] for text in ("one", "zwei ä\n", "three")]


def test_they_take_turns(start: Start) -> None:
    helpers = start(2)
    assert process_of(helpers) != process_of(helpers)


def test_one_that_ends_is_replaced(start: Start) -> None:
    helpers = start(1)
    first = process_of(helpers)
    with pytest.raises(BusyError, match="another is started"):
        helpers.ask(["die"], 1, {})
    assert process_of(helpers) != first


def test_closing_ends_them(start: Start) -> None:
    helpers = start(2)
    processes = {process_of(helpers), process_of(helpers)}
    assert len(processes) == 2
    assert all(map(is_running, processes))
    helpers.close()
    assert not any(map(is_running, processes))
