"""Draws whole sperm: shapes and motion that go together."""

import numpy as np

from rostfine_core.simulation.morphology import TailForm, sample_severity, sample_shape
from rostfine_core.simulation.motion import SwimmingKind, sample_swimming
from rostfine_core.simulation.render import SimulatedSperm

CRIPPLED_KINDS = (SwimmingKind.SLOW, SwimmingKind.TWITCHING, SwimmingKind.IMMOTILE)
CRIPPLED_SHARES = (0.25, 0.4, 0.35)
"""How sperm with a coiled or a short tail swim, and how often."""


def sample_sperm(rng: np.random.Generator, *, burden: float = 0.0) -> SimulatedSperm:
    """Draw a sperm of the population; ``burden`` shifts a whole sample to worse forms.

    The worse the form, the rarer is progressive motion; without a proper tail there is none.
    """
    severity = float(np.clip(sample_severity(rng) + burden, 0.0, 1.0))
    shape = sample_shape(rng, severity=severity)
    crippled = shape.tail_form in (TailForm.COILED, TailForm.SHORT)
    kind = _crippled_kind(rng) if crippled else None
    return SimulatedSperm(
        shape=shape,
        swimming=sample_swimming(rng, kind=kind, vigour=1 - severity),
        defocus_um=float(rng.normal(0, 0.4)),
    )


def _crippled_kind(rng: np.random.Generator) -> SwimmingKind:
    return CRIPPLED_KINDS[int(rng.choice(len(CRIPPLED_KINDS), p=CRIPPLED_SHARES))]
