"""The table of settings: what each is called, and which values it may have."""

from dataclasses import dataclass

from rostfine_core.attention import COLOUR_MAPS, DEFAULT_PAINT
from rostfine_core.catalogue import LANGUAGES
from rostfine_core.domain import AnswerMode
from rostfine_core.marking import QT_TRANSLATE_NOOP

TEXT_SIZES = ("100%", "115%", "130%", "150%")
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

    def fitting(self, value: object) -> Value:
        """The value as the type of ``default``, or the default if it does not fit."""
        try:
            if isinstance(self.default, bool):
                return value if isinstance(value, bool) else str(value).lower() in ("true", "1")
            if isinstance(self.default, int):
                number = int(str(value))
                return number if self.minimum <= number <= self.maximum else self.default
        except ValueError:
            return self.default
        text = str(value)
        return self.default if self.choices and text not in self.choices else text


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
