"""Files that could not be read, by reason."""

from __future__ import annotations

from collections.abc import Iterable

from searchkit.cli.failures import say
from searchkit.cli.terminal import one_line
from searchkit.errors import counted

_REASONS_SHOWN = 5


def show_refused(refused: Iterable[tuple[str, str]], see_all: str, *, verbose: bool = False) -> None:
    """Say each path with its reason, on standard error: one line a reason unless ``verbose``.

    The rarest comes first: twenty images must not hide the one damaged report. ``see_all`` says where the rest is.
    """
    by_reason: dict[str, list[str]] = {}
    for path, reason in refused:
        by_reason.setdefault(one_line(reason), []).append(one_line(path))
    reasons = sorted(by_reason.items(), key=lambda item: len(item[1]))
    for reason, paths in reasons if verbose else reasons[:_REASONS_SHOWN]:
        if verbose or len(paths) == 1:
            for path in paths:
                say(f"refused: {path}: {reason}")
        else:
            say(f"refused: {counted(len(paths), 'file')}, such as {paths[0]}: {reason}")
    if not verbose and len(reasons) > _REASONS_SHOWN:
        say(f"refused: more, for other reasons; see all {see_all}")
