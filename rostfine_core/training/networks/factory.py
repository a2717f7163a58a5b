"""Building the networks that can be trained: RoSTFine, its ablations, and the baselines.

Every network answers (B, 3, T, H, W) clips with a ``GradeOutput`` or a ``ResearchOutput``.
Letters: B clips, D width of a feature.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from rostfine_core.errors import ConfigError
from rostfine_core.model import GradeOutput, Preprocessing, RoSTFine, RoSTFineConfig, preset
from rostfine_core.training.config import ModelSection
from rostfine_core.training.data.dataset import ClipDataset
from rostfine_core.training.networks.outputs import ResearchOutput


@dataclass(frozen=True, eq=False)
class TrainedParts:
    """The input of the losses.

    ``heads``: the distributions (B, 5) that the grade loss is averaged over. ``features`` (B, D):
    what the diversity loss keeps apart; empty for a network with a single feature.
    """

    heads: tuple[Tensor, ...]
    features: tuple[Tensor, ...] = ()


def trained_parts(output: GradeOutput | ResearchOutput) -> TrainedParts:
    """The trained heads and features of RoSTFine or any other network."""
    if isinstance(output, ResearchOutput):
        return TrainedParts(output.heads, output.features)
    return TrainedParts(
        (output.grade_global, output.grade_spatial, output.grade_temporal),
        (output.feature_global, output.feature_spatial, output.feature_temporal),
    )


class FeatureVariant(nn.Module):
    """RoSTFine with some of its features (g, s, t), separate or joined before one head.

    ``separate``: each feature has its own head and loss, and the answer is their mean (as in the
    paper). ``concat`` and ``sum``: one head on the joined features.
    """

    def __init__(self, config: RoSTFineConfig, *, features: str, aggregation: str) -> None:
        super().__init__()
        self.rostfine = RoSTFine(config)
        self.features, self.aggregation = features, aggregation
        width = config.embed_dim * (len(features) if aggregation == "concat" else 1)
        self.head = None if aggregation == "separate" else nn.Linear(width, config.num_grades)

    def forward(self, clips: Tensor, motion: Tensor | None = None) -> ResearchOutput:
        """Grade clips (B, 3, T, H, W), with their ``motion`` (B, 6) if RoSTFine asks for it."""
        out = self.rostfine(clips, motion)
        grades = {"g": out.grade_global, "s": out.grade_spatial, "t": out.grade_temporal}
        vectors = {"g": out.feature_global, "s": out.feature_spatial, "t": out.feature_temporal}
        features = tuple(vectors[f] for f in self.features)
        if self.head is None:
            heads = tuple(grades[f] for f in self.features)
            return ResearchOutput(torch.stack(heads).mean(dim=0), heads, features)
        joined = torch.cat(features, -1) if self.aggregation == "concat" else sum(features)
        grade = self.head(joined).softmax(dim=-1)
        return ResearchOutput(grade, (grade,), features)


def network_config(section: ModelSection) -> RoSTFineConfig:
    """The sizes that a recipe asks for.

    Raises:
        ConfigError: the preset is unknown, or an override is unknown or does not fit.
    """
    try:
        return preset(section.preset, **section.overrides)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"The recipe's [model] cannot be built ({error}): correct preset or overrides."
        ) from error


def build_network(section: ModelSection) -> nn.Module:
    """Build a recipe's network, with fresh weights from torch's global generator.

    Raises:
        ConfigError: its sizes do not fit, or the library that builds it is not installed.
    """
    config = network_config(section)
    if section.network != "rostfine":
        # Only baselines need these libraries.
        from rostfine_core.training.networks.baselines import build_baseline

        return build_baseline(
            section.network,
            config=config,
            small=section.size == "small",
            temporal_depth=section.temporal_depth,
            pooling=section.pooling,
        )
    if section.features == "gst" and section.aggregation == "separate":
        return RoSTFine(config)
    return FeatureVariant(config, features=section.features, aggregation=section.aggregation)


def preprocessing_for(section: ModelSection, dataset: ClipDataset) -> Preprocessing:
    """How the clips of a data set are prepared for the network of a recipe."""
    header = dataset.headers[0]
    return replace(
        Preprocessing.of(network_config(section)),
        clip_frames=header.clip_frames,
        clip_size_px=header.clip_size_px,
        normalise=section.normalise,
        align=section.align,
    )
