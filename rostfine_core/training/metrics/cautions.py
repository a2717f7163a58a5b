"""The sentences that must accompany scores, in every form of an evaluation or comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, SIMULATED
from rostfine_core.quality.training_flags import FEWEST_TRAINING_SAMPLES
from rostfine_core.training.metrics.calibration import HIGHEST, LOWEST, is_at_bound
from rostfine_core.training.metrics.reference_scores import FEWEST_SAMPLES

DISCLAIMER_SIMULATED_DATA = (
    "The clips scored here are simulated: the scores say nothing about real sperm."
)
DISCLAIMER_VALIDATION_SCORED = (
    "The program does not know whether a model scored here was validated for clinical use."
)
TIE_RULE = (
    "Where grades have the same number of votes, the better one counts as the more selected. "
    "Predictions are hardly ever tied, so where votes are, BA n measures this rule and not the "
    "predictions."
)
Notes = Mapping[str, str]
"""Sentences by the columns that hold them in tables; empty where one does not apply."""


def score_notes(
    *, model_kinds: Sequence[str], data_kind: str, selected_on_test: Sequence[str] = ()
) -> dict[str, str]:
    """The notes that follow from how models were trained and scored.

    Args:
        model_kinds: the kinds of data that the models were trained on.
        data_kind: the kind of data that they are scored on.
        selected_on_test: the names of models whose checkpoint was selected on the test set.
    """
    is_demonstration, is_simulated = SIMULATED in model_kinds, data_kind == SIMULATED
    is_labs = any(kind != SIMULATED for kind in model_kinds)
    return {
        "note_ai_grade": DISCLAIMER_AI_GRADE,
        "note_demonstration": DISCLAIMER_DEMONSTRATION if is_demonstration else "",
        "note_validation": DISCLAIMER_VALIDATION_SCORED if is_labs else "",
        "note_simulated_data": DISCLAIMER_SIMULATED_DATA if is_simulated else "",
        "note_official_selection": _note_of_selection(selected_on_test),
    }


def _note_of_selection(names: Sequence[str]) -> str:
    if not names:
        return ""
    return (
        "Selected on the test set, as the official code does (select_on_test): the checkpoints of "
        f"{', '.join(names)}. Scores on that set are better than on other clips."
    )


def is_selected_on_test(training: Mapping[str, Any]) -> bool:
    """Whether a training summary says that the checkpoint was selected on the test set.

    Older summaries have no key of their own for it, only the recipe inside.
    """
    recipe = training.get("recipe")
    split = recipe.get("split") if isinstance(recipe, dict) else None
    of_recipe = split.get("official_selection") if isinstance(split, dict) else False
    return training.get("official_selection", of_recipe) is True


def sentences(notes: Notes) -> tuple[str, ...]:
    """The notes that apply."""
    return tuple(filter(None, notes.values()))


def caution_of(samples: int) -> str | None:
    """The caution about scores on so few samples; None if they are enough."""
    if samples >= FEWEST_SAMPLES:
        return None
    if samples == 1:
        return (
            "Caution: the clips come from a single sample. There is no interval, and nothing tells "
            "what the scores would be on other samples."
        )
    return (
        f"Caution: the clips come from only {samples} samples. Intervals from fewer than "
        f"{FEWEST_SAMPLES} samples are too narrow: they contain the true score less than 9 times "
        "in 10, not 95 times in 100."
    )


def caution_of_set(name: str, samples: int) -> str | None:
    """The caution about the validation or test set, if it has few samples; else None."""
    if not 0 < samples < FEWEST_SAMPLES:
        return None
    clips = "one sample" if samples == 1 else f"{samples} samples"
    return (
        f"Caution: the clips of the {name} set come from only {clips}, so its scores may be far "
        "from those on other samples."
    )


def caution_of_seeds(count: int) -> str | None:
    """The caution about methods compared with a single seed; None from two on."""
    if count > 1:
        return None
    return (
        "Caution: every method was trained with one seed. Another seed starts the networks and "
        "splits the folds differently and may turn small differences around; neither p values nor "
        "intervals cover that."
    )


def caution_of_training(counts: Sequence[int | None]) -> str | None:
    """The caution about models trained on few samples, where ``counts`` are known.

    ``caution_of_seen`` covers which samples they have seen.
    """
    known = [count for count in counts if count is not None]
    if known and min(known) < FEWEST_TRAINING_SAMPLES:
        return (
            f"Caution: a model scored here was last trained on only {min(known)} sample(s): its "
            "grades say little."
        )
    return None


def caution_of_temperature(temperature: float | None) -> str | None:
    """The caution about a temperature at an end of the search range; None for any other."""
    if temperature is None or not is_at_bound(temperature):
        return None
    return (
        f"Caution: the temperature {temperature:.3g} is at an end of the search range "
        f"({LOWEST:g} to {HIGHEST:g}): the best may lie beyond it, so the predictions are not "
        "calibrated."
    )


def caution_of_unlabelled(count: int, *, of: int) -> str | None:
    """The caution about scored samples that pretraining saw without votes; None if there are none.

    That is allowed, as a lab has such clips of the patients that it wants to grade.
    """
    if not count:
        return None
    return (
        f"{count} of the {of} samples scored here were seen in pretraining, without their votes: "
        "on samples that were not, the scores may be slightly worse."
    )


def caution_of_seen(count: int | None, *, of: int) -> str | None:
    """The caution about scored samples that trained or selected a model; None if there are none.

    ``count`` is None if a model does not say which samples it has seen.
    """
    if count is None:
        return (
            "Caution: a model scored here does not say which samples it was trained on: if some of "
            "these were among them, the scores are better than on others."
        )
    if not count:
        return None
    return (
        f"Caution: {count} of the {of} samples scored here were used to train or select the "
        "model, so the scores are better than on others: score it on samples it has not seen."
    )
