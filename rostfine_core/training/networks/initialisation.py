"""What training starts from: nothing, an image ViT, a TimeSformer or a baseline's state dict."""

import re
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rostfine_core.errors import ConfigError, ModelError, parsing
from rostfine_core.model import (
    RoSTFine,
    convert,
    load_encoder,
    load_encoder_weights,
    load_model,
)
from rostfine_core.model.model_file import SUFFIX
from rostfine_core.model.weights import check_weights
from rostfine_core.training.config import ModelSection
from rostfine_core.training.networks.factory import FeatureVariant
from rostfine_core.training.networks.vivit import FactorisedViViT

SCRATCH = "scratch"
TIMM_PREFIX = "timm:"
TORCH_SUFFIXES = (".pyth", ".pt", ".pth", ".bin")
CLASSIFIER = re.compile(r"(blocks\.\d+\.proj|classifier\.6)\.")
"""The classifier in the published weights of pytorchvideo's and torchvision's networks."""
MOTION = "motion_embed."
BATCH_COUNT = ".num_batches_tracked"


def initialise(network: nn.Module, section: ModelSection) -> None:
    """Start a network from ``section.init`` and freeze the parameters of ``section.freeze``.

    Raises:
        ModelError: the weights cannot be read or do not fit.
        ConfigError: ``freeze`` matches nothing or everything, or the weights are not available.
    """
    check_init(section)
    if section.init_part == "network":
        _load_network(network, section.init)
    elif section.init != SCRATCH:
        _load(network, section.init)
    freeze(network, section.freeze)


def check_init(section: ModelSection) -> None:
    """Refuse weights to start from that do not exist or that the network cannot read.

    Raises:
        ConfigError: ``section.init`` names a missing file, or a file for a vivit without one; or it
            has no whole network where ``init_part`` asks for one.
    """
    source = section.init
    if section.init_part == "network" and Path(source).suffix != SUFFIX:
        raise ConfigError(
            f"A whole network can only be read from a {SUFFIX} file, not from {source}: name the "
            'file of a model in init, or set init_part = "encoder".'
        )
    if source == SCRATCH or source.startswith(TIMM_PREFIX):
        return
    if section.network == "vivit" and section.pooling == "cls":
        raise ConfigError(
            f"A vivit that takes each step's [CLS] cannot start from a file ({source}): set "
            '`pooling` to "mean" for the Kinetics weights of VideoTransformer-pytorch, or set '
            f'`init` to an image ViT of timm, such as "{TIMM_PREFIX}vit_base_patch16_224", or to '
            f'"{SCRATCH}".'
        )
    if not Path(source).is_file():
        raise ConfigError(
            f"The file {source} of the weights to start from does not exist: make or get it first, "
            f'or set `init` to "{SCRATCH}" or to a network of timm, "{TIMM_PREFIX}...".'
        )


def _load(network: nn.Module, source: str) -> None:
    owner = encoder_owner(network)
    backbone = getattr(network, "backbone", network)
    if owner is not None:
        load_encoder_weights(owner, encoder_weights(source), source=source)
    elif not source.startswith(TIMM_PREFIX):
        _load_backbone(network, Path(source))
    elif isinstance(backbone, FactorisedViViT):
        backbone.load_image_vit(_timm_weights(source.removeprefix(TIMM_PREFIX)), source=source)
    else:
        raise ConfigError(
            f"This network cannot start from an image ViT ({source}): give the file of its own "
            'weights, or init = "scratch".'
        )


def _load_network(network: nn.Module, source: str) -> None:
    """Start from a whole model: encoder, branches and heads.

    Raises:
        ConfigError: the recipe trains another network than RoSTFine.
        ModelError: the model cannot be read, or has other sizes.
    """
    if not isinstance(network, RoSTFine):
        raise ConfigError(
            'Only RoSTFine starts from a whole network: set init_part = "encoder", or leave out '
            "network, features and aggregation."
        )
    weights = load_model(Path(source)).network.state_dict()
    fresh = {n: t for n, t in network.state_dict().items() if n.startswith(MOTION)}
    known = {n: t for n, t in weights.items() if n.startswith(MOTION)}
    if not (fresh and known):
        # One that was told nothing begins as it was; one that is told nothing more goes without.
        weights = {n: t for n, t in weights.items() if n not in known} | fresh
    check_weights(weights, expected=network.state_dict(), source=source)
    network.load_state_dict(weights)


def encoder_weights(source: str) -> dict[str, Tensor]:
    """Read an encoder's weights from ``timm:NAME``, a model file or a TimeSformer ``.pyth``.

    Raises:
        ModelError: the file cannot be read, or is of another kind.
        ConfigError: timm has no such network, or its weights cannot be downloaded.
    """
    if source.startswith(TIMM_PREFIX):
        return _timm_weights(source.removeprefix(TIMM_PREFIX))
    path = Path(source)
    if path.suffix.lower() not in TORCH_SUFFIXES:
        return load_encoder(path)
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "encoder.safetensors"
        convert(path, converted)
        return {name: tensor.clone() for name, tensor in load_encoder(converted).items()}


def freeze(network: nn.Module, prefixes: tuple[str, ...]) -> None:
    """Freeze every parameter whose name begins with one of ``prefixes``.

    Raises:
        ConfigError: a prefix matches no name, or nothing would be left to train.
    """
    names = [name for name, _ in network.named_parameters()]
    unknown = [p for p in prefixes if not any(name.startswith(p) for name in names)]
    if unknown:
        raise ConfigError(
            f"No parameter's name begins with {', '.join(unknown)}: correct freeze; names begin "
            f"for example with {names[0]} or {names[-1]}."
        )
    if all(name.startswith(prefixes) for name in names):
        raise ConfigError(
            "Every parameter would be frozen, leaving nothing to train: shorten the list freeze."
        )
    for name, parameter in network.named_parameters():
        if name.startswith(prefixes):
            parameter.requires_grad_(False)


def frozen_modules(network: nn.Module) -> tuple[nn.Module, ...]:
    """The modules whose parameters are all frozen, including the modules inside them.

    They stay in eval mode while the rest trains. Otherwise batch norm would keep updating its
    statistics, and dropout would still act on frozen layers.
    """
    return tuple(
        module
        for module in network.modules()
        if any(True for _ in module.parameters())
        and not any(p.requires_grad for p in module.parameters())
    )


def encoder_owner(network: nn.Module) -> RoSTFine | None:
    """The RoSTFine whose encoder a network uses, if it has one."""
    if isinstance(network, RoSTFine):
        return network
    if isinstance(network, FeatureVariant):
        return network.rostfine
    inside = getattr(getattr(network, "backbone", None), "rostfine", None)
    return inside if isinstance(inside, RoSTFine) else None


def _timm_weights(name: str) -> dict[str, Tensor]:
    import timm  # slow to import and rarely needed

    try:
        model = timm.create_model(name, pretrained=True, num_classes=0)
    except RuntimeError as error:
        raise ConfigError(f"timm has no model {name!r} with weights: choose another.") from error
    except OSError as error:
        raise ConfigError(
            f"The weights of timm's {name} cannot be downloaded ({error}): connect once, or give "
            "a file."
        ) from error
    return dict(model.state_dict())


def _load_backbone(network: nn.Module, path: Path) -> None:
    """Load a baseline's backbone from a state dict of the library that built it.

    Raises:
        ModelError: a name but the classifier's is missing or unexpected, or a shape differs.
    """
    weights = _read_state_dict(path)
    backbone: Any = getattr(network, "backbone", network)
    if isinstance(backbone, FactorisedViViT):
        backbone.load_video_transformer(weights, source=str(path))
        return
    inner = next(
        (
            m
            for m in (getattr(backbone, n, None) for n in ("network", "image_network"))
            if isinstance(m, nn.Module)
        ),
        backbone,
    )
    read = {n: t for n, t in weights.items() if not CLASSIFIER.match(n) or n in inner.state_dict()}
    # What a network has counted of batches does not show whether it is the right one.
    checked, wanted = (
        {n: t for n, t in state.items() if not n.endswith(BATCH_COUNT)}
        for state in (read, inner.state_dict())
    )
    check_weights(checked, expected=wanted, source=str(path))
    inner.load_state_dict(inner.state_dict() | read)


def _unreadable(path: Path, error: Exception) -> ModelError:
    if isinstance(error, OSError) and error.strerror:
        return ModelError(f"Cannot read {path} ({error.strerror}): check it.")
    return ModelError(
        f"{path} cannot be read safely as a checkpoint: get it again, or choose another."
    )


def _read_state_dict(path: Path) -> dict[str, Tensor]:
    with parsing(lambda error: _unreadable(path, error)):
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    state = loaded if isinstance(loaded, dict) else {}
    for wrapper in ("model_state", "state_dict"):
        state = state.get(wrapper, state)
    return {n: t for n, t in state.items() if isinstance(t, Tensor)}
