"""The recipe of one training run: frozen records read from TOML, every mistake named at once.

Paths are relative to the folder that the command is started in.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import cattrs
from cattrs.errors import StructureHandlerNotFoundError

from rostfine_core.errors import ConfigError

Record = TypeVar("Record")
LossKind = Literal["mse", "js", "js_official"]
Overrides = dict[str, int | float | str | bool]
NetworkName = Literal[
    "rostfine",
    "timesformer",
    "vivit",
    "vgg16",
    "r3d",
    "r2plus1d",
    "i3d",
    "slowfast",
    "x3d",
]


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


@dataclass(frozen=True, kw_only=True)
class ModelSection:
    """Which network, and what it starts from.

    ``preset`` and ``overrides`` give the sizes: of RoSTFine, and of the input and the encoder of
    the baselines; ``size`` is for baselines that are no transformers. ``temporal_depth`` is the
    number of vivit's temporal layers, with 0 a third of the depth. ``features`` and
    ``aggregation`` are the paper's ablations, of rostfine alone. ``normalise`` is that of
    ``Preprocessing``. ``init`` is ``scratch``, ``timm:NAME`` or a file: a model file, an
    official TimeSformer ``.pyth`` or, for a convolutional network, its state dict. vivit starts
    from an image ViT of timm or from scratch.
    ``freeze`` names the parameters that stay as they are, by how they begin; a part that is frozen
    as a whole keeps the statistics of its batch norm and drops nothing either.
    """

    network: NetworkName = "rostfine"
    preset: str = "demo"
    overrides: Overrides = field(default_factory=dict)
    size: Literal["full", "small"] = "full"
    temporal_depth: int = 0
    features: str = "gst"
    aggregation: Literal["separate", "concat", "sum"] = "separate"
    normalise: Literal["fixed", "clip"] = "fixed"
    init: str = "scratch"
    freeze: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse features that do not exist, and a depth that the network does not have."""
        _require(self.temporal_depth >= 0, "temporal_depth must be 0 (a third of depth) or more")
        _require(
            self.temporal_depth == 0 or self.network == "vivit",
            f"temporal_depth is of vivit alone, got network {self.network!r}",
        )
        known = self.features and set(self.features) <= set("gst")
        _require(
            bool(known) and len(set(self.features)) == len(self.features),
            f"features must be letters out of g, s and t, got {self.features!r}",
        )


@dataclass(frozen=True, kw_only=True)
class DataSection:
    """Which data sets to train on; ``test`` names others to report on after training."""

    train: tuple[str, ...]
    test: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an empty list."""
        _require(bool(self.train), "train must name at least one data set folder")


@dataclass(frozen=True, kw_only=True)
class SplitSection:
    """How samples are dealt: fold ``fold`` of ``folds`` (0: none) or a held-out share is the test.

    Of the rest, fold ``inner_fold`` of ``inner_folds`` (nested cross-validation), or else
    ``validation_share`` of it, chooses the checkpoint. ``official_selection`` chooses it on the
    test part instead, as the official implementation does: such a test score is too good, and is
    for comparison with numbers made that way.
    """

    validation_share: float = 0.15
    test_share: float = 0.0
    folds: int = 0
    fold: int = 0
    inner_folds: int = 0
    inner_fold: int = 0
    official_selection: bool = False

    def __post_init__(self) -> None:
        """Refuse shares and folds that cannot be dealt."""
        _require(0 <= self.validation_share < 1, "validation_share must be in [0, 1)")
        _require(0 <= self.test_share < 1, "test_share must be in [0, 1)")
        _require(self.folds == 0 or self.folds >= 2, "folds must be 0 (none) or at least 2")
        _require(0 <= self.fold < max(self.folds, 1), "fold must be in 0 .. folds - 1")
        _require(not (self.folds and self.test_share), "give either folds or test_share")
        _require(self.inner_folds == 0 or self.inner_folds >= 2, "inner_folds must be 0 or >= 2")
        _require(0 <= self.inner_fold < max(self.inner_folds, 1), "inner_fold is out of range")
        _require(
            not self.official_selection or bool(self.folds or self.test_share),
            "official_selection needs a test part: set folds or test_share",
        )


@dataclass(frozen=True, kw_only=True)
class LossSection:
    """What is minimised; ``label_smoothing`` is added to each of the five shares."""

    kind: LossKind = "mse"
    alpha: float = 1.0
    label_smoothing: float = 0.001

    def __post_init__(self) -> None:
        """Refuse weights below zero."""
        _require(self.alpha >= 0, "alpha must be 0 or more")
        _require(0 <= self.label_smoothing < 1, "label_smoothing must be in [0, 1)")


@dataclass(frozen=True, kw_only=True)
class OptimiserSection:
    """The optimiser and its schedule; ``momentum`` is for sgd alone.

    Under muon ``lr`` is the rate of the hidden layers' matrices (0.02 is usual); everything else
    is trained by AdamW at ``adamw_lr_share`` of it.
    """

    kind: Literal["sgd", "adamw", "muon"] = "sgd"
    lr: float = 1e-3
    momentum: float = 0.9
    adamw_lr_share: float = 0.025
    weight_decay: float = 5e-4
    schedule: Literal["constant", "cosine"] = "constant"
    warmup_epochs: float = 0.0
    final_lr_share: float = 0.0
    clip_norm: float = 0.0
    ema_decay: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no optimiser can use."""
        _require(self.lr > 0, "lr must be above 0")
        _require(0 <= self.momentum < 1, "momentum must be in [0, 1)")
        _require(self.adamw_lr_share > 0, "adamw_lr_share must be above 0")
        _require(self.weight_decay >= 0, "weight_decay must be 0 or more")
        _require(self.warmup_epochs >= 0, "warmup_epochs must be 0 or more")
        _require(0 <= self.final_lr_share <= 1, "final_lr_share must be in [0, 1]")
        _require(self.clip_norm >= 0, "clip_norm must be 0 (off) or more")
        _require(0 <= self.ema_decay < 1, "ema_decay must be 0 (off) or below 1")


@dataclass(frozen=True, kw_only=True)
class LoopSection:
    """How long and in what portions; one step sees ``batch_size * accumulate`` clips.

    ``select_by`` is the metric on the validation part whose lowest value chooses the checkpoint.
    ``balanced`` draws clips so that every most-selected grade is seen equally often. ``precision``
    other than float32 needs a GPU. ``tensorboard`` also writes the log for TensorBoard.
    """

    epochs: int
    batch_size: int = 8
    accumulate: int = 1
    threads: int = 2
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    balanced: bool = False
    tensorboard: bool = False
    validate_every: int = 1
    select_by: Literal["mse", "js"] = "mse"
    checkpoint_minutes: float = 5.0

    def __post_init__(self) -> None:
        """Refuse counts below one."""
        for name in ("epochs", "batch_size", "accumulate", "threads", "validate_every"):
            _require(getattr(self, name) >= 1, f"{name} must be 1 or more")
        _require(self.checkpoint_minutes > 0, "checkpoint_minutes must be above 0")
        _require(
            self.precision == "float32" or self.device != "cpu",
            "precision other than float32 needs a GPU",
        )


@dataclass(frozen=True, kw_only=True)
class AugmentationSection:
    """What is done to a clip as a whole; all off by default, as in the paper.

    ``brightness`` is the largest relative change, up or down. ``shift_px`` is the farthest way, in
    pixels of the clip, along x and along y: people do not click all on the same point of a head.
    """

    flips: bool = False
    rotations: bool = False
    brightness: float = 0.0
    shift_px: int = 0

    def __post_init__(self) -> None:
        """Refuse changes that would turn a picture black or run backwards."""
        _require(0 <= self.brightness < 1, "brightness must be in [0, 1)")
        _require(self.shift_px >= 0, "shift_px must not be below 0")


@dataclass(frozen=True, kw_only=True)
class AuxiliarySection:
    """What is learned beside the grades in the first ``epochs``: ``columns`` of ``labels.csv``.

    Findings that a panel's grades come from (the WHO criteria, a measured speed) show a network
    that starts from scratch what to look at. Their ``weight`` in the loss falls linearly to 0, so
    that the remaining epochs minimise the paper's loss alone. Off by default.
    """

    columns: tuple[str, ...] = ()
    weight: float = 0.2
    epochs: float = 1.0

    def __post_init__(self) -> None:
        """Refuse weights and spans below zero."""
        _require(self.weight >= 0, "weight must be 0 or more")
        _require(self.epochs > 0, "epochs must be above 0")

    def weight_at(self, epochs_done: float) -> float:
        """The weight when that many epochs are done; 0 without columns."""
        left = max(1 - epochs_done / self.epochs, 0.0)
        return self.weight * left if self.columns else 0.0


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One training run, whole: everything that decides its numbers."""

    output: str
    data: DataSection
    loop: LoopSection
    model: ModelSection = ModelSection()
    split: SplitSection = SplitSection()
    loss: LossSection = LossSection()
    optimiser: OptimiserSection = OptimiserSection()
    augmentation: AugmentationSection = AugmentationSection()
    auxiliary: AuxiliarySection = AuxiliarySection()
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a seed that no generator takes, and sections that do not go together."""
        _require(0 <= self.seed < 2**63, f"seed must be from 0 to 2**63 - 1, got {self.seed}")
        _require(
            not self.auxiliary.columns or self.model.network == "rostfine",
            "auxiliary columns are learned from the features of rostfine alone",
        )
        # Asked of a recipe, not of its section, which model files of earlier versions hold too.
        whole = (self.model.features, self.model.aggregation) == ("gst", "separate")
        _require(
            whole or self.model.network == "rostfine",
            f"features and aggregation are of rostfine alone, got network {self.model.network!r}",
        )

    def to_dict(self) -> dict[str, Any]:
        """The resolved recipe, defaults included, as plain containers."""
        return asdict(self)


def read_train_config(path: Path) -> TrainConfig:
    """Read a recipe.

    Raises:
        ConfigError: the file cannot be read, or holds unknown keys or wrong values (all named).
    """
    return structure(read_toml(path), TrainConfig, source=str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file as plain containers.

    Raises:
        ConfigError: the file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"Cannot read the recipe {path} ({error.strerror or error}): check its name."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The recipe {path} is not valid TOML ({error}): correct it.") from error


def structure(table: Mapping[str, Any], kind: type[Record], *, source: str) -> Record:
    """Turn plain containers into a record of ``kind`` without changing any value's type.

    Raises:
        ConfigError: with every unknown key, missing key and wrong value, each with its place.
    """
    try:
        return _strict_converter().structure(table, kind)
    except (cattrs.BaseValidationError, StructureHandlerNotFoundError) as error:
        mistakes = cattrs.transform_error(error, path="", format_exception=_explain)
        listed = "\n  ".join(m.replace(" @ .", ": ").replace(" @ ", "") for m in mistakes)
        raise ConfigError(f"The recipe {source} has mistakes to correct:\n  {listed}") from error


def _explain(error: BaseException, kind: type | None) -> str:
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"unknown key(s) {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, KeyError):
        return f"the key {error} is missing"
    if isinstance(error, ValueError | TypeError):
        return str(error)
    return cattrs.v.format_exception(error, kind)


def _exactly(value: object, kind: type) -> Any:  # noqa: ANN401 - cattrs hooks return any type
    allowed = (int, float) if kind is float else (kind,)
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return kind(value)


def _string_list(value: object, _: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        raise TypeError(f"expected a list of texts, got {value!r}")
    return tuple(value)


def _plain_values(value: object, _: object) -> Overrides:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table, got {value!r}")
    bad = [k for k, v in value.items() if not isinstance(v, int | float | str | bool)]
    if bad:
        raise TypeError(f"expected plain values, got others for {', '.join(bad)}")
    return value


def _strict_converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind in (int, float, str, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook_func(lambda t: t == tuple[str, ...], _string_list)
    converter.register_structure_hook_func(lambda t: t == Overrides, _plain_values)
    return converter
