"""The frame cache keeps what fits and gives the frames that were decoded."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pytest

from rostfine_core.domain import VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.video.frame_cache import CachedFrame, FrameCache

if TYPE_CHECKING:
    from tests.conftest import FakeVideo

FRAME_BYTES = 240 * 200 * 3


def run_until_full(cache: FrameCache, filling: Iterator[object], steps: int = 200) -> None:
    for _, _ in zip(filling, range(steps), strict=False):
        if cache.count and cache._next_missing() is None:
            return


def test_a_video_that_fits_is_decoded_once_and_completely(
    info: VideoInfo, fake_video: FakeVideo
) -> None:
    cache = FrameCache(info, budget_bytes=100 * FRAME_BYTES)
    list(cache.fill(fake_video))
    assert fake_video.decoded == list(range(24))
    assert fake_video.is_closed
    for k in (0, 7, 23):
        frame = cache.rgb(k, exact=True)
        assert frame is not None
        assert (frame == k).all()


@pytest.mark.parametrize("wanted", [0, 11, 23])
def test_a_long_video_is_kept_around_the_wanted_frame_within_the_budget(
    info: VideoInfo, fake_video: FakeVideo, wanted: int
) -> None:
    cache = FrameCache(info, budget_bytes=8 * FRAME_BYTES)
    cache.want(wanted)
    filling = cache.fill(fake_video)
    run_until_full(cache, filling)
    assert cache.count == 8
    assert cache.rgb(wanted, exact=False) is not None
    assert fake_video.decoded[0] == wanted
    cache.want(23 - wanted)
    run_until_full(cache, filling)
    assert cache.count == 8
    assert cache.rgb(23 - wanted, exact=False) is not None
    cache.close()
    list(filling)
    assert fake_video.is_closed


def test_kept_frames_are_listed_as_runs_and_a_full_cache_waits(
    info: VideoInfo, fake_video: FakeVideo
) -> None:
    cache = FrameCache(info, budget_bytes=8 * FRAME_BYTES)
    filling = cache.fill(fake_video)
    run_until_full(cache, filling)
    assert list(cache.spans) == [(0, 7)]
    waiting = next(filling)
    assert (waiting.done, waiting.total) == (8, 8)
    cache.want(5)  # 3 to 10 are to be kept, and 3 to 7 are there
    assert (next(filling).done, list(cache.spans)) == (6, [(3, 8)])
    cache.want(20)  # at the end: 16 to 23, the wanted one first
    assert (next(filling).done, list(cache.spans)) == (1, [(20, 20)])
    steps = [next(filling) for _ in range(4)]
    assert list(cache.spans) == [(16, 16), (20, 23)]
    assert (steps[-1].done, steps[-1].total) == (5, 8)


class CountedEntries(dict[int, Any]):
    """Counts how often it is asked whether a frame is kept, and how often it is gone through."""

    asked = 0

    def __contains__(self, key: object) -> bool:
        self.asked += 1
        return super().__contains__(key)

    def __iter__(self) -> Iterator[int]:
        self.asked += len(self)
        return super().__iter__()


@pytest.mark.parametrize("kept", [24, 8])
def test_the_work_grows_with_the_frames_and_not_with_their_square(
    info: VideoInfo, fake_video: FakeVideo, kept: int
) -> None:
    cache = FrameCache(info, budget_bytes=kept * FRAME_BYTES)
    cache._entries = entries = CountedEntries()
    run_until_full(cache, cache.fill(fake_video))
    assert cache.count == kept
    assert entries.asked <= 4 * kept


def test_the_wanted_frame_is_reported_when_it_arrives(
    info: VideoInfo, fake_video: FakeVideo
) -> None:
    told: list[int] = []
    cache = FrameCache(info, budget_bytes=100 * FRAME_BYTES, on_wanted=told.append)
    cache.want(5)
    list(cache.fill(fake_video))
    assert told == [5]


def test_streaming_waits_for_the_filler_and_decodes_nothing_twice(
    info: VideoInfo, fake_video: FakeVideo
) -> None:
    cache = FrameCache(info, budget_bytes=100 * FRAME_BYTES)
    reader = cache.stream(3, lambda: pytest.fail("decoded again"))
    assert next(reader) is None
    filler = threading.Thread(target=lambda: list(cache.fill(fake_video)))
    filler.start()
    indices = [f.index for f in reader if f is not None]
    filler.join()
    assert indices == list(range(3, 24))


def test_streaming_a_long_video_continues_from_the_file(
    info: VideoInfo, fake_video: FakeVideo
) -> None:
    cache = FrameCache(info, budget_bytes=8 * FRAME_BYTES)
    filling = cache.fill(fake_video)
    run_until_full(cache, filling)
    filling.close()
    again = type(fake_video)(info)
    indices = [f.index for f in cache.stream(2, lambda: again) if f is not None]
    assert indices == list(range(2, 24))
    assert again.decoded == list(range(8, 24))
    assert again.is_closed


def test_streaming_continues_from_the_file_after_the_filler_failed(
    info: VideoInfo, fake_video: FakeVideo
) -> None:
    cache = FrameCache(info, budget_bytes=100 * FRAME_BYTES)
    again = type(fake_video)(info)
    reader = cache.stream(0, lambda: again)
    filling = cache.fill(Unreadable(fake_video, from_frame=7))
    with pytest.raises(VideoError, match="copy it anew"):
        list(filling)
    assert fake_video.is_closed
    indices = [f.index for f in itertools.islice(reader, 24) if f is not None]
    assert indices == list(range(24))
    assert again.decoded == list(range(7, 24))
    assert next(reader, "end") == "end"


def test_a_waiting_reader_continues_when_the_filler_fails(
    info: VideoInfo, fake_video: FakeVideo
) -> None:
    cache = FrameCache(info, budget_bytes=100 * FRAME_BYTES)
    reader = cache.stream(0, lambda: Unreadable(fake_video, from_frame=7))
    assert next(reader) is None
    with pytest.raises(VideoError):
        list(cache.fill(Unreadable(type(fake_video)(info), from_frame=7)))
    assert [f.index for f in itertools.islice(reader, 7) if f is not None] == list(range(7))
    with pytest.raises(VideoError, match="copy it anew"):
        next(reader)


class Unreadable:
    """A video whose file cannot be read from a frame on."""

    def __init__(self, video: FakeVideo, *, from_frame: int) -> None:
        self._video, self._from_frame, self.info = video, from_frame, video.info

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[CachedFrame]:
        yield from self._video.frames(start, self._from_frame)
        raise VideoError("small.mp4 cannot be read any further: copy it anew.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._video.is_closed = True


def test_a_closed_cache_ends_its_readers_and_keeps_nothing(
    info: VideoInfo, fake_video: FakeVideo
) -> None:
    cache = FrameCache(info, budget_bytes=100 * FRAME_BYTES)
    filling = cache.fill(fake_video)
    next(filling)
    reader = cache.stream(0, lambda: pytest.fail("opened"))
    next(reader)
    cache.close()
    assert list(reader) == []
    assert list(filling) == []
    assert cache.rgb(0, exact=True) is None
    cache.store(next(fake_video.frames()))
    assert cache.count == 0


def test_kept_frames_equal_decoded_ones(info: VideoInfo, fake_video: FakeVideo) -> None:
    cache = FrameCache(info, budget_bytes=100 * FRAME_BYTES)
    list(cache.fill(fake_video))
    kept = cache.rgb(4, exact=False)
    assert kept is not None
    assert np.array_equal(kept, next(fake_video.frames(4)).rgb(exact=False))
