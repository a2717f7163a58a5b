"""Streams AVI, MP4, MOV, MKV and similar files, and seeks in them exactly by the frame index.

Seeking starts at a key packet and checks every packet against the file's known order. If the
container landed elsewhere, or the decoder could not recover there, an earlier key packet is tried
and finally the beginning of the file. So a file can be slow, but never gives a wrong picture.
"""

from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from av import FFmpegError, VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from rostfine_core.domain import SIMULATED_VIDEO, VideoInfo
from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.frame import depth_of, is_coloured, sampled_frames
from rostfine_core.video.index import (
    FrameIndex,
    KeyPacket,
    build_index,
    decode_on,
    decode_packet,
    open_container,
)
from rostfine_core.video.picture import ContainerPicture, bit_depth, brightest_grey, orientation
from rostfine_core.video.pixel_shape import SQUARE, pixel_shape
from rostfine_core.video.timing import missing_frames, nominal_fps

KEY_PACKETS_TRIED = 2
_SIMULATED_NOTE = Message("This video is simulated: it shows no real sperm.")


class _SeekMissedError(Exception):
    """Seeking did not arrive where the index says."""


class ContainerSource:
    """The pictures of one container; every stream of them opens the file separately."""

    def __init__(self, path: Path) -> None:
        """Index the file and decode its first frame.

        Raises:
            VideoError: it cannot be read as a video.
        """
        self._path = path
        self._index = build_index(path)
        self._size_px: tuple[int, int] | None = None
        self._quarter_turns = 0
        self._depth: int | None = None
        self._shape = SQUARE
        self._damaged: set[int] = set()
        self._ahead: Generator[ContainerPicture] | None = None
        self._held: tuple[int, ContainerPicture] | None = None
        first = self.picture(0)
        self._quarter_turns, notes = orientation(first.frame)
        self._depth = self._sampled_depth(first)
        size = (first.frame.width, first.frame.height)
        self._shape = pixel_shape(size, self._index.pixel, is_um=False)
        first = replace(
            first, quarter_turns=self._quarter_turns, depth=self._depth, shape=self._shape
        )
        if self._depth is None:
            self._held = (0, first)
        else:
            self.close()  # the decoder is no longer at the first frame
        self.info = _describe(path, self._index, first, notes + self._shape.notes)

    def _sampled_depth(self, first: ContainerPicture) -> int | None:
        """How many bits 16-bit grey really uses, from a few frames; None for other formats."""
        if brightest_grey(first.frame) is None:
            return None
        sampled = (self.picture(i).frame for i in sampled_frames(self._index.frame_count))
        return depth_of(max(brightest_grey(frame) or 0 for frame in sampled))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_ahead": None, "_held": None}

    def note_damage(self, numbers: Iterable[int]) -> None:
        """Note frames that were found to be damaged by another source of the same video."""
        self._damaged.update(numbers)

    def close(self) -> None:
        """Release the file."""
        if self._ahead is not None:
            self._ahead.close()
        self._ahead = self._held = None

    def picture(self, index: int) -> ContainerPicture:
        """The picture of frame ``index``; fast for frames that follow the last one requested."""
        number, picture = self._held or (-1, None)
        try:
            if picture is None or (index != number and not self._is_near(index, number)):
                self.close()
                self._ahead = self._sought(index, self._index.frame_count)
                number, picture = index, next(self._ahead)
            while number < index and self._ahead:
                number, picture = number + 1, next(self._ahead)
        except VideoError:
            self.close()
            raise
        self._held = (number, picture)
        return picture

    def _is_near(self, index: int, held: int) -> bool:
        """Whether decoding on from frame ``held`` is at least as fast as seeking ``index``."""
        if self._ahead is None or index < held:
            return False
        key = self._keys_before(index)[0]
        return key is None or self._index.number(key.pts) <= held + 1

    def pictures(self, start: int, stop: int) -> Iterator[ContainerPicture]:
        """Stream pictures; a frame that cannot be decoded repeats the one before and is marked.

        If only frame 0 was read so far, its decoder continues.

        Raises:
            VideoError: the picture changes its size, or nothing can be decoded.
        """
        if start == 0 and self._ahead is not None and self._held and self._held[0] == 0:
            ahead, self._ahead = self._ahead, None
            return islice(chain((self._held[1],), ahead), stop)
        return self._sought(start, stop)

    def _sought(self, start: int, stop: int) -> Generator[ContainerPicture]:
        for key in self._keys_before(start):
            try:
                for picture in self._run(key, start, stop):
                    yield picture
                    start += 1
            except _SeekMissedError:
                continue
            return

    def _keys_before(self, start: int) -> list[KeyPacket | None]:
        """Where to start decoding for a frame, best first; None is the beginning of the file."""
        pts, keys = self._index.pts, self._index.keys
        if pts is None or start == 0:
            return [None]
        end = bisect_right(keys, pts[start], key=lambda k: k.pts)
        near = reversed(keys[max(0, end - KEY_PACKETS_TRIED) : end])
        # What a key frame that is damaged or missing shows depends on the frames before it.
        whole = [k for k in near if self._index.number(k.pts) not in self._damaged]
        return [*whole, None]

    def _run(self, key: KeyPacket | None, start: int, stop: int) -> Iterator[ContainerPicture]:
        """Pictures ``start`` to ``stop``, one per number, decoded from ``key`` on."""
        last: ContainerPicture | None = None
        wanted = start
        for number, picture in self._numbered(key):
            if key and (picture.frame.is_corrupt or (number > wanted and last is None)):
                raise _SeekMissedError
            for _ in range(wanted, min(number, stop)):
                yield (last or picture).repeated()
                wanted += 1
            if wanted == number < stop:
                yield picture
                wanted += 1
            if wanted == stop:
                return
            last = picture
        if last is None:
            if key:
                raise _SeekMissedError
            raise VideoError(
                Message("Nothing in {path} can be decoded: export it again.", path=self._path)
            )
        for _ in range(wanted, stop):
            yield last.repeated()

    def _numbered(self, key: KeyPacket | None) -> Iterator[tuple[int, ContainerPicture]]:
        """Decoded pictures in ascending order with their numbers.

        After a damaged or missing frame, all are marked as damaged until the next key frame. A
        frame that was once marked stays so: decoders with several threads do not notice each time.
        """
        following = 0
        is_damaged = False
        with open_container(self._path) as (container, stream):
            frames = self._after(key, container, stream) if key else decode_on(container, stream)
            for frame in frames:
                number = following if self._index.pts is None else self._index.find(frame.pts)
                if number is None or number < following:
                    continue
                has_gap = number > following and not (key and following == 0)
                is_damaged = frame.is_corrupt or (not frame.key_frame and (is_damaged or has_gap))
                self._damaged.update(range(following, number) if has_gap else ())
                self._damaged.update((number,) if is_damaged else ())
                self._check_size(frame, number)
                yield (
                    number,
                    ContainerPicture(
                        frame,
                        quarter_turns=self._quarter_turns,
                        depth=self._depth,
                        shape=self._shape,
                        is_damaged=number in self._damaged,
                    ),
                )
                following = number + 1

    def _after(
        self, key: KeyPacket, container: InputContainer, stream: VideoStream
    ) -> Iterator[VideoFrame]:
        """Decode from ``key`` on, and check that every packet is the one the index lists.

        Frames shown before the first packet's may depend on earlier packets, so they are skipped.
        """
        try:
            container.seek(key.pts, stream=stream)
        except FFmpegError as error:
            raise _SeekMissedError from error
        packets = container.demux(stream)
        first = next(packets)  # an empty packet at the end of the file
        landed = self._index.key_of((first.pts, first.size))
        if landed is None or landed.pts > key.pts:
            raise _SeekMissedError
        expected = iter(self._index.packets[landed.position :])
        for packet in chain((first,), packets):
            if packet.size and (packet.pts, packet.size) != next(expected, None):
                raise _SeekMissedError
            for frame in decode_packet(packet):
                if frame.pts is not None and frame.pts >= landed.pts:
                    yield frame

    def _check_size(self, frame: VideoFrame, number: int) -> None:
        size = (frame.width, frame.height)
        self._size_px = self._size_px or size
        if size != self._size_px:
            raise VideoError(
                Message(
                    "{path} changes its picture size at frame {number} from "
                    "{old_width}x{old_height} to {width}x{height}: cut it there or "
                    "convert it to one size.",
                    path=self._path,
                    number=number,
                    old_width=self._size_px[0],
                    old_height=self._size_px[1],
                    width=size[0],
                    height=size[1],
                )
            )


def _describe(
    path: Path, index: FrameIndex, first: ContainerPicture, notes: tuple[Message, ...]
) -> VideoInfo:
    height, width = first.grey().shape
    depth = first.depth or bit_depth(first.frame.format)
    times = index.timestamps_s
    fps = nominal_fps(times) or index.fps
    is_simulated = SIMULATED_VIDEO in index.comment
    return VideoInfo(
        path=str(path),
        width_px=width,
        height_px=height,
        frame_count=len(times),
        fps=fps,
        duration_s=times[-1] + 1 / fps,
        codec=index.codec,
        is_colour=is_coloured(first.rgb(exact=False)),
        bit_depth=depth,
        timestamps_s=times,
        notes=(
            *index.notes,
            *_missing_notes(missing_frames(times) - index.empty),
            *notes,
            *_depth_notes(depth),
            *(_SIMULATED_NOTE,) * is_simulated,
        ),
        is_simulated=is_simulated,
    )


def _missing_notes(count: int) -> tuple[Message, ...]:
    if count <= 0:
        return ()
    return (
        Message(
            "{count} frame(s) between the others are missing: dropped by the recorder or lost by "
            "damage; their time is counted.",
            count=count,
        ),
    )


def _depth_notes(depth: int) -> tuple[Message, ...]:
    if depth <= 8:
        return ()
    divisor = 2 ** (depth - 8)
    return (
        Message("Values of {depth} bits are divided by {divisor}.", depth=depth, divisor=divisor),
    )
