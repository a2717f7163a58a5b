"""The table of settings, how they are stored, and where the window keeps its own files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QStandardPaths, Signal

from app.state.ini_file import IniFile
from app.state.microscopes import Size
from rostfine_core import __version__
from rostfine_core.attention import COLOUR_MAPS, DEFAULT_PAINT
from rostfine_core.catalogue import LANGUAGES
from rostfine_core.domain import AnswerMode, Calibration
from rostfine_core.marking import QT_TRANSLATE_NOOP
from rostfine_core.store_place import choose_place, usual_place

TEXT_SIZES = ("100%", "115%", "130%", "150%")
_Location = QStandardPaths.StandardLocation
Value = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One line of the settings dialog; the type of ``default`` is the type of the value."""

    id: str
    group: str
    label: str
    tip: str
    default: Value
    minimum: float = 0.0
    maximum: float = 0.0
    choices: tuple[str, ...] = ()
    choice_labels: tuple[str, ...] = ()
    is_path: bool = False
    needs_restart: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting(
        id="theme",
        group=QT_TRANSLATE_NOOP("Settings", "Appearance"),
        label=QT_TRANSLATE_NOOP("Settings", "Theme"),
        tip=QT_TRANSLATE_NOOP("Settings", "Dark suits the microscope room."),
        default="dark",
        choices=("dark", "light"),
        choice_labels=(
            QT_TRANSLATE_NOOP("Settings", "Dark"),
            QT_TRANSLATE_NOOP("Settings", "Light"),
        ),
    ),
    Setting(
        id="text_size",
        group=QT_TRANSLATE_NOOP("Settings", "Appearance"),
        label=QT_TRANSLATE_NOOP("Settings", "Text size"),
        tip=QT_TRANSLATE_NOOP("Settings", "Takes effect at the next start."),
        default=TEXT_SIZES[0],
        choices=TEXT_SIZES,
        choice_labels=TEXT_SIZES,
        needs_restart=True,
    ),
    Setting(
        id="language",
        group=QT_TRANSLATE_NOOP("Settings", "Appearance"),
        label=QT_TRANSLATE_NOOP("Settings", "Language"),
        tip=QT_TRANSLATE_NOOP("Settings", "Takes effect at the next start."),
        default="system",
        choices=("system", "en", "ja"),
        choice_labels=(
            QT_TRANSLATE_NOOP("Settings", "Same as the system"),
            QT_TRANSLATE_NOOP("Settings", "English"),
            QT_TRANSLATE_NOOP("Settings", "Japanese"),
        ),
        needs_restart=True,
    ),
    Setting(
        id="colour_map",
        group=QT_TRANSLATE_NOOP("Settings", "Appearance"),
        label=QT_TRANSLATE_NOOP("Settings", "Attention colours"),
        tip=QT_TRANSLATE_NOOP("Settings", "All of them are readable with colour blindness."),
        default=DEFAULT_PAINT.colour_map,
        choices=COLOUR_MAPS,
        choice_labels=COLOUR_MAPS,
    ),
    Setting(
        id="loupe",
        group=QT_TRANSLATE_NOOP("Settings", "Appearance"),
        label=QT_TRANSLATE_NOOP("Settings", "Loupe at the pointer"),
        tip=QT_TRANSLATE_NOOP(
            "Settings", "Enlarge the place under the pointer, with the head that is measured there."
        ),
        default=True,
    ),
    Setting(
        id="auto_track",
        group=QT_TRANSLATE_NOOP("Settings", "Workflow"),
        label=QT_TRANSLATE_NOOP("Settings", "Track automatically"),
        tip=QT_TRANSLATE_NOOP("Settings", "Track a sperm as soon as it is clicked or corrected."),
        default=True,
    ),
    Setting(
        id="auto_grade",
        group=QT_TRANSLATE_NOOP("Settings", "Workflow"),
        label=QT_TRANSLATE_NOOP("Settings", "Grade automatically"),
        tip=QT_TRANSLATE_NOOP("Settings", "Grade a sperm as soon as it is tracked."),
        default=True,
    ),
    Setting(
        id="report_folder",
        group=QT_TRANSLATE_NOOP("Settings", "Workflow"),
        label=QT_TRANSLATE_NOOP("Settings", "Reports folder"),
        tip=QT_TRANSLATE_NOOP(
            "Settings", "Each sample gets a folder in it; empty means the usual place."
        ),
        default="",
        is_path=True,
    ),
    Setting(
        id="store",
        group=QT_TRANSLATE_NOOP("Settings", "Workflow"),
        label=QT_TRANSLATE_NOOP("Settings", "Case store"),
        tip=QT_TRANSLATE_NOOP(
            "Settings",
            "A folder, or postgresql://USER:PASSWORD@HOST/DATABASE for several workstations; empty "
            "means the usual place. Takes effect at the next start.",
        ),
        default="",
        is_path=True,
        needs_restart=True,
    ),
    Setting(
        id="lock_minutes",
        group=QT_TRANSLATE_NOOP("Settings", "Workflow"),
        label=QT_TRANSLATE_NOOP("Settings", "Lock after minutes"),
        tip=QT_TRANSLATE_NOOP(
            "Settings",
            "In a store with operators: after so long without a key or click the window asks who "
            "is there; 0 never locks it.",
        ),
        default=10,
        minimum=0,
        maximum=240,
    ),
    Setting(
        id="report_language",
        group=QT_TRANSLATE_NOOP("Settings", "Workflow"),
        label=QT_TRANSLATE_NOOP("Settings", "Report language"),
        tip=QT_TRANSLATE_NOOP(
            "Settings", "Language of PDF and pictures; tables and data files stay in English."
        ),
        default="en",
        choices=LANGUAGES,
        choice_labels=(
            QT_TRANSLATE_NOOP("Settings", "English"),
            QT_TRANSLATE_NOOP("Settings", "Japanese"),
        ),
    ),
    Setting(
        id="certificate",
        group=QT_TRANSLATE_NOOP("Settings", "Workflow"),
        label=QT_TRANSLATE_NOOP("Settings", "Certificate for reports"),
        tip=QT_TRANSLATE_NOOP(
            "Settings",
            "A PKCS#12 file (.p12, .pfx) that seals the PDF of a signed report; empty for none.",
        ),
        default="",
        is_path=True,
    ),
    Setting(
        id="model_path",
        group=QT_TRANSLATE_NOOP("Settings", "Model"),
        label=QT_TRANSLATE_NOOP("Settings", "Model file or folder"),
        tip=QT_TRANSLATE_NOOP(
            "Settings", "Empty means the demonstration model; a folder of models is an ensemble."
        ),
        default="",
        is_path=True,
    ),
    Setting(
        id="answer_mode",
        group=QT_TRANSLATE_NOOP("Settings", "Model"),
        label=QT_TRANSLATE_NOOP("Settings", "Answers"),
        tip=QT_TRANSLATE_NOOP(
            "Settings",
            "Which of the views, the calibration and the ranges in the model's file are used. "
            "Grades made otherwise are kept, and shown again with that choice.",
        ),
        default=AnswerMode.FULL.value,
        choices=tuple(mode.value for mode in AnswerMode),
        choice_labels=(
            QT_TRANSLATE_NOOP("Settings", "As the model says"),
            QT_TRANSLATE_NOOP("Settings", "Not calibrated"),
            QT_TRANSLATE_NOOP("Settings", "One view, not calibrated"),
        ),
    ),
    Setting(
        id="device",
        group=QT_TRANSLATE_NOOP("Settings", "Model"),
        label=QT_TRANSLATE_NOOP("Settings", "Device"),
        tip=QT_TRANSLATE_NOOP("Settings", "Automatic uses an NVIDIA GPU if there is one."),
        default="auto",
        choices=("auto", "cuda", "cpu"),
        choice_labels=(
            QT_TRANSLATE_NOOP("Settings", "Automatic"),
            QT_TRANSLATE_NOOP("Settings", "NVIDIA GPU"),
            QT_TRANSLATE_NOOP("Settings", "CPU"),
        ),
    ),
    Setting(
        id="cache_mib",
        group=QT_TRANSLATE_NOOP("Settings", "Memory"),
        label=QT_TRANSLATE_NOOP("Settings", "Decoded frames (MiB)"),
        tip=QT_TRANSLATE_NOOP(
            "Settings",
            "A video that fits is kept whole, a longer one in part. "
            "Takes effect with the next video.",
        ),
        default=1024,
        minimum=64,
        maximum=65536,
    ),
)


@dataclass(frozen=True)
class AcceptedUse:
    """A statement of intended use by its id, and in which version and when it was accepted."""

    statement: str
    version: str
    date_utc: str


_BY_ID = {s.id: s for s in SETTINGS}
MAX_RECENT = 10


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
        return setting.default if stored is None else _fitting(setting, stored)

    def set_value(self, id: str, value: Value) -> None:
        """Store a value, or the default if it does not fit."""
        fitting = _fitting(_BY_ID[id], value)
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


def _fitting(setting: Setting, value: object) -> Value:
    """The value as the table's type, or the default if it does not fit."""
    try:
        if isinstance(setting.default, bool):
            return value if isinstance(value, bool) else str(value).lower() in ("true", "1")
        if isinstance(setting.default, int):
            number = int(str(value))
            return number if setting.minimum <= number <= setting.maximum else setting.default
    except ValueError:
        return setting.default
    text = str(value)
    return setting.default if setting.choices and text not in setting.choices else text


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
