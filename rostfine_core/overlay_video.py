"""Writes a video of one sperm with its head ringed, its path so far, and how sure that is.

Below the picture stand frame, time, status and doubt, the predicted votes and the notices, so that
the file says what it is when it is passed on alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rostfine_core.bundled import bundled_path
from rostfine_core.catalogue import saying_in
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DoubtKind,
    LongJob,
    Progress,
    Provenance,
    Track,
    TrackPoint,
    TrackStatus,
    VideoInfo,
)
from rostfine_core.errors import TrackingError
from rostfine_core.marking import marked
from rostfine_core.messages import Message, Say, joined
from rostfine_core.report.film import STATUSES as STATUSES_IN_DOUBT
from rostfine_core.report.fonts import FILES, prepare_reportlab, runs, shortened, wrapped
from rostfine_core.report.wording import (
    PROGRAM,
    marked_doubtful,
    share,
    votes_in_words,
    warnings_in_brief,
)
from rostfine_core.result_files import AssessmentRecord
from rostfine_core.video import Video
from rostfine_core.video.encode import writing_video

Pixels = NDArray[np.uint8]
SURE, UNSURE = (0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0x00)
"""Blue where the head was measured or set by hand, orange where it was guessed or is doubtful."""
NARROWEST_PX, TEXT_PX, MARGIN_PX = 640, 15, 8
RING_SHARE = 0.13
"""The ring's radius, relative to the side of the crop: it leaves the head free."""
DASH_DEGREES = 30
LONGEST_NAME = 80
STATUSES = STATUSES_IN_DOUBT | {TrackStatus.MEASURED: Message("measured")}
DOUBTS = {
    DoubtKind.MEETING: Message("met another"),
    DoubtKind.FOUND_AGAIN: Message("found again after it was lost"),
    DoubtKind.SHARED: Message("on the same head as another track"),
    DoubtKind.CLICK: Message("another lies where it was clicked"),
}


def write_overlay_video(
    path: Path,
    sperm: AssessmentRecord,
    *,
    video: Video,
    window_px: int | None = None,
    language: str = "en",
) -> LongJob[Path]:
    """Write the frames of a sperm's track as a video and return its path.

    Args:
        path: ending in .mp4; written under a temporary name and then renamed.
        sperm: what is known about it; the size of its crop tells how large the ring is.
        video: the video that it was found in, open; the caller checks and closes it.
        window_px: the side of a square around the head, in pixels of the video; None shows all.
        language: one of ``catalogue.LANGUAGES``.

    Raises:
        TrackingError: the sperm has no track.
        VideoError: the video can no longer be read, or was changed since it was opened.
        StoreError: the file cannot be written.
    """
    if not sperm.track.points or not sperm.clip:
        raise TrackingError(Message("This sperm has no track to show: track it first."))
    points, info = sperm.track.points, video.info
    camera = _Camera(info, window_px=window_px, ring_px=RING_SHARE * sperm.clip[0].size_px)
    caption = _Caption(sperm, width_px=camera.width_px, say=saying_in(language))
    notices = " ".join(str(notice) for notice in _notices(sperm.provenance))
    first, total = points[0].frame, len(points)
    with (
        writing_video(path, fps=sperm.video.fps, comment=f"{PROGRAM}. {notices}") as add_frame,
        closing(video.frames(first, min(first + total, info.frame_count))) as frames,
    ):
        for done, frame in enumerate(frames):
            yield Progress(stage=marked("overlay video"), done=done, total=total)
            picture = camera.shot(frame.rgb(), points[: done + 1])
            add_frame(np.vstack([picture, caption.below(points[done])]))
    return path


def _notices(made: Provenance) -> tuple[Message, ...]:
    return Message(made.model.notice), Message(DISCLAIMER_AI_GRADE)


class _Camera:
    """Shows the whole field or a window that goes with the head, enlarged to be seen well."""

    def __init__(self, info: VideoInfo, *, window_px: int | None, ring_px: float) -> None:
        whole = info.width_px, info.height_px
        self._window_px = min(window_px, max(whole)) if window_px else None
        width, height = (self._window_px, self._window_px) if self._window_px else whole
        self._scale = max(1.0, NARROWEST_PX / width)
        self.width_px = _even(width * self._scale)
        self._height_px = _even(height * self._scale)
        self._ring_px = ring_px * self._scale
        self._centre: tuple[float, float] | None = None

    def shot(self, image: Pixels, path: Sequence[TrackPoint]) -> Pixels:
        """The picture of a frame with the path up to it; the last point is the frame's own."""
        now = path[-1]
        left, top = 0.0, 0.0
        if self._window_px:
            left, top, image = self._window(image, now, self._window_px)
        size = (self.width_px, self._height_px)
        enlarged = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        picture: Pixels = np.ascontiguousarray(enlarged, dtype=np.uint8)

        def place(point: TrackPoint) -> tuple[float, float]:
            scale_x, scale_y = size[0] / image.shape[1], size[1] / image.shape[0]
            return (
                (point.x_px - left + 0.5) * scale_x - 0.5,
                (point.y_px - top + 0.5) * scale_y - 0.5,
            )

        _draw_path(picture, [(place(p), _colour(p)) for p in path])
        if now.status is not TrackStatus.LOST:
            _draw_ring(picture, place(now), self._ring_px, now)
        return picture

    def _window(self, image: Pixels, now: TrackPoint, side: int) -> tuple[float, float, Pixels]:
        """The square around the head, or where it was last; its left, top and picture."""
        if now.status is not TrackStatus.LOST:
            self._centre = (now.x_px, now.y_px)
        centre = self._centre or ((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2)
        cut = cv2.getRectSubPix(image, (side, side), centre)
        half = (side - 1) / 2
        return centre[0] - half, centre[1] - half, np.asarray(cut, dtype=np.uint8)


def _even(length: float) -> int:
    """The nearest even number of pixels: most players refuse others."""
    return max(2, 2 * round(length / 2))


def _colour(point: TrackPoint) -> tuple[int, int, int] | None:
    """None where the sperm was lost."""
    if point.status is TrackStatus.LOST:
        return None
    is_sure = point.doubt is None and point.status is not TrackStatus.PREDICTED
    return SURE if is_sure else UNSURE


def _draw_path(
    picture: Pixels,
    places: Sequence[tuple[tuple[float, float], tuple[int, int, int] | None]],
) -> None:
    """Draw the path in its colours, with gaps where the sperm was lost."""
    last: tuple[float, float] | None = None
    for colour, run in groupby(places, key=lambda one: one[1]):
        run_places = [place for place, _ in run]
        if colour is None:
            last = None
            continue
        line = np.rint(16 * np.array([last or run_places[0], *run_places])).astype(np.int32)
        for tint, thickness in (((0, 0, 0), 4), (colour, 2)):
            cv2.polylines(picture, [line], False, tint, thickness, cv2.LINE_AA, shift=4)
        last = run_places[-1]


def _draw_ring(
    picture: Pixels, place: tuple[float, float], radius: float, point: TrackPoint
) -> None:
    """Ring the head: dashed where it is unsure, with a cross beside it where it was set by hand."""
    colour = _colour(point) or UNSURE
    centre = (round(16 * place[0]), round(16 * place[1]))
    axes = (round(16 * radius), round(16 * radius))
    for tint, thickness in (((0, 0, 0), 4), (colour, 2)):
        for start in range(0, 360, 2 * DASH_DEGREES):
            stop = start + (2 * DASH_DEGREES if colour == SURE else DASH_DEGREES)
            cv2.ellipse(picture, centre, axes, 0, start, stop, tint, thickness, cv2.LINE_AA, 4)
    if point.status is TrackStatus.MANUAL:
        corner = (round(place[0] + radius), round(place[1] - radius))
        cv2.drawMarker(picture, corner, (0, 0, 0), cv2.MARKER_CROSS, 14, 4, cv2.LINE_AA)
        cv2.drawMarker(picture, corner, colour, cv2.MARKER_CROSS, 12, 2, cv2.LINE_AA)


class _Caption:
    """The lines below the picture: what it shows, this frame, the votes, the notices."""

    def __init__(self, sperm: AssessmentRecord, *, width_px: int, say: Say) -> None:
        prepare_reportlab()
        self._say, self._width_px = say, width_px
        self._room_px = width_px - 2 * MARGIN_PX
        self._title = self._lines(_title(sperm, say))
        grade = sperm.prediction.grade
        votes = Message(
            "Predicted votes of the panel: {votes}; votes for A or B {share}",
            votes=votes_in_words(grade),
            share=share(grade.p_a_or_b),
        )
        warnings = warnings_in_brief(sperm.flags)
        is_doubtful = bool(warnings.values)
        self._votes = self._lines(say(marked_doubtful(votes, is_doubtful=is_doubtful)))
        self._warnings = (
            self._lines(say(Message("Warning: {about}", about=warnings))) if is_doubtful else []
        )
        self._foot = [line for n in _notices(sperm.provenance) for line in self._lines(say(n))]
        self._frame_lines = max(len(self._lines(self._state(p))) for p in _longest(sperm.track))
        fixed = (self._title, self._votes, self._warnings, self._foot)
        count = self._frame_lines + sum(map(len, fixed))
        self._height_px = _even(count * self._step_px() + 2 * MARGIN_PX)

    def below(self, point: TrackPoint) -> Pixels:
        """(H, W, 3) uint8 RGB: white on black."""
        image = Image.new("RGB", (self._width_px, self._height_px))
        draw, y = ImageDraw.Draw(image), MARGIN_PX
        state = self._lines(self._state(point))
        state += [""] * (self._frame_lines - len(state))
        colour = _colour(point) or UNSURE
        for lines, tint in (
            (self._title, "white"),
            (state, colour),
            (self._votes, "white"),
            (self._warnings, UNSURE),
            (self._foot, "white"),
        ):
            for line in lines:
                _write(draw, (MARGIN_PX, y), line, tint)
                y += self._step_px()
        return np.asarray(image, dtype=np.uint8)

    @staticmethod
    def _step_px() -> int:
        return round(1.35 * TEXT_PX)

    def _lines(self, text: str) -> list[str]:
        return wrapped(text, size_pt=TEXT_PX, width_pt=self._room_px)

    def _state(self, point: TrackPoint) -> str:
        """Frame, time, status and doubt."""
        place = Message(
            "frame {frame} · {time:.2f} s · {status}",
            frame=point.frame,
            time=point.time_s,
            status=STATUSES[point.status],
        )
        if point.doubt is None:
            return self._say(place)
        doubt = Message(
            "doubtful: {why}, see frame {frame}",
            why=DOUBTS[point.doubt.kind],
            frame=point.doubt.frame,
        )
        return self._say(joined((place, doubt), " · "))


def _title(sperm: AssessmentRecord, say: Say) -> str:
    parts: list[Message | str] = [Message("Sperm {name}", name=sperm.target)]
    if sperm.sample.sample:
        parts.append(Message("sample {name}", name=sperm.sample.sample))
    parts.append(Message("video {name}", name=sperm.provenance.video_name))
    return " · ".join(
        shortened(say(p) if isinstance(p, Message) else p, LONGEST_NAME) for p in parts
    )


def _longest(track: Track) -> Iterator[TrackPoint]:
    """One point of each status and doubt, the latest, whose numbers are the longest."""
    yield from {(p.status, p.doubt): p for p in track.points}.values()


def _write(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    line: str,
    colour: str | tuple[int, int, int],
) -> None:
    x, baseline = float(corner[0]), corner[1] + TEXT_PX
    for face, stretch in runs(line):
        draw.text((x, baseline), stretch, fill=colour, font=_font(face), anchor="ls")
        x += _font(face).getlength(stretch)


@cache
def _font(face: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(bundled_path(f"resources/report/fonts/{FILES[face]}")), TEXT_PX)
