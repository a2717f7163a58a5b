"""The sentences that must stand with scores, in every form of an evaluation and a comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, SIMULATED
from rostfine_core.quality.flags import FEWEST_TRAINING_SAMPLES
from rostfine_core.training.metrics.calibration import HIGHEST, LOWEST, is_at_bound
from rostfine_core.training.metrics.references import FEWEST_SAMPLES

DISCLAIMER_SIMULATED_DATA = "The clips scored here are simulated: nothing is said of real sperm."
DISCLAIMER_VALIDATION_SCORED = (
    "The program does not know whether a model scored here was validated for clinical use."
)
TIE_RULE = (
    "Where grades have equally many votes, the better one counts as the more selected. Answers are "
    "hardly ever tied, so that as far as votes are, BA n measures this rule and not the answers."
)
Notes = Mapping[str, str]
"""Sentences by the names of the columns that hold them in tables; empty where one is not needed."""


def standing_notes(
    *, model_kinds: Sequence[str], data_kind: str, officially_selected: Sequence[str] = ()
) -> dict[str, str]:
    """What must be said with scores.

    Args:
        model_kinds: what the models were trained on.
        data_kind: what they are scored on.
        officially_selected: the names of those whose checkpoint was chosen on the test part.
    """
    is_demonstration, is_simulated = SIMULATED in model_kinds, data_kind == SIMULATED
    is_labs = any(kind != SIMULATED for kind in model_kinds)
    return {
        "note_ai_grade": DISCLAIMER_AI_GRADE,
        "note_demonstration": DISCLAIMER_DEMONSTRATION if is_demonstration else "",
        "note_validation": DISCLAIMER_VALIDATION_SCORED if is_labs else "",
        "note_simulated_data": DISCLAIMER_SIMULATED_DATA if is_simulated else "",
        "note_official_selection": _note_of_official_selection(officially_selected),
    }


def _note_of_official_selection(names: Sequence[str]) -> str:
    if not names:
        return ""
    return (
        "Chosen on the test part, as the official code does (official_selection): the checkpoints "
        f"of {', '.join(names)}. Scores on that part are better than on other clips."
    )


def is_officially_selected(training: Mapping[str, Any]) -> bool:
    """Whether the summary of a run says that its checkpoint was chosen on the test part.

    Before it had a key of its own, the recipe within told it.
    """
    recipe = training.get("recipe")
    split = recipe.get("split") if isinstance(recipe, dict) else None
    of_recipe = split.get("official_selection") if isinstance(split, dict) else False
    return training.get("official_selection", of_recipe) is True


def sentences(notes: Notes) -> tuple[str, ...]:
    """The notes that are needed."""
    return tuple(filter(None, notes.values()))


def caution_of(samples: int) -> str | None:
    """What must be said with scores on so few samples; None where they are enough."""
    if samples >= FEWEST_SAMPLES:
        return None
    if samples == 1:
        return (
            "Caution: the clips come from one sample alone. There is no interval, and nothing "
            "tells what the scores would be on other samples."
        )
    return (
        f"Caution: the clips come from {samples} samples alone. Intervals from fewer than "
        f"{FEWEST_SAMPLES} samples are too narrow: they hold the true score less than 9 times in "
        "10, not 95 times in 100."
    )


def caution_of_part(part: str, samples: int) -> str | None:
    """What must be said with scores on a part of so few samples; None where they are enough."""
    if not 0 < samples < FEWEST_SAMPLES:
        return None
    clips = "one sample" if samples == 1 else f"{samples} samples"
    return (
        f"Caution: the clips of the {part} part come from {clips} alone, so that its scores may be "
        "far from those on other samples."
    )


def caution_of_training(counts: Sequence[int | None]) -> str | None:
    """What must be said of models of which one's last training saw few samples, as far as known.

    Which samples a model has seen is ``caution_of_seen``'s to say.
    """
    known = [count for count in counts if count is not None]
    if known and min(known) < FEWEST_TRAINING_SAMPLES:
        return (
            f"Caution: the last training of a model scored here saw only {min(known)} sample(s): "
            "its grades say little."
        )
    return None


def caution_of_temperature(temperature: float | None) -> str | None:
    """What must be said of a temperature at the end of what is searched; None of any other."""
    if temperature is None or not is_at_bound(temperature):
        return None
    return (
        f"Caution: the temperature {temperature:.3g} stands at the end of the range searched "
        f"({LOWEST:g} to {HIGHEST:g}): the best may lie beyond it, so the answers are not "
        "calibrated."
    )


def caution_of_seen(count: int | None, *, of: int) -> str | None:
    """What must be said when samples scored here taught or chose a model; None where none did.

    ``count`` is None where a model does not say which samples it has seen.
    """
    if count is None:
        return (
            "Caution: a model scored here does not say which samples it has learned from: if some "
            "of these were among them, the scores are better than on others."
        )
    if not count:
        return None
    return (
        f"Caution: {count} of the {of} samples scored here were used to train or choose the "
        "model, so the scores are better than on others: score it on samples that it has not seen."
    )
