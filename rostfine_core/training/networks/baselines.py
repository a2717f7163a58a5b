"""The paper's baselines behind one interface: a backbone that gives a feature, and a head.

TimeSformer and ViViT are built here, VGG16 (on the first frame) by torchvision, the convolutional
video networks by ``video_cnns``. ``small`` variants have fewer blocks or channels; the
transformers' sizes come from the configuration.
"""

from torch import Tensor, nn
from torchvision.models import vgg

from rostfine_core.errors import ConfigError
from rostfine_core.model import RoSTFine, RoSTFineConfig
from rostfine_core.training.networks.outputs import ResearchOutput
from rostfine_core.training.networks.video_cnns import build_video_cnn
from rostfine_core.training.networks.vivit import FactorisedViViT, Pooling

SMALL_VGG = [16, "M", 32, "M", 64, 64, "M", 128, 128, "M", 128, 128, "M"]


class Baseline(nn.Module):
    """A backbone that maps clips to features (B, D), with a softmax head for the grades."""

    def __init__(self, backbone: nn.Module, *, width: int, num_grades: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(width, num_grades)

    def forward(self, clips: Tensor) -> ResearchOutput:
        """Grade clips (B, 3, T, H, W)."""
        grade = self.head(self.backbone(clips)).softmax(dim=-1)
        return ResearchOutput(grade, (grade,))


class TimeSformerFeature(nn.Module):
    """The final [CLS] token of RoSTFine's encoder."""

    def __init__(self, config: RoSTFineConfig) -> None:
        super().__init__()
        self.rostfine = RoSTFine(config)
        # Only the encoder is used; the rest must not be trained, decayed or stored.
        for name, _ in list(self.rostfine.named_children()):
            if name != "encoder":
                setattr(self.rostfine, name, nn.Identity())

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to features (B, D)."""
        feature: Tensor = self.rostfine.encoder(clips).cls
        return feature


class FirstFrame(nn.Module):
    """An image network applied to the first frame."""

    def __init__(self, image_network: nn.Module) -> None:
        super().__init__()
        self.image_network = image_network

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips (B, 3, T, H, W) to features (B, D)."""
        feature: Tensor = self.image_network(clips[:, :, 0])
        return feature


def build_baseline(
    name: str,
    *,
    config: RoSTFineConfig,
    small: bool,
    temporal_depth: int = 0,
    pooling: Pooling = "cls",
) -> Baseline:
    """Build a fresh baseline; ``config`` gives the input size and the transformers' sizes.

    ``temporal_depth`` and ``pooling`` are for ViViT, see there.

    Raises:
        ConfigError: the library that builds it is not installed, or the input is too small.
    """
    if name == "vivit":
        vivit = FactorisedViViT(config, temporal_depth=temporal_depth, pooling=pooling)
        return Baseline(vivit, width=config.embed_dim, num_grades=config.num_grades)
    backbone, width = _backbone(name, config, small)
    return Baseline(backbone, width=width, num_grades=config.num_grades)


def _backbone(name: str, config: RoSTFineConfig, small: bool) -> tuple[nn.Module, int]:
    if name == "timesformer":
        return TimeSformerFeature(config), config.embed_dim
    if name == "vgg16":
        return _vgg16(small, image_size=config.image_size)
    return build_video_cnn(name, config=config, small=small)


def _vgg16(small: bool, *, image_size: int) -> tuple[nn.Module, int]:
    if image_size < 2 ** SMALL_VGG.count("M"):
        raise ConfigError(
            f"vgg16 halves the picture five times, but image_size is {image_size}: set it to 32 or "
            "more."
        )
    if small:
        layers = vgg.make_layers(SMALL_VGG)  # type: ignore[arg-type]  # its annotation forgets "M"
        pooled = nn.Sequential(layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        return FirstFrame(pooled), 128
    network = vgg.vgg16()
    network.classifier = network.classifier[:-1]
    return FirstFrame(network), 4096
