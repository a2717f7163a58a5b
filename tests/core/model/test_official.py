"""Official checkpoints: names are translated strictly, and files converted without running code."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from rostfine_core.errors import ModelError
from rostfine_core.model import (
    RoSTFine,
    RoSTFineConfig,
    convert,
    load_encoder,
    load_encoder_weights,
    load_model,
    load_official_state_dict,
)


def test_the_network_is_in_eval_mode_and_owns_its_weights(
    tiny_config: RoSTFineConfig, tiny_state: Mapping[str, Tensor]
) -> None:
    network = load_official_state_dict(tiny_state, tiny_config)
    assert not network.training
    with torch.no_grad():
        network.head_global.weight.zero_()
    assert tiny_state["head_g.weight"].any()


def test_the_encoders_own_head_is_dropped(
    tiny_config: RoSTFineConfig, tiny_state: Mapping[str, Tensor], tiny_clips: Tensor
) -> None:
    headless = {n: t for n, t in tiny_state.items() if not n.startswith("model.model.head")}
    assert len(headless) == len(tiny_state) - 2
    ours, theirs = (load_official_state_dict(s, tiny_config) for s in (tiny_state, headless))
    assert torch.equal(ours(tiny_clips).grade, theirs(tiny_clips).grade)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: s.pop("norm_s1.bias"), "missing norm_s1.bias"),
        (lambda s: s.pop("mhsa_t.1.proj.weight"), "missing mhsa_t.1.proj.weight"),
        (lambda s: s.pop("model.model.cls_token"), "missing model.model.cls_token"),
        (lambda s: s.pop("model.model.pos_embed"), "missing model.model.pos_embed"),
        (lambda s: s.update(extra=torch.zeros(1)), "unexpected extra"),
        (
            lambda s: s.update({"head_g.bias": s["head_g.bias"].to_sparse()}),
            "head_g.bias is sparse or has no values",
        ),
        (
            lambda s: s.update({"head_g.bias": s["head_g.bias"].to("meta")}),
            "head_g.bias is sparse or has no values",
        ),
        (lambda s: s.update({"encoder.norm.bias": torch.zeros(48)}), "unexpected encoder.norm"),
        (lambda s: s.update({"norm_s3.bias": torch.zeros(1)}), "unexpected norm_s3.bias"),
        (
            lambda s: s.update({"model.model.blocks.9.norm1.bias": torch.zeros(48)}),
            "unexpected model.model.blocks.9.norm1.bias",
        ),
        (
            lambda s: s.update({"head_g.bias": torch.zeros(6)}),
            r"head_g.bias has shape \(6,\) instead of \(5,\)",
        ),
        (
            lambda s: s.update({"model.model.pos_embed": torch.zeros(1, 8, 48)}),
            r"pos_embed has shape \(1, 8, 48\) instead of \(1, 10, 48\)",
        ),
        (lambda s: s.update({"head_g.bias": [0.0] * 5}), "head_g.bias is not a floating"),
    ],
)
def test_names_and_shapes_are_strict(
    tiny_config: RoSTFineConfig,
    tiny_state: Mapping[str, Tensor],
    change: Callable[[dict[str, Any]], object],
    sentence: str,
) -> None:
    state = dict(tiny_state)
    change(state)
    with pytest.raises(ModelError, match=sentence):
        load_official_state_dict(state, tiny_config)


def test_the_papers_branch_has_no_official_weights(
    tiny_config: RoSTFineConfig, tiny_state: Mapping[str, Tensor]
) -> None:
    with pytest.raises(ModelError, match="ask for branch=\"official\" instead of 'paper'"):
        load_official_state_dict(tiny_state, replace(tiny_config, branch="paper"))


def test_embeddings_are_resized_by_nearest_neighbour(
    tiny_config: RoSTFineConfig, tiny_state: Mapping[str, Tensor]
) -> None:
    network = load_official_state_dict(
        tiny_state, replace(tiny_config, num_frames=6, image_size=48)
    )
    time, position = tiny_state["model.model.time_embed"], tiny_state["model.model.pos_embed"]
    for frame in range(6):
        assert torch.equal(network.encoder.time_embed[0, frame], time[0, frame * 4 // 6])
    assert torch.equal(network.encoder.pos_embed[0, 0], position[0, 0])
    for row in range(6):
        for column in range(6):
            source = position[0, 1 + (row // 2) * 3 + column // 2]
            assert torch.equal(network.encoder.pos_embed[0, 1 + row * 6 + column], source)


# Files


@pytest.fixture
def wide_config(tiny_config: RoSTFineConfig) -> RoSTFineConfig:
    """A config whose heads are as wide as the real ones, since their number follows from it."""
    return replace(tiny_config, embed_dim=128, num_heads=2, branch_heads=8, branch_depth=3)


@pytest.fixture
def wide_state(
    wide_config: RoSTFineConfig,
    draw_weights: Callable[[Mapping[str, Any], str], dict[str, Tensor]],
    official_shapes: Callable[[RoSTFineConfig], Mapping[str, Any]],
) -> dict[str, Tensor]:
    return draw_weights(official_shapes(wide_config), "wide")


@pytest.mark.parametrize("gather", ["official", "corrected"])
def test_an_official_bin_becomes_a_model(
    tmp_path: Path,
    wide_config: RoSTFineConfig,
    wide_state: dict[str, Tensor],
    tiny_clips: Tensor,
    gather: Literal["official", "corrected"],
) -> None:
    source, target = tmp_path / "model_0.bin", tmp_path / "lab.safetensors"
    torch.save(wide_state, source)
    convert(source, target, gather=gather, top_k=2, selection_layers=2, dataset_kind="Lab A")
    model = load_model(target)
    config = replace(wide_config, gather=gather)
    assert model.network.config == config
    assert (model.info.dataset_kind, model.training) == (
        "Lab A",
        {"converted_from": "model_0.bin"},
    )
    expected = load_official_state_dict(wide_state, config)
    assert torch.equal(model.network(tiny_clips).grade, expected(tiny_clips).grade)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"top_k": 999}, "top_k 999 exceeds"),
        ({"selection_layers": 99}, "selection_layers 99 exceeds"),
        ({"branch_heads": 7}, "not a multiple of branch_heads 7"),
    ],
)
def test_options_that_do_not_fit_the_checkpoint_are_named(
    wide_state: Mapping[str, Tensor], tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    torch.save(wide_state, tmp_path / "in.bin")
    with pytest.raises(ModelError, match=sentence):
        convert(tmp_path / "in.bin", tmp_path / "out.safetensors", **options)
    assert not (tmp_path / "out.safetensors").exists()


def _timesformer(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The same encoder in the form of a published TimeSformer checkpoint."""
    weights = {n.removeprefix("model."): t for n, t in state.items() if n.startswith("model.")}
    weights["model.head.weight"] = torch.zeros(400, 128)
    weights["model.head.bias"] = torch.zeros(400)
    return {"epoch": 14, "model_state": weights, "cfg": "TRAIN: ..."}


def test_a_timesformer_becomes_an_encoder_for_training_only(
    tmp_path: Path, wide_config: RoSTFineConfig, wide_state: dict[str, Tensor], tiny_clips: Tensor
) -> None:
    source, target = tmp_path / "TimeSformer.pyth", tmp_path / "encoder.safetensors"
    torch.save(_timesformer(wide_state), source)
    convert(source, target)
    with pytest.raises(ModelError, match="holds only an encoder, from which training can start"):
        load_model(target)
    network = RoSTFine(wide_config).eval()
    load_encoder_weights(network, load_encoder(target), source=target.name)
    expected = load_official_state_dict(wide_state, wide_config)
    assert torch.equal(network(tiny_clips).feature_global, expected(tiny_clips).feature_global)


class _Malicious:
    """Pickles to a call that leaves a file when it is run."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.requirement("R-33")
def test_no_code_in_a_checkpoint_is_run(tmp_path: Path) -> None:
    source, mark = tmp_path / "model_0.bin", tmp_path / "was-run"
    torch.save({"head_g.bias": torch.zeros(5), "x": _Malicious(mark)}, source)
    with pytest.raises(ModelError, match="is not a checkpoint that can be read safely"):
        convert(source, tmp_path / "out.safetensors")
    assert not mark.exists()


@pytest.mark.parametrize(
    "loaded",
    [
        {},
        [],
        3,
        {"a": torch.zeros(2)},
        {"head_g.bias": torch.zeros(5), "epoch": 3},
        {"model_state": None},
        {"model_state": {}},
        {"model_state": {"model.pos_embed": torch.zeros(3)}},
        {"model.model.pos_embed": torch.zeros(1, 0, 0)},
        {"head_g.bias": torch.zeros(())},
        {
            f"model.model.{name}": torch.zeros(shape)
            for name, shape in (
                ("pos_embed", (1, 10, 0)),
                ("time_embed", (1, 8, 0)),
                ("patch_embed.proj.weight", (0, 3, 16, 16)),
                ("blocks.0.mlp.fc1.bias", (0,)),
            )
        },
    ],
)
def test_foreign_checkpoints_are_refused(tmp_path: Path, loaded: object) -> None:
    source, target = tmp_path / "some.pth", tmp_path / "out.safetensors"
    torch.save(loaded, source)
    with pytest.raises(ModelError, match="neither an official RoSTFine nor a TimeSformer"):
        convert(source, target)
    assert not target.exists()


def test_an_incomplete_checkpoint_names_what_is_missing(
    tmp_path: Path, wide_state: dict[str, Tensor]
) -> None:
    source, target = tmp_path / "some.bin", tmp_path / "out.safetensors"
    torch.save({n: t for n, t in wide_state.items() if n != "norm_t2.bias"}, source)
    with pytest.raises(ModelError, match=r"missing norm_t2\.bias"):
        convert(source, target)
    timesformer = _timesformer(wide_state)
    del timesformer["model_state"]["model.norm.bias"]
    torch.save(timesformer, source)
    with pytest.raises(ModelError, match=r"some\.bin do not fit .* missing norm\.bias"):
        convert(source, target)


@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_checkpoints_are_refused(tmp_path: Path, zipped: bool) -> None:
    source, target, draw = tmp_path / "some.bin", tmp_path / "out.safetensors", random.Random(4)
    torch.save(
        {"head_g.bias": torch.zeros(5), "head_g.weight": torch.zeros(5, 8)},
        source,
        _use_new_zipfile_serialization=zipped,
    )
    data = source.read_bytes()
    cuts = [data[: draw.randrange(len(data))] for _ in range(60)]
    for bad in [b"", b"hello", b"\x80\x02", b"\x80\x63}.", b"<html>404</html>", *cuts]:
        source.write_bytes(bad)
        with pytest.raises(ModelError):
            convert(source, target)
    for _ in range(100):
        flipped = bytearray(data)
        flipped[draw.randrange(len(data))] = draw.randrange(256)
        source.write_bytes(flipped)
        with pytest.raises(ModelError):
            convert(source, target)


def test_a_missing_source_and_a_wrong_target_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Cannot read .*absent\.bin \(No such file"):
        convert(tmp_path / "absent.bin", tmp_path / "out.safetensors")
    with pytest.raises(ModelError, match=r"name a file that ends in \.safetensors"):
        convert(tmp_path / "absent.bin", tmp_path / "out.bin")
