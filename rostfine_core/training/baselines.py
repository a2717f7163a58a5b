"""The paper's baselines behind one interface: a backbone that gives a feature, and one head.

TimeSformer and ViViT are built here, VGG16 (first frame), R3D and R(2+1)D with 18 layers by
torchvision, and I3D, SlowFast and X3D by pytorchvideo where it is installed (it is no longer
maintained and so no dependency: ``pip install pytorchvideo``). ``small`` are the same
architectures with fewer blocks or channels.
"""

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from torch import Tensor, nn
from torchvision.models import vgg
from torchvision.models.video import r2plus1d_18, r3d_18, resnet

from rostfine_core.errors import ConfigError
from rostfine_core.model import RoSTFine, RoSTFineConfig
from rostfine_core.training.outputs import ResearchOutput
from rostfine_core.training.vivit import FactorisedViViT

SLOWFAST_ALPHA = 4
SMALL_VGG = [16, "M", 32, "M", 64, 64, "M", 128, 128, "M", 128, 128, "M"]


class Baseline(nn.Module):
    """Any backbone that maps clips to features (B, D), with a softmax head of grades."""

    def __init__(self, backbone: nn.Module, *, width: int, num_grades: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(width, num_grades)

    def forward(self, clips: Tensor) -> ResearchOutput:
        """Grade clips (B, 3, T, H, W)."""
        grade = self.head(self.backbone(clips)).softmax(dim=-1)
        return ResearchOutput(grade, (grade,))


class TimeSformerFeature(nn.Module):
    """The final [CLS] of RoSTFine's encoder alone."""

    def __init__(self, config: RoSTFineConfig) -> None:
        super().__init__()
        self.rostfine = RoSTFine(config)
        # Only the encoder is used: the rest must not be trained, decayed or stored.
        for name, _ in list(self.rostfine.named_children()):
            if name != "encoder":
                setattr(self.rostfine, name, nn.Identity())

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to features (B, D)."""
        feature: Tensor = self.rostfine.encoder(clips).cls
        return feature


class FirstFrame(nn.Module):
    """An image network that sees the first frame only."""

    def __init__(self, image_network: nn.Module) -> None:
        super().__init__()
        self.image_network = image_network

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to features (B, D)."""
        feature: Tensor = self.image_network(clips[:, :, 0])
        return feature


class TwoPathways(nn.Module):
    """SlowFast's input: every ``SLOWFAST_ALPHA``-th frame, and all of them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to features (B, D)."""
        feature: Tensor = self.network([clips[:, :, ::SLOWFAST_ALPHA], clips])
        return feature


Built = tuple[nn.Module, int]


def build_baseline(name: str, *, config: RoSTFineConfig, small: bool) -> Baseline:
    """A fresh baseline; ``config`` gives the input's size and the transformers' widths.

    Raises:
        ConfigError: the library that builds it is not installed.
    """
    backbone, width = BASELINES[name](config, small)
    return Baseline(backbone, width=width, num_grades=config.num_grades)


def _timesformer(config: RoSTFineConfig, _small: bool) -> Built:
    return TimeSformerFeature(config), config.embed_dim


def _vivit(config: RoSTFineConfig, _small: bool) -> Built:
    return FactorisedViViT(config), config.embed_dim


def _vgg16(_config: RoSTFineConfig, small: bool) -> Built:
    if small:
        layers = vgg.make_layers(SMALL_VGG)  # type: ignore[arg-type]  # its annotation forgets "M"
        pooled = nn.Sequential(layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        return FirstFrame(pooled), 128
    network = vgg.vgg16()
    network.classifier = network.classifier[:-1]
    return FirstFrame(network), 4096


def _without_fc(network: nn.Module, width: int) -> Built:
    network.fc = nn.Identity()
    return network, width


def _r3d(_config: RoSTFineConfig, small: bool) -> Built:
    return _without_fc(_small_resnet(resnet.Conv3DSimple) if small else r3d_18(), 512)


def _r2plus1d(_config: RoSTFineConfig, small: bool) -> Built:
    return _without_fc(_small_resnet(resnet.Conv2Plus1D) if small else r2plus1d_18(), 512)


def _small_resnet(convolution: Any) -> nn.Module:  # noqa: ANN401 - torchvision does not type its kinds
    stem = resnet.R2Plus1dStem if convolution is resnet.Conv2Plus1D else resnet.BasicStem
    return resnet.VideoResNet(resnet.BasicBlock, [convolution] * 4, [1, 1, 1, 1], stem)


def _pytorchvideo(module: str) -> Any:  # noqa: ANN401 - the library has no annotations
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it scripts functions with torch.jit when imported
            return import_module(f"pytorchvideo.models.{module}")
    except ImportError as error:
        raise ConfigError(
            "This baseline is built by pytorchvideo, which is not installed: "
            "run `pip install pytorchvideo`, or choose another network."
        ) from error


def _pooled(network: Any, width: int) -> Built:  # noqa: ANN401 - the library has no annotations
    """Take the class layer out of a pytorchvideo network: what is left is its pooled feature."""
    network.blocks[-1].proj = nn.Identity()
    return network, width


ADAPTIVE_HEAD: dict[str, Any] = {
    "head_pool": nn.AdaptiveAvgPool3d,
    "head_output_size": (1, 1, 1),
}
I3D_KERNELS = (
    (3, 1, 1),
    [(3, 1, 1), (1, 1, 1)],
    [(3, 1, 1), (1, 1, 1)],
    [(1, 1, 1), (3, 1, 1)],
)


def _i3d(_config: RoSTFineConfig, small: bool) -> Built:
    stem = 8 if small else 64
    network = _pytorchvideo("resnet").create_resnet(
        stem_dim_out=stem,
        stem_conv_kernel_size=(5, 7, 7),
        stage1_pool=nn.MaxPool3d,
        stage_conv_a_kernel_size=I3D_KERNELS,
        **ADAPTIVE_HEAD,
    )
    return _pooled(network, 32 * stem)


def _slowfast(_config: RoSTFineConfig, small: bool) -> Built:
    stems = (16, 2) if small else (64, 8)
    network = _pytorchvideo("slowfast").create_slowfast(stem_dim_outs=stems, **ADAPTIVE_HEAD)
    pathways, width = _pooled(network, 32 * sum(stems))
    return TwoPathways(pathways), width


def _x3d(config: RoSTFineConfig, small: bool) -> Built:
    factor = 1.0 if small else 2.0
    width = 256 if small else 2048
    network = _pytorchvideo("x3d").create_x3d(
        input_clip_length=config.num_frames,
        input_crop_size=config.image_size,
        width_factor=factor,
        depth_factor=1.0 if small else 2.2,
        head_dim_out=width,
        inner_act=nn.SiLU,  # the same function as the library's own, which warns on every pass
        head_activation=None,
    )
    return _pooled(network, width)


BASELINES: dict[str, Callable[[RoSTFineConfig, bool], Built]] = {
    "timesformer": _timesformer,
    "vivit": _vivit,
    "vgg16": _vgg16,
    "r3d": _r3d,
    "r2plus1d": _r2plus1d,
    "i3d": _i3d,
    "slowfast": _slowfast,
    "x3d": _x3d,
}
