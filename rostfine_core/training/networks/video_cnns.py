"""The paper's convolutional video baselines, built by pytorchvideo as the paper's were.

R3D is its ``slow_r50``, R(2+1)D its ``r2plus1d_r50``, and so on, so the Kinetics files of its model
zoo fit at full size. ``small`` has fewer channels, twice the stride in the first convolution and a
single block per stage. The library has had no release since 2022, which is why it is the extra
``baselines``.
"""

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from torch import Tensor, nn

from rostfine_core.errors import ConfigError, how_to_add
from rostfine_core.model import RoSTFineConfig

SLOWFAST_ALPHA = 4
SMALL_STEM, FULL_STEM = 8, 64
X3D_STAGES_STRIDE = 16
I3D_KERNELS = (
    (3, 1, 1),
    [(3, 1, 1), (1, 1, 1)],
    [(3, 1, 1), (1, 1, 1)],
    [(1, 1, 1), (3, 1, 1)],
)
# Pool whatever is left, so that any number of frames and pixels fits; return no probabilities.
ADAPTIVE_HEAD: dict[str, Any] = {
    "head_pool": nn.AdaptiveAvgPool3d,
    "head_output_size": (1, 1, 1),
    "head_activation": None,
}


class TwoPathways(nn.Module):
    """SlowFast's input: every ``SLOWFAST_ALPHA``-th frame, and all of them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to features (B, D)."""
        feature: Tensor = self.network([clips[:, :, ::SLOWFAST_ALPHA], clips])
        return feature


def build_video_cnn(name: str, *, config: RoSTFineConfig, small: bool) -> tuple[nn.Module, int]:
    """Build a fresh network from clips (B, 3, T, H, W) to features (B, D); return it and D.

    Raises:
        ConfigError: pytorchvideo is not installed.
    """
    network = VIDEO_CNNS[name](config, small)
    width = int(network.blocks[-1].proj.in_features)
    network.blocks[-1].proj = nn.Identity()  # the classifier of the 400 classes
    if small:
        for block in network.blocks:
            for pathway in getattr(block, "multipathway_blocks", [block]):
                if hasattr(pathway, "res_blocks"):
                    pathway.res_blocks = pathway.res_blocks[:1]
    return (TwoPathways(network) if name == "slowfast" else network), width


def _pytorchvideo(module: str) -> Any:  # noqa: ANN401 - the library has no annotations
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it scripts functions with torch.jit when imported
            return import_module(f"pytorchvideo.models.{module}")
    except ImportError as error:
        raise ConfigError(
            "This baseline needs pytorchvideo, which is not installed: "
            f"{how_to_add('baselines')}, or choose another network."
        ) from error


def _stem_stride(small: bool) -> tuple[int, int, int]:
    """Frames, rows, columns."""
    return (1, 4, 4) if small else (1, 2, 2)


def _r3d(_config: RoSTFineConfig, small: bool) -> Any:  # noqa: ANN401
    return _pytorchvideo("resnet").create_resnet(
        stem_dim_out=SMALL_STEM if small else FULL_STEM,
        stem_conv_kernel_size=(1, 7, 7),
        stem_conv_stride=_stem_stride(small),
        **ADAPTIVE_HEAD,
    )


def _r2plus1d(_config: RoSTFineConfig, small: bool) -> Any:  # noqa: ANN401
    return _pytorchvideo("r2plus1d").create_r2plus1d(
        stem_dim_out=SMALL_STEM if small else FULL_STEM,
        stem_conv_stride=_stem_stride(small),
        dropout_rate=0.5,
        **ADAPTIVE_HEAD,
    )


def _i3d(_config: RoSTFineConfig, small: bool) -> Any:  # noqa: ANN401
    return _pytorchvideo("resnet").create_resnet(
        stem_dim_out=SMALL_STEM if small else FULL_STEM,
        stem_conv_kernel_size=(5, 7, 7),
        stem_conv_stride=_stem_stride(small),
        stage1_pool=nn.MaxPool3d,
        stage_conv_a_kernel_size=I3D_KERNELS,
        **ADAPTIVE_HEAD,
    )


def _slowfast(_config: RoSTFineConfig, small: bool) -> Any:  # noqa: ANN401
    stem = SMALL_STEM if small else FULL_STEM
    return _pytorchvideo("slowfast").create_slowfast(
        stem_dim_outs=(stem, stem // 8),
        stem_conv_strides=(_stem_stride(small), _stem_stride(small)),
        slowfast_fusion_conv_kernel_size=(7, 1, 1),
        **ADAPTIVE_HEAD,
    )


def _x3d(config: RoSTFineConfig, small: bool) -> Any:  # noqa: ANN401
    stride = _stem_stride(small)
    return _pytorchvideo("x3d").create_x3d(
        input_clip_length=config.num_frames,
        # It sizes the last pooling; a clip smaller than the total stride ends as one pixel.
        input_crop_size=max(config.image_size, stride[1] * X3D_STAGES_STRIDE),
        width_factor=1.0 if small else 2.0,
        depth_factor=1.0 if small else 2.2,
        stem_conv_stride=stride,
        head_dim_out=256 if small else 2048,
        inner_act=nn.SiLU,  # the library's own is the same function but warns on every pass
        head_activation=None,
    )


VIDEO_CNNS: dict[str, Callable[[RoSTFineConfig, bool], Any]] = {
    "r3d": _r3d,
    "r2plus1d": _r2plus1d,
    "i3d": _i3d,
    "slowfast": _slowfast,
    "x3d": _x3d,
}
