"""From what a person writes to a checkpoint folder: the bundled default, a path, or a name on the Hugging Face Hub."""

from __future__ import annotations

import os
import re
from pathlib import Path

from searchkit.errors import CheckpointError, MissingExtraError

PLAIN_NAME = re.compile(r"[\w-]+")
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
WANTED_FILES = ["*.safetensors", "*.json", "*.txt", "*.onnx"]  # never *.bin: those are pickles
DEFAULT = "default"


def bundled_folder(name: str = DEFAULT) -> Path:
    """Where a checkpoint that comes with searchkit lies, or would lie."""
    return Path(__file__).parent / "bundled" / name


def is_offline() -> bool:
    """Whether SEARCHKIT_OFFLINE or HF_HUB_OFFLINE forbids any download."""
    said = (os.environ.get(name, "") for name in ("SEARCHKIT_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.lower() not in ("", "0", "false", "no", "off") for value in said)


def resolve_checkpoint(path_or_name: str | Path | None = None, *, download: bool = False) -> Path:
    """The folder of a checkpoint.

    Args:
        path_or_name: None for the bundled default; a folder; the name of a bundled checkpoint; or ``owner/name``
            on the Hub, looked up in the local cache.
        download: fetch a Hub checkpoint that is not in the cache. Nothing is ever downloaded without it.

    Raises:
        CheckpointError: there is no such checkpoint here.
    """
    if path_or_name is None:
        return _bundled(DEFAULT)
    folder = Path(path_or_name).expanduser()
    if folder.is_dir():
        return folder
    if isinstance(path_or_name, str):
        if PLAIN_NAME.fullmatch(path_or_name) and bundled_folder(path_or_name).is_dir():
            return _bundled(path_or_name)
        if HUB_NAME.fullmatch(path_or_name) and not folder.exists():
            return _from_hub(path_or_name, download=download)
    raise CheckpointError(
        f"no checkpoint at {str(path_or_name)!r}: expected a folder, a bundled name or owner/name of the Hub",
        hint="see `searchkit model list`",
    )


def name_of(path_or_name: str | Path | None, folder: Path) -> str:
    """What to call a checkpoint: its name on the Hub, or that of its folder."""
    if isinstance(path_or_name, str) and not Path(path_or_name).expanduser().is_dir():
        return path_or_name
    return folder.resolve().name


def _bundled(name: str) -> Path:
    folder = bundled_folder(name)
    if not (folder / "config.json").exists():
        raise CheckpointError(
            f"this installation has no bundled checkpoint {name!r}",
            hint="give a checkpoint folder, or reinstall searchkit",
        )
    return folder


def _from_hub(name: str, *, download: bool) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as exc:
        raise MissingExtraError("huggingface_hub", "train") from exc
    if download and is_offline():
        raise CheckpointError(
            f"{name} cannot be downloaded: SEARCHKIT_OFFLINE or HF_HUB_OFFLINE is set",
            hint="unset it, or give the path of a local copy",
        )
    try:
        return Path(snapshot_download(name, local_files_only=not download, allow_patterns=WANTED_FILES))
    except LocalEntryNotFoundError as exc:
        if download:
            raise CheckpointError(f"{name} cannot be downloaded: {exc}", hint="check the network") from exc
        raise CheckpointError(
            f"{name} is not in the local cache, and nothing is downloaded unless asked",
            hint=f"run `searchkit model download {name}`, or give the path of a local copy",
        ) from exc
    except HFValidationError as exc:
        raise CheckpointError(f"{name!r} is no name that the Hub allows: {exc}") from exc
    except (HfHubHTTPError, OSError) as exc:
        raise CheckpointError(f"{name} cannot be downloaded: {exc}") from exc
