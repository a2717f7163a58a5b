"""Twenty typical sperm and what the panel says of them, to be checked by whoever knows sperm."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rostfine_core.domain import GradeDistribution
from rostfine_core.simulation.morphology import SpermShape, TailForm, Vacuole
from rostfine_core.simulation.motion import Swimming, SwimmingKind
from rostfine_core.simulation.panel import Findings, expected_votes, find_faults

PERFECT = SpermShape(
    head_length_um=4.8, head_width_um=2.9, pyriform=0.04, neck_length_um=4.7, tail_bend_at=0.02
)
FAST = Swimming(
    kind=SwimmingKind.PROGRESSIVE,
    speed_um_s=20.0,
    beat_hz=12.0,
    beat_angle_rad=0.8,
    wavelength_um=28.0,
)
SLOW = replace(FAST, kind=SwimmingKind.SLOW, speed_um_s=3.5, beat_angle_rad=0.45)
TWITCHING = replace(FAST, kind=SwimmingKind.TWITCHING, speed_um_s=0.0, beat_angle_rad=0.3)
DEAD = replace(FAST, kind=SwimmingKind.IMMOTILE, speed_um_s=0.0, beat_hz=0.0, beat_angle_rad=0.05)


@dataclass(frozen=True, kw_only=True)
class TypicalSperm:
    """A sperm that can be named, with its faults and the panel's expected votes."""

    name: str
    shape: SpermShape
    swimming: Swimming
    findings: Findings
    votes: GradeDistribution


def typical_sperm() -> Iterator[TypicalSperm]:
    """Yield the twenty sperm, from the best to several faults at once."""
    for name, shape, swimming in _described():
        findings = find_faults(shape, swimming)
        yield TypicalSperm(
            name=name,
            shape=shape,
            swimming=swimming,
            findings=findings,
            votes=expected_votes(findings),
        )


def _described() -> Iterator[tuple[str, SpermShape, Swimming]]:
    hole = Vacuole(along=0.1, across=0.0, radius_um=0.96)
    small = Vacuole(along=-0.3, across=0.2, radius_um=0.3)
    yield "perfect, fast", PERFECT, FAST
    yield "perfect, 8 um/s", PERFECT, replace(FAST, speed_um_s=8.0)
    yield "perfect, slow", PERFECT, SLOW
    circling = replace(FAST, kind=SwimmingKind.CIRCLING, path_curvature_per_um=0.07)
    yield "perfect, circling", PERFECT, circling
    yield "perfect, twitching", PERFECT, TWITCHING
    yield "perfect, dead", PERFECT, DEAD
    yield "two small vacuoles", replace(PERFECT, vacuoles=(small, small)), FAST
    yield "slightly irregular outline", replace(PERFECT, irregularity=0.05), FAST
    yield "slightly pyriform head", replace(PERFECT, pyriform=0.3), FAST
    yield "small acrosome", replace(PERFECT, acrosome_share=0.22), FAST
    yield "droplet at the neck", replace(PERFECT, droplet_um=2.5), FAST
    yield "amorphous head", replace(PERFECT, irregularity=0.14, asymmetry=0.3), FAST
    yield "pyriform head", replace(PERFECT, pyriform=0.58), FAST
    yield "round head", replace(PERFECT, head_length_um=4.2, head_width_um=4.05), FAST
    yield "pin head", replace(PERFECT, head_length_um=3.1, head_width_um=1.9), FAST
    yield "large vacuole", replace(PERFECT, vacuoles=(hole,)), FAST
    yield "bent tail", replace(PERFECT, tail_form=TailForm.BENT, tail_bend_rad=1.6), SLOW
    yield "coiled tail", replace(PERFECT, tail_form=TailForm.COILED), SLOW
    stump = replace(PERFECT, tail_form=TailForm.SHORT, tail_length_um=2.0)
    yield "stump of a tail", stump, TWITCHING
    three = replace(PERFECT, pyriform=0.3, acrosome_share=0.25, neck_bend_rad=0.5)
    yield "three plain faults", three, FAST
