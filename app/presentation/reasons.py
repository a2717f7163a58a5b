"""The core's reasons, sentences with measured values in them, in the user's language."""

import re
from functools import cache

from PySide6.QtCore import QCoreApplication

from rostfine_core.marking import QT_TRANSLATE_NOOP

REASONS = (  # as the core says them, with a name for each value; a test holds them equal
    # Why a grade is to be doubted
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The sperm was lost in {lost} of {total} frames, first in frame {first}: check the track.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The position is uncertain in {doubtful} of {seen} different frames: check the track and "
        "correct it where it left the sperm.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "In {faint} of {total} frames what is followed stands out less than half as much as in the "
        "first: the track may have left the sperm, check it.",
    ),
    QT_TRANSLATE_NOOP("Reasons", "Sperm {name} is the same one: count it once."),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "Only {distinct} different frames show the sperm, so the clip of {total} repeats some.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "In {padded} of {total} frames the crop reaches over the picture's border (up to {share} "
        "of it was filled by repeating the border).",
    ),
    QT_TRANSLATE_NOOP("Reasons", "The picture is too dark (median {level} of 255)."),
    QT_TRANSLATE_NOOP("Reasons", "The picture is too bright (median {level} of 255)."),
    QT_TRANSLATE_NOOP("Reasons", "{share} of the picture is overexposed."),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "Nothing stands out where the sperm was clicked in frame {frame}: the click may have "
        "missed it, and what was followed may be something else.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The correction in frame {frame} is far from where the track was: before it something "
        "else may have been followed, so correct the first frame in which the track is wrong.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "At {scale} um/px the head would be {length} um long, while human heads are 4 to 5.5 um: "
        "check the scale.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons", "The model's last training saw only {samples} sample(s): its grades say little."
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The last training of a model of this ensemble saw only {samples} sample(s): its grades "
        "say little.",
    ),
    QT_TRANSLATE_NOOP("Reasons", "The model does not say how many samples it was trained on."),
    QT_TRANSLATE_NOOP(
        "Reasons", "only {count} of {pictures} pictures between its ends show the sperm"
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "No head stands out in {missing} of {total} frames: the sperm may be out of focus, or the "
        "track may have left it.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The head's edge is {edge} px wide on a head of {length} px: the sperm is out of focus.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The head is about {length} px long, while the model expects {shortest} to {longest} px: "
        "use a higher magnification.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The head is about {length} px long, while the model expects {shortest} to {longest} px: "
        "use a lower magnification.",
    ),
    QT_TRANSLATE_NOOP("Reasons", "The model does not say which frame rate it was trained on."),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The video has {fps} different frames per second (stored as {stored} by repeating some), "
        "the training videos had {trained}.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The video has {fps} different frames per second, the training videos had {trained}.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "No um/px is set, so speeds are in px/s and the magnification cannot be compared with the "
        "training videos.",
    ),
    QT_TRANSLATE_NOOP("Reasons", "The model does not say which magnification it was trained on."),
    QT_TRANSLATE_NOOP(
        "Reasons", "The video has {scale} um/px, the training videos had {trained} um/px."
    ),
    # Why there is no grade
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The sperm was seen in {count} frame(s), too few to grade: correct its track or click "
        "another sperm.",
    ),
    # What is to be known of the video and the processor
    QT_TRANSLATE_NOOP("Reasons", "This video is simulated: it shows no real sperm."),
    QT_TRANSLATE_NOOP(
        "Reasons", "The file is cut off or damaged: {count} of {promised} frames can be read."
    ),
    QT_TRANSLATE_NOOP("Reasons", "The file is cut off or damaged: {count} frames can be read."),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The file holds no usable frame times: they are counted at {fps} frames per second, the "
        "rate in its header.",
    ),
    QT_TRANSLATE_NOOP("Reasons", "Values of {depth} bits are divided by {divisor}."),
    QT_TRANSLATE_NOOP("Reasons", "The picture is turned by {degrees} degrees, as the file asks."),
    QT_TRANSLATE_NOOP("Reasons", "The file asks for a mirrored picture, which is not applied."),
    QT_TRANSLATE_NOOP(
        "Reasons", "The file asks for a turn by {degrees} degrees, which is not applied."
    ),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "Pictures carry no times: {fps} frames per second are assumed until the true rate is "
        "given.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons", "The frame rate was set to {fps} per second; the file says {filed}."
    ),
    QT_TRANSLATE_NOOP("Reasons", "The file promises {promised} pages, {count} can be read."),
    QT_TRANSLATE_NOOP("Reasons", "The file is cut off or damaged in page {page}."),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "The {device} did not have enough memory, so the grade was computed on the CPU.",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons", "The {device} stopped answering, so the grade was computed on the CPU."
    ),
    # Why a value of the motion is withheld
    QT_TRANSLATE_NOOP("Reasons", "no um/px is set, so there is no speed in um/s"),
    QT_TRANSLATE_NOOP("Reasons", "the sperm did not move"),
    QT_TRANSLATE_NOOP(
        "Reasons",
        "at {fps} pictures per second the window of {window} ms holds a single one, so VAP equals "
        "VCL",
    ),
    QT_TRANSLATE_NOOP(
        "Reasons", "the camera took {fps} pictures per second and at least 50 are needed"
    ),
    QT_TRANSLATE_NOOP(
        "Reasons", "only {count} of at least {needed} needed positions were measured"
    ),
    QT_TRANSLATE_NOOP("Reasons", "the track lasts {span} s and at least one second is needed"),
    QT_TRANSLATE_NOOP("Reasons", "{reason} (counted from the correction in frame {frame} on)"),
)


def translated_reason(reason: str) -> str:
    """A reason of the core in the user's language; one that is not known stays English."""
    for template in REASONS:
        found = match(template, reason)
        if found is not None:
            said = QCoreApplication.translate("Reasons", template)
            values = {n: translated_reason(v) for n, v in found.groupdict().items()}
            return reason if said == template else said.format(**values)
    return reason


def match(template: str, reason: str) -> re.Match[str] | None:
    """The values of a template in a sentence; None where it is another template's.

    Only templates that begin alike are compiled: all of them at once hold the window up.
    """
    if not reason.startswith(template.partition("{")[0]):
        return None
    return _pattern(template).fullmatch(reason)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """The expression that a template's sentences, and no others, fit."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(template)), re.DOTALL)
