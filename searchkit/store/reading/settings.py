"""Settings: what holds for the index as a whole, one JSON value by name."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from searchkit.errors import IndexDamagedError
from searchkit.store.reading.base import TableReader, altered
from searchkit.store.rows import StoredSettings


class SettingsReader(TableReader):
    """The part of `StoreReader` for settings."""

    def revision(self) -> int:
        """Grows with every committed change. Where it begins is drawn, so that an index made anew has others."""
        return int(self._setting("revision"))

    def identity(self) -> str | None:
        """Tells this index from one that was made anew in its place; None before the first change."""
        value = self._setting("identity", default=None)
        return None if value is None else str(value)

    def updated(self) -> str | None:
        """When the last change was committed (ISO 8601, UTC)."""
        value = self._setting("updated", default=None)
        return None if value is None else str(value)

    def settings(self) -> StoredSettings:
        values = {field.name: self._setting(field.name) for field in fields(StoredSettings)}
        return StoredSettings(**values)

    def calibration(self) -> dict[str, Any] | None:
        """What `StoreWriter.save_calibration` kept; None before."""
        values = self._setting("calibration", default=None)
        return values if isinstance(values, dict) else None

    def index_plan(self) -> dict[str, Any] | None:
        """What `StoreWriter.save_index_plan` kept; None before."""
        values = self._setting("index_plan", default=None)
        return values if isinstance(values, dict) else None

    def manners(self) -> dict[str, Any]:
        """What `StoreWriter.save_manners` kept, by the number of the root."""
        values = self._setting("manners", default=None)
        return values if isinstance(values, dict) else {}

    def intake(self) -> dict[str, Any] | None:
        """What `StoreWriter.save_intake` kept; None in an index that was not made of shards."""
        values = self._setting("intake", default=None)
        return values if isinstance(values, dict) else None

    def known_settings(self) -> dict[str, Any]:
        """The settings that are there and as they were written, whatever else is lost."""
        rows = self._connection.execute(f"SELECT name, value FROM settings WHERE {self._sound('settings')}")
        return {name: json.loads(value) for name, value in rows}

    def _setting(self, name: str, **default: object) -> Any:
        sql = f"SELECT value, {self._sound('settings')} FROM settings WHERE name = ?"
        row = self._connection.execute(sql, [name]).fetchone()
        if row is None:
            if "default" in default:
                return default["default"]
            raise IndexDamagedError(
                f"{self._path.name} lacks its setting {name!r}", hint="index again: searchkit index FOLDER"
            )
        if not row[1]:
            raise altered(f"setting {name!r}")
        return json.loads(row[0])
