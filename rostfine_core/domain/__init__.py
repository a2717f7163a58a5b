"""The records that cross every boundary: frozen, typed, free of Qt, torch and OpenCV.

Coordinates are 0-based pixels, x right, y down; frames are 0-based; times are seconds from the
first frame. Arrays inside a record are treated as read-only.
"""

from rostfine_core.domain.assessment import (
    NOT_GRADED,
    TRACK_REJECTED,
    Assessment,
    LeftOut,
    Provenance,
    QualityFlag,
    SampleInfo,
    Severity,
    Verdict,
)
from rostfine_core.domain.clip import (
    CROP_PX,
    NEARLY_EVEN,
    Clip,
    CropBox,
    Explanation,
    attention_range,
)
from rostfine_core.domain.grade import (
    Grade,
    GradeDistribution,
    Prediction,
)
from rostfine_core.domain.job import (
    LongJob,
    Progress,
    Result,
    finish,
)
from rostfine_core.domain.model_info import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    SIMULATED,
    ModelInfo,
)
from rostfine_core.domain.report_identity import (
    Meaning,
    ReportIdentity,
    Signature,
)
from rostfine_core.domain.rights import (
    RIGHTS,
    Action,
    Operator,
    Role,
)
from rostfine_core.domain.track import (
    UNCERTAIN_SCORE,
    Doubt,
    DoubtKind,
    FieldMotion,
    HeadMeasure,
    Kinematics,
    Seed,
    Track,
    TrackPoint,
    TrackStatus,
    is_in_picture,
    with_micro_sign,
)
from rostfine_core.domain.video import (
    SIMULATED_VIDEO,
    GreyFrame,
    VideoInfo,
)

__all__ = [
    "CROP_PX",
    "DISCLAIMER_AI_GRADE",
    "DISCLAIMER_ATTENTION",
    "DISCLAIMER_DEMONSTRATION",
    "DISCLAIMER_VALIDATION",
    "NEARLY_EVEN",
    "NOT_GRADED",
    "RIGHTS",
    "SIMULATED",
    "SIMULATED_VIDEO",
    "TRACK_REJECTED",
    "UNCERTAIN_SCORE",
    "Action",
    "Assessment",
    "Clip",
    "CropBox",
    "Doubt",
    "DoubtKind",
    "Explanation",
    "FieldMotion",
    "Grade",
    "GradeDistribution",
    "GreyFrame",
    "HeadMeasure",
    "Kinematics",
    "LeftOut",
    "LongJob",
    "Meaning",
    "ModelInfo",
    "Operator",
    "Prediction",
    "Progress",
    "Provenance",
    "QualityFlag",
    "ReportIdentity",
    "Result",
    "Role",
    "SampleInfo",
    "Seed",
    "Severity",
    "Signature",
    "Track",
    "TrackPoint",
    "TrackStatus",
    "Verdict",
    "VideoInfo",
    "attention_range",
    "finish",
    "is_in_picture",
    "with_micro_sign",
]
