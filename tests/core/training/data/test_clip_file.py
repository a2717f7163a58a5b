"""Clip files that are damaged, foreign or far too large are said, before memory is asked for."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rostfine_core.errors import DatasetError
from rostfine_core.training.data.clip_file import clip_file_mistake, load_clip, save_clip

SHAPE = (16, 20, 20, 3)


def packed(compression: int = zipfile.ZIP_DEFLATED) -> bytearray:
    array, archive = io.BytesIO(), io.BytesIO()
    np.save(array, np.random.default_rng(0).integers(0, 9, SHAPE).astype(np.uint8))
    with zipfile.ZipFile(archive, "w", compression) as file:
        file.writestr("images.npy", array.getvalue())
    return bytearray(archive.getvalue())


def in_both_headers(content: bytearray, local: int, central: int, value: int) -> bytes:
    content[content.index(b"PK\x03\x04") + local] = value
    content[content.index(b"PK\x01\x02") + central] = value
    return bytes(content)


def encrypted() -> bytes:
    return in_both_headers(packed(), 6, 8, 1)


def unknown_compression() -> bytes:
    return in_both_headers(packed(), 8, 10, 99)


def bad_data() -> bytes:
    content = packed()
    content[60:200] = bytes(140)
    return bytes(content)


def bad_lzma() -> bytes:
    content = packed(zipfile.ZIP_LZMA)
    content[50:80] = bytes(30)
    return bytes(content)


def nested_header() -> bytes:
    archive = io.BytesIO()
    header = b"(" * 9000
    size = len(header).to_bytes(2, "little")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("images.npy", b"\x93NUMPY\x01\x00" + size + header)
    return archive.getvalue()


def no_images() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("masks.npy", b"")
    return archive.getvalue()


def promises_petabytes() -> bytes:
    archive, header = io.BytesIO(), io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (16, 10**7, 10**7, 3)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("images.npy", header.getvalue())
    return archive.getvalue()


BAD = [encrypted, unknown_compression, bad_data, bad_lzma, nested_header, no_images]


@pytest.mark.parametrize("content", [*BAD, promises_petabytes], ids=lambda c: c.__name__)
def test_a_bad_clip_is_said_and_not_loaded(content: Callable[[], bytes], tmp_path: Path) -> None:
    path = tmp_path / "c1.npz"
    path.write_bytes(content())
    mistake = clip_file_mistake(path, frames=16, size_px=20)
    assert mistake is not None
    assert mistake.startswith(("is not a readable .npz file", "holds "))
    with pytest.raises(DatasetError, match=r"The clip .*c1\.npz (is not a readable|holds )"):
        load_clip(path, frames=16, size_px=20)


def test_a_whole_clip_is_read_back(tmp_path: Path) -> None:
    images = np.random.default_rng(1).integers(0, 255, SHAPE).astype(np.uint8)
    save_clip(tmp_path / "c1.npz", images)
    assert clip_file_mistake(tmp_path / "c1.npz", frames=16, size_px=20) is None
    np.testing.assert_array_equal(load_clip(tmp_path / "c1.npz", frames=16, size_px=20), images)
