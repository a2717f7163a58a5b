"""Which cautions are the whole video's, so that they are said once, and which are one sperm's."""

from collections.abc import Sequence

from rostfine_core.domain import Assessment, QualityFlag, Severity
from rostfine_core.flag_titles import FlagCode

OF_THE_VIDEO: frozenset[FlagCode] = frozenset(
    {
        "field_moves",
        "interlaced",
        "fps_unknown",
        "fps_unlike_training",
        "scale_unknown",
        "scale_doubtful",
        "scale_unlike_training",
        "few_training_samples",
        "training_samples_unknown",
        "video",
        "device",
    }
)
"""The flags that speak of recording, microscope or model. They are still measured on each sperm:
one that does not say the same of all sperm is said of those it concerns."""


def shared_flags(assessments: Sequence[Assessment]) -> tuple[QualityFlag, ...]:
    """What all sperm of a video have in common, warnings first."""
    if not assessments:
        return ()
    first, *others = (assessment.flags for assessment in assessments)
    found = [f for f in first if f.code in OF_THE_VIDEO and all(f in flags for flags in others)]
    return tuple(sorted(found, key=lambda f: f.severity is not Severity.WARNING))


def own_flags(assessment: Assessment, shared: Sequence[QualityFlag]) -> tuple[QualityFlag, ...]:
    """What concerns this sperm alone."""
    return tuple(flag for flag in assessment.flags if flag not in shared)
