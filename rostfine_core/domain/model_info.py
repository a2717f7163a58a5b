"""Which model answered, and what must be said with its results."""

import json
from dataclasses import dataclass

from rostfine_core.marking import marked

SIMULATED = "simulated"
"""The data set kind of simulated sperm; models trained on it carry ``DISCLAIMER_DEMONSTRATION``."""
MOST_MAGNIFIED = 4.0
"""A scale further from the training's than this is a slip, and clips are not resampled by it."""
DISCLAIMER_AI_GRADE = marked(
    "This is an AI quality grade (A best to E worst, as a panel of experts would vote), "
    "not a WHO motility grade (a-d)."
)
DISCLAIMER_DEMONSTRATION = marked(
    "Demonstration model, trained on simulated sperm: not for clinical use."
)
DISCLAIMER_VALIDATION = marked(
    "The program does not know whether this model was validated for clinical use."
)
DISCLAIMER_ATTENTION = marked(
    "Attention shows where the network looked; it is not the cause of the grade."
)

DISCLAIMER_UNSEEN_MOTION = marked("The grade also rests on how the head moved, which no map shows.")


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """Which model answered: file name, sha256, config and what it was trained on.

    ``dataset_kind`` is ``simulated`` or the lab's name for its data. Config, preprocessing and
    answering are JSON text, so that the record stays hashable.
    """

    file_name: str
    sha256: str
    dataset_kind: str
    config_json: str
    preprocessing_json: str
    trained_fps: float | None = None
    trained_um_per_px: float | None = None
    trained_head_length_px: tuple[float, float] | None = None
    trained_clips: int | None = None
    trained_samples: int | None = None
    fewest_trained_samples: int | None = None
    """For an ensemble: its members' smallest ``trained_samples``; None if no member states it."""
    answering_json: str = ""
    """Views, calibration and ranges that its file asks for; empty if it asks for none, and for an
    ensemble whose members differ in it."""

    def magnification(self, um_per_px: float | None) -> float:
        """Pixels of a clip for each pixel of a video, so that sperm look as large as in training.

        1 where a scale is unknown, or further from the training's than ``MOST_MAGNIFIED``.
        """
        if um_per_px is None or self.trained_um_per_px is None:
            return 1.0
        ratio = um_per_px / self.trained_um_per_px
        return ratio if 1 / MOST_MAGNIFIED <= ratio <= MOST_MAGNIFIED else 1.0

    @property
    def is_demonstration(self) -> bool:
        """Whether results must say that they are not for clinical use."""
        return self.dataset_kind == SIMULATED

    @property
    def notice(self) -> str:
        """The notice that accompanies every result of this model."""
        return DISCLAIMER_DEMONSTRATION if self.is_demonstration else DISCLAIMER_VALIDATION

    @property
    def attention_notices(self) -> tuple[str, ...]:
        """The sentences that accompany every attention map of this model."""
        unseen = (DISCLAIMER_UNSEEN_MOTION,) if self._is_told_motion else ()
        return (DISCLAIMER_ATTENTION, *unseen)

    @property
    def _is_told_motion(self) -> bool:
        try:
            settings = json.loads(self.preprocessing_json)
        except ValueError:  # in records of other programs
            return False
        return isinstance(settings, dict) and settings.get("motion", "none") != "none"
