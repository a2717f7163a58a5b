"""The sizes and variants of a RoSTFine network, and the named presets."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

Branch = Literal["official", "paper"]
Gather = Literal["official", "corrected"]
STEM_STRIDE = 4
MAY_BE_ZERO = ("drop_path", "stem_width", "motion_width")


@dataclass(frozen=True, kw_only=True)
class RoSTFineConfig:
    """The config of a RoSTFine network (FACTS: encoder, Patch Selection Module, branches).

    Args:
        num_frames: frames of a clip that the network sees (T).
        image_size: edge of the square input in pixels.
        patch_size: edge of a square patch in pixels.
        stem_width: 0 embeds each patch by one linear map (the paper's). Otherwise two 3x3
            convolutions of stride 2 with batch norm, of this width and twice it, come first: a
            small network then learns fine form from far fewer clips (Xiao et al., NeurIPS 2021).
        motion_width: 0 grades by the pictures alone (the paper's). Otherwise the network is also
            told how the head moved (``model/motion.py``), by an MLP of this hidden width.
        embed_dim: width of every token (D).
        depth: blocks of the encoder.
        num_heads: attention heads of the encoder.
        mlp_ratio: hidden width of the encoder's MLPs over ``embed_dim``.
        num_grades: grades that the heads distribute over.
        drop_path: stochastic depth, rising linearly from 0 to this value in the last block.
        top_k: patches selected in each frame (K).
        selection_layers: how many of the last encoder blocks' attention is summed to select
            patches (paper, Eq. 4: two; official code: one).
        branch_depth: attention blocks of the branches FGS and FGT (L).
        branch_heads: attention heads of the branches.
        branch: ``official`` (attentions, then one MLP) or ``paper`` (Fig. 3: an MLP per block).
        gather: ``corrected`` takes the patches that were selected; ``official`` reproduces the
            official code, which fetches others (FACTS, error 1).

    Raises:
        ValueError: a value is out of range or does not fit another.
    """

    num_frames: int = 8
    image_size: int = 224
    patch_size: int = 16
    stem_width: int = 0
    motion_width: int = 0
    embed_dim: int = 768
    depth: int = 12
    num_heads: int = 12
    mlp_ratio: float = 4
    num_grades: int = 5
    drop_path: float = 0.1
    top_k: int = 3
    selection_layers: int = 1
    branch_depth: int = 2
    branch_heads: int = 8
    branch: Branch = "official"
    gather: Gather = "corrected"

    def __post_init__(self) -> None:
        """Refuse values that no network can be built from."""
        _check_types(self)
        if self.num_grades < 2:
            raise ValueError(f"num_grades must be at least 2, got {self.num_grades}")
        if not 0 <= self.drop_path < 1:
            raise ValueError(f"drop_path must be at least 0 and below 1, got {self.drop_path}")
        if int(self.embed_dim * self.mlp_ratio) < 1:
            raise ValueError(f"mlp_ratio {self.mlp_ratio} leaves no width to the MLPs")
        if self.image_size % self.patch_size:
            raise ValueError(
                f"image_size {self.image_size} is not a multiple of patch_size {self.patch_size}"
            )
        for name in ("stem_width", "motion_width"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if self.stem_width and self.patch_size % STEM_STRIDE:
            raise ValueError(
                f"patch_size {self.patch_size} is not a multiple of {STEM_STRIDE}, as a stem needs"
            )
        for name, heads in (("num_heads", self.num_heads), ("branch_heads", self.branch_heads)):
            if self.embed_dim % heads:
                raise ValueError(f"embed_dim {self.embed_dim} is not a multiple of {name} {heads}")
        if self.top_k > self.num_patches:
            raise ValueError(
                f"top_k {self.top_k} exceeds the {self.num_patches} patches of a frame"
            )
        if self.selection_layers > self.depth:
            raise ValueError(
                f"selection_layers {self.selection_layers} exceeds the depth {self.depth}"
            )

    @property
    def grid_size(self) -> int:
        """Patches along one edge of a frame."""
        return self.image_size // self.patch_size

    @property
    def num_patches(self) -> int:
        """Patches of a frame (N)."""
        return self.grid_size**2

    def to_json(self) -> str:
        """The config as JSON text with sorted names."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_dict(cls, values: object) -> "RoSTFineConfig":
        """Make a config from a table read from a file; missing names take their defaults.

        Raises:
            ValueError: it is not a table, or has an unknown name or a bad value.
        """
        if not isinstance(values, dict):
            raise ValueError(f"a config is a table of names and values, got {values!r:.80}")
        unknown = sorted(str(name) for name in values.keys() - cls.__dataclass_fields__.keys())
        if unknown:
            raise ValueError(f"unknown config names: {', '.join(unknown)}")
        return cls(**values)


def _check_types(config: RoSTFineConfig) -> None:
    """Refuse values of the wrong type, which a damaged or hand-written file may hold."""
    choices = {"branch": get_args(Branch), "gather": get_args(Gather)}
    for name, value in asdict(config).items():
        if name in choices:
            if value not in choices[name]:
                raise ValueError(f"{name} must be one of {choices[name]}, got {value!r}")
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{name} must be a number, got {value!r}")
        elif name not in ("mlp_ratio", "drop_path") and not isinstance(value, int):
            raise ValueError(f"{name} must be a whole number, got {value!r}")
        elif name not in MAY_BE_ZERO and not 0 < value < 1_000_000:
            raise ValueError(f"{name} must be above 0 and below a million, got {value!r}")


PRESETS: dict[str, RoSTFineConfig] = {
    "official": RoSTFineConfig(),
    "paper": RoSTFineConfig(
        top_k=60, selection_layers=2, branch_depth=6, branch_heads=8, branch="paper"
    ),
    # Small enough to train on two CPU cores in an hour and a half. The grid is odd, so that the
    # head, always in the middle, falls into one patch and not across the corner of four.
    "demo": RoSTFineConfig(
        num_frames=4,
        image_size=140,
        patch_size=20,
        embed_dim=160,
        depth=4,
        num_heads=5,
        drop_path=0.0,
        top_k=3,
        selection_layers=2,
        branch_depth=2,
        branch_heads=5,
        branch="official",
    ),
}
"""``official``: the official code's defaults; ``paper``: the paper's; ``demo``: small.

All three gather the selected patches correctly; ``gather="official"`` reproduces the official
code's numbers.
"""


def preset(name: str, **changes: Any) -> RoSTFineConfig:  # noqa: ANN401 - fields differ in type
    """The config of this name in ``PRESETS``, with some fields changed.

    Raises:
        ValueError: there is no such preset, or a changed value does not fit.
    """
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}: choose one of {', '.join(PRESETS)}")
    return replace(PRESETS[name], **changes)
