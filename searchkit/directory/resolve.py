"""From what a person calls an index to its folder."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from searchkit.directory.folder import IndexFolder
from searchkit.errors import IndexNotFoundError, InputError
from searchkit.settings import INDEX_HOME

DEFAULT_NAME = "default"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def resolve_index(
    name_or_path: str | Path | None,
    *,
    must_exist: bool,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Path:
    """Gives the folder of an index, absolute.

    A name (letters, digits, ``.``, ``_``, ``-``) means ``index_data/<name>``: an existing one in the
    current folder or the nearest parent that has it, a new one in the current folder. Anything with a
    separator, a leading ``~``, and every `Path` is a path; so is a bare word when a folder of that name
    here holds an index and no named index does. None means ``SEARCHKIT_INDEX``, and then "default".

    Args:
        must_exist: raise where there is no index; otherwise the folder may be missing (and is not made).

    Raises:
        InputError: neither a name nor a path, an address above all; or a home folder of nobody.
        IndexNotFoundError: nothing there; the message says where it looked and which indexes there are.
    """
    here = Path(os.path.abspath(cwd or Path.cwd()))  # noqa: PTH100 - must not follow links, as resolve() does
    variables = os.environ if environ is None else environ
    wanted = name_or_path if name_or_path is not None else variables.get("SEARCHKIT_INDEX") or DEFAULT_NAME
    if isinstance(wanted, str) and "://" in wanted:
        raise InputError(
            f"{wanted} is the address of an index elsewhere; expected one here, by name or folder",
            hint="name the index that it was made from",
        )
    if _is_path(wanted):
        return _by_path(here, _path(wanted), must_exist=must_exist)
    name = str(wanted)
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is not an index name; expected up to 100 letters, digits, '.', '_' or '-'",
            hint="write ./NAME for a folder",
        )
    return _by_name(here, name, must_exist=must_exist)


def _is_path(wanted: str | Path) -> bool:
    if isinstance(wanted, Path):
        return True
    separators = {os.sep, os.altsep or os.sep}
    return wanted in {".", ".."} or wanted.startswith("~") or any(mark in wanted for mark in separators)


def _path(wanted: str | Path) -> Path:
    if "\0" in str(wanted):
        raise InputError(f"{str(wanted)!r} is no path: it holds a NUL")
    try:
        return Path(wanted).expanduser()
    except RuntimeError as exc:
        raise InputError(f"{wanted}: no home folder is known", hint="write the whole path") from exc


def _by_path(here: Path, path: Path, *, must_exist: bool) -> Path:
    folder = Path(os.path.abspath(here / path))  # noqa: PTH100 - as above
    if must_exist:
        IndexFolder(folder).require()
    return folder


def _by_name(here: Path, name: str, *, must_exist: bool) -> Path:
    homes = [folder / INDEX_HOME for folder in ((here, *here.parents) if must_exist else (here,))]
    for folder in (*(home / name for home in homes), here / name):
        if IndexFolder(folder).holds_index():
            return folder
    if must_exist:
        raise _not_found(here, name, homes)
    return homes[0] / name


def _not_found(here: Path, name: str, homes: list[Path]) -> IndexNotFoundError:
    known = sorted({database.parent.name for home in homes for database in home.glob("*/searchkit.db")})
    there_are = f"; there are {', '.join(known[:10])}" if known else ""
    from difflib import get_close_matches  # slow to import, and only needed for this

    close = get_close_matches(name, known, n=1)
    option = "" if name == DEFAULT_NAME else f" --index {name}"
    return IndexNotFoundError(
        f"no index {name!r}: looked for {INDEX_HOME}/{name} in {here} and its parents{there_are}",
        hint=f"did you mean {close[0]!r}?" if close else f"run `searchkit index FOLDER{option}` to make one",
    )
