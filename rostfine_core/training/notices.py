"""The sentences that must stand with scores, in every form of an evaluation and a comparison."""

from collections.abc import Sequence

from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION, SIMULATED
from rostfine_core.training.yardsticks import FEWEST_SAMPLES

DISCLAIMER_SIMULATED_DATA = "The clips scored here are simulated: nothing is said of real sperm."
TIE_RULE = (
    "Where grades have equally many votes, the better one counts as the more selected. Answers are "
    "hardly ever tied, so that as far as votes are, BA n measures this rule and not the answers."
)


def disclaimers(*, model_kinds: Sequence[str], data_kind: str) -> tuple[str, ...]:
    """What must be said with scores, by what models were trained on and what they are scored on."""
    notes = [DISCLAIMER_AI_GRADE]
    if SIMULATED in model_kinds:
        notes.append(DISCLAIMER_DEMONSTRATION)
    if data_kind == SIMULATED:
        notes.append(DISCLAIMER_SIMULATED_DATA)
    return tuple(notes)


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


def caution_of_seen(count: int, *, of: int) -> str | None:
    """What must be said when samples scored here have taught a model; None where none has."""
    if not count:
        return None
    return (
        f"Caution: {count} of the {of} samples scored here were used to train the model, so the "
        "scores are better than on others: score it on samples that it has not seen."
    )
