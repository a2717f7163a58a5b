"""What the core says, worded in the language of the window."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import Qt

from app.state.records import ModelState
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    VOTES_A_OR_B,
    Assessment,
    ModelInfo,
    QualityFlag,
    Severity,
    with_micro_sign,
)
from rostfine_core.flag_titles import FLAG_TITLES
from rostfine_core.messages import Message, Say, say_by

say: Say = say_by(lambda text: QCoreApplication.translate("", text))
"""Words what the core says in the user's language, in English where there is no translation."""


def say_word(word: str) -> str:
    """A marked word or sentence of the core in the user's language."""
    return say(Message(word))


def plain(text: str) -> str:
    """A tool tip or informative text that shows names letter by letter, though they look like HTML.

    Labels have a text format for this; Qt takes these two for HTML by their looks.
    """
    return Qt.convertFromPlainText(text) if Qt.mightBeRichText(text) else text


def flag_text(flag: QualityFlag) -> str:
    """A flag's reason, led by its meaning where only that is known in the user's language."""
    reason = say(flag.reason)
    title = FLAG_TITLES.get(flag.code, "")
    meaning = say_word(title)
    is_known = reason != str(flag.reason) or meaning == title
    return with_micro_sign(reason if is_known else f"{meaning}: {reason}")


def warning_count(assessment: Assessment) -> int:
    """How many of its flags are warnings."""
    return sum(f.severity is Severity.WARNING for f in assessment.flags)


def warnings_in_brief(assessment: Assessment) -> str:
    """What the warnings are about, each once, in the user's language: ``Track lost, Too dark``."""
    codes = dict.fromkeys(f.code for f in assessment.flags if f.severity is Severity.WARNING)
    titles = (FLAG_TITLES.get(code, code.replace("_", " ")) for code in codes)
    return ", ".join(map(say_word, titles))


def headline(assessment: Assessment) -> str:
    """What a sperm's grade comes to, the same in every place: never without its share."""
    share = f"{say_word(VOTES_A_OR_B)}: {assessment.prediction.grade.p_a_or_b:.0%}"
    if not assessment.has_warnings:
        return share
    return QCoreApplication.translate("Wording", "{share} (doubtful)").format(share=share)


def shows_no_sperm(assessment: Assessment) -> bool:
    """Whether neither the click nor the clip shows a head, so that something else was graded."""
    return {f.code for f in assessment.flags} >= {"no_head_at_click", "head_not_found"}


def ai_grade_notice() -> str:
    """What the grade is not."""
    return say_word(DISCLAIMER_AI_GRADE)


def attention_notice(model: ModelInfo | None) -> str:
    """What the attention of a model is not, and does not show; empty before anything is graded."""
    return "" if model is None else " ".join(map(say_word, model.attention_notices))


def model_notice(model: ModelState) -> str:
    """What the model is not for, or what is not known about it."""
    return say_word(model.notice)
