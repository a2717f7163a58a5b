"""Draws random sperm whose shape and motion go together."""

import numpy as np

from rostfine_core.simulation.morphology import TailForm, sample_severity, sample_shape
from rostfine_core.simulation.motion import SwimmingKind, sample_swimming
from rostfine_core.simulation.render import SimulatedSperm

IMPAIRED_KINDS = (SwimmingKind.SLOW, SwimmingKind.TWITCHING, SwimmingKind.IMMOTILE)
IMPAIRED_SHARES = (0.25, 0.4, 0.35)
"""How sperm with a coiled or short tail swim, and how often."""


def sample_sperm(rng: np.random.Generator, *, burden: float = 0.0) -> SimulatedSperm:
    """Draw a sperm from the population; ``burden`` makes a whole sample's shapes worse.

    The worse the shape, the rarer progressive motion; with a coiled or short tail there is none.
    """
    severity = float(np.clip(sample_severity(rng) + burden, 0.0, 1.0))
    shape = sample_shape(rng, severity=severity)
    is_impaired = shape.tail_form in (TailForm.COILED, TailForm.SHORT)
    kind = _impaired_kind(rng) if is_impaired else None
    return SimulatedSperm(
        shape=shape,
        swimming=sample_swimming(rng, kind=kind, vigour=1 - severity),
        defocus_um=float(rng.normal(0, 0.4)),
    )


def _impaired_kind(rng: np.random.Generator) -> SwimmingKind:
    return IMPAIRED_KINDS[int(rng.choice(len(IMPAIRED_KINDS), p=IMPAIRED_SHARES))]
