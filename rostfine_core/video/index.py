"""Lists a container's frames in display order.

The packets are read once without decoding, and their sorted presentation times number the frames.
If those times cannot be trusted (missing or repeated, a format that stores none for a codec that
reorders frames, a damaged or cut-off file, a header with another frame count), all frames are
decoded once and counted instead.
"""

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av import VideoFrame
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.frame import check_size

# Only containers: no playlists (they open other files), no single pictures, no text.
_FORMATS = "mov,avi,matroska,mpegts,mpeg,mpegvideo,asf,flv,mxf,ogg,nut,ivf,dv,gif,h264,hevc,m4v"
_WITHOUT_DISPLAY_TIMES = {"avi", "h264", "hevc", "m4v", "mpegvideo"}
FALLBACK_FPS = 25.0
SHORTENED_BY_S = 0.02

PacketId = tuple[int | None, int]


@dataclass(frozen=True)
class KeyPacket:
    """A packet where decoding can start: its place in the file's order and its display time."""

    position: int
    pts: int


@dataclass(frozen=True, kw_only=True)
class FrameIndex:
    """A container's frames.

    ``pts`` are the display times in ``time_base`` units, ascending, or None if frames can only be
    counted; ``packets`` are all packets in file order, to recognise where a seek has landed;
    ``keys`` are sorted by time; ``comment`` is the one in the file's metadata; ``pixel`` is a
    pixel's width and height, of which only the ratio counts; ``empty`` frames are not among the
    others, but have their time.
    """

    frame_count: int
    pts: tuple[int, ...] | None
    time_base: Fraction
    fps: float
    packets: tuple[PacketId, ...]
    keys: tuple[KeyPacket, ...]
    codec: str
    comment: str
    pixel: tuple[float, float]
    empty: int
    notes: tuple[Message, ...]

    @property
    def timestamps_s(self) -> tuple[float, ...]:
        """One time per frame, from 0; counted at ``fps`` if the file has no usable times."""
        if self.pts is None:
            return tuple(k / self.fps for k in range(self.frame_count))
        return tuple(float((p - self.pts[0]) * self.time_base) for p in self.pts)

    def number(self, pts: int) -> int:
        """The number of the first frame shown at ``pts`` or later."""
        return bisect_left(self.pts or (), pts)

    def find(self, pts: int | None) -> int | None:
        """The number of the frame shown at exactly ``pts``."""
        if pts is None or self.pts is None:
            return None
        number = self.number(pts)
        return number if number < len(self.pts) and self.pts[number] == pts else None

    def key_of(self, packet: PacketId) -> KeyPacket | None:
        """The key packet equal to a demuxed packet, if it is one."""
        return next((k for k in self.keys if self.packets[k.position] == packet), None)


_CONCEALING = ("ffv1", "mpeg4")
"""Codecs that fill damaged parts of a picture in another way each time when several frames are
decoded at once."""


@contextmanager
def open_container(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its first video stream, ready to decode with all cores.

    Raises:
        VideoError: it is not a video, holds no pictures, or its codec is unknown.
    """
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
    try:
        container = av.open(f"file:{path}", options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        raise VideoError(
            Message(
                "{path} is not a video that can be read, or was cut off before its index was "
                "written: choose an AVI, MP4, MOV or MKV file, a TIFF stack or a folder of "
                "numbered pictures, or export it again.",
                path=path,
            )
        ) from error
    with container:
        yield container, _moving_pictures(container, path)


def _moving_pictures(container: InputContainer, path: Path) -> VideoStream:
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise VideoError(
            Message(
                "{path} holds no moving pictures, only sound or data: choose a video.",
                path=path,
            )
        )
    stream = streams[0]
    if getattr(stream, "codec_context", None) is None:
        raise VideoError(
            Message(
                "{path} uses a codec that cannot be decoded here: convert it to MP4 (H.264).",
                path=path,
            )
        )
    check_size(path, stream.width, stream.height)
    stream.thread_type = "SLICE" if stream.codec_context.name in _CONCEALING else "AUTO"
    if stream.codec_context.name == "mjpeg":
        # Otherwise the rest of a damaged picture shows stale memory.
        stream.codec_context.options = {"err_detect": "explode"}
    return stream


def build_index(path: Path) -> FrameIndex:
    """Number the frames of a container.

    Raises:
        VideoError: there is nothing to decode.
    """
    read = _read_file(path)
    pts = _display_times(path, read)
    is_timed = None not in pts and all(a < b for a, b in pairwise(p or 0 for p in pts))
    return FrameIndex(
        frame_count=len(pts),
        pts=tuple(p for p in pts if p is not None) if is_timed else None,
        time_base=read.time_base,
        fps=read.fps,
        packets=tuple(p.identity for p in read.packets),
        keys=_keys(read.packets),
        codec=read.codec,
        comment=read.comment,
        pixel=read.pixel,
        empty=read.empty,
        notes=(
            *_empty_notes(read.empty),
            *_notes(
                len(pts), read.promised, read.fps, ends_early=read.ends_early, is_timed=is_timed
            ),
        ),
    )


def _read_file(path: Path) -> "_Contents":
    """Read the header and all packets without decoding."""
    with open_container(path) as (container, stream):
        stated = stream.frames
        packets, ends_early = _read_packets(container, stream)
        stated = stated or len(packets)
        time_base = stream.time_base or Fraction(1, 1000)
        empty = _empty_frames(packets, stated, (stream.average_rate or 0) * time_base)
        promised = stated - empty
        return _Contents(
            packets=packets,
            promised=promised,
            empty=empty,
            ends_early=ends_early
            or len(packets) < promised
            or _is_shortened(container, stream, packets),
            lacks_times=_lacks_display_times(container, stream),
            time_base=time_base,
            fps=float(stream.average_rate or stream.guessed_rate or FALLBACK_FPS),
            codec=stream.codec_context.name,
            comment=_comment(container),
            pixel=(float(stream.sample_aspect_ratio or 1), 1.0),
        )


def _display_times(path: Path, read: "_Contents") -> list[int | None]:
    """The display times of the frames, from the packets or, in doubt, from decoding."""
    if not read.packets:
        raise VideoError(
            Message(
                "{path} holds no pictures (zero frames): record or export it again.",
                path=path,
            )
        )
    shown = [p.pts for p in read.packets if not p.is_discarded]
    pts: list[int | None] = [*sorted({p for p in shown if p is not None})]
    is_miscounted = len(pts) < len(shown) or read.promised != len(read.packets)
    if read.lacks_times or read.ends_early or is_miscounted:
        pts = decoded_pts(path)
    if not pts:
        raise VideoError(
            Message(
                "{path} marks all its pictures as not to be shown: export it again.",
                path=path,
            )
        )
    return pts


def _comment(container: InputContainer) -> str:
    """The file's comment; the name's upper or lower case depends on the format."""
    return next((v for k, v in container.metadata.items() if k.lower() == "comment"), "")


def _keys(packets: list["_Packet"]) -> tuple[KeyPacket, ...]:
    keys = (
        KeyPacket(position, p.pts)
        for position, p in enumerate(packets)
        if p.is_key and p.pts is not None
    )
    return tuple(sorted(keys, key=lambda k: k.pts))


def _notes(
    count: int, promised: int, fps: float, *, ends_early: bool, is_timed: bool
) -> Iterator[Message]:
    if ends_early and promised > count:
        yield Message(
            "The file is cut off or damaged: {count} of {promised} frames can be read.",
            count=count,
            promised=promised,
        )
    elif ends_early:
        yield Message("The file is cut off or damaged: {count} frames can be read.", count=count)
    if not is_timed:
        yield Message(
            "The file holds no usable frame times: they are counted at {fps:g} frames per second, "
            "the rate in its header.",
            fps=fps,
        )


def _empty_frames(packets: list["_Packet"], promised: int, frames_per_tick: Fraction) -> int:
    """How many frames of a complete file are empty, as recorders leave dropped frames.

    They are counted in the header and leave gaps in the times.
    """
    times = [p.pts for p in packets if p.pts is not None]
    if len(times) < 2 or not frames_per_tick:
        return 0
    room = round((max(times) - min(times)) * frames_per_tick) + 1
    return promised - len(packets) if len(packets) < promised == room else 0


def _empty_notes(count: int) -> tuple[Message, ...]:
    if not count:
        return ()
    note = Message(
        "{count} frame(s) are empty: dropped by the recorder or damaged; their time is counted.",
        count=count,
    )
    return (note,)


@dataclass(frozen=True)
class _Packet:
    pts: int | None
    size: int
    duration: int
    is_key: bool
    is_discarded: bool

    @property
    def identity(self) -> PacketId:
        return self.pts, self.size


@dataclass(frozen=True, kw_only=True)
class _Contents:
    """What a file holds by its header and packets.

    ``promised`` is the header's frame count without the ``empty`` ones; ``lacks_times`` says that
    the packets carry no display times.
    """

    packets: list[_Packet]
    promised: int
    empty: int
    ends_early: bool
    lacks_times: bool
    time_base: Fraction
    fps: float
    codec: str
    comment: str
    pixel: tuple[float, float]


def _read_packets(container: InputContainer, stream: VideoStream) -> tuple[list[_Packet], bool]:
    """All packets without decoding, and whether the file is damaged or cut off."""
    packets: list[_Packet] = []
    ends_early = False
    try:
        for packet in container.demux(stream):
            ends_early = ends_early or packet.is_corrupt
            if packet.size:
                packets.append(
                    _Packet(
                        packet.pts,
                        packet.size,
                        packet.duration or 0,
                        packet.is_keyframe,
                        packet.is_discard,
                    )
                )
    except av.FFmpegError:
        ends_early = True
    return packets, ends_early


def _is_shortened(container: InputContainer, stream: VideoStream, packets: list[_Packet]) -> bool:
    """Whether a Matroska file, which has no frame count, states a longer duration than it has."""
    if "matroska" not in container.format.name or len(container.streams) > 1 or not packets:
        return False
    last = max(packets, key=lambda p: p.pts or 0)
    length_s = float(last.duration * (stream.time_base or 0)) or 1 / (stream.average_rate or 1)
    end_s = float((last.pts or 0) * (stream.time_base or 0)) + length_s
    return (container.duration or 0) / av.time_base > end_s + SHORTENED_BY_S


def _lacks_display_times(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the format stores no display times for a codec that may reorder frames."""
    may_reorder = stream.codec_context.codec.reorder
    return may_reorder and not _WITHOUT_DISPLAY_TIMES.isdisjoint(container.format.name.split(","))


def decoded_pts(path: Path) -> list[int | None]:
    """Decode everything once and list the times of the frames.

    Raises:
        VideoError: no frame can be decoded.
    """
    with open_container(path) as (container, stream):
        pts = [frame.pts for frame in decode_on(container, stream)]
    if not pts:
        raise VideoError(
            Message(
                "{path} is damaged: none of its pictures can be decoded; copy or export it again.",
                path=path,
            )
        )
    return pts


def decode_on(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Decode from the current position; skip damaged packets, and end where the file breaks off."""
    try:
        for packet in container.demux(stream):
            yield from decode_packet(packet)
    except av.FFmpegError:
        return


def decode_packet(packet: "Packet[VideoStream]") -> list[VideoFrame]:
    """The frames that a packet yields; none if it is incomplete or the decoder refuses it."""
    try:
        return [] if packet.is_corrupt else packet.decode()
    except av.FFmpegError:
        return []
