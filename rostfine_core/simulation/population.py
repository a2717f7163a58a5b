"""Draws random sperm as a panel gets them: mostly promising, and a few that are plainly bad."""

from enum import StrEnum

import numpy as np

from rostfine_core.simulation.morphology import TailForm, sample_severity, sample_shape
from rostfine_core.simulation.motion import SwimmingKind, sample_swimming
from rostfine_core.simulation.panel import expected_votes, find_faults
from rostfine_core.simulation.render import SimulatedSperm

SAMPLE_SPREAD = 0.06
"""The standard deviation of the samples' burdens."""
PASSED_OVER = 0.3
"""An embryologist passes over a sperm that more than this share of the panel would grade D or E."""
MOST_LOOKS = 12


class Flaw(StrEnum):
    """What is plainly bad about a sperm that an embryologist would not pick out."""

    DEAD = "dead"
    TWITCHING = "twitching"
    TAIL = "malformed tail"
    HEAD = "malformed head"


FLAW_SHARES = {Flaw.DEAD: 0.011, Flaw.TWITCHING: 0.013, Flaw.TAIL: 0.006, Flaw.HEAD: 0.02}
"""How many of the population have each flaw; the rest are promising."""

GOOD_FORM = 0.3
MALFORMED = 0.13
"""How much better or worse than the population's the form of flawed sperm is."""
TAIL_FORMS = (TailForm.SHORT, TailForm.BENT, TailForm.COILED)
IMPAIRED_KINDS = (SwimmingKind.SLOW, SwimmingKind.TWITCHING, SwimmingKind.IMMOTILE)
IMPAIRED_SHARES = (0.4, 0.35, 0.25)
"""How sperm with a coiled or short tail swim, and how often."""


def sample_sperm(rng: np.random.Generator, *, burden: float = 0.0) -> SimulatedSperm:
    """Draw a sperm from the population; ``burden`` makes a whole sample's shapes worse.

    Promising sperm are looked for as an embryologist does, who passes over the plainly bad ones and
    takes what there is if a sample has no others.
    """
    chance = rng.random()
    for flaw, share in FLAW_SHARES.items():
        chance -= share
        if chance < 0:
            return _draw_flawed(rng, flaw, burden=burden)
    for _ in range(MOST_LOOKS):
        sperm = _draw(rng, burden)
        votes = expected_votes(find_faults(sperm.shape, sperm.swimming)).probabilities
        if sum(votes[3:]) <= PASSED_OVER:
            break
    return sperm


def _draw_flawed(rng: np.random.Generator, flaw: Flaw, *, burden: float = 0.0) -> SimulatedSperm:
    """Draw a sperm with a flaw, which was picked because the rest of its form is good.

    With a coiled or short tail there is no progressive motion.
    """
    good = burden - GOOD_FORM
    if flaw is Flaw.DEAD:
        return _draw(rng, good, kind=SwimmingKind.IMMOTILE)
    if flaw is Flaw.TWITCHING:
        return _draw(rng, good, kind=SwimmingKind.TWITCHING)
    if flaw is Flaw.HEAD:
        return _draw(rng, burden + MALFORMED)
    form = TAIL_FORMS[rng.integers(len(TAIL_FORMS))]
    return _draw(rng, good, form=form)


def _draw(
    rng: np.random.Generator,
    burden: float,
    *,
    kind: SwimmingKind | None = None,
    form: TailForm = TailForm.NORMAL,
) -> SimulatedSperm:
    severity = float(np.clip(sample_severity(rng) + burden, 0.0, 1.0))
    if form in (TailForm.COILED, TailForm.SHORT):
        kind = IMPAIRED_KINDS[int(rng.choice(len(IMPAIRED_KINDS), p=IMPAIRED_SHARES))]
    return SimulatedSperm(
        shape=sample_shape(rng, severity=severity, tail_form=form),
        swimming=sample_swimming(rng, kind=kind, vigour=1 - severity),
        defocus_um=float(rng.normal(0, 0.4)),
    )
