"""One saved index on disk: a folder that can be moved, copied and opened read-only.

    searchkit.db              SQLite, the only source of truth (`store` knows what is inside)
    vectors-<generation>.faiss derived from it; may be deleted, is built again
    writer.lock               held by the process that writes; the kernel frees it when that process dies
    writer.json               who holds it: process, host, since when, command; a leftover means nothing
    last-commit               the revision of the last commit, so that a lost log is noticed
    checked.json              which vectors file was compared with its record, so that it need not be read again
    encoders/                 encoders that were trained for this index, if any
    searchkit.db.damaged-<n>  a database that `searchkit repair` replaced (see `replacement`)

A generation is written beside as ``vectors-<generation>.faiss.tmp``, synced and renamed before the database
names it. So a crash leaves the old generation in force, and at most a file that nobody names.
"""

from __future__ import annotations

from searchkit.directory.filesystem import network_file_system
from searchkit.directory.folder import DB_NAME, LOCK_NAME, IndexFolder
from searchkit.directory.generations import (
    GenerationFile,
    check_generation,
    remove_stale,
    trusted_generation,
    write_generation,
)
from searchkit.directory.last_commit import LastCommit, forget_commit, note_commit, read_commit
from searchkit.directory.lock import LockHolder, WriterLock, read_holder
from searchkit.directory.replacement import finish_replacement, place_for_mended, replace_database
from searchkit.directory.resolve import DEFAULT_NAME, resolve_index
from searchkit.directory.staging import staged_folder

__all__ = [
    "DB_NAME",
    "DEFAULT_NAME",
    "LOCK_NAME",
    "GenerationFile",
    "IndexFolder",
    "LastCommit",
    "LockHolder",
    "WriterLock",
    "check_generation",
    "finish_replacement",
    "forget_commit",
    "network_file_system",
    "note_commit",
    "place_for_mended",
    "read_commit",
    "read_holder",
    "remove_stale",
    "replace_database",
    "resolve_index",
    "staged_folder",
    "trusted_generation",
    "write_generation",
]
