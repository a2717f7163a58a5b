"""The sentences that must stand with scores are there when they are needed, and only then."""

import pytest

from rostfine_core.domain import DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION
from rostfine_core.training.metrics.cautions import (
    DISCLAIMER_SIMULATED_DATA,
    DISCLAIMER_VALIDATION_SCORED,
    caution_of,
    caution_of_seen,
    caution_of_set,
    caution_of_training,
    score_notes,
    sentences,
)
from rostfine_core.training.metrics.reference_scores import FEWEST_SAMPLES


@pytest.mark.requirement("R-50")
def test_scores_on_samples_trained_on_are_cautioned() -> None:
    assert caution_of_seen(0, of=10) is None
    assert "3 of the 10 samples" in (caution_of_seen(3, of=10) or "")


def test_a_model_that_hides_or_lacks_its_samples_is_cautioned() -> None:
    assert "does not say which samples" in (caution_of_seen(None, of=8) or "")
    assert caution_of_seen(0, of=8) is None
    assert "last trained on only 3 sample(s)" in (caution_of_training([None, 60, 3]) or "")
    assert caution_of_training([None, 10]) is None


def test_notes_say_what_was_simulated() -> None:
    neither = score_notes(model_kinds=["Lab A"], data_kind="Lab B")
    assert sentences(neither) == (DISCLAIMER_AI_GRADE, DISCLAIMER_VALIDATION_SCORED)
    demo = score_notes(model_kinds=["simulated"], data_kind="Lab B")
    assert sentences(demo) == (DISCLAIMER_AI_GRADE, DISCLAIMER_DEMONSTRATION)
    mixed = score_notes(model_kinds=["Lab A", "simulated"], data_kind="Lab B")
    both = (DISCLAIMER_DEMONSTRATION, DISCLAIMER_VALIDATION_SCORED)
    assert sentences(mixed) == (DISCLAIMER_AI_GRADE, *both)
    clips = score_notes(model_kinds=["Lab A"], data_kind="simulated")
    assert DISCLAIMER_SIMULATED_DATA in sentences(clips)


def test_the_caution_depends_on_samples_and_not_on_clips() -> None:
    one = caution_of(1)
    assert one is not None
    assert "no interval" in one
    assert caution_of(FEWEST_SAMPLES - 1) is not None
    assert caution_of(FEWEST_SAMPLES) is None


def test_a_part_of_few_samples_is_cautioned_by_its_name() -> None:
    one = caution_of_set("validation", 1) or ""
    assert "of the validation set come from only one sample" in one
    assert "of the test set come from only 9 samples" in (caution_of_set("test", 9) or "")
    assert caution_of_set("test", 10) is None
    assert caution_of_set("test", 0) is None  # nothing is scored on it
