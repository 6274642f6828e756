"""Looking an index over: is everything as it was written, and does what is derived agree with what it comes from.

Nothing is changed, and a writer beside disturbs nothing: all is read from one committed state. Should a new vectors
file have taken the place of the one that this state names, the look is taken again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from searchkit.directory import IndexFolder, LastCommit, check_generation, read_commit
from searchkit.errors import IndexDamagedError, IndexNotFoundError, InputError, SearchkitError, counted
from searchkit.index import VectorIndex, from_file
from searchkit.search.acknowledged import is_swapped, missing_commits, missing_words
from searchkit.search.indexing.reencode import passage_of
from searchkit.search.upkeep.health import SAMPLE, Check, Problem, VerifyReport
from searchkit.search.upkeep.vector_checks import (
    NAMES_TOLD,
    TOLERANCE,
    id_problems,
    is_found,
    names_of,
    problem_of,
    stored_vectors_of,
)
from searchkit.store import MAX_CHUNK_ID, StoreReader
from searchkit.store.audit import StoreAudit
from searchkit.store.checksums import CHECKED
from searchkit.store.wreck.wal import hidden_commits

if TYPE_CHECKING:
    from searchkit.search.encoders import EncoderChoice
    from searchkit.store import GenerationRow
    from searchkit.types import Ids

_TRIES = 3

_Found = tuple[str, list[Problem]]  # what was examined, in words, and what is wrong


def verify(
    folder: IndexFolder, choice: EncoderChoice, *, deep: bool = False, sample: int = SAMPLE, seed: int = 0
) -> VerifyReport:
    """Look over the index in a folder.

    Args:
        choice: the encoder that a deep look asks again.
        deep: also compare SQLite's indexes with their tables, the words with the chunks, and ``sample`` chunks, drawn
            by ``seed``, with the vectors file and with what the encoder makes of them now.

    Raises:
        InputError: a ``sample`` or ``seed`` below 0.
        IndexNotFoundError: there is no index.
        IndexFormatError: a newer searchkit wrote it.
    """
    if sample < 0:
        raise InputError(f"sample is {sample}; expected a number of chunks, 0 or more")
    if seed < 0:
        raise InputError(f"seed is {seed}; expected 0 or more")
    folder.require()
    started = time.monotonic()
    for _ in range(_TRIES):
        look = _Look(folder, choice, sample=sample, seed=seed)
        checks = tuple(look.checks(deep=deep))
        if not look.is_outdated():
            break
    is_clean = not any(check.problems for check in checks)
    return VerifyReport(folder.path, is_clean, deep, checks, time.monotonic() - started)


class _Look:
    """One look at one committed state."""

    def __init__(self, folder: IndexFolder, choice: EncoderChoice, *, sample: int, seed: int) -> None:
        self._folder, self._choice = folder, choice
        self._sample, self._seed = sample, seed
        self._record: GenerationRow | None = None

    def checks(self, *, deep: bool) -> Iterator[Check]:
        last = read_commit(self._folder)  # before the database, which may go on meanwhile
        log = self._folder.database.with_name(self._folder.database.name + "-wal")
        problems = _hidden(hidden_commits(log))
        try:
            with StoreAudit.opened(self._folder.database) as audit:
                yield _examined("log", lambda: ("commits", problems + self._missing(last, audit.read)))
                yield from self._parts(audit, deep=deep)
        except IndexNotFoundError as error:
            yield Check("database", self._folder.database.name, (Problem(error.message),))
        except IndexDamagedError as error:
            yield Check("database", self._folder.database.name, (*problems, Problem(error.message)))

    def is_outdated(self) -> bool:
        """Whether the vectors file that was looked for has been replaced meanwhile."""
        if self._record is None:
            return False
        try:
            reader = StoreReader(self._folder.database)
        except SearchkitError:
            return False
        try:
            with reader.snapshot():
                return reader.generation() != self._record
        except SearchkitError:
            return False
        finally:
            reader.close()

    def _parts(self, audit: StoreAudit, *, deep: bool) -> Iterator[Check]:
        yield _examined("pages", lambda: _pages(audit, deep=deep))
        yield _examined("tables", lambda: _tables(audit))
        yield _examined("rows", lambda: _rows(audit))
        yield _examined("documents", lambda: _documents(audit))
        yield _examined("vectors", lambda: stored_vectors_of(audit))
        yield _examined("vectors file", lambda: self._vectors_file(audit, deep=deep))
        if deep:
            yield _examined("words", lambda: _words(audit))
            yield _examined("encoder", lambda: self._encoder(audit))

    def _missing(self, last: LastCommit | None, reader: StoreReader) -> list[Problem]:
        if is_swapped(self._folder, last, reader):
            return [Problem("the database is of another index: put back the right one, or a repair keeps this")]
        missing = missing_commits(last, reader)
        is_unreadable = last is None and self._folder.last_commit.exists()
        unreadable = [
            Problem(f"{self._folder.last_commit.name} cannot be read; it is written again with the next commit")
        ]
        lost = [Problem(f"{missing_words(missing)}, though acknowledged, cannot be found")]
        return lost if missing else unreadable if is_unreadable else []

    def _vectors_file(self, audit: StoreAudit, *, deep: bool) -> _Found:
        record = self._record = audit.read.generation()
        if record is None:
            return "none yet", []
        index = from_file(record.kind, check_generation(self._folder, record))
        problems = id_problems(audit, record, index)
        if deep and not problems:
            problems = self._answers(audit, index)
        return f"{record.file}, {index.count:,} vectors", problems

    def _answers(self, audit: StoreAudit, index: VectorIndex) -> list[Problem]:
        """Each chunk of the sample is asked for by its own vector, and has to be as near as can be."""
        ids = self._drawn(np.setdiff1d(index.ids, audit.read.deleted_ids(), assume_unique=True))
        far = [
            chunk_id
            for chunk_id, row in zip(ids, audit.read.vectors(ids), strict=True)
            if not is_found(index, chunk_id, row)
        ]
        return problem_of(audit, far, "another vector in the file than in the database") if far else []

    def _encoder(self, audit: StoreAudit) -> _Found:
        settings = audit.read.settings()
        encoder = self._choice.for_index(settings)
        ids = self._drawn(audit.chunk_ids(up_to=MAX_CHUNK_ID))
        if not len(ids):
            return encoder.name, []
        chunks = audit.read.chunk_rows(ids)
        fresh = encoder.encode_passages([passage_of(chunks[chunk_id]) for chunk_id in ids.tolist()])
        cosines = np.einsum("nd,nd->n", fresh, audit.read.vectors(ids).astype(np.float32))
        far = ids[~(cosines >= 1 - TOLERANCE)].tolist()
        what = f"encoded again, the cosine to the stored vector is {min(cosines, default=1):.3f}; expected 1"
        return f"{encoder.name}, {len(ids)} chunks encoded again", problem_of(audit, far, what)

    def _drawn(self, ids: Ids) -> Ids:
        """A sample of ids, ascending."""
        if len(ids) <= self._sample:
            return ids
        return np.sort(np.random.default_rng(self._seed).choice(ids, self._sample, replace=False))


def _examined(name: str, look: Callable[[], _Found]) -> Check:
    """A check whose own failure is a finding."""
    try:
        examined, problems = look()
    except SearchkitError as error:
        return Check(name, "could not be finished", (Problem(error.message),))
    return Check(name, examined, tuple(problems))


def _hidden(number: int) -> list[Problem]:
    what = f"the log is damaged, and hides {number:,} of its commits from SQLite"
    return [Problem(what)] if number else []


def _pages(audit: StoreAudit, *, deep: bool) -> _Found:
    how = "with all indexes" if deep else "without indexes"
    return how, [Problem(line) for line in [*audit.header(), *audit.pages(deep=deep)]]


def _tables(audit: StoreAudit) -> _Found:
    wrong = [*audit.schema(), *audit.foreign_keys()]
    wrong += [f"table {table} would give an id a second time" for table in audit.reused_ids()]
    return f"format {audit.version()}", [Problem(line) for line in wrong]


def _rows(audit: StoreAudit) -> _Found:
    problems: list[Problem] = []
    for table in CHECKED:
        altered = list(audit.altered_rows(table))
        names = sorted({name for _, name in altered if name is not None})
        if altered:
            keys = ", ".join(str(key) for key, _ in altered[:10]) + (", ..." if len(altered) > 10 else "")
            what = f"{len(altered):,} rows of {table} are not as they were written: {keys}"
            problems.append(Problem(what, tuple(names[:NAMES_TOLD])))
    return f"{len(CHECKED)} tables", problems


def _documents(audit: StoreAudit) -> _Found:
    problems = [
        _about(audit.incomplete_documents(), "chunks of them are missing"),
        _about(audit.unreadable_documents(), "their metadata or headings are no JSON"),
    ]
    fields = audit.fields_not_listed()
    if fields:
        problems.append(Problem(f"filters do not know the metadata {', '.join(map(repr, fields))}"))
    deleted = audit.deleted_chunks_that_exist()
    if len(deleted):
        problems.append(
            Problem(f"{len(deleted):,} chunks are hidden as if they were deleted", names_of(audit, deleted))
        )
    counts = audit.read.counts()
    return f"{counted(counts.documents, 'document')}, {counted(counts.chunks, 'chunk')}", [
        p for p in problems if p is not None
    ]


def _words(audit: StoreAudit) -> _Found:
    return "compared with the chunks", [Problem(line) for line in audit.lexical()]


def _about(names: Sequence[str], what: str) -> Problem | None:
    return Problem(f"{counted(len(names), 'document')}: {what}", tuple(names[:NAMES_TOLD])) if names else None
