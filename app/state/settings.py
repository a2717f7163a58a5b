"""How settings are stored, what the window remembers, and where it keeps its own files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QStandardPaths, Signal

from app.state.ini_file import IniFile
from app.state.microscopes import Size
from app.state.setting_table import SETTINGS, Value
from rostfine_core import __version__
from rostfine_core.domain import Calibration
from rostfine_core.store_place import choose_place, usual_place

_BY_ID = {s.id: s for s in SETTINGS}
MAX_RECENT = 10
_Location = QStandardPaths.StandardLocation


@dataclass(frozen=True)
class AcceptedUse:
    """A statement of intended use by its id, and in which version and when it was accepted."""

    statement: str
    version: str
    date_utc: str


class Settings(QObject):
    """The stored settings; a stored value that does not fit the table counts as not stored.

    Signals:
        changed(str): the setting with this id has changed.
        profiles_changed(tuple): the known microscopes have changed to these.
        recent_changed(tuple): the recent videos have changed to these.
    """

    changed = Signal(str)
    profiles_changed = Signal(tuple)
    recent_changed = Signal(tuple)

    def __init__(self, file: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = IniFile(file or settings_file())
        self._own_folder = file.absolute().parent if file else None

    def text(self, id: str) -> str:
        """The value of a text, path or choice."""
        return str(self.value(id))

    def number(self, id: str) -> int:
        """The value of a whole number."""
        return int(self.value(id))

    def is_on(self, id: str) -> bool:
        """The value of a switch."""
        return bool(self.value(id))

    def value(self, id: str) -> Value:
        """The value of any setting."""
        setting = _BY_ID[id]
        stored = self._store.value(f"settings/{id}")
        return setting.default if stored is None else setting.fitting(stored)

    def set_value(self, id: str, value: Value) -> None:
        """Store a value, or the default if it does not fit."""
        fitting = _BY_ID[id].fitting(value)
        if fitting != self.value(id):
            self._store.set_value(f"settings/{id}", fitting)
            self.changed.emit(id)

    @property
    def data_folder(self) -> Path:
        """Where the program keeps its own files; beside a settings file of its own."""
        return self._own_folder or data_folder()

    @property
    def store_place(self) -> str:
        """The folder or the URL of the case store."""
        own = str(self._own_folder / "cases") if self._own_folder else ""
        return self.text("store") or own or usual_place()

    def share_store_place(self) -> None:
        """Let the command line use the same store, unless these are settings of a file of its own.

        Raises:
            StoreError: the choice cannot be kept.
        """
        if self._own_folder is None:
            choose_place(self.text("store"))

    # Beside the table: what the window remembers by itself ---------------------------------

    @property
    def profiles(self) -> tuple[Calibration, ...]:
        """The microscopes, by name."""
        try:
            rows = json.loads(str(self._store.value("profiles", "[]")))
            found = [_profile(row) for row in rows]
        except (ValueError, TypeError, KeyError, AttributeError):
            return ()
        return tuple(sorted((p for p in found if p.profile), key=lambda p: p.profile.casefold()))

    def save_profile(self, profile: Calibration, *, size_px: Size | None = None) -> None:
        """Remember a microscope under its name, with the size of picture its scale was set for."""
        sizes = self._sizes | {profile.profile: size_px}
        kept = [p for p in self.profiles if p.profile != profile.profile]
        self._store_profiles([*kept, profile], sizes)

    def remove_profile(self, name: str) -> None:
        """Forget a microscope."""
        self._store_profiles([p for p in self.profiles if p.profile != name], self._sizes)

    def size_of(self, name: str) -> Size | None:
        """The size of picture that a microscope's scale was set for; None where not known."""
        return self._sizes.get(name)

    @property
    def _sizes(self) -> dict[str, Size | None]:
        try:
            rows = json.loads(str(self._store.value("profiles", "[]")))
            return {str(row["profile"]): _size(row) for row in rows}
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}

    @property
    def last_profile(self) -> Calibration:
        """The last microscope used."""
        name = str(self._store.value("last_profile", ""))
        return next((p for p in self.profiles if p.profile == name), Calibration())

    def set_last_profile(self, name: str) -> None:
        """Remember which microscope is in use."""
        self._store.set_value("last_profile", name)

    @property
    def accepted_use(self) -> "AcceptedUse":
        """Which statement of intended use was accepted last."""
        keys = ("statement", "version", "date_utc")
        return AcceptedUse(*(str(self._store.value(f"intended_use/{key}", "")) for key in keys))

    def accept_use(self, statement: str, when: datetime) -> None:
        """Remember that the statement was accepted in this version of the program."""
        self._store.set_value("intended_use/statement", statement)
        self._store.set_value("intended_use/version", __version__)
        self._store.set_value("intended_use/date_utc", when.isoformat(timespec="seconds"))

    @property
    def operator(self) -> str:
        """The last operator."""
        return str(self._store.value("operator", ""))

    def set_operator(self, name: str) -> None:
        """Remember the operator."""
        self._store.set_value("operator", name)

    @property
    def recent(self) -> tuple[Path, ...]:
        """The videos opened last, newest first."""
        stored: Any = self._store.value("recent", [])
        names = [stored] if isinstance(stored, str) else list(stored or [])
        return tuple(Path(str(n)) for n in names if n)

    def add_recent(self, path: Path) -> None:
        """Put a video first among the recent ones."""
        kept = [p for p in self.recent if p != path]
        self._store.set_value("recent", [str(p) for p in (path, *kept)][:MAX_RECENT])
        self.recent_changed.emit(self.recent)

    def remove_recent(self, path: Path) -> None:
        """Forget a video."""
        self._store.set_value("recent", [str(p) for p in self.recent if p != path])
        self.recent_changed.emit(self.recent)

    @property
    def worklist(self) -> tuple[tuple[Path, str], ...]:
        """The videos to work on, each with its id in the store, "" if it is not there yet."""
        try:
            rows = json.loads(str(self._store.value("worklist", "[]")))
            return tuple((Path(str(path)), str(video_id)) for path, video_id in rows)
        except (ValueError, TypeError):
            return ()

    def set_worklist(self, videos: Sequence[tuple[Path, str]]) -> None:
        """Remember the videos to work on."""
        rows = [(str(path), video_id) for path, video_id in videos]
        self._store.set_value("worklist", json.dumps(rows))

    def layout(self, name: str) -> QByteArray:
        """The stored geometry or state of a part of the window; empty if there is none."""
        stored = self._store.value(f"layout/{name}")
        return stored if isinstance(stored, QByteArray) else QByteArray()

    def set_layout(self, name: str, state: QByteArray) -> None:
        """Store the geometry or state of a part of the window."""
        self._store.set_value(f"layout/{name}", state)

    def sync(self) -> None:
        """Wait until everything is on disk."""
        self._store.sync()

    def _store_profiles(
        self, profiles: Sequence[Calibration], sizes: Mapping[str, Size | None]
    ) -> None:
        rows = [asdict(p) | {"size_px": sizes.get(p.profile)} for p in profiles]
        self._store.set_value("profiles", json.dumps(rows))
        self.profiles_changed.emit(self.profiles)


def _profile(row: dict[str, Any]) -> Calibration:
    numbers = {}
    for name in ("fps", "um_per_px"):
        value = row.get(name)
        numbers[name] = float(value) if value and float(value) > 0 else None
    return Calibration(profile=str(row["profile"]), **numbers)


def _size(row: dict[str, Any]) -> Size | None:
    """The size of picture in a stored row; rows of former versions hold none."""
    size = row.get("size_px")
    return None if size is None else (int(size[0]), int(size[1]))


def settings_file() -> Path:
    """The settings, one INI file per user."""
    return Path(QStandardPaths.writableLocation(_Location.AppConfigLocation)) / "settings.ini"


def data_folder() -> Path:
    """Where the program keeps its own files."""
    return Path(QStandardPaths.writableLocation(_Location.AppLocalDataLocation))


def log_file() -> Path:
    """The crash log."""
    return data_folder() / "rostfine.log"


def reports_folder() -> Path:
    """Where reports are written unless the user says otherwise."""
    documents = QStandardPaths.writableLocation(_Location.DocumentsLocation)
    return Path(documents or Path.home()) / "RoSTFine Assist"
