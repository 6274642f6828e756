"""Making files and names last: what a folder lists is written when the folder is synced, not when the file is."""

from __future__ import annotations

import os
from pathlib import Path


def sync_file(file: Path) -> None:
    """Makes what was written to a file survive a power cut. It may be read-only, but on Windows."""
    with file.open("rb+" if os.name == "nt" else "rb") as stream:
        os.fsync(stream.fileno())


def sync_tree(top: Path) -> None:
    """Makes a folder with all its files and folders survive a power cut."""
    for folder, _, names in os.walk(top):
        for name in names:
            sync_file(Path(folder, name))
        sync_folder(Path(folder))


def sync_folder(folder: Path) -> None:
    """Makes a new name or a rename survive a power cut. Windows has no such call and orders renames itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
