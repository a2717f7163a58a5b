"""Puts the files of one result into a folder all together or not at all."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

_STAGING = ".writing-"
"""Prefix of folders where a result is being made; after a crash they can be deleted."""
_WHOLE = ".whole"
"""A file that is in such a folder as long as nobody deleted the folder."""
_LEAVING, _ARRIVING = ".leaving-report", ".arriving-report"
"""The old result until the new one is in place, and the complete new one until all its files have
been moved."""
_REPLACED = ".replaced-"
"""Prefix of folders with an old result that must not come back, even if deleting it fails."""
_LOCK = ".writing.lock"


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The files of one kind of result, such as a report.

    ``files`` lists those that a folder holds, last the one that readers look for; other files there
    are left alone. ``taken`` says, as a marked template, that a ``{folder}`` already holds some,
    where they are not replaced without being asked.
    """

    files: Callable[[Path], list[Path]]
    taken: str = ""

    def check(self, folder: Path, *, overwrite: bool = False) -> None:
        """Refuse a folder that cannot take the files, before any work is done.

        If a crash interrupted the writing of files there, that is cleaned up first.

        Raises:
            StoreError: it is a file, cannot be written, already holds such files, or another
                program is writing into it.
        """
        try:
            if folder.exists() and not folder.is_dir():
                raise StoreError(
                    Message("{folder} is a file: give a folder for the results.", folder=folder)
                )
            if folder.exists():
                with only_writer(folder):
                    self._settle(folder)
                    self._refuse(folder, overwrite=overwrite)
            existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
            # The folder itself is created only when there are results to write.
            tempfile.TemporaryFile(dir=existing).close()
        except OSError as error:
            raise _cannot_write(folder, error) from error

    @contextmanager
    def replaced(self, folder: Path, *, overwrite: bool = False) -> Iterator[Path]:
        """Give a temporary folder to write into; its files are moved when the block succeeds.

        So a full disk or a cancelled job leaves the old files in place. They are moved out
        completely before the first new file is moved in, so that a crash cannot mix the two.

        Raises:
            StoreError: the folder cannot be written, holds such files, or is deleted meanwhile.
        """
        self.check(folder, overwrite=overwrite)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with only_writer(folder):
                try:
                    self._refuse(folder, overwrite=overwrite)
                    staging = Path(tempfile.mkdtemp(dir=folder, prefix=_STAGING))
                    (staging / _WHOLE).touch()
                    yield staging
                    _check_whole(folder, staging)
                    self._replace(folder, staging)
                finally:
                    with suppress(StoreError):  # must not hide the error raised above
                        self._settle(folder)
        except OSError as error:
            raise StoreError(
                Message(
                    "Cannot write the results into {folder} ({reason}): free some space or choose "
                    "another folder.",
                    folder=folder,
                    reason=error.strerror or str(error),
                )
            ) from error

    def _refuse(self, folder: Path, *, overwrite: bool) -> None:
        if not overwrite and self.files(folder):
            raise StoreError(Message(self.taken, folder=folder))

    def _replace(self, folder: Path, staging: Path) -> None:
        """Move the old files out and the new ones in, which count as written once renamed."""
        _move(self.files(folder), source=folder, target=folder / _LEAVING)
        arriving = staging.rename(folder / _ARRIVING)
        try:
            self._bring_in(folder)
        except OSError:  # such as a full disk: remove the new files; the old ones will be restored
            with suppress(OSError):
                _move(self.files(folder), source=folder, target=arriving)
                arriving.rename(staging)
            raise

    def _bring_in(self, folder: Path) -> None:
        """Move the new files to their places, the last one last, and discard the old ones."""
        arriving, leaving = folder / _ARRIVING, folder / _LEAVING
        files = sorted(p for p in arriving.rglob("*") if p.is_file())
        last = self.files(arriving)[-1:]
        _move(sorted(files, key=lambda p: p in last), source=arriving, target=folder)
        if leaving.exists():
            replaced = Path(tempfile.mkdtemp(dir=folder, prefix=_REPLACED))
            leaving.rename(replaced / _LEAVING)
        for emptied in sorted((p for p in arriving.rglob("*") if p.is_dir()), reverse=True):
            emptied.rmdir()
        arriving.rmdir()

    def _settle(self, folder: Path) -> None:
        """Clean up after an interruption: bring in complete new files, else restore the old ones.

        Raises:
            StoreError: the files cannot be moved.
        """
        leaving, arriving = folder / _LEAVING, folder / _ARRIVING
        try:
            if arriving.exists():
                self._bring_in(folder)
            elif leaving.exists():
                files = sorted(p for p in leaving.rglob("*") if p.is_file())
                _move(files, source=leaving, target=folder)
                shutil.rmtree(leaving)
            for remains in (*folder.glob(f"{_STAGING}*"), *folder.glob(f"{_REPLACED}*")):
                shutil.rmtree(remains, ignore_errors=True)
        except OSError as error:
            raise StoreError(
                Message(
                    "Results in {folder} were being written when the program ended, and cannot be "
                    "put in order ({reason}): their files lie in {leaving} or {arriving} there.",
                    folder=folder,
                    reason=error.strerror or str(error),
                    leaving=_LEAVING,
                    arriving=_ARRIVING,
                )
            ) from error


def named(*names: str) -> Callable[[Path], list[Path]]:
    """Lists the files of these names that a folder holds."""
    return lambda folder: [p for name in names if (p := folder / name).is_file()]


def _check_whole(folder: Path, staging: Path) -> None:
    """Refuse a result of which a part was deleted: who writes a file makes its folder again.

    Raises:
        StoreError: the temporary folder is not the one that was made.
    """
    try:
        (staging / _WHOLE).unlink()
    except FileNotFoundError as error:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()
        raise StoreError(
            Message(
                "{folder} was deleted or moved while results were written into it: write them "
                "again.",
                folder=folder,
            )
        ) from error


def _cannot_write(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        Message(
            "Cannot write into {folder} ({reason}): choose another folder.",
            folder=folder,
            reason=error.strerror or str(error),
        )
    )


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Keep other programs from writing into ``folder``; a program that ends releases its lock.

    Raises:
        StoreError: another program is writing there, or the folder cannot be written.
    """
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise StoreError(
            Message(
                "Another program is writing results into {folder}: wait until it is done, or "
                "choose another folder.",
                folder=folder,
            )
        ) from error
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows cannot remove an open file, and removes this one itself
            (folder / _LOCK).unlink()
        lock.release()


def _move(files: Sequence[Path], *, source: Path, target: Path) -> None:
    """Move ``files`` from ``source`` to the same places in ``target``; remove emptied folders."""
    for file in files:
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
        if file.parent != source and not any(file.parent.iterdir()):
            file.parent.rmdir()
