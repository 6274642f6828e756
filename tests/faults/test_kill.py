"""SIGKILL at random moments of everything that writes: what was acknowledged is there, and nothing else is."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from damage import flip
from word_encoder import WordEncoder
from zygote import Zygote

from searchkit import SearchEngine
from searchkit.search import verify_index

WORDS = ("apples", "boats", "clocks", "dogs", "elms", "foxes", "gates", "hills")


@dataclass
class Model:
    """What the index has to hold: by name the texts that a document may have, None where it may be gone.

    A change that is under way makes two of one; once it is acknowledged, or seen to have happened, one is left.
    """

    index: Path
    files: Path
    draw: random.Random
    salt: str = ""
    salts: tuple[str, ...] = ("",)
    documents: dict[str, set[str | None]] = field(default_factory=dict)
    number: int = 0

    def text(self) -> str:
        self.number += 1
        return f"{' '.join(self.draw.choices(WORDS, k=5))} number{self.number}"

    def may_become(self, name: str, text: str | None) -> None:
        self.documents.setdefault(name, {None}).add(text)

    def is_now(self, name: str, text: str | None) -> None:
        self.documents[name] = {text}

    def some(self, count: int, *, files: bool) -> list[str]:
        there = sorted(n for n, texts in self.documents.items() if texts != {None} and n.startswith("files/") == files)
        return self.draw.sample(there, min(count, len(there)))


def add(model: Model) -> tuple[dict[str, object], Callable[[list[list[str]]], None]]:
    documents = {f"doc-{model.draw.randrange(40)}": model.text() for _ in range(12)}
    for name, text in documents.items():
        model.may_become(name, text)

    def settle(acknowledged: list[list[str]]) -> None:
        for name in (name for batch in acknowledged for name in batch):
            model.is_now(name, documents[name])

    return {"documents": documents}, settle


def index_files(model: Model) -> tuple[dict[str, object], Callable[[list[list[int]]], None]]:
    for number in model.draw.sample(range(24), 8):
        file = model.files / f"{number}.txt"
        if file.exists() and model.draw.random() < 0.3:
            file.unlink()
        else:
            file.write_text(model.text())
    there = {f"files/{file.name}": file.read_text() for file in model.files.iterdir()}
    for name in {*there, *(name for name in model.documents if name.startswith("files/"))}:
        model.may_become(name, there.get(name))  # also of earlier rounds, which may not have come so far

    def settle(acknowledged: list[list[int]]) -> None:
        if acknowledged:
            for name in [name for name in model.documents if name.startswith("files/")]:
                model.is_now(name, there.get(name))

    return {"folder": str(model.files)}, settle


def delete(model: Model) -> tuple[dict[str, object], Callable[[list[str]], None]]:
    names = model.some(3, files=False)
    for name in names:
        model.may_become(name, None)

    def settle(acknowledged: list[str]) -> None:
        for name in acknowledged:
            model.is_now(name, None)

    return {"names": names}, settle


def nothing(model: Model) -> tuple[dict[str, object], Callable[[list[object]], None]]:  # noqa: ARG001
    return {}, lambda _: None


def damaged(model: Model) -> tuple[dict[str, object], Callable[[list[object]], None]]:
    """Something for a repair to mend that costs nothing: a flipped bit in the header of the database."""
    with SearchEngine.open(model.index, encoder=WordEncoder(model.salt)) as engine:
        engine.compact()  # else the newest header stands in the log
    flip(model.index / "searchkit.db", model.draw.choice([0, 18 * 8, 56 * 8 + 7, 68 * 8]))
    return {}, lambda _: None


def promote(model: Model) -> tuple[dict[str, object], Callable[[list[object]], None]]:
    other = "" if model.salt else "other"
    model.salts = (model.salt, other)

    def settle(acknowledged: list[object]) -> None:
        if acknowledged:
            model.salts = (other,)

    return {"salt": other}, settle


PREPARED = {
    "add": add,
    "index_files": index_files,
    "delete": delete,
    "compact": nothing,
    "rebuild": nothing,
    "repair": damaged,
    "backup": nothing,
    "promote": promote,
}


def check(model: Model) -> None:
    """The index is clean without being mended, holds what it has to, and answers as one that is made anew."""
    model.salt = next(salt for salt in model.salts if _opens(model.index, salt))
    model.salts = (model.salt,)
    encoder = WordEncoder(model.salt)
    report = verify_index(model.index, deep=True, encoder=encoder)
    assert report.is_clean, [problem for check in report.checks for problem in check.problems]
    with SearchEngine.open(model.index, encoder=encoder) as engine:
        there = {chunk.doc_id: chunk.text for chunk in engine.iter_chunks()}
        for name, texts in model.documents.items():
            assert there.get(name) in texts, f"{name} is {there.get(name)!r}; expected one of {texts}"
            model.is_now(name, there.get(name))
        assert there.keys() <= model.documents.keys()  # no phantoms
        _check_hits(model, engine, there)


def _opens(index: Path, salt: str) -> bool:
    with SearchEngine.open(index) as engine:
        return engine.status().encoder_fingerprint == WordEncoder(salt).fingerprint


def _check_hits(model: Model, engine: SearchEngine, there: dict[str, str]) -> None:
    fresh = model.index.with_name("fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    with SearchEngine.open_or_create(fresh, encoder=WordEncoder(model.salt)) as other:
        if not there:
            return
        titles = {chunk.doc_id: chunk.title for chunk in engine.iter_chunks()}
        other.add([{"id": name, "text": text, "title": titles[name]} for name, text in there.items()])
        for query in (f"{model.draw.choice(WORDS)} {model.draw.choice(WORDS)}", f"number{model.number - 3}"):
            found = {(hit.doc_id, hit.score) for hit in engine.search(query, k=99, mode="dense")}
            assert found == {(hit.doc_id, hit.score) for hit in other.search(query, k=99, mode="dense")}


def test_what_was_acknowledged_survives_sigkill(
    zygote: Zygote, place: Path, is_long: bool, seed: int, tell_figures: Callable[[str, str], None]
) -> None:
    draw = random.Random(seed)
    model = Model(place / "index", place / "files", draw)
    model.files.mkdir()
    arguments, settle = add(model)
    settle(zygote.run("add", index=str(model.index), **arguments).acknowledged)
    usual = dict.fromkeys(PREPARED, 0.1)
    killed = dict.fromkeys(PREPARED, 0)
    rounds = 60 if is_long else 1  # of each: 480 in all
    for work in draw.sample([*PREPARED] * rounds, len(PREPARED) * rounds):
        arguments, settle = PREPARED[work](model)
        if work == "backup":
            arguments["place"] = str(place / "copy")
        elif work != "promote":
            arguments["salt"] = model.salt
        started = time.monotonic()
        task = zygote.start(work, index=str(model.index), **arguments)
        time.sleep(draw.uniform(0, 1.2 * usual[work]))
        task.kill()
        ended = task.wait()
        assert ended.status in (0, -9)
        if ended.status == 0:
            usual[work] = 0.5 * usual[work] + 0.5 * (time.monotonic() - started) / 1.2
        else:
            usual[work] *= 1.1
            killed[work] += 1
        settle(ended.acknowledged)
        if work == "repair":
            zygote.run("repair", index=str(model.index), salt=model.salt)  # the damage was ours
        check(model)
        if work == "backup" and (place / "copy").exists():
            salt = "" if _opens(place / "copy", "") else "other"  # it may be the copy of an earlier round
            assert verify_index(place / "copy", deep=True, encoder=WordEncoder(salt)).is_clean
    told = ", ".join(f"{name} {count}" for name, count in killed.items())
    tell_figures(
        f"SIGKILL at a random moment, {len(PREPARED) * rounds} times, {sum(killed.values())} of them to a process that "
        f"had not ended ({told})",
        "0 acknowledged documents lost, 0 phantoms, verify --deep clean each time, hits equal to a fresh build",
    )
    assert sum(killed.values()) >= len(PREPARED) * rounds / 4
