"""The acceptance plan: what a lab expects of the installation, the demonstration and a model."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from rostfine_core.bundled import bundled_path
from rostfine_core.training.config_reader import read_toml, structure

EXAMPLE = "resources/acceptance.toml"
"""A plan that works with simulated clips; its comments explain every key."""
WHAT = "acceptance plan"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a metric must at least or at most be; one or both."""

    min: float | None = None
    max: float | None = None

    def __post_init__(self) -> None:
        given = [x for x in (self.min, self.max) if x is not None]
        if not given or not all(map(math.isfinite, given)):
            raise ValueError("a limit needs min, max or both as finite numbers")

    def allows(self, value: float) -> bool:
        """Whether a value keeps the limit; what is not a number never does."""
        low = -math.inf if self.min is None else self.min
        high = math.inf if self.max is None else self.max
        return low <= value <= high

    @property
    def in_words(self) -> str:
        """``at least 0.3``, ``at most 0.02``, or both."""
        parts = (("at least", self.min), ("at most", self.max))
        return ", ".join(f"{words} {value:g}" for words, value in parts if value is not None)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What must be installed: versions exactly as they are named; what is left out is noted."""

    software: str
    model_sha256: tuple[str, ...] = ()
    gpu: bool = False
    packages: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """How far the demonstration's shares may differ from the release's, and from run to run."""

    demo_difference: float = 0.005
    repeat_difference: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.demo_difference < 1 and 0 <= self.repeat_difference < 1):
            raise ValueError("a difference of shares lies between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class Performance:
    """What the model must reach on the lab's labelled clips.

    ``limits`` go by the names of metrics in ``evaluation.json``. With ``whole_interval`` the 95%
    interval as a whole must keep a limit, not only the value.
    """

    limits: dict[str, Limit]
    whole_interval: bool = False
    better_than_mean: bool = True
    unseen: bool = True
    min_clips: int = 1
    min_samples: int = 1
    labels_sha256: str = ""

    def __post_init__(self) -> None:
        if not self.limits:
            raise ValueError("performance.limits names no metric: without a limit nothing is shown")


@dataclass(frozen=True, kw_only=True)
class AcceptancePlan:
    """One plan; ``data`` is a folder of labelled clips, relative to the plan."""

    lab: str
    operator: str
    data: str
    installation: Installation
    performance: Performance
    operation: Operation = field(default_factory=Operation)


def read_acceptance_plan(path: Path) -> AcceptancePlan:
    """Read a plan.

    Raises:
        ConfigError: the file cannot be read, or has unknown keys or wrong values (all listed).
    """
    return structure(read_toml(path, what=WHAT), AcceptancePlan, source=str(path), what=WHAT)


def example_plan() -> str:
    """The text of the plan that comes with the program.

    Raises:
        StoreError: the installation lacks it.
    """
    return bundled_path(EXAMPLE).read_text(encoding="utf-8")
