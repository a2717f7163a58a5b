"""Which video each running window has open, so that the next start knows what a crash cut off."""

import json
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout


class OpenMarkers:
    """A file for each running window that holds a lock while it runs.

    A marker that nobody locks was left by a window that did not close. Files that cannot be
    written are done without: the video is then opened by hand.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: FileLock | None = None
        self._file = folder / f"{uuid4().hex}.json"

    def left_behind(self) -> Path | None:
        """The video that was open last in a window that did not close; each is told once."""
        found = []
        for marker in self._folder.glob("*.json"):
            if marker == self._file:
                continue
            lock = FileLock(marker.with_suffix(".lock"))
            try:
                lock.acquire(blocking=False)
            except (Timeout, OSError):
                continue  # its window runs
            try:
                found.append((marker.stat().st_mtime_ns, _video_in(marker)))
                marker.unlink()
            except OSError:
                continue
            finally:
                marker.with_suffix(".lock").unlink(missing_ok=True)
                lock.release()
        videos = [video for _, video in sorted(found, key=lambda f: f[0]) if video is not None]
        return videos[-1] if videos else None

    def set_video(self, video: Path | None) -> None:
        """Note the video that is open now."""
        try:
            if self._lock is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._lock = FileLock(self._file.with_suffix(".lock"))
                self._lock.acquire(blocking=False)
            name = "" if video is None else str(video)
            self._file.write_text(json.dumps({"video": name}), encoding="utf-8")
        except (OSError, Timeout, UnicodeEncodeError):
            return

    def clear(self) -> None:
        """Note that the window has closed."""
        if self._lock is not None:
            self._file.unlink(missing_ok=True)
            self._file.with_suffix(".lock").unlink(missing_ok=True)
            self._lock.release()
            self._lock = None


def _video_in(marker: Path) -> Path | None:
    try:
        name = str(json.loads(marker.read_text(encoding="utf-8"))["video"])
    except (ValueError, KeyError, TypeError):  # cut off while it was written
        return None
    return Path(name) if name else None
