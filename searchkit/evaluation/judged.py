"""Judgements of an index as files: a test collection, and texts to train on, of different queries.

Which of the two a query goes to is settled by the hash of its text (case and white space folded), so that it stays
there whatever is judged later, and no query is both trained on and measured. A folder holds::

    corpus.jsonl  queries.jsonl  qrels/test.tsv   for `searchkit eval retrieval`, as BEIR lays them out
    train/triplets.jsonl    anchor, positive, hard_negative: a query, an accepted and a rejected passage
    train/pairs.jsonl       anchor, positive: of queries for which nothing was rejected
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import xxhash

from searchkit.errors import EvaluationError, InputError

if TYPE_CHECKING:
    from searchkit.search import SearchEngine
    from searchkit.search.reports import StoredChunk
    from searchkit.store.judgements import Judgement

HELD_OUT = 0.5  # share of the queries that are measured on


@dataclass(frozen=True, slots=True)
class JudgedFolder:
    """What was written.

    Attributes:
        test_queries, train_queries: queries with an accepted passage on each side.
        triplets, pairs: rows to train on.
        missing: judged documents that are in the index no more, and so not among the test collection.
    """

    test_queries: int
    train_queries: int
    triplets: int
    pairs: int
    missing: tuple[str, ...]


def is_held_out(query: str, share: float = HELD_OUT) -> bool:
    """Whether a query is measured on rather than trained on; the same at any time and on any machine."""
    folded = " ".join(query.casefold().split())
    return xxhash.xxh3_64_intdigest(folded.encode("utf-8", "replace")) < share * 2**64


def export_judgements(engine: SearchEngine, folder: Path, *, held_out: float = HELD_OUT) -> JudgedFolder:
    """Write the judgements of an index, with all its documents, into a new or empty folder.

    Args:
        held_out: share of the queries, 0 to 1, that become the test collection.

    Raises:
        InputError: ``held_out`` is not a share.
        EvaluationError: nothing was judged, or the folder holds something or cannot be written.
    """
    if not 0 <= held_out <= 1:
        raise InputError(f"held_out is {held_out}, expected a share from 0 to 1")
    judgements = engine.judgements()
    if not judgements:
        raise EvaluationError("nothing was judged in this index", hint='searchkit judge "QUERY" --accept PATH')
    test = [one for one in judgements if is_held_out(one.query, held_out)]
    train = [one for one in judgements if not is_held_out(one.query, held_out)]
    triplets, pairs = _training_rows(train)
    try:
        with _appearing(folder) as beside:
            known = _write_corpus(beside / "corpus.jsonl", engine)
            queries = _write_collection(beside, test, known)
            _write_lines(beside / "train" / "triplets.jsonl", triplets)
            _write_lines(beside / "train" / "pairs.jsonl", pairs)
    except OSError as exc:
        raise EvaluationError(f"{folder} cannot be written: {exc.strerror}") from exc
    missing = tuple(dict.fromkeys(one.doc_id for one in judgements if one.doc_id not in known))
    return JudgedFolder(
        queries, len({one.query for one in train if one.is_accepted}), len(triplets), len(pairs), missing
    )


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder to fill that takes its name when the block ends well, and is gone otherwise."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EvaluationError(f"{folder} is not an empty folder", hint="name a new one")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        beside = Path(scratch) / folder.name
        for part in ("qrels", "train"):
            (beside / part).mkdir(parents=True)
        yield beside
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)


def _write_collection(folder: Path, judgements: Sequence[Judgement], known: set[str]) -> int:
    """Queries and qrels of what is in the corpus; how many queries have an answer in it."""
    grades: dict[str, dict[str, int]] = {}
    for one in judgements:
        if one.doc_id in known:  # a document with an accepted passage answers, whatever else of it was rejected
            own = grades.setdefault(one.query, {})
            own[one.doc_id] = max(own.get(one.doc_id, 0), int(one.is_accepted))
    names = {query: f"q{number}" for number, query in enumerate(grades, start=1)}
    _write_lines(folder / "queries.jsonl", ({"_id": name, "text": query} for query, name in names.items()))
    lines = ["query-id\tcorpus-id\tscore"]
    for query, own in grades.items():
        for doc_id, grade in own.items():
            if set(doc_id) & set("\t\r\n"):
                raise EvaluationError(f"a qrels file cannot hold the name {doc_id!r}", hint="rename the document")
            lines.append(f"{names[query]}\t{doc_id}\t{grade}")
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sum(any(own.values()) for own in grades.values())


def _training_rows(judgements: Sequence[Judgement]) -> tuple[list[Mapping[str, str]], list[Mapping[str, str]]]:
    """Triplets of each query, every accepted passage with every rejected one; pairs where none was rejected."""
    triplets: list[Mapping[str, str]] = []
    pairs: list[Mapping[str, str]] = []
    by_query: dict[str, list[Judgement]] = {}
    for one in judgements:
        by_query.setdefault(one.query, []).append(one)
    for query, own in by_query.items():
        accepted = dict.fromkeys(one.passage for one in own if one.is_accepted)
        rejected = dict.fromkeys(one.passage for one in own if not one.is_accepted and one.passage not in accepted)
        for positive in accepted:
            row = {"anchor": query, "positive": positive}
            triplets += [{**row, "hard_negative": negative} for negative in rejected]
            pairs += [] if rejected else [row]
    return triplets, pairs


def _write_corpus(path: Path, engine: SearchEngine) -> set[str]:
    """All documents of the index; their names."""
    known: set[str] = set()

    def rows() -> Iterator[Mapping[str, str]]:
        for doc_id, title, text in _documents(engine.iter_chunks()):
            known.add(doc_id)
            yield {"_id": doc_id, "title": title, "text": text}

    _write_lines(path, rows())
    return known


def _documents(chunks: Iterable[StoredChunk]) -> Iterator[tuple[str, str, str]]:
    """Name, title and text of each document, put together from its chunks where they overlap."""
    doc_id, title, text, end = None, "", "", 0
    for chunk in chunks:
        if chunk.doc_id != doc_id:
            if doc_id is not None:
                yield doc_id, title, text
            doc_id, title, text, end = chunk.doc_id, chunk.title, "", 0
        new = chunk.text[max(0, end - chunk.start) :] if text else chunk.text
        text += f"\n{new}" if text and chunk.start > end else new
        end = max(end, chunk.end)
    if doc_id is not None:
        yield doc_id, title, text


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
