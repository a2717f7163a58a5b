"""Flags on the dark rim of a round field of view: what lies on it is not wholly seen."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from rostfine_core.domain import Clip, QualityFlag
from rostfine_core.messages import Message

LIGHT_PERCENTILE, DARK = 75, 0.3
"""What is darker than this share of the light is rim: heads in bright field keep half of it. A rim
may take up three quarters of the crop."""
LEAST_SHARE = 0.03
"""Share of the crop from which dark at its side is a rim."""


def rim_flags(clip: Clip, *, head_px: float) -> Iterator[QualityFlag]:
    """Say where the rim lies in the crop, and where on the head itself, which is ``head_px`` long.

    A crop that reaches beyond the picture repeats its border; where that is dark it is rim too.
    """
    rims = [dark_rim(image) for image in clip.images]
    shares = [float(rim.mean()) for rim in rims]
    total = len(rims)
    on_rim = [
        box.frame for box, rim in zip(clip.boxes, rims, strict=True) if _distance(rim) < head_px / 2
    ]
    if on_rim:
        yield QualityFlag.warning(
            "crop_over_border",
            Message(
                "In {count} of {total} frames, first in frame {first}, the sperm lies on the dark "
                "rim of the field of view and is not wholly seen: choose another, or record it "
                "again in the middle.",
                count=len(on_rim),
                total=total,
                first=min(on_rim),
            ),
        )
    elif any(shares):
        yield QualityFlag.warning(
            "crop_over_border",
            Message(
                "In {count} of {total} frames the crop reaches over the dark rim of the field of "
                "view (up to {share:.0%} of it is dark).",
                count=sum(share > 0 for share in shares),
                total=total,
                share=max(shares),
            ),
        )


def dark_rim(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(S, S) where a crop (S, S, 3) is so dark, from its sides inwards, that nothing is seen."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    is_dark = (grey < DARK * np.percentile(grey, LIGHT_PERCENTILE)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(is_dark)
    sides = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    is_large = stats[:, cv2.CC_STAT_AREA] >= LEAST_SHARE * grey.size
    rims = [label for label in np.unique(sides).tolist() if label and is_large[label]]
    return np.isin(labels, rims)


def _distance(rim: NDArray[np.bool_]) -> float:
    """How far the middle of a crop is from its rim, infinitely where there is none."""
    if not rim.any():
        return np.inf
    middle = len(rim) // 2
    return float(cv2.distanceTransform((~rim).astype(np.uint8), cv2.DIST_L2, 5)[middle, middle])
