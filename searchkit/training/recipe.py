"""A training run as one TOML file: what to start from, how to train, and the mixture of texts.

    [run]
    base = "all-MiniLM-L6-v2"        # a checkpoint folder or a hub name
    steps = 1000
    batch_size = 128

    [[data]]
    path = "nli.csv"
    kind = "triplets"                # unsup, pairs, triplets, scored, crop, cloze, distil
    columns = ["sent0", "sent1", "hard_neg"]
    weight = 2.0
    drop = { source = ["brown"] }

Keys are the fields of `RunSettings` and `DataSettings`. Relative paths start from the folder of the file. A key
that is not known is refused, so that a misspelt setting cannot be ignored in silence.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from searchkit.encoder.hub import name_of
from searchkit.errors import TrainingError
from searchkit.training.settings import DataSettings, Kind, RunSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_Settings = TypeVar("_Settings")
SHAPE = "a recipe has one [run], and a [[data]] for each source"


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a run depends on, besides the data files themselves."""

    run: RunSettings
    data: tuple[DataSettings, ...]

    def __post_init__(self) -> None:
        if not self.data:
            raise TrainingError("the recipe names no data", hint="add a [[data]] table with path and kind")

    @staticmethod
    def simple(
        base: str,
        *,
        unsup: Sequence[Path] = (),
        sup: Sequence[Path] = (),
        triplets: Sequence[Path] = (),
        **run: Any,
    ) -> Recipe:
        """A recipe without a file: SimCSE on texts, pairs and triplets, all with weight 1.

        Args:
            base: checkpoint folder or name.
            unsup: files of single texts.
            sup: files of anchor and positive.
            triplets: files of anchor, positive, hard negative.
            run: further fields of `RunSettings`.

        Raises:
            TrainingError: no file was given, or a setting is out of range.
        """
        kinds = ((Kind.UNSUP, unsup), (Kind.PAIRS, sup), (Kind.TRIPLETS, triplets))
        data = [DataSettings(path=Path(path), kind=kind) for kind, paths in kinds for path in paths]
        return Recipe(RunSettings(base=base, **run), tuple(data))


def load_recipe(path: Path, *, root: Path | None = None, base: str | None = None) -> Recipe:
    """Read a recipe file.

    Args:
        path: the TOML file.
        root: the folder that relative data paths start from; None means the folder of ``path``.
        base: in place of the file's own ``base``.

    Raises:
        TrainingError: the file is missing, is not TOML, has an unknown key or a value of the wrong type.
    """
    table = _read_toml(path)
    unknown = sorted(set(table) - {"run", "data"})
    if unknown:
        raise TrainingError(f"{path}: unknown key {unknown[0]!r}", hint=SHAPE)
    settings, data = table.get("run", {}), table.get("data", [])
    if not isinstance(settings, dict) or not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise TrainingError(f"{path}: run is not one table, or data not a list of them", hint=SHAPE)
    run = _build(RunSettings, {**settings, **({"base": base} if base else {})}, f"{path}, [run]")
    if base is None:
        run = dataclasses.replace(run, base=_beside(path, run.base))
    if run.teacher is not None:
        run = dataclasses.replace(run, teacher=_beside(path, run.teacher))
    folder = path.parent if root is None else root
    entries = [_build(DataSettings, entry, f"{path}, data {n}") for n, entry in enumerate(data, 1)]
    return Recipe(run, tuple(dataclasses.replace(entry, path=folder / entry.path) for entry in entries))


def _beside(recipe: Path, checkpoint: str) -> str:
    """The folder of that name beside the recipe, or the name where there is none."""
    folder = recipe.parent / checkpoint
    return str(folder) if folder.is_dir() else checkpoint


def recipe_facts(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON values, without the folders of this machine: for cards and for telling recipes apart."""
    run = _plain(recipe.run) | {"base": recipe.run.base_name or _bare(recipe.run.base)}
    if recipe.run.teacher is not None:
        run["teacher"] = _bare(recipe.run.teacher)
    del run["base_name"]
    return {"run": run, "data": [_plain(entry) | {"path": entry.path.name} for entry in recipe.data]}


def _bare(checkpoint: str) -> str:
    return name_of(checkpoint, Path(checkpoint).expanduser())


def _plain(settings: RunSettings | DataSettings) -> dict[str, Any]:
    values = dataclasses.asdict(settings)
    return {key: value.value if isinstance(value, Enum) else value for key, value in values.items()}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise TrainingError(f"recipe {path} cannot be read: {exc.strerror}") from exc
    except (ValueError, RecursionError) as exc:
        raise TrainingError(f"recipe {path} is not TOML: {exc}") from exc


def _build(settings: type[_Settings], table: Mapping[str, Any], place: str) -> _Settings:
    """A settings dataclass from a TOML table."""
    hints = get_type_hints(settings)
    unknown = sorted(set(table) - set(hints))
    if unknown:
        raise TrainingError(f"{place}: unknown key {unknown[0]!r}", hint=f"known keys: {', '.join(sorted(hints))}")
    required = {f.name for f in dataclasses.fields(settings) if _is_required(f)}  # type: ignore[arg-type]
    if missing := sorted(required - set(table)):
        raise TrainingError(f"{place}: {missing[0]!r} is missing")
    return settings(**{key: _convert(value, hints[key], f"{place}: {key}") for key, value in table.items()})


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _convert(value: Any, hint: Any, place: str) -> Any:
    """``value`` of the TOML file as the type of the field; TOML already tells numbers, text and truth apart."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _convert(value, next(arm for arm in get_args(hint) if arm is not type(None)), place)
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(item, get_args(hint)[0], place) for item in value)
    if origin is Mapping and isinstance(value, dict):
        return {key: _convert(item, get_args(hint)[1], f"{place}.{key}") for key, item in value.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return _build(hint, value, place)
    if origin is None and isinstance(hint, type):  # Python 3.10 takes tuple[str, ...] for a type too
        return _convert_scalar(value, hint, place)
    raise TrainingError(f"{place} is {value!r}, expected a list or a table")


def _convert_scalar(value: Any, hint: type, place: str) -> Any:
    if issubclass(hint, Enum):
        known = [member.value for member in hint]
        if value not in known:
            raise TrainingError(f"{place} is {value!r}, expected one of {', '.join(known)}")
        return hint(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise TrainingError(f"{place} is {value!r}, expected {hint.__name__}")
    return value
