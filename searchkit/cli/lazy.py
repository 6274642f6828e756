"""A Typer group that imports a command only when it runs, and commands that read their words without pydantic.

Both are about the cold start of ``searchkit query``. Typer 0.29 converts every value, even an absent one, by
a pydantic adapter: 80 ms of imports for what ``str`` and ``int`` do. Where Typer works that way its adapters
are replaced by plain conversions; where it does not, nothing is touched.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from searchkit.cli.optional_values import with_values

HELP_NAMES = {"help_option_names": ["-h", "--help"]}
LARGEST_INTEGER = 2**63 - 1  # that databases and arrays hold


class PlainCommand(TyperCommand):
    """A command whose values are converted by ``str``, ``int``, ``float`` and ``Path``."""

    def get_params(self, ctx: Any) -> Any:
        return convert_plainly(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_values(args))


class PlainGroup(TyperGroup):
    """A group of commands with `PlainCommand`'s conversions."""

    def get_params(self, ctx: Any) -> Any:
        return convert_plainly(super().get_params(ctx))


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a command lives: ``module:attribute`` is its function, or a Typer app for a group of commands."""

    target: str
    panel: str

    def outline(self, name: str, rich_markup_mode: Any) -> TyperCommand:
        """Name and help alone, for lists: reading the options of every command would double their time."""
        found = self._find()
        callback = getattr(found, "registered_callback", None)  # a Typer app explains itself in its callback
        text = inspect.getdoc(found if callback is None else callback.callback)
        return TyperCommand(name=name, help=str(text), rich_markup_mode=rich_markup_mode, rich_help_panel=self.panel)

    def load(self, name: str, rich_markup_mode: Any) -> Any:
        """The command itself, as Typer builds it."""
        found = self._find()
        is_group = isinstance(found, typer.Typer)
        app = found if is_group else _app_of(found, name)
        app.rich_markup_mode = rich_markup_mode
        command: Any = typer.main.get_group(app) if is_group else typer.main.get_command(app)
        command.name = name
        return command

    def _find(self) -> Any:
        module, _, attribute = self.target.partition(":")
        return getattr(import_module(module), attribute)


def _app_of(function: Callable[..., Any], name: str) -> typer.Typer:
    app = typer.Typer(add_completion=False)
    app.command(name, cls=PlainCommand, context_settings=HELP_NAMES)(function)
    return app


class LazyGroup(PlainGroup):
    """Lists the commands of ``lazy_commands`` and loads the one that runs."""

    lazy_commands: Mapping[str, LazyCommand] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        return list(self.lazy_commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature is Typer's
        if cmd_name not in self.commands and cmd_name in self.lazy_commands:
            self.commands[cmd_name] = self.lazy_commands[cmd_name].outline(cmd_name, self.rich_markup_mode)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer does, with the command loaded, or with all in outline for "did you mean"."""
        if args[0] in self.lazy_commands:
            self.commands[args[0]] = self.lazy_commands[args[0]].load(args[0], self.rich_markup_mode)
        else:
            for name in self.lazy_commands:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


def convert_plainly(parameters: Iterable[Any]) -> list[Any]:
    """The parameters, their pydantic adapters replaced where there are any, and without types that say nothing."""
    converted = list(parameters)
    for parameter in converted:
        if isinstance(parameter, TyperArgument) or getattr(parameter, "is_flag", False):
            parameter.display_type_rich = _no_type  # help shows `<list[str]>` after ``PATHS``, `<bool>` after a flag
        described = getattr(parameter, "type_descriptor", None)
        annotation, bounds = getattr(described, "annotation", None), getattr(described, "parameter_info", None)
        item = get_args(annotation)[0] if get_origin(annotation) is list else annotation
        if item in _CONVERSIONS and getattr(parameter, "_runtime_param", _PlainParameter) is None:
            least, most = getattr(bounds, "min", None), getattr(bounds, "max", None)
            parameter._runtime_param = _PlainParameter(_CONVERSIONS[item], least, most)
    return converted


@dataclass(frozen=True, slots=True)
class _PlainParameter:
    """Stands where Typer keeps the adapter of a parameter; gives lists as tuples, as Typer does.

    ``least`` and ``most`` are the option's own ``min`` and ``max``.
    """

    convert: Callable[[Any], Any]
    least: float | None = None
    most: float | None = None

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        is_several = param.multiple or param.nargs == -1
        if value is None:
            return () if is_several else None
        try:
            return tuple(map(self._one, value)) if is_several else self._one(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), ctx=ctx, param=param) from error

    def _one(self, value: Any) -> Any:
        found = self.convert(value)
        if self.least is not None and found < self.least:
            raise ValueError(f"{found} is too small; expected at least {self.least:g}")
        if self.most is not None and found > self.most:
            raise ValueError(f"{found} is too large; expected at most {self.most:,}")
        return found


def _no_type(ctx: Any) -> str:  # noqa: ARG001 - the signature is Typer's
    return ""


def _integer(value: Any) -> int:
    try:
        number = int(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a whole number") from None
    if abs(number) > LARGEST_INTEGER:
        raise ValueError(f"{number} is too large; expected at most {LARGEST_INTEGER:,}")
    return number


def _number(value: Any) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isnan(number):  # what Python takes for a number too, and no bound holds back
        raise ValueError(f"{value!r} is not a number")
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, str):  # a flag comes as text from an environment variable alone
        return value.strip().lower() in {"1", "true", "t", "yes", "y", "on"}
    return bool(value)


_CONVERSIONS: dict[Any, Callable[[Any], Any]] = {
    str: str,
    int: _integer,
    float: _number,
    bool: _boolean,
    Path: Path,
}
