"""Flax checkpoints: recognised by their first byte, read whole, refused in one sentence."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rostfine_core.errors import ConfigError, ModelError
from rostfine_core.training.networks.flax_checkpoint import is_flax_checkpoint, read_flax_parameters

Pack = Callable[[object], bytes]
KERNEL = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


def state(parameters: object) -> dict[str, Any]:
    """As much of Scenic's ``TrainState`` as tells it apart from its parameters."""
    optimizer = {"target": parameters, "state": {"step": 7, "param_states": {"m": KERNEL}}}
    return {"global_step": 7, "optimizer": optimizer, "model_state": {}, "rng": np.uint32(5)}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, flax_bytes: Pack) -> Path:
    path = tmp_path_factory.mktemp("flax") / "checkpoint"
    path.write_bytes(flax_bytes(state({"embedding": {"kernel": KERNEL, "bias": KERNEL[0]}})))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_flax_parameters(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    assert "()" not in sentence
    assert len(sentence) < 400
    return sentence


@pytest.mark.parametrize(
    "place",
    [
        lambda parameters: state(parameters),
        lambda parameters: state({"params": parameters}),
        lambda parameters: {"global_step": 7, "params": parameters},
        lambda parameters: {"opt_state": {}, "params": {"params": parameters}},
    ],
)
def test_parameters_are_found_where_scenic_keeps_them(
    place: Callable[[object], object], flax_bytes: Pack, tmp_path: Path
) -> None:
    path = tmp_path / "vivit_base_fe"
    path.write_bytes(flax_bytes(place({"embedding": {"kernel": KERNEL}, "cls": KERNEL[:1]})))
    found = read_flax_parameters(path)
    assert {n: t.tolist() for n, t in found.items()} == {
        "embedding/kernel": KERNEL.tolist(),
        "cls": KERNEL[:1].tolist(),
    }
    assert {t.dtype for t in found.values()} == {torch.float32}


def test_every_kind_of_float_is_read(flax_bytes: Pack, tmp_path: Path) -> None:
    msgpack = pytest.importorskip("msgpack")
    half = torch.from_numpy(KERNEL).bfloat16()
    content = [KERNEL.shape, "bfloat16", half.view(torch.int16).numpy().tobytes()]
    arrays = {
        "bfloat16": msgpack.ExtType(1, msgpack.packb(content)),
        "float16": KERNEL.astype(np.float16),
        "float64": KERNEL.astype(np.float64),
        "scalar": np.float32(0.5),
        "transposed": KERNEL.T,
    }
    (tmp_path / "f").write_bytes(flax_bytes({"params": arrays}))
    found = read_flax_parameters(tmp_path / "f")
    assert torch.equal(found["bfloat16"], half.float())
    assert torch.equal(found["float16"], torch.from_numpy(KERNEL).half().float())
    assert torch.equal(found["float64"], torch.from_numpy(KERNEL))
    assert found["scalar"].item() == 0.5
    assert found["transposed"].tolist() == KERNEL.T.tolist()


def chunked(**parts: object) -> dict[str, object]:
    whole = {
        "__msgpack_chunked_array__": True,
        "shape": {"0": 2, "1": 3},
        "chunks": {"0": KERNEL.ravel()[:4], "1": KERNEL.ravel()[4:]},
    }
    return whole | parts


def test_chunks_are_joined(flax_bytes: Pack, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(flax_bytes({"params": {"kernel": chunked()}}))
    assert read_flax_parameters(tmp_path / "f")["kernel"].tolist() == KERNEL.tolist()


def test_a_flax_checkpoint_is_told_from_a_torch_file(checkpoint: Path, tmp_path: Path) -> None:
    assert is_flax_checkpoint(checkpoint)
    for name, in_zip in (("new", True), ("old", False)):
        torch.save({"a": torch.ones(2)}, tmp_path / name, _use_new_zipfile_serialization=in_zip)
        assert not is_flax_checkpoint(tmp_path / name)
    (tmp_path / "empty").touch()
    for other in ("empty", "absent", "."):
        assert not is_flax_checkpoint(tmp_path / other)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"a": KERNEL.astype(np.int32)}, "'a' holds b'int32' instead of floating-point numbers"),
        ({"a": {"b": [1, 2]}}, "'a/b' is no array"),
        ({"a\n" * 999: None}, " is no array"),
        ({"a": None}, "'a' is no array"),
        ({"a": np.ones((0, 3), np.float32)}, "'a' is no array"),
        ({"a": chunked(shape={"0": 3, "1": 3})}, "'a' has shape [3, 3] and 6 values"),
        ({"a": chunked(shape={"0": -2, "1": -3})}, "'a' has shape [-2, -3]"),
        ({"a": chunked(chunks={"0": KERNEL, "2": KERNEL})}, "'a' lacks a part of its chunks"),
        ({"a": chunked(chunks={})}, "'a' has shape"),
        ({"a": chunked(chunks=3)}, "'a' lacks a part of its chunks"),
    ],
)
def test_what_is_no_parameter_is_named(
    parameters: object, reason: str, flax_bytes: Pack, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(flax_bytes({"params": parameters}))
    assert reason in refusal(tmp_path / "f")


@pytest.mark.parametrize(
    ("code", "content", "reason"),
    [
        (1, [[2, 3], "float32", b"\0" * 20], "has shape"),
        (1, [[2, 2**62], "float32", b"\0" * 24], "has shape"),
        (1, [[2, 1.5], "float32", b"\0" * 12], "has shape"),
        (1, [[6], "float32", b"\0" * 23], "buffer"),
        (1, [[6], "object", b"\0" * 24], "b'object'"),
        (1, [[6], "float32"], "is no array"),
        (1, {"shape": 6}, "is no array"),
        (1, [6, "float32", b"\0" * 24], "is no array"),
        (1, [[6], ["float32"], b"\0" * 24], "instead of floating"),
        (2, [1.0, 2.0], "is no array"),
        (9, [[6], "float32", b"\0" * 24], "is no array"),
    ],
)
def test_a_wrong_extension_is_refused(
    code: int, content: object, reason: str, tmp_path: Path
) -> None:
    msgpack = pytest.importorskip("msgpack")
    leaf = msgpack.ExtType(code, msgpack.packb(content))
    (tmp_path / "f").write_bytes(msgpack.packb({"params": {"a": leaf}}))
    assert reason in refusal(tmp_path / "f")


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\xa6params" + b"\xdd\xff\xff\xff\xff" * 50,  # lists that claim four billion values
        b"\x81\xa6params" + b"\xdf\xff\xff\xff\xff" * 50,
        b"\x81\xa6params" + b"\x81\xa1a" * 100_000 + b"\xc0",  # nested beyond any stack
        b"\x81\xa6params" + b"\x81\xa1a" * 900 + b"\xc0",
        b"\x81\xa6params\x81\x01\xc0",  # a number as a name
        b"\x81\xa6params\x81\xa2\xff\xfe\xc0",  # a name that is no text
        b"\x81\xa6params\xc0",
        b"\xc0",
        b"",
    ],
)
def test_hostile_bytes_are_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(data)
    assert "is not a Flax checkpoint or is damaged" in refusal(tmp_path / "f")


@given(st.data())
def test_a_cut_off_file_is_refused(checkpoint: Path, data: st.DataObject) -> None:
    whole = checkpoint.read_bytes()
    cut = checkpoint.with_name("cut")
    cut.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert "is not a Flax checkpoint or is damaged" in refusal(cut)


@given(st.data())
def test_damaged_and_foreign_bytes_are_refused_or_harmless(
    checkpoint: Path, data: st.DataObject
) -> None:
    whole = bytearray(checkpoint.read_bytes())
    start = data.draw(st.integers(0, len(whole) - 1))
    garbage = data.draw(st.binary(min_size=1, max_size=24))
    whole[start : start + len(garbage)] = garbage
    damaged = checkpoint.with_name("damaged")
    damaged.write_bytes(whole)
    with suppress(ModelError):
        assert all(t.isreal().all() for t in read_flax_parameters(damaged).values())


def test_an_unreadable_file_and_an_absent_library_are_told(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Cannot read" in refusal(tmp_path)
    monkeypatch.setitem(sys.modules, "msgpack", None)
    with pytest.raises(ConfigError, match=r"msgpack, which is not installed: .*\[baselines\]"):
        read_flax_parameters(checkpoint)
