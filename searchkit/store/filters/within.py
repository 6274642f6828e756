"""Files at or below certain places, as SQL over the alias ``s`` (sources)."""

from __future__ import annotations

from collections.abc import Sequence

from searchkit.store.filters.sql import SqlCondition, joined

Part = tuple[int, str]  # of a root: its id, and the path at or below which files count; "" for the whole root


def at_or_below(parts: Sequence[Part]) -> SqlCondition:
    """Gives the condition that a document has a file in one of the parts; without parts none has."""
    return joined("OR", [_part(*part) for part in parts])


def _part(root_id: int, path: str) -> SqlCondition:
    if not path:
        return SqlCondition("ifnull(s.root_id = ?, 0)", (root_id,))
    below = "(s.path = ? OR substr(s.path, 1, ?) = ?)"
    return SqlCondition(f"ifnull(s.root_id = ? AND {below}, 0)", (root_id, path, len(path) + 1, f"{path}/"))
