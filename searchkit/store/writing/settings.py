"""Settings: what holds for the index as a whole, one JSON value by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from searchkit.store.writing.base import TableWriter

if TYPE_CHECKING:
    from searchkit.store.rows import StoredSettings


class SettingsWriter(TableWriter):
    """The part of `StoreWriter` for settings."""

    def is_new(self) -> bool:
        """Whether no encoder has been chosen yet."""
        return self.read._setting("encoder", default=None) is None

    def move_revision_to(self, least: int) -> None:
        """Within a change: let the revision be higher than ``least`` after it."""
        if int(self.read.known_settings().get("revision", 0)) < least:
            self._set("revision", least)

    def save_settings(self, settings: StoredSettings) -> None:
        for name, value in asdict(settings).items():
            self._set(name, value)

    def save_calibration(self, values: Mapping[str, object]) -> None:
        """Keep what was measured of the index: JSON values by name."""
        self._set("calibration", values)

    def save_index_plan(self, values: Mapping[str, object]) -> None:
        """Keep how the FAISS file is to be made: JSON values by name."""
        self._set("index_plan", values)

    def save_manners(self, values: Mapping[str, object]) -> None:
        """Keep how each root was indexed: JSON values by the number of the root."""
        self._set("manners", values)

    def save_intake(self, values: Mapping[str, object]) -> None:
        """Keep how far documents that were encoded elsewhere have been taken in: JSON values by name."""
        self._set("intake", values)

    def _set(self, name: str, value: object) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", [name, json.dumps(value)]
        )
