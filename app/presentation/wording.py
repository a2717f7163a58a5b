"""The sentences and words of the core in the user's language; English as the core says them."""

from PySide6.QtCore import QCoreApplication

from app.presentation.reasons import translated_reason
from app.state.records import ModelState
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    Assessment,
    QualityFlag,
    Severity,
    with_micro_sign,
)
from rostfine_core.marking import QT_TRANSLATE_NOOP

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
    QT_TRANSLATE_NOOP(
        "Core", "The program does not know whether this model was validated for clinical use."
    ),
    QT_TRANSLATE_NOOP("Core", "best"),
    QT_TRANSLATE_NOOP("Core", "good"),
    QT_TRANSLATE_NOOP("Core", "neither"),
    QT_TRANSLATE_NOOP("Core", "bad"),
    QT_TRANSLATE_NOOP("Core", "worst"),
    QT_TRANSLATE_NOOP("Core", "rapidly progressive"),
    QT_TRANSLATE_NOOP("Core", "slowly progressive"),
    QT_TRANSLATE_NOOP("Core", "non-progressive or immotile"),
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

FLAG_TITLES = {
    "track_lost": QT_TRANSLATE_NOOP("Flags", "Track lost"),
    "track_uncertain": QT_TRANSLATE_NOOP("Flags", "Track uncertain"),
    "track_jump": QT_TRANSLATE_NOOP("Flags", "Track jumps"),
    "few_training_samples": QT_TRANSLATE_NOOP("Flags", "Model of few samples"),
    "training_samples_unknown": QT_TRANSLATE_NOOP("Flags", "Training samples unknown"),
    "track_strayed": QT_TRANSLATE_NOOP("Flags", "Track may have strayed"),
    "same_head": QT_TRANSLATE_NOOP("Flags", "Same sperm twice"),
    "clip_short": QT_TRANSLATE_NOOP("Flags", "Few frames"),
    "crop_over_border": QT_TRANSLATE_NOOP("Flags", "Crop over the border"),
    "too_dark": QT_TRANSLATE_NOOP("Flags", "Too dark"),
    "too_bright": QT_TRANSLATE_NOOP("Flags", "Too bright"),
    "no_head_at_click": QT_TRANSLATE_NOOP("Flags", "No head under the click"),
    "head_not_found": QT_TRANSLATE_NOOP("Flags", "Head not found"),
    "out_of_focus": QT_TRANSLATE_NOOP("Flags", "Out of focus"),
    "sperm_too_small": QT_TRANSLATE_NOOP("Flags", "Sperm too small"),
    "sperm_too_large": QT_TRANSLATE_NOOP("Flags", "Sperm too large"),
    "fps_unknown": QT_TRANSLATE_NOOP("Flags", "Training frame rate unknown"),
    "fps_unlike_training": QT_TRANSLATE_NOOP("Flags", "Frame rate unlike the training"),
    "scale_unknown": QT_TRANSLATE_NOOP("Flags", "Scale unknown"),
    "scale_doubtful": QT_TRANSLATE_NOOP("Flags", "Scale doubtful"),
    "scale_unlike_training": QT_TRANSLATE_NOOP("Flags", "Scale unlike the training"),
    "video": QT_TRANSLATE_NOOP("Flags", "Note on the video"),
    "device": QT_TRANSLATE_NOOP("Flags", "Note on the processor"),
}
"""What each code of a quality flag means; a test holds the codes equal to the core's."""


def flag_text(flag: QualityFlag) -> str:
    """A flag's reason, led by its meaning where only that is known in the user's language."""
    reason = translated_reason(flag.reason)
    title = FLAG_TITLES.get(flag.code, "")
    meaning = QCoreApplication.translate("Flags", title) if title else ""
    is_known = reason != flag.reason or meaning == title
    return with_micro_sign(reason if is_known else f"{meaning}: {reason}")


def warning_count(assessment: Assessment) -> int:
    """How many of its flags are warnings."""
    return sum(f.severity is Severity.WARNING for f in assessment.flags)


def warnings_in_brief(assessment: Assessment) -> str:
    """What the warnings are about, each once, in the user's language: ``Track lost, Too dark``."""
    codes = dict.fromkeys(f.code for f in assessment.flags if f.severity is Severity.WARNING)
    titles = (FLAG_TITLES.get(code, code.replace("_", " ")) for code in codes)
    return ", ".join(QCoreApplication.translate("Flags", title) for title in titles)


def translated(text: str) -> str:
    """A word or sentence of the core in the user's language; unknown ones stay English."""
    return QCoreApplication.translate(_CONTEXT, text)


def shows_no_sperm(assessment: Assessment) -> bool:
    """Whether neither the click nor the clip shows a head: it was graded, whatever it is."""
    return {f.code for f in assessment.flags} >= {"no_head_at_click", "head_not_found"}


def ai_grade_notice() -> str:
    """What the grade is not."""
    return translated(DISCLAIMER_AI_GRADE)


def attention_notice() -> str:
    """What attention is not."""
    return translated(DISCLAIMER_ATTENTION)


def model_notice(model: ModelState) -> str:
    """What the model is not for, or what is not known of it."""
    return translated(model.notice)
