"""Which files of an index lie at or below places on disk, by the folders that were indexed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.search.indexing.roots import known_as_part

if TYPE_CHECKING:
    from searchkit.store import StoreReader
    from searchkit.store.filters.within import Part


def parts_within(reader: StoreReader, places: Sequence[str | Path]) -> list[Part]:
    """What the index has at or below the places: whole roots, and parts of roots. Links are followed first."""
    locations = [Path(os.path.realpath(place)) for place in places]
    parts: list[Part] = []
    for root in reader.roots():
        if any(Path(root.location).is_relative_to(location) for location in locations):
            parts.append((root.root_id, ""))
        else:
            parts += [
                (root.root_id, known_as_part(root, location))
                for location in locations
                if location.is_relative_to(root.location)
            ]
    return parts


def is_within(reader: StoreReader, path: str | None, places: Sequence[str | Path]) -> bool:
    """Whether the file of that path lies there; what came from memory lies nowhere."""
    source = None if path is None else reader.source(path)
    if source is None:
        return False
    return any(
        source.root_id == root_id and (not part or source.path == part or source.path.startswith(f"{part}/"))
        for root_id, part in parts_within(reader, places)
    )
