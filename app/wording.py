"""The sentences and words of the core in the user's language; English as the core says them."""

from PySide6.QtCore import QCoreApplication

from app.marking import QT_TRANSLATE_NOOP
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    TrackStatus,
)

_CONTEXT = "Core"
MARKED = (  # the translators' tool reads literals only; a test holds them equal to the core's
    QT_TRANSLATE_NOOP(
        "Core",
        "This is an AI quality grade (A best to E worst, as a panel of experts would vote), "
        "not a WHO motility grade (a-d).",
    ),
    QT_TRANSLATE_NOOP(
        "Core", "Attention shows where the network looked; it is not the cause of the grade."
    ),
    QT_TRANSLATE_NOOP(
        "Core", "Demonstration model, trained on simulated sperm: not for clinical use."
    ),
    QT_TRANSLATE_NOOP("Core", "best"),
    QT_TRANSLATE_NOOP("Core", "good"),
    QT_TRANSLATE_NOOP("Core", "neither"),
    QT_TRANSLATE_NOOP("Core", "bad"),
    QT_TRANSLATE_NOOP("Core", "worst"),
    QT_TRANSLATE_NOOP("Core", "measured"),
    QT_TRANSLATE_NOOP("Core", "predicted"),
    QT_TRANSLATE_NOOP("Core", "lost"),
    QT_TRANSLATE_NOOP("Core", "manual"),
    QT_TRANSLATE_NOOP("Core", "opening"),
    QT_TRANSLATE_NOOP("Core", "open"),
    QT_TRANSLATE_NOOP("Core", "frames"),
    QT_TRANSLATE_NOOP("Core", "decoding"),
    QT_TRANSLATE_NOOP("Core", "checksum"),
    QT_TRANSLATE_NOOP("Core", "model"),
    QT_TRANSLATE_NOOP("Core", "track"),
    QT_TRANSLATE_NOOP("Core", "tracking"),
    QT_TRANSLATE_NOOP("Core", "grade"),
    QT_TRANSLATE_NOOP("Core", "grading"),
    QT_TRANSLATE_NOOP("Core", "film"),
    QT_TRANSLATE_NOOP("Core", "preview"),
    QT_TRANSLATE_NOOP("Core", "export"),
    QT_TRANSLATE_NOOP("Core", "writing"),
)


def translated(text: str) -> str:
    """A word or sentence of the core in the user's language; unknown ones stay English."""
    return QCoreApplication.translate(_CONTEXT, text)


def ai_grade_notice() -> str:
    """What the grade is not."""
    return translated(DISCLAIMER_AI_GRADE)


def attention_notice() -> str:
    """What attention is not."""
    return translated(DISCLAIMER_ATTENTION)


def demonstration_notice() -> str:
    """What the bundled model is not for."""
    return translated(DISCLAIMER_DEMONSTRATION)


def status_word(status: TrackStatus) -> str:
    """How a track point came about."""
    return translated(status.value)
