"""The official input pipeline: turns a clip of uint8 crops into the network's input.

Letters: B clips, T frames of the clip, S its edge in pixels.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from rostfine_core.domain import CROP_PX
from rostfine_core.light import (
    DARKEST,
    EVENED_CHANGE,
    SAMPLING,
    STEADY_CHANGE,
    sampled_levels,
)
from rostfine_core.model.alignment import measure_headings, turn_frames
from rostfine_core.model.config import RoSTFineConfig

Normalise = Literal["fixed", "clip"]
Align = Literal["none", "head"]
Motion = Literal["none", "track"]
FLATTEST_STD = 1 / 255  # so that a clip without contrast stays flat instead of becoming noise


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How clips are prepared: ``clip_frames`` crops -> ``num_frames`` of ``image_size`` pixels.

    The crops are ``clip_size_px`` wide: another size would show sperm larger or smaller.

    ``normalise``: ``fixed`` (official) scales to 0...1, subtracts ``mean`` and divides by ``std``
    in all channels. ``clip`` subtracts each clip's mean per channel and divides by its standard
    deviation, so that lamp and camera matter less; ``mean`` and ``std`` are then unused. If the
    light changes over the clip, its frames are first made equally bright (``rostfine_core.light``).

    ``align``: ``head`` turns each frame so that the head points right (``model.alignment``); the
    official pipeline does not.

    ``motion``: ``track`` also gives the network the head's motion over the whole clip
    (``model.motion``), which no picture shows, since all are centred on the head; the official
    pipeline does not.

    Raises:
        ValueError: a value is out of range.
    """

    num_frames: int = 8
    image_size: int = 224
    mean: float = 0.45
    std: float = 0.225
    clip_frames: int = 16
    clip_size_px: int = CROP_PX
    normalise: Normalise = "fixed"
    align: Align = "none"
    motion: Motion = "none"

    def __post_init__(self) -> None:
        """Refuse values that cannot be used."""
        for name in ("num_frames", "image_size", "clip_frames", "clip_size_px"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 100_000:
                raise ValueError(f"{name} must be a whole number above 0, got {value!r}")
        for name in ("mean", "std"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{name} must be a number, got {value!r}")
        if self.normalise not in get_args(Normalise):
            raise ValueError(
                f"normalise must be one of {get_args(Normalise)}, got {self.normalise!r}"
            )
        if self.align not in get_args(Align):
            raise ValueError(f"align must be one of {get_args(Align)}, got {self.align!r}")
        if self.motion not in get_args(Motion):
            raise ValueError(f"motion must be one of {get_args(Motion)}, got {self.motion!r}")
        if not abs(self.mean) < 1000:
            raise ValueError(f"mean must be finite, got {self.mean}")
        if not 0 < self.std < 1000:
            raise ValueError(f"std must be above 0 and finite, got {self.std}")

    @property
    def frame_indices(self) -> tuple[int, ...]:
        """Which frames of the clip are used: floor(linspace(0, clip_frames - 1, num_frames)).

        Computed with integers, since rounding can put a float just below a whole number.
        """
        return self._spread(self.num_frames)

    def _spread(self, count: int) -> tuple[int, ...]:
        last, steps = self.clip_frames - 1, max(count - 1, 1)
        return tuple(index * last // steps for index in range(count))

    def frame_subsets(self, count: int) -> tuple[tuple[int, ...], ...]:
        """So many choices of ``num_frames`` frames, which together show more of the clip.

        The first is ``frame_indices``; the others interleave: of ``count`` x ``num_frames`` frames
        over the whole clip, the n-th choice takes the n-th of each ``count``. Four choices of 4 of
        16 frames are 0 5 10 15, 1 5 9 13, 2 6 10 14 and 3 7 11 15.

        Raises:
            ValueError: the clip has fewer than ``count`` x ``num_frames`` frames.
        """
        if count > 1 and count * self.num_frames > self.clip_frames:
            raise ValueError(
                f"{self.clip_frames} frames do not give {count} choices of {self.num_frames}"
            )
        frames = self._spread(count * self.num_frames)
        return (self.frame_indices, *(frames[n::count] for n in range(1, count)))

    @classmethod
    def of(cls, config: RoSTFineConfig) -> "Preprocessing":
        """The official preprocessing for a network's input."""
        return cls(
            num_frames=config.num_frames,
            image_size=config.image_size,
            motion="track" if config.motion_width else "none",
        )

    def to_json(self) -> str:
        """The settings as JSON text with sorted names."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_dict(cls, values: object) -> "Preprocessing":
        """Make settings from a table read from a file, which must have every name.

        Only ``clip_size_px``, ``align`` and ``motion`` may be missing, as in files of earlier
        versions.

        Raises:
            ValueError: it is not a table, names are missing or unknown, or a value is bad.
        """
        names = cls.__dataclass_fields__.keys()
        whole: dict[str, Any] = {}
        if isinstance(values, dict):
            whole = {"clip_size_px": CROP_PX, "align": "none", "motion": "none"} | values
        if whole.keys() != names:
            raise ValueError(f"preprocessing needs exactly {', '.join(names)}, got {values!r:.80}")
        return cls(**whole)


OFFICIAL_PREPROCESSING = Preprocessing()


def preprocess(
    images: Tensor,
    *,
    settings: Preprocessing = OFFICIAL_PREPROCESSING,
    frames: Sequence[int] | None = None,
) -> Tensor:
    """Choose frames, normalise and resize, on the device of the input (FACTS, input pipeline).

    Args:
        images: (B, T, S, S, 3) uint8 RGB with T = ``settings.clip_frames``.
        settings: what the network was trained with.
        frames: which ``num_frames`` of the clip to use; ``settings.frame_indices`` if None.

    Returns:
        (B, 3, num_frames, image_size, image_size) float32.

    Raises:
        ValueError: the images have another layout or number of frames.
    """
    return preprocess_with_headings(images, settings=settings, frames=frames)[0]


def preprocess_with_headings(
    images: Tensor, *, settings: Preprocessing, frames: Sequence[int] | None = None
) -> tuple[Tensor, Tensor]:
    """``preprocess`` clips, and say how far their frames were turned, as ``frame_headings`` does.

    Args and errors are those of ``preprocess``.

    Returns:
        (B, 3, num_frames, image_size, image_size) float32, and (B, num_frames) rad.
    """
    pictures, size = _normalised_frames(images, settings, frames), settings.image_size
    if settings.align == "head":
        headings = measure_headings(pictures)
        resized = turn_frames(pictures, headings, size=size)
    else:
        headings = pictures.new_zeros(len(pictures))
        resized = F.interpolate(pictures, size=(size, size), mode="bilinear", align_corners=False)
    return (
        rearrange(resized, "(b t) c h w -> b c t h w", b=len(images)),
        rearrange(headings, "(b t) -> b t", b=len(images)),
    )


def frame_headings(images: Tensor, *, settings: Preprocessing) -> Tensor:
    """How far ``preprocess`` turns the frames of clips: (B, T, S, S, 3) -> (B, num_frames) rad.

    The direction of the head (x right, y down) that points right after it; 0 without alignment.

    Raises:
        ValueError: the images have another layout or number of frames.
    """
    if settings.align == "none":
        return torch.zeros(len(images), settings.num_frames, device=images.device)
    headings = measure_headings(_normalised_frames(images, settings))
    return rearrange(headings, "(b t) -> b t", b=len(images))


def turn_as_seen(layers: Tensor, images: Tensor, *, settings: Preprocessing) -> Tensor:
    """Pictures or masks of clips, turned as ``preprocess`` turns the frames that it chooses.

    Args:
        layers: (B, T, C, S, S) of any type, a layer for each frame of ``images``.
        images: (B, T, S, S, 3) uint8 RGB.
        settings: what the network was trained with.

    Returns:
        (B, num_frames, C, S, S) of the same type.

    Raises:
        ValueError: the images have another layout or number of frames.
    """
    chosen = layers[:, list(settings.frame_indices)]
    if settings.align == "none":
        return chosen
    headings = rearrange(frame_headings(images, settings=settings), "b t -> (b t)")
    flat = rearrange(chosen, "b t c h w -> (b t) c h w").float()
    turned = turn_frames(flat, headings, size=layers.shape[-1])
    whole = turned if layers.is_floating_point() else turned.round()
    return rearrange(whole.to(layers.dtype), "(b t) c h w -> b t c h w", b=len(images))


def _normalised_frames(
    images: Tensor, settings: Preprocessing, frames: Sequence[int] | None = None
) -> Tensor:
    """The frames that the network sees, (B * num_frames, 3, S, S) float32, not yet resized."""
    shape = tuple(images.shape)
    if images.dtype != torch.uint8 or len(shape) != 5 or shape[-1] != 3:
        raise ValueError(f"clips must be (B, T, S, S, 3) uint8, got {shape} {images.dtype}")
    if shape[1] != settings.clip_frames:
        raise ValueError(f"clips must have {settings.clip_frames} frames, got {shape[1]}")
    places = list(settings.frame_indices if frames is None else frames)
    pictures = rearrange(images[:, places], "b t h w c -> (b t) c h w").float() / 255
    if settings.normalise == "fixed":
        return (pictures - settings.mean) / settings.std
    gains = _evening_gains(images)[:, places]
    pictures = pictures * rearrange(gains, "b t -> (b t) 1 1 1")
    return _standardise(pictures, clips=shape[0])


def _evening_gains(images: Tensor) -> Tensor:
    """Factors (B, T) that make frames (B, T, S, S, 3) as bright as their clip; 1 in steady light.

    To the network, a fading lamp or a jump in exposure looks like a change in the sperm.
    """
    sampled = rearrange(images[:, :, ::SAMPLING, ::SAMPLING], "b t h w c -> (b t) h w c")
    found = torch.from_numpy(sampled_levels(sampled.cpu().numpy())).to(images.device)
    levels = rearrange(found, "(b t) -> b t", b=len(images)).clamp_min(DARKEST)
    changes = 1 - levels.amin(dim=1, keepdim=True) / levels.amax(dim=1, keepdim=True)
    gains = levels.median(dim=1, keepdim=True).values / levels
    gains = gains.clamp(EVENED_CHANGE, 1 / EVENED_CHANGE)
    return torch.where(changes > STEADY_CHANGE, gains, 1.0).float()


def _standardise(frames: Tensor, *, clips: int) -> Tensor:
    """Give each clip of (B*T, 3, S, S) mean 0 per channel and standard deviation 1 overall."""
    clip = rearrange(frames, "(b t) c h w -> b c (t h w)", b=clips)
    centred = clip - clip.mean(dim=-1, keepdim=True)
    spread = centred.square().mean(dim=(1, 2), keepdim=True).sqrt().clamp_min(FLATTEST_STD)
    return rearrange(
        centred / spread, "b c (t h w) -> (b t) c h w", t=len(frames) // clips, h=frames.shape[-2]
    )
