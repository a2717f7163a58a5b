"""What training needs of a network: distributions to fit and features to keep apart."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from rostfine_core.errors import ConfigError
from rostfine_core.model import GradeOutput, RoSTFineConfig, preset
from rostfine_core.training.config import ModelSection


@runtime_checkable
class GradesClips(Protocol):
    """The least that any trained network answers: ``grade`` (B, 5), rows sum to 1."""

    @property
    def grade(self) -> Tensor:
        """(B, 5) shares of the panel."""


@dataclass(frozen=True, eq=False)
class TrainedParts:
    """What the losses work on.

    ``heads``: the distributions (B, 5) that the grade loss is the mean over; ``features`` (B, D):
    what the diversity loss keeps apart, empty for a network with a single feature.
    """

    heads: tuple[Tensor, ...]
    features: tuple[Tensor, ...] = ()


def trained_parts(output: GradesClips) -> TrainedParts:
    """The heads and features of RoSTFine, or the one head of any other network."""
    if not isinstance(output, GradeOutput):
        return TrainedParts((output.grade,))
    return TrainedParts(
        (output.grade_global, output.grade_spatial, output.grade_temporal),
        (output.feature_global, output.feature_spatial, output.feature_temporal),
    )


def network_config(section: ModelSection) -> RoSTFineConfig:
    """The network that a recipe names.

    Raises:
        ConfigError: the preset is unknown, or an override names no field or does not fit.
    """
    try:
        return preset(section.preset, **section.overrides)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"The recipe's [model] cannot be built ({error}): correct preset or overrides."
        ) from error
