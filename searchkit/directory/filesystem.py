"""Which file systems are no place for an index that several machines use.

SQLite's log is shared through memory, which two machines do not share, and locks of network file systems do not
always hold. One process on one machine is safe there; two machines may damage the index without either noticing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"nfs[0-9]*|cifs|smb[0-9]*|smbfs|ncpfs|afs|9p|ceph|lustre|gpfs|beegfs|glusterfs|davfs|vboxsf|"
    r"fuse\.(sshfs|rclone|s3fs|gcsfuse|goofys|glusterfs|ceph|davfs2?|curlftpfs|smbnetfs|vmhgfs-fuse|juicefs)"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def network_file_system(folder: Path, mounts: Path = _MOUNTS) -> str | None:
    """Gives the kind of network file system that a folder lies on, such as ``nfs4``; None on any other.

    Known from Linux's table of mounts, and from the name of a Windows share; elsewhere always None.

    Args:
        folder: need not exist; then the one counts that it would be made in.
    """
    place = os.path.realpath(folder)
    if place.startswith("\\\\") and not place.startswith("\\\\?\\"):
        return "network share"
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    found = ("", "")
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if len(fields) > 4 and _is_under(place, mount := _plain(fields[4])) and len(mount) >= len(found[0]):
            found = (mount, kind)  # of two mounts on one place the later one is seen
    return found[1] if _NETWORK.fullmatch(found[1]) else None


def _plain(field: str) -> str:
    return _ESCAPED.sub(lambda escape: chr(int(escape.group(1), 8)), field)


def _is_under(place: str, mount: str) -> bool:
    return place == mount or place.startswith(mount.rstrip("/") + "/")
