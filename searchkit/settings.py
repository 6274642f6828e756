"""What a person sets once: in flags, the environment, a project file or a user file, in this order of weight.

- flags: what a command was given;
- environment: SEARCHKIT_INDEX, SEARCHKIT_MODEL, SEARCHKIT_DEVICE, SEARCHKIT_OFFLINE (and HF_HUB_OFFLINE);
- project file: ``searchkit.toml`` in the current folder or the nearest parent, within the repository or the home;
- user file: ``searchkit/config.toml`` in the user's configuration folder (XDG_CONFIG_HOME where it is set);
- defaults: those of `Settings`.

A project file comes with other people's files, so it is data and little of that: how hits are chosen and shown,
and an index inside its own tree. It runs nothing, chooses no model, and points at nothing outside.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searchkit.errors import InputError

PROJECT_FILE = "searchkit.toml"
USER_FILE = "config.toml"
INDEX_HOME = "index_data"  # named indexes lie in this folder
_LARGEST_FILE = 1 << 16
_MOST_SHOWN = 100  # characters of a value that is wrong
_FALSE = {"0", "false", "no", "off"}
_DEVICES = ("auto", "cpu", "openvino", "cuda", "mps")
_MODES = ("hybrid", "dense", "lexical")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force.

    Attributes:
        index: name or folder of the index; None: ``default``.
        model: path or name of the encoder's checkpoint; None: the one that comes with searchkit.
        device: ``auto``, ``cpu``, ``openvino`` (the CPU by OpenVINO), ``cuda`` or ``mps``.
        offline: never download anything.
        mode: what looks for hits: ``hybrid``, ``dense`` or ``lexical``.
        limit: how many hits at most.
        min_score: lowest cosine of a hit, -1 to 1; None: no bound.
        full: show whole chunks instead of snippets.
    """

    index: str | None = None
    model: str | None = None
    device: str = "auto"
    offline: bool = False
    mode: str = "hybrid"
    limit: int = 10
    min_score: float | None = None
    full: bool = False


def load_settings(
    *,
    overrides: Mapping[str, object] | None = None,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Gives the settings in force.

    Args:
        overrides: flags by the names of `Settings`; None as a value means that the flag was not given.
        cwd: where the search for a project file begins; None: the current folder.
        environ: environment variables; None: those of this process.

    Raises:
        InputError: a file that cannot be read, an unknown key, a value of the wrong kind, or a key that a project
            file may not set; the message names the file or variable.
    """
    variables = os.environ if environ is None else environ
    user_file, project_file = _user_file(variables), find_project_file(cwd or Path.cwd())
    layers = [
        _from_user_file(user_file) if _is_file(user_file) else {},
        _from_project_file(project_file) if project_file else {},
        _from_environment(variables),
        _checked({name: value for name, value in (overrides or {}).items() if value is not None}, "flags"),
    ]
    merged: dict[str, Any] = {}  # each value was checked by its key
    for layer in layers:
        merged.update(layer)
    return Settings(**merged)


def find_project_file(cwd: Path) -> Path | None:
    """Gives the project file that holds in a folder, if there is one.

    The search goes up to the repository's root or the home folder. Outside of both only the folder itself counts:
    in shared places such as ``/tmp`` a parent may be anyone's.
    """
    folder = Path(os.path.abspath(cwd))  # noqa: PTH100 - must not follow links, as resolve() does
    above, home = [folder, *folder.parents], _home()
    ends = [place for place in above if place == home or os.path.exists(place / ".git")]  # noqa: PTH110 - as below
    reach = above[: above.index(ends[0]) + 1] if ends else [folder]
    return next((place / PROJECT_FILE for place in reach if _is_file(place / PROJECT_FILE)), None)


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - Path's own raises where a folder above may not be entered


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # an account without a home
        return None


def _user_file(environ: Mapping[str, str]) -> Path:
    configured = Path(environ.get("XDG_CONFIG_HOME", ""))
    if configured.is_absolute():
        return configured / "searchkit" / USER_FILE
    from platformdirs import user_config_path

    return user_config_path("searchkit", appauthor=False) / USER_FILE


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in ("index", "model", "device"):
        variable = f"SEARCHKIT_{name.upper()}"
        if environ.get(variable):
            found.update(_checked({name: environ[variable]}, variable))
    said = [environ[name] for name in ("SEARCHKIT_OFFLINE", "HF_HUB_OFFLINE") if environ.get(name)]
    if said:
        found["offline"] = any(value.strip().lower() not in _FALSE for value in said)
    return found


def _from_user_file(path: Path) -> dict[str, object]:
    values = _checked(_read(path), str(path))
    index = values.get("index")
    if isinstance(index, str) and _is_path(index):
        try:
            folder = Path(index).expanduser()
        except RuntimeError as exc:
            raise InputError(f"{path}: index {index!r}: no home folder is known", hint="write the whole path") from exc
        if not folder.is_absolute():
            raise InputError(
                f"{path}: index {index!r} is a relative path; expected a name or an absolute path",
                hint="this file holds in every folder",
            )
        values["index"] = str(folder)
    return values


def _from_project_file(path: Path) -> dict[str, object]:
    values = _checked(_read(path), str(path))
    for name in values:
        if name not in _PROJECT_KEYS:
            raise InputError(
                f"{path} sets {name!r}; a project file may set {', '.join(_PROJECT_KEYS)} alone, since it comes with "
                "files that others wrote",
                hint=f"set it in your own {USER_FILE}, by SEARCHKIT_{name.upper()} or with a flag",
            )
    if "index" in values:
        values["index"] = str(_inside(path, str(values["index"])))
    return values


def _inside(file: Path, index: str) -> Path:
    """The folder of a project's index, which must stay in the project's tree, links followed."""
    root = file.parent
    folder = root / index if _is_path(index) else root / INDEX_HOME / index
    try:
        is_inside = folder.resolve().is_relative_to(root.resolve()) and not index.startswith("~")
    except (OSError, RuntimeError) as exc:  # links in a circle
        raise InputError(f"{file}: index {index!r} cannot be followed: {exc}") from exc
    if not is_inside:
        raise InputError(
            f"{file}: index {index!r} lies outside of {root}", hint="an index elsewhere is chosen with --index"
        )
    return folder


def _is_path(index: str) -> bool:
    return index.startswith((".", "~")) or any(mark in index for mark in ("/", os.sep))


def _read(path: Path) -> Mapping[str, object]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= _LARGEST_FILE else b""
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc
    if size > _LARGEST_FILE:
        raise InputError(f"{path} has {size:,} bytes; at most {_LARGEST_FILE:,} are read")
    try:
        values: dict[str, object] = tomllib.loads(data.decode("utf-8-sig"))
    except ValueError as exc:  # TOML's own error, or bytes that are no UTF-8
        raise InputError(f"{path} is not valid TOML: {exc}") from exc
    except RecursionError as exc:
        raise InputError(f"{path} is not valid TOML: brackets in brackets without end") from exc
    return values


def _checked(values: Mapping[str, object], origin: str) -> dict[str, object]:
    for name, value in values.items():
        if name not in _KEYS:
            from difflib import get_close_matches  # slow to import, and only needed for this

            close = get_close_matches(name, _KEYS, n=1)
            guess = f"did you mean {close[0]!r}? " if close else ""
            raise InputError(f"{origin}: unknown setting {name!r}", hint=f"{guess}known: {', '.join(_KEYS)}")
        is_right, expected = _KEYS[name]
        if not is_right(value):
            raise InputError(f"{origin}: {name} is {_shown(value)}; expected {expected}")
    return dict(values)


def _shown(value: object) -> str:
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets in brackets
        return f"something of the kind {type(value).__name__}"
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]} ..."


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\0" not in value


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _is_device(value: object) -> bool:
    return value in _DEVICES


def _is_mode(value: object) -> bool:
    return value in _MODES


def _is_limit(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_cosine(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1 <= value <= 1


_KEYS: dict[str, tuple[Callable[[object], bool], str]] = {
    "index": (_is_text, "the name or the folder of an index"),
    "model": (_is_text, "the path or the name of a checkpoint"),
    "device": (_is_device, f"one of {', '.join(_DEVICES)}"),
    "offline": (_is_truth, "true or false"),
    "mode": (_is_mode, f"one of {', '.join(_MODES)}"),
    "limit": (_is_limit, "a whole number of at least 1"),
    "min_score": (_is_cosine, "a cosine, -1 to 1"),
    "full": (_is_truth, "true or false"),
}
_PROJECT_KEYS = ("index", "mode", "limit", "min_score", "full")
