"""Files as parts of links, for a terminal and for a map."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote


def path_in_link(file: Path) -> str:
    """The whole path, quoted, behind a slash: ``/home/me/my%20notes.md``, and ``/C:/notes.md`` on Windows."""
    whole = (file if file.is_absolute() else file.absolute()).as_posix()
    path = quote(os.fsencode(whole), safe="/:")  # as bytes: a name need not be UTF-8
    return path if path.startswith("/") else f"/{path}"
