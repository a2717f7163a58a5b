"""The sections of a training recipe, as frozen records.

Paths are relative to the folder in which the command is started.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

LossKind = Literal["mse", "js", "js_official", "emd", "crps"]
LossMix = dict[LossKind, float]
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
    """Which network to train, and what it starts from.

    ``preset`` and ``overrides`` set the sizes of RoSTFine, and for the baselines those of the input
    and the encoder. ``size`` applies to the convolutional baselines. ``temporal_depth`` is the
    number of vivit's temporal layers; 0 means a third of the depth. ``pooling`` is what they see of
    a step: its [CLS] (ViViT's authors) or the mean of its patches (the PyTorch version whose
    Kinetics weights are published). ``features`` and ``aggregation`` are the paper's ablations of
    rostfine. ``normalise`` and ``align`` are passed on to ``Preprocessing``. ``init`` is
    ``scratch``, ``timm:NAME`` or a file: a model file, an official TimeSformer ``.pyth`` or, for a
    convolutional network and for vivit with ``pooling`` "mean", its published state dict.
    ``init_part`` is what rostfine takes from a model file: its ``encoder``, or the whole
    ``network``, which must have the same sizes. ``freeze`` lists prefixes of parameter names to
    keep fixed; a module that is frozen as a whole also keeps its batch norm statistics and drops
    nothing.
    """

    network: NetworkName = "rostfine"
    preset: str = "demo"
    overrides: Overrides = field(default_factory=dict)
    size: Literal["full", "small"] = "full"
    temporal_depth: int = 0
    pooling: Literal["cls", "mean"] = "cls"
    features: str = "gst"
    aggregation: Literal["separate", "concat", "sum"] = "separate"
    normalise: Literal["fixed", "clip"] = "fixed"
    align: Literal["none", "head"] = "none"
    init: str = "scratch"
    init_part: Literal["encoder", "network"] = "encoder"
    freeze: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Reject unknown features, and a temporal depth where it does not apply."""
        _require(self.temporal_depth >= 0, "temporal_depth must be 0 (a third of depth) or more")
        _require(
            self.temporal_depth == 0 or self.network == "vivit",
            f"temporal_depth applies to vivit only, got network {self.network!r}",
        )
        _require(
            self.pooling == "cls" or self.network == "vivit",
            f"pooling applies to vivit only, got network {self.network!r}",
        )
        known = self.features and set(self.features) <= set("gst")
        _require(
            bool(known) and len(set(self.features)) == len(self.features),
            f"features must consist of the letters g, s and t, got {self.features!r}",
        )


@dataclass(frozen=True, kw_only=True)
class DataSection:
    """The data sets to train on; ``test`` names others to report on after training."""

    train: tuple[str, ...]
    test: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Reject an empty list."""
        _require(bool(self.train), "train must name at least one data set folder")


@dataclass(frozen=True, kw_only=True)
class SplitSection:
    """How samples are split: fold ``fold`` of ``folds`` (0: none) or ``test_share`` is for testing.

    Of the rest, fold ``inner_fold`` of ``inner_folds`` (nested cross-validation), or else
    ``validation_share``, is the validation set, which selects the checkpoint. ``select_on_test``
    selects it on the test set instead, as the official implementation does. Such a test score is
    too good; it serves to compare with numbers made that way.

    ``labelled_clips`` trains and validates on that many clips besides the test set (0: all of
    them), as whole samples drawn by the recipe's seed. ``test_seed`` draws the test set apart from
    that seed, so that runs with several seeds are tested on the same clips (-1: by that seed).
    """

    validation_share: float = 0.15
    test_share: float = 0.0
    folds: int = 0
    fold: int = 0
    inner_folds: int = 0
    inner_fold: int = 0
    select_on_test: bool = False
    labelled_clips: int = 0
    test_seed: int = -1

    def __post_init__(self) -> None:
        """Reject shares and folds that cannot be split."""
        _require(0 <= self.validation_share < 1, "validation_share must be in [0, 1)")
        _require(0 <= self.test_share < 1, "test_share must be in [0, 1)")
        _require(self.folds == 0 or self.folds >= 2, "folds must be 0 (none) or at least 2")
        _require(0 <= self.fold < max(self.folds, 1), "fold must be in 0 .. folds - 1")
        _require(not (self.folds and self.test_share), "give either folds or test_share")
        _require(self.inner_folds == 0 or self.inner_folds >= 2, "inner_folds must be 0 or >= 2")
        _require(0 <= self.inner_fold < max(self.inner_folds, 1), "inner_fold is out of range")
        _require(
            not self.select_on_test or bool(self.folds or self.test_share),
            "select_on_test needs a test set: set folds or test_share",
        )
        _require(self.labelled_clips >= 0, "labelled_clips must be 0 (all) or more")
        _require(self.test_seed >= -1, "test_seed must be -1 (the recipe's seed) or more")


@dataclass(frozen=True, kw_only=True)
class LossSection:
    """The loss; ``label_smoothing`` is added to each of the five shares of the label.

    ``mix`` takes the place of ``kind``: weights of several losses, as ``{ mse = 1.0, emd = 0.3 }``.
    They differ in size: for always the mean label crps is 1, and on simulated clips mse and emd
    are about 0.03, js 0.1.
    """

    kind: LossKind = "mse"
    mix: LossMix = field(default_factory=dict)
    alpha: float = 1.0
    label_smoothing: float = 0.001

    def __post_init__(self) -> None:
        """Reject negative weights."""
        _require(self.alpha >= 0, "alpha must be 0 or more")
        _require(all(w > 0 for w in self.mix.values()), "every weight of mix must be above 0")
        _require(0 <= self.label_smoothing < 1, "label_smoothing must be in [0, 1)")

    @property
    def weights(self) -> LossMix:
        """The weight of each loss that is minimised."""
        return self.mix or {self.kind: 1.0}


@dataclass(frozen=True, kw_only=True)
class OptimiserSection:
    """The optimiser and its schedule; ``momentum`` applies to sgd only.

    With muon, ``lr`` is the learning rate of the hidden layers' matrices (usually 0.02); AdamW
    trains everything else at ``adamw_lr_share`` of it. A cosine schedule ends at ``min_lr_ratio``
    times ``lr``.
    """

    kind: Literal["sgd", "adamw", "muon"] = "sgd"
    lr: float = 1e-3
    momentum: float = 0.9
    adamw_lr_share: float = 0.025
    weight_decay: float = 5e-4
    schedule: Literal["constant", "cosine"] = "constant"
    warmup_epochs: float = 0.0
    min_lr_ratio: float = 0.0
    clip_norm: float = 0.0
    ema_decay: float = 0.0

    def __post_init__(self) -> None:
        """Reject values that no optimiser can use."""
        _require(self.lr > 0, "lr must be above 0")
        _require(0 <= self.momentum < 1, "momentum must be in [0, 1)")
        _require(self.adamw_lr_share > 0, "adamw_lr_share must be above 0")
        _require(self.weight_decay >= 0, "weight_decay must be 0 or more")
        _require(self.warmup_epochs >= 0, "warmup_epochs must be 0 or more")
        _require(0 <= self.min_lr_ratio <= 1, "min_lr_ratio must be in [0, 1]")
        _require(self.clip_norm >= 0, "clip_norm must be 0 (off) or more")
        _require(0 <= self.ema_decay < 1, "ema_decay must be 0 (off) or below 1")


@dataclass(frozen=True, kw_only=True)
class LoopSection:
    """The training loop; one step sees ``batch_size * grad_accumulation_steps`` clips.

    The checkpoint with the lowest ``monitor`` metric on the validation set is kept. ``balanced``
    draws clips so that every most-selected grade is seen equally often; ``rare_factor`` draws clips
    whose expected grade is rare up to that many times as often as others, in the first
    ``rare_epochs`` epochs (0: in all). A ``precision`` other than float32 needs a GPU, or for
    bfloat16 a CPU that computes it natively. ``tensorboard`` also writes the log for TensorBoard.
    """

    epochs: int
    batch_size: int = 8
    grad_accumulation_steps: int = 1
    threads: int = 2
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    balanced: bool = False
    rare_factor: float = 1.0
    rare_epochs: int = 0
    tensorboard: bool = False
    validate_every: int = 1
    monitor: Literal["mse", "js"] = "mse"
    checkpoint_minutes: float = 5.0

    def __post_init__(self) -> None:
        """Reject counts below one."""
        counts = ("epochs", "batch_size", "grad_accumulation_steps", "threads", "validate_every")
        for name in counts:
            _require(getattr(self, name) >= 1, f"{name} must be 1 or more")
        _require(self.checkpoint_minutes > 0, "checkpoint_minutes must be above 0")
        _require(self.rare_factor >= 1, "rare_factor must be 1 (off) or more")
        _require(self.rare_epochs >= 0, "rare_epochs must be 0 (all) or more")
        _require(
            not self.balanced or self.rare_factor == 1,
            "balanced and rare_factor both draw rare grades more often: give one of them",
        )
        _require(
            self.precision != "float16" or self.device != "cpu", "precision float16 needs a GPU"
        )

    def rare_factor_at(self, epoch: int) -> float:
        """How many times as often rare grades are drawn in epoch ``epoch`` (from 0)."""
        return self.rare_factor if not self.rare_epochs or epoch < self.rare_epochs else 1.0


@dataclass(frozen=True, kw_only=True)
class AugmentationSection:
    """Augmentation of whole clips; all off by default, as in the paper.

    ``brightness`` is the largest relative change, up or down. ``shift_px`` is the largest shift
    along x and along y, in pixels of the clip: people do not all click the same point of a head.
    """

    flips: bool = False
    rotations: bool = False
    brightness: float = 0.0
    shift_px: int = 0

    def __post_init__(self) -> None:
        """Reject changes that would turn a picture black, and negative shifts."""
        _require(0 <= self.brightness < 1, "brightness must be in [0, 1)")
        _require(self.shift_px >= 0, "shift_px must be 0 or more")


@dataclass(frozen=True, kw_only=True)
class AuxiliarySection:
    """Auxiliary targets of the first ``epochs``: ``columns`` of ``labels.csv``.

    Findings behind a panel's grades (the WHO criteria, a measured speed) show a network that starts
    from scratch what to look at. Their ``weight`` in the loss falls linearly to 0, so that the
    remaining epochs minimise the paper's loss alone. Off by default.
    """

    columns: tuple[str, ...] = ()
    weight: float = 0.2
    epochs: float = 1.0

    def __post_init__(self) -> None:
        """Reject a negative weight or duration."""
        _require(self.weight >= 0, "weight must be 0 or more")
        _require(self.epochs > 0, "epochs must be above 0")

    def weight_at(self, epochs_done: float) -> float:
        """The weight after ``epochs_done`` epochs; 0 without columns."""
        left = max(1 - epochs_done / self.epochs, 0.0)
        return self.weight * left if self.columns else 0.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What every run has, whatever it trains."""

    output: str
    loop: LoopSection
    model: ModelSection = ModelSection()
    optimiser: OptimiserSection = OptimiserSection()
    augmentation: AugmentationSection = AugmentationSection()
    seed: int = 0

    def __post_init__(self) -> None:
        """Reject a seed that no generator accepts."""
        _require(0 <= self.seed < 2**63, f"seed must be from 0 to 2**63 - 1, got {self.seed}")

    def to_dict(self) -> dict[str, Any]:
        """The resolved recipe, including defaults, as plain containers."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Recipe):
    """A complete training recipe: everything that decides a run's numbers."""

    data: DataSection
    split: SplitSection = SplitSection()
    loss: LossSection = LossSection()
    auxiliary: AuxiliarySection = AuxiliarySection()

    def __post_init__(self) -> None:
        """Reject sections that do not fit together."""
        super().__post_init__()
        _require(
            not self.auxiliary.columns or self.model.network == "rostfine",
            f"auxiliary columns need the features of rostfine, got network {self.model.network!r}",
        )
        # Checked here and not in ModelSection, which older model files hold with other values.
        whole = (self.model.features, self.model.aggregation) == ("gst", "separate")
        _require(
            whole or self.model.network == "rostfine",
            f"features and aggregation apply to rostfine only, got network {self.model.network!r}",
        )


@dataclass(frozen=True, kw_only=True)
class UnlabelledSection:
    """The clips to pretrain on, whose votes are not read; ``validation_share`` is held back."""

    train: tuple[str, ...]
    validation_share: float = 0.1

    def __post_init__(self) -> None:
        """Reject an empty list and shares that cannot be held back."""
        _require(bool(self.train), "train must name at least one data set folder")
        _require(0 <= self.validation_share < 1, "validation_share must be in [0, 1)")


@dataclass(frozen=True, kw_only=True)
class MaskingSection:
    """Masked video modelling: each frame hides this ``share`` of its patches."""

    share: float = 0.6

    def __post_init__(self) -> None:
        """Reject shares that hide nothing or everything."""
        _require(0 < self.share < 1, "share must be above 0 and below 1")


@dataclass(frozen=True, kw_only=True)
class PretrainConfig(Recipe):
    """A complete recipe of pretraining on clips without votes."""

    data: UnlabelledSection
    masking: MaskingSection = MaskingSection()

    def __post_init__(self) -> None:
        """Reject what needs votes, and networks without the encoder that is pretrained."""
        super().__post_init__()
        plain = (self.model.features, self.model.aggregation) == ("gst", "separate")
        _require(
            self.model.network == "rostfine" and plain,
            "pretraining is of the encoder of rostfine: leave out network, features, aggregation",
        )
        _require(
            not self.loop.balanced and self.loop.rare_factor == 1,
            "balanced and rare_factor need votes, which pretraining does not read",
        )
        _require(
            self.model.init_part == "encoder", "pretraining keeps an encoder: leave out init_part"
        )
