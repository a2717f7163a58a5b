"""A reopened video gives the same pictures without indexing the file again."""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from rostfine_core.errors import VideoError
from rostfine_core.video import PlaneChoice, Video, open_video, write_video
from rostfine_core.video.decoder import wire
from rostfine_core.video.sources import open_source

COUNT = 20
PICTURES = [np.full((32, 48, 3), 30 + 9 * k, np.uint8) for k in range(COUNT)]


def as_container(folder: Path) -> Path:
    write_video(folder / "v.mp4", iter(PICTURES), fps=10)
    return folder / "v.mp4"


def as_stack(folder: Path) -> Path:
    first, *others = [Image.fromarray(picture) for picture in PICTURES]
    first.save(folder / "v.tif", save_all=True, append_images=others)
    return folder / "v.tif"


def as_folder(folder: Path) -> Path:
    for number, picture in enumerate(PICTURES):
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    return folder


KINDS = pytest.mark.parametrize("save", [as_container, as_stack, as_folder])


def shades(video: Video) -> list[int]:
    with video:
        return [int(np.median(frame.rgb())) for frame in video.frames()]


@KINDS
def test_readers_in_several_threads_see_the_same_and_index_the_file_once(
    save: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path)
    source = open_source(path, PlaneChoice())
    with open_video(path) as video:
        for name in (
            "container.build_index",
            "tiff_stack.check_alike",
            "picture_folder.check_alike",
        ):
            looked = f"rostfine_core.video.{name}"
            monkeypatch.setattr(looked, lambda *_: pytest.fail("looked through again"))
        monkeypatch.setattr(wire, "Open", lambda *_: pytest.fail("opened as if it were new"))
        elsewhere = pickle.loads(pickle.dumps(source))
        assert int(np.median(elsewhere.picture(2).rgb())) == int(np.median(video.frame(2).rgb()))
        elsewhere.close()
        source.close()
        with ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(lambda: shades(video.reopened())) for _ in range(3)]
            own = [int(np.median(video.frame(k).rgb())) for k in range(COUNT)]
            for reader in readers:
                assert reader.result() == own
        with video.reopened() as again:
            assert again.info is video.info
    assert own == pytest.approx([30 + 9 * k for k in range(COUNT)], abs=3)


@KINDS
def test_a_closed_video_can_be_reopened_and_closed_separately(
    save: Callable[[Path], Path], tmp_path: Path
) -> None:
    with open_video(save(tmp_path)) as video:
        first = video.frame(0).rgb()
    again = video.reopened()
    other = again.reopened()
    np.testing.assert_array_equal(again.frame(0).rgb(), first)
    again.close()
    np.testing.assert_array_equal(other.frame(0).rgb(), first)
    other.close()


@pytest.mark.parametrize("save", [as_container, as_stack])
def test_a_missing_file_gives_one_sentence(save: Callable[[Path], Path], tmp_path: Path) -> None:
    path = save(tmp_path)
    with open_video(path) as video:
        pass
    path.unlink()
    with pytest.raises(VideoError, match=path.name):
        video.reopened().frame(0)
