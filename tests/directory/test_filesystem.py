from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.directory import network_file_system

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:25 / /mnt/team rw,relatime shared:9 - nfs4 server:/team rw,vers=4.2
31 22 0:26 / /mnt/my\\040files rw - fuse.sshfs me@host: rw
32 30 0:27 / /mnt/team/local rw - xfs /dev/sdb rw
33 22 0:28 / /mnt/usb rw - fuse.ntfs-3g /dev/sdc rw
34 22 0:29 / /mnt/over rw - ext4 /dev/sdd rw
35 34 0:30 / /mnt/over rw - cifs //server/share rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/me/index", None),
        ("/mnt/team", "nfs4"),
        ("/mnt/team/notes/index", "nfs4"),
        ("/mnt/teamwork/index", None),
        ("/mnt/team/local/index", None),
        ("/mnt/my files/index", "fuse.sshfs"),
        ("/mnt/usb/index", None),
        ("/mnt/over/index", "cifs"),
    ],
)
def test_the_mount_that_a_folder_lies_on_decides(tmp_path: Path, folder: str, kind: str | None) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert network_file_system(Path(folder), tmp_path / "mountinfo") == kind


@pytest.mark.parametrize("content", ["", "nonsense\n", "1 2 3\n", "22 1 254:0 / / rw\n", " - nfs\n"])
def test_a_table_that_makes_no_sense_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "mountinfo").write_text(content)
    assert network_file_system(Path("/x"), tmp_path / "mountinfo") is None


def test_without_a_table_nothing_is_known(tmp_path: Path) -> None:
    assert network_file_system(Path("/x"), tmp_path / "none") is None
