"""What an index file says of itself, after its codes."""

from __future__ import annotations

import json
from pathlib import Path

from searchkit.index.contract import IndexFacts
from searchkit.index.layout import damaged


def to_json(facts: IndexFacts) -> bytes:
    """The facts as they stand in the file; the count is not among them."""
    values = {
        "kind": facts.kind,
        "target_recall": facts.target_recall,
        "ann_recall": facts.ann_recall,
        "parameters": dict(facts.parameters),
    }
    return json.dumps(values, sort_keys=True).encode()


def from_json(data: bytes, count: int, path: Path) -> IndexFacts:
    """The facts of a file; those of an exact index where it says nothing.

    Raises:
        IndexDamagedError: it says something else.
    """
    if not data:
        return IndexFacts(count)
    try:
        values = json.loads(data)
        parameters = {str(name): int(value) for name, value in values["parameters"].items()}
        if any(value < 1 for value in parameters.values()):
            raise ValueError("parameters below 1")
        recalls = float(values["target_recall"]), float(values["ann_recall"])
        return IndexFacts(count, str(values["kind"]), *recalls, parameters)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as exc:
        raise damaged(path, "facts that say nothing", "how the index was tuned") from exc
