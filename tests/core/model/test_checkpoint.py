"""Model files survive a round trip, and any other file is refused with one sentence."""

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from rostfine_core.domain import Gate
from rostfine_core.errors import ModelError, StoreError
from rostfine_core.files import sha256_of
from rostfine_core.model import (
    Answering,
    Preprocessing,
    RoSTFine,
    RoSTFineConfig,
    ensemble_info,
    load_encoder,
    load_model,
    load_models,
    save_model,
)
from rostfine_core.model.model_file import (
    METADATA_NAME,
    RESEARCH_FORMAT,
    positive_number,
    whole_count,
    write_answering,
)

TRAINING = {
    "fps": 15,
    "um_per_px": 0.11,
    "head_length_px": [38.5, 52],
    "clips_train": 40,
    "samples_train": 8,
    "epochs": 3,
}


@pytest.fixture
def saved(tmp_path: Path, tiny_network: RoSTFine) -> Path:
    """A model file of the tiny network."""
    path = tmp_path / "tiny.safetensors"
    _save(path, tiny_network)
    return path


def _save(path: Path, network: RoSTFine, *, dataset_kind: str = "simulated") -> None:
    save_model(
        path,
        network,
        preprocessing=Preprocessing.of(network.config),
        training=TRAINING,
        dataset_kind=dataset_kind,
    )


def _header(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + length])["__metadata__"]
    return header


def _rewrite(path: Path, *, change: Callable[[dict[str, Any]], object]) -> None:
    """Write the file again with another table in its metadata."""
    header = json.loads(_header(path)[METADATA_NAME])
    change(header)
    path.write_bytes(save(load(path.read_bytes()), {METADATA_NAME: json.dumps(header)}))


def _refusal(path: Path) -> str:
    """The error message on loading."""
    with pytest.raises(ModelError) as caught:
        load_model(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_a_model_survives_a_round_trip(
    saved: Path, tiny_network: RoSTFine, tiny_clips: Tensor
) -> None:
    loaded = load_model(saved)
    assert loaded.network.training is False
    assert loaded.network.config == tiny_network.config
    assert loaded.preprocessing == Preprocessing.of(tiny_network.config)
    assert loaded.training == TRAINING
    assert torch.equal(loaded.network(tiny_clips).grade, tiny_network(tiny_clips).grade)


def test_a_model_with_a_stem_survives_a_round_trip(
    tmp_path: Path, tiny_config: RoSTFineConfig, tiny_clips: Tensor
) -> None:
    network = RoSTFine(replace(tiny_config, stem_width=4))
    network(tiny_clips)  # in training mode, so that the norm counts a batch
    settings = Preprocessing.of(network.config)
    save_model(
        tmp_path / "m.safetensors",
        network,
        preprocessing=settings,
        training=TRAINING,
        dataset_kind="lab",
    )
    loaded = load_model(tmp_path / "m.safetensors").network
    assert torch.equal(loaded(tiny_clips).grade, network.eval()(tiny_clips).grade)


def test_the_record_names_the_file_and_its_training(saved: Path) -> None:
    info = load_model(saved).info
    assert (info.file_name, info.sha256) == ("tiny.safetensors", sha256_of(saved))
    assert info.dataset_kind == "simulated"
    assert info.is_demonstration
    assert info.trained_fps == 15
    assert info.trained_um_per_px == 0.11
    assert info.trained_head_length_px == (38.5, 52.0)
    assert (info.trained_clips, info.trained_samples) == (40, 8)
    assert json.loads(info.config_json)["embed_dim"] == 48
    assert json.loads(info.preprocessing_json)["image_size"] == 24


def test_a_gate_survives_in_the_file_and_a_damaged_one_is_refused(
    saved: Path, tiny_network: RoSTFine
) -> None:
    assert load_model(saved).gate is None
    gate = Gate(
        limits={"focus": (0.3, None), "span_s": (None, None)},
        usual_head_px=(20.5, 30.0),
        names=("noise", "side"),
        mean=(-2.5, 0.125),
        precision=((1.0, 0.5), (0.5, 2.0)),
        farthest=4.5,
        clips=300,
        samples=30,
    )
    write_answering(saved, saved, Answering(), gate=gate)
    write_answering(saved, saved, Answering())
    model = load_model(saved)
    assert model.gate == gate
    weights = model.network.state_dict()
    assert all(torch.equal(weights[name], w) for name, w in tiny_network.state_dict().items())
    assert model.info.trained_um_per_px == 0.11
    _rewrite(saved, change=lambda header: header["gate"].update(mean=["x", 1]))
    with pytest.raises(ModelError, match="is damaged"):
        load_model(saved)


def test_unknown_recording_values_are_none(tmp_path: Path, tiny_network: RoSTFine) -> None:
    path = tmp_path / "m.safetensors"
    save_model(
        path,
        tiny_network,
        preprocessing=Preprocessing.of(tiny_network.config),
        training={"fps": "15", "head_length_px": [38.5, 0]},
        dataset_kind="Lab A",
    )
    info = load_model(path).info
    assert (info.trained_fps, info.trained_um_per_px, info.trained_head_length_px) == (None,) * 3
    assert not info.is_demonstration


def test_the_same_model_gives_the_same_file(saved: Path, tiny_network: RoSTFine) -> None:
    before = saved.read_bytes()
    _save(saved, tiny_network)
    assert saved.read_bytes() == before


def test_loaded_weights_do_not_depend_on_the_file(saved: Path, tiny_clips: Tensor) -> None:
    network = load_model(saved).network
    before = network(tiny_clips).grade
    saved.write_bytes(bytes(saved.stat().st_size))
    assert torch.equal(network(tiny_clips).grade, before)


def test_a_failed_save_leaves_the_old_model(
    saved: Path, tiny_network: RoSTFine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    before = saved.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", disk_full)
        with pytest.raises(StoreError, match="No space left"):
            _save(saved, tiny_network)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_network_is_not_saved_with_foreign_preprocessing(
    tmp_path: Path, tiny_network: RoSTFine
) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(
        ValueError, match=r"gives .*\(8, 224, 'none'\), the network reads \(4, 24, 'none'\)"
    ):
        save_model(path, tiny_network, preprocessing=Preprocessing(), training={}, dataset_kind="x")
    assert not path.exists()


# Bad files


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    assert "No such file" in _refusal(tmp_path / "absent.safetensors")
    assert "Cannot read the model" in _refusal(tmp_path)


def test_foreign_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    for data in (b"", b"hello", b"<html>404</html>" * 20, bytes(64), b"\xff" * 64):
        path.write_bytes(data)
        assert "is not a model file or is damaged" in _refusal(path)


def test_foreign_safetensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    for metadata in (None, {"format": "pt"}):
        path.write_bytes(save({"weight": torch.zeros(2)}, metadata))
        assert "was not written by this program" in _refusal(path)


def test_a_research_network_is_named_as_one(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(save({"weight": torch.zeros(2)}, {"format": RESEARCH_FORMAT}))
    assert "only evaluate and compare read" in _refusal(path)


@pytest.mark.requirement("R-33")
def test_every_truncated_file_is_refused(saved: Path) -> None:
    data, draw = saved.read_bytes(), random.Random(1)
    for length in [len(data) - 1, *(draw.randrange(len(data)) for _ in range(60))]:
        saved.write_bytes(data[:length])
        _refusal(saved)


def test_a_damaged_header_is_refused_or_harmless(saved: Path) -> None:
    data, draw = saved.read_bytes(), random.Random(2)
    length = int.from_bytes(data[:8], "little")
    refused = 0
    for _ in range(80):
        damaged = bytearray(data)
        damaged[draw.randrange(8 + length)] ^= 1 << draw.randrange(8)
        saved.write_bytes(damaged)
        try:
            load_model(saved)
        except ModelError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda h: h.update(format_version=3), "has format version 3, and this program reads"),
        (lambda h: h.pop("format_version"), "has format version None"),
        (lambda h: h.pop("config"), "a config is a table"),
        (lambda h: h["config"].update(top_k=0), "top_k must be above 0"),
        (lambda h: h["config"].update(width=3), "unknown config names: width"),
        (lambda h: h["config"].update(depth=2), "unexpected encoder.blocks.2"),
        (lambda h: h["config"].update(depth=4), "missing encoder.blocks.3"),
        (lambda h: h["config"].update(depth=999_999), "fewer than its 999999 \\+ 2 blocks"),
        (lambda h: h["config"].update(embed_dim=96), "has shape .* instead of"),
        (lambda h: h["config"].update(branch="paper"), "missing branch_spatial.blocks.0"),
        (lambda h: h["config"].update(num_frames=8), "the preprocessing gives"),
        (lambda h: h["preprocessing"].pop("std"), "preprocessing needs exactly"),
        (lambda h: h["preprocessing"].update(std=0), "std must be above 0"),
        (lambda h: h.update(training=None), "lacks a training summary"),
        (lambda h: h.update(dataset_kind=""), "lacks its kind of data"),
        (lambda h: h.update(contents="all"), "its contents are 'all'"),
    ],
)
def test_a_wrong_table_is_named(
    saved: Path, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    _rewrite(saved, change=change)
    assert re.search(sentence, _refusal(saved))


def test_a_header_that_is_not_a_table_is_refused(saved: Path) -> None:
    tensors = load(saved.read_bytes())
    for text in ("[]", "3", "{", "[" * 5000, '{"format_version": 1}'):
        saved.write_bytes(save(tensors, {METADATA_NAME: text}))
        assert str(saved) in _refusal(saved)


@pytest.mark.requirement("R-33")
def test_weights_must_be_finite_and_floating(saved: Path) -> None:
    text, tensors = _header(saved), load(saved.read_bytes())
    name = "head_global.bias"
    for bad, sentence in (
        (torch.full((5,), torch.nan), "holds values that are not finite"),
        (torch.zeros(5, dtype=torch.int64), "is not a floating-point tensor"),
    ):
        saved.write_bytes(save(tensors | {name: bad}, text))
        assert f"{name} {sentence}" in _refusal(saved)


def test_other_than_five_grades_are_refused(tmp_path: Path, tiny_config: RoSTFineConfig) -> None:
    path = tmp_path / "m.safetensors"
    _save(path, RoSTFine(replace(tiny_config, num_grades=4)))
    assert "gives 4 grades instead of 5" in _refusal(path)


def test_many_faults_are_counted(saved: Path) -> None:
    text, tensors = _header(saved), load(saved.read_bytes())
    few = {name: t for name, t in tensors.items() if name.startswith("encoder.")}
    saved.write_bytes(save(few, text))
    shown, missing = 8, len(tensors) - len(few)
    assert f"; and {missing - shown} more." in _refusal(saved)


# Ensembles


def test_a_folder_is_an_ensemble_by_name(tmp_path: Path, tiny_network: RoSTFine) -> None:
    for name in ("b", "a", ".hidden"):
        _save(tmp_path / f"{name}.safetensors", tiny_network)
    (tmp_path / "notes.txt").write_text("not a model")
    models = load_models(tmp_path)
    assert [m.info.file_name for m in models] == ["a.safetensors", "b.safetensors"]


def test_a_file_is_an_ensemble_of_one(saved: Path) -> None:
    (model,) = load_models(saved)
    assert ensemble_info([model], name="folder") == model.info


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no model: choose one with"):
        load_models(tmp_path)


def test_different_kinds_of_models_cannot_form_an_ensemble(
    saved: Path, tiny_network: RoSTFine
) -> None:
    _save(saved.with_name("lab.safetensors"), tiny_network, dataset_kind="Lab A")
    with pytest.raises(ModelError, match="do not belong together"):
        load_models(saved.parent)


def test_an_ensemble_has_one_record(
    tmp_path: Path, tiny_network: RoSTFine, tiny_config: RoSTFineConfig
) -> None:
    _save(tmp_path / "a.safetensors", tiny_network)
    _save(tmp_path / "b.safetensors", RoSTFine(tiny_config))
    models = load_models(tmp_path)
    info = ensemble_info(models, name="folds")
    assert info.file_name == "folds"
    assert info.sha256 not in {m.info.sha256 for m in models}
    assert info.sha256 != ensemble_info(models[::-1], name="folds").sha256
    assert info == replace(
        models[0].info, file_name="folds", sha256=info.sha256, fewest_trained_samples=8
    )


def test_the_encoder_of_a_model_can_be_taken(saved: Path, tiny_network: RoSTFine) -> None:
    expected: Mapping[str, Tensor] = tiny_network.encoder.state_dict()
    weights = load_encoder(saved)
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_what_is_no_count_and_no_rate_is_unknown() -> None:
    counts: list[object] = [0, -1, 1.5, True, "40", None]
    assert [whole_count(value) for value in (40, *counts)] == [40, *[None] * 6]
    rates: list[object] = [0, -15, float("nan"), float("inf"), True, "15", None]
    assert [positive_number(value) for value in (15, *rates)] == [15, *[None] * 7]


def test_an_ensemble_has_a_training_count_only_if_its_members_agree(
    tmp_path: Path, tiny_network: RoSTFine
) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    for file in (first, second):
        _save(file, tiny_network)
    _rewrite(second, change=lambda h: h["training"].update(samples_train=9))
    info = ensemble_info(load_models(tmp_path), name="folds")
    assert (info.trained_clips, info.trained_samples) == (40, None)
    assert info.fewest_trained_samples == 8
