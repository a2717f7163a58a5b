"""Tells whether a file lies on a network drive."""

import re
import sys
from pathlib import Path, PureWindowsPath

MOUNTS = Path("/proc/self/mountinfo")
_TYPES = frozenset(
    ("9p", "afs", "ceph", "cifs", "coda", "fuse.glusterfs", "fuse.rclone", "fuse.sshfs", "gfs",
     "gfs2", "lustre", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "vboxsf")
)  # fmt: skip
_WINDOWS_REMOTE = 4


def is_on_network(path: str) -> bool:
    """Whether a file's drive is on the network, as far as the system says."""
    if sys.platform == "win32":
        return _is_remote_drive(path)
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # as on macOS
        return False
    return _type_of(Path(path).resolve(), mounts) in _TYPES


def _type_of(path: Path, mounts: str) -> str:
    """The kind of file system that a path lies on: the last and deepest mount over it."""
    found, kind = Path("/"), ""
    for line in mounts.splitlines():
        place, _, rest = line.partition(" - ")
        folder = Path(re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), place.split(" ")[4]))
        if path.is_relative_to(folder) and folder.is_relative_to(found):
            found, kind = folder, rest.split(" ")[0]
    return kind


def _is_remote_drive(path: str) -> bool:
    import ctypes

    drive = PureWindowsPath(path).drive
    if drive.startswith("\\\\"):
        return True
    windows = ctypes.windll.kernel32  # type: ignore[attr-defined]  # there on Windows alone
    return bool(windows.GetDriveTypeW(f"{drive}\\") == _WINDOWS_REMOTE)
