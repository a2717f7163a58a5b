"""The encoder against the TimeSformer of the transformers library, an independent port."""

import re

import pytest
import torch
from einops import rearrange
from torch import Tensor

from rostfine_core.model import RoSTFineConfig
from rostfine_core.model.rostfine import RoSTFine

# How their names translate to ours; the first matching rule applies to each part of a name.
RENAMES = (
    (r"^layernorm\.", "norm."),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.time_embeddings$", "time_embed"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^embeddings\.", ""),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.temporal_layernorm\.", ".temporal_norm1."),
    (r"\.temporal_dense\.", ".temporal_fc."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"(\d)\.output\.dense\.", r"\1.mlp.fc2."),
    (r"temporal_attention\.", "temporal_attn."),
    (r"(\d)\.attention\.", r"\1.attn."),
    (r"attn\.attention\.qkv", "attn.qkv"),
    (r"attn\.output\.dense", "attn.proj"),
)


def _ours(name: str) -> str:
    for pattern, replacement in RENAMES:
        name = re.sub(pattern, replacement, name)
    return name


def test_the_encoder_agrees_with_transformers(
    tiny_config: RoSTFineConfig, tiny_clips: Tensor
) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.TimesformerModel(
        transformers.TimesformerConfig(
            image_size=tiny_config.image_size,
            patch_size=tiny_config.patch_size,
            num_frames=tiny_config.num_frames,
            hidden_size=tiny_config.embed_dim,
            num_hidden_layers=tiny_config.depth,
            num_attention_heads=tiny_config.num_heads,
            intermediate_size=int(tiny_config.embed_dim * tiny_config.mlp_ratio),
            attn_implementation="eager",
        )
    ).eval()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    encoder = RoSTFine(tiny_config).eval().encoder
    encoder.load_state_dict({_ours(name): t for name, t in theirs.state_dict().items()})
    with torch.inference_mode():
        expected = theirs(rearrange(tiny_clips, "b c t h w -> b t c h w")).last_hidden_state
        ours = encoder(tiny_clips)
    torch.testing.assert_close(ours.cls, expected[:, 0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours.patches, expected[:, 1:], atol=1e-5, rtol=1e-4)
