"""What the processes of the fault tests do to an index. Each tells what is acknowledged as soon as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.search import backup_index, repair_index

Tell = Callable[[Any], object]


def warm_up() -> None:
    """Import what the tasks need; nothing that starts a thread."""
    import faiss
    import sqlite_utils

    import searchkit.search.asking.pipeline
    import searchkit.search.indexing.compaction
    import searchkit.search.indexing.sync
    import searchkit.search.upkeep.backup
    import searchkit.search.upkeep.repair
    import searchkit.store.writer  # noqa: F401

    assert faiss
    assert sqlite_utils


def open_index(index: str, salt: str = "") -> SearchEngine:
    return SearchEngine.open_or_create(Path(index), encoder=WordEncoder(salt), wait_s=30)


def add(tell: Tell, index: str, documents: dict[str, str], salt: str = "", batch: int = 4) -> None:
    """Some at a time, each batch a commit."""
    with open_index(index, salt) as engine:
        names = list(documents)
        for first in range(0, len(names), batch):
            part = names[first : first + batch]
            engine.add([{"id": name, "text": documents[name]} for name in part])
            tell(part)


def index_files(tell: Tell, index: str, folder: str, salt: str = "") -> None:
    with open_index(index, salt) as engine:
        report = engine.index_paths([Path(folder)])
        tell([report.new, report.changed, report.unchanged, report.removed])


def delete(tell: Tell, index: str, names: list[str], salt: str = "") -> None:
    with open_index(index, salt) as engine:
        for name in names:
            engine.delete([name])
            tell(name)


def compact(tell: Tell, index: str, salt: str = "") -> None:
    with open_index(index, salt) as engine:
        tell(engine.compact())


def rebuild(tell: Tell, index: str, salt: str = "") -> None:
    with open_index(index, salt) as engine:
        tell(engine.rebuild())


def promote(tell: Tell, index: str, salt: str = "") -> None:
    """Another encoder, as `train --on` puts it in the place of the one in use."""
    with SearchEngine.open(Path(index), wait_s=30) as engine:
        tell(engine.rebuild(encoder=WordEncoder(salt)))


def repair(tell: Tell, index: str, salt: str = "") -> None:
    tell(repair_index(Path(index), encoder=WordEncoder(salt), wait_s=30).actions)


def a_life(tell: Tell, index: str, documents: dict[str, str]) -> None:
    """Of all that writes a little; told each time is what the index holds now."""
    held: dict[str, str] = {}
    names = list(documents)
    with open_index(index) as engine:
        for first in range(0, len(names), 4):
            part = {name: documents[name] for name in names[first : first + 4]}
            engine.add([{"id": name, "text": text} for name, text in part.items()])
            held |= part
            tell(held)
        engine.rebuild()
        tell(held)
        engine.delete([names[0]])
        del held[names[0]]
        tell(held)
        engine.add([{"id": "late", "text": "late"}])
        held["late"] = "late"
        tell(held)
        engine.compact()
        tell(held)
        engine.rebuild(encoder=WordEncoder("other"))
        tell(held)
    next(Path(index).glob("*.faiss")).unlink()
    repair_index(Path(index), encoder=WordEncoder("other"))
    tell(held)


def backup(tell: Tell, index: str, place: str) -> None:
    tell(backup_index(Path(place), Path(index), overwrite=True).documents)


QUERIES = (
    {"query": "apples number3", "mode": "dense"},
    {"query": "gates number17", "mode": "dense", "k": 50},
    {"query": "number5", "mode": "lexical"},
    {"query": "boats", "mode": "lexical", "where": "lang = 'en'"},
    {"query": "clocks", "mode": "dense", "where": "year >= 2010", "k": 50},
)


def look(tell: Tell, index: str) -> None:
    """Is it clean, what does it answer, and what comes of a repair."""
    from searchkit.errors import SearchkitError
    from searchkit.search import verify_index

    encoder = WordEncoder()
    try:
        report = verify_index(Path(index), deep=True, encoder=encoder)
        tell({"is_clean": report.is_clean, "found": [p.found for check in report.checks for p in check.problems]})
    except SearchkitError as error:
        tell({"is_clean": False, "found": [str(error)]})
    tell({"answers": [_answer(index, encoder, dict(query)) for query in QUERIES]})
    tell({"documents": _documents(index, encoder)})


def mend(tell: Tell, index: str) -> None:
    from searchkit.search import verify_index

    encoder = WordEncoder()
    report = repair_index(Path(index), encoder=encoder)
    tell({"lost": [loss.name for loss in report.lost], "lost_commits": report.lost_commits})
    again = verify_index(Path(index), deep=True, encoder=encoder)
    tell({"is_clean": again.is_clean, "found": [p.found for check in again.checks for p in check.problems]})
    tell({"answers": [_answer(index, encoder, dict(query)) for query in QUERIES]})
    tell({"documents": _documents(index, encoder)})


def _answer(index: str, encoder: WordEncoder, query: dict[str, Any]) -> Any:
    from searchkit.errors import SearchkitError

    try:
        with SearchEngine.open(Path(index), encoder=encoder) as engine:
            hits = engine.search(query.pop("query"), query.pop("k", 5), **query)
            return [[hit.doc_id, hit.score, hit.text, hit.title, dict(hit.metadata)] for hit in hits]
    except SearchkitError as error:
        return str(error)


def _documents(index: str, encoder: WordEncoder) -> Any:
    from searchkit.errors import SearchkitError

    try:
        with SearchEngine.open(Path(index), encoder=encoder) as engine:
            return {chunk.doc_id: chunk.text for chunk in engine.iter_chunks()}
    except SearchkitError as error:
        return str(error)


GROUP = 6  # documents that each commit of `keep_writing` replaces together


def keep_writing(tell: Tell, index: str, rounds: int) -> None:
    """The same documents again and again, all of one round in one commit; now and then a compaction or a rebuild."""
    with open_index(index) as engine:
        for number in range(1, rounds + 1):
            engine.add([{"id": f"group-{i}", "text": f"round number{number} of{i}"} for i in range(GROUP)])
            if number % 7 == 0:
                engine.compact() if number % 2 else engine.rebuild()
            tell(number)


def keep_reading(tell: Tell, index: str, rounds: int) -> None:
    """Until the last round is seen; each answer has to be of one round, and no older than the one before."""
    asked, last, seen = 0, 0, set()
    with SearchEngine.open(Path(index), encoder=WordEncoder()) as engine:
        while last < rounds:
            mode = ("dense", "lexical", "hybrid")[asked % 3]
            found = [int(hit.text.split()[1].removeprefix("number")) for hit in engine.search("round", 99, mode=mode)]
            assert len(found) == GROUP, found
            assert len(set(found)) == 1, found
            assert found[0] >= last, (found, last)
            last, asked = found[0], asked + 1
            seen.add(last)
    tell([asked, len(seen)])


def index_strangers(tell: Tell, index: str, folder: str) -> None:
    """Files of which any may be broken; told is what became of them."""
    with open_index(index) as engine:
        report = engine.index_paths([Path(folder)])
        hits = len(engine.search("apples", mode="hybrid"))
    refused = [[refusal.path, refusal.reason] for refusal in report.refused]
    tell({"taken": report.new + report.changed + report.unchanged, "refused": refused, "hits": hits})
