"""An encoder can start from a TimeSformer of another size or an image ViT."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from rostfine_core.errors import ModelError
from rostfine_core.model import RoSTFine, RoSTFineConfig, load_encoder_weights


@pytest.fixture
def donor(tiny_config: RoSTFineConfig) -> RoSTFine:
    """A network with another head, grid and number of frames."""
    return RoSTFine(replace(tiny_config, num_frames=2, image_size=48))


def _image_vit(donor: RoSTFine) -> dict[str, Tensor]:
    """The spatial part of a network, as an image ViT's state dict holds it."""
    weights = {
        name: tensor
        for name, tensor in donor.encoder.state_dict().items()
        if "temporal" not in name and name != "time_embed"
    }
    return weights | {"head.weight": torch.zeros(1000, 48), "head.bias": torch.zeros(1000)}


def test_temporal_attention_starts_from_an_image_vits_spatial_attention(
    tiny_config: RoSTFineConfig, donor: RoSTFine
) -> None:
    network = RoSTFine(tiny_config)
    fresh = {name: t.clone() for name, t in network.state_dict().items()}
    load_encoder_weights(network, _image_vit(donor), source="vit")
    theirs = donor.encoder.state_dict()
    for name, tensor in network.encoder.state_dict().items():
        if "temporal_fc" in name or name == "time_embed":
            assert torch.equal(tensor, fresh[f"encoder.{name}"]), name
        elif name != "pos_embed":
            assert torch.equal(tensor, theirs[name.replace("temporal_", "")]), name
    assert torch.equal(network.encoder.pos_embed[0, 5], donor.encoder.pos_embed[0, 15])
    for name, tensor in network.state_dict().items():
        if not name.startswith("encoder."):
            assert torch.equal(tensor, fresh[name]), name


def test_temporal_and_spatial_attention_do_not_share_memory(
    tiny_config: RoSTFineConfig, donor: RoSTFine
) -> None:
    network = RoSTFine(tiny_config)
    load_encoder_weights(network, _image_vit(donor), source="vit")
    block = network.encoder.get_submodule("blocks.0")
    pointers = [p.data_ptr() for p in block.parameters()]
    assert len(set(pointers)) == len(pointers)


def test_a_timesformer_is_taken_whole_and_resized(
    tiny_config: RoSTFineConfig, donor: RoSTFine, tiny_clips: Tensor
) -> None:
    network = RoSTFine(tiny_config).eval()
    load_encoder_weights(network, donor.encoder.state_dict(), source="timesformer")
    # The donor resizes its embeddings itself when it gets clips of another size.
    torch.testing.assert_close(
        network.encoder(tiny_clips).cls, donor.eval().encoder(tiny_clips).cls
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("blocks.1.attn.qkv.weight", r"missing blocks\.1\.attn\.qkv\.weight"),
        ("cls_token", "The weights of vit do not fit the network: missing cls_token"),
    ],
)
def test_an_incomplete_vit_is_refused_and_changes_nothing(
    tiny_config: RoSTFineConfig, donor: RoSTFine, name: str, sentence: str
) -> None:
    network = RoSTFine(tiny_config)
    before = {n: t.clone() for n, t in network.state_dict().items()}
    weights = _image_vit(donor)
    del weights[name]
    with pytest.raises(ModelError, match=sentence):
        load_encoder_weights(network, weights, source="vit")
    assert all(torch.equal(t, before[n]) for n, t in network.state_dict().items())


def test_a_vit_of_another_width_is_refused(tiny_config: RoSTFineConfig) -> None:
    other = RoSTFine(replace(tiny_config, embed_dim=24, branch_heads=4))
    with pytest.raises(ModelError, match=r"has shape .* instead of .*48"):
        load_encoder_weights(RoSTFine(tiny_config), _image_vit(other), source="vit")
