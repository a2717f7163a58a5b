"""Follows clicked sperm through a video, one frame at a time, together with their neighbours.

Every frame: predict each head; look for blobs like it around the prediction; decide jointly which
blob is which head; learn. Blobs near a sperm that nobody clicked (distractors: other sperm, debris)
are followed too as long as they stay near, because what they are, the sperm is not: this keeps
tracks apart where sperm cross, and makes a static background harmless.

A *head* is a thing in the video; a *target* is a name that a person gave. Each target's head is
followed by itself, so that a path does not depend on who else was clicked.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rostfine_core.domain import Doubt, GreyFrame, Seed, Track, TrackPoint, TrackStatus
from rostfine_core.errors import TrackingError
from rostfine_core.messages import Message
from rostfine_core.tracking.heads import Heads, HeadState
from rostfine_core.tracking.meetings import Span
from rostfine_core.tracking.seeds import check_consistent, check_in_frame
from rostfine_core.tracking.settings import TrackerSettings

PREDICTED_SHARE = 0.5
"""Share of its last score that a head starts from when it is only predicted."""
FIRST_GUESS_S = 1 / 25


@dataclass(frozen=True)
class _Label:
    """A target's hold on a head, and how far from the head's middle it is placed."""

    head: int
    offset: complex


@dataclass(frozen=True)
class _Clock:
    """The frame before: its number, time, distance in time from its predecessor, and shape."""

    frame: int
    time_s: float
    elapsed_s: float
    shape: tuple[int, ...]


class Tracker:
    """Tracks all seeds in one pass; each ``step`` returns the points of its frame.

    Places are final. A doubt may still be lifted later, as ``tracks`` shows. Memory does not grow
    with the video but for one point a target and frame.
    """

    def __init__(self, seeds: Sequence[Seed], *, settings: TrackerSettings | None = None) -> None:
        """Prepare to track ``seeds``; later seeds of a target are manual corrections.

        Raises:
            TrackingError: the seeds contradict each other or have no position.
        """
        check_consistent(seeds)
        self._settings = settings or TrackerSettings()
        self._pending: dict[int, list[Seed]] = defaultdict(list)
        for seed in seeds:
            self._pending[seed.frame].append(seed)
        self._heads = Heads(self._settings)
        self._labels: dict[str, _Label] = {}
        self._points: dict[str, list[TrackPoint]] = {}
        self._clock: _Clock | None = None
        self._spans: dict[str, dict[int, tuple[Span, ...]]] = defaultdict(dict)
        self._left: dict[str, int] = {}

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks so far, in the order in which the targets began."""
        return tuple(self._track(target) for target in self._points)

    @property
    def pending(self) -> tuple[Seed, ...]:
        """The seeds whose frame has not come yet."""
        return tuple(seed for seeds in self._pending.values() for seed in seeds)

    def step(self, frame: GreyFrame) -> Mapping[str, TrackPoint]:
        """Take in the next frame and say where every target that has begun is in it.

        Raises:
            TrackingError: the frame is out of order or of another size, or a seed lies outside.
        """
        self._check_order(frame)
        height, width = frame.image.shape
        for seed in self._pending.get(frame.index, ()):
            check_in_frame(seed, width_px=width, height_px=height)
        elapsed_s = self._tick(frame)
        if frame.is_duplicate:
            points = {target: self._repeated(target, frame) for target in self._points}
        else:
            self._heads.advance(frame, elapsed_s=elapsed_s)
            points = self._current(frame)
        seeds = self._pending.pop(frame.index, [])
        if seeds:
            points |= self._begin(seeds, frame)
            self._heads.survey(frame)
        for target, point in points.items():
            self._points.setdefault(target, []).append(point)
        self._take_in_doubts()
        shown = {target: self._doubted(target, point) for target, point in points.items()}
        self._forget()
        return shown

    def _track(self, target: str) -> Track:
        """The track of ``target`` so far, with the doubts that are left and its end."""
        points, left = self._points[target], self._left.get(target)
        kept = points if left is None else points[: left - points[0].frame]
        return Track(
            target=target,
            points=tuple(self._doubted(target, point) for point in kept),
            left_frame=left,
        )

    def _doubted(self, target: str, point: TrackPoint) -> TrackPoint:
        """The point as it can be believed: what may be another's place was not measured."""
        of_target = self._spans.get(target)
        if not of_target or point.status in (TrackStatus.MANUAL, TrackStatus.LOST):
            return point
        spans = (span for of_head in of_target.values() for span in of_head)
        span = next((span for span in spans if point.frame in span), None)
        if span is None:
            return point
        doubt = Doubt(span.kind, span.begin)
        return replace(point, status=TrackStatus.PREDICTED, doubt=doubt)

    def _check_order(self, frame: GreyFrame) -> None:
        late = [seed for seed in self.pending if seed.frame < frame.index]
        if late:
            raise TrackingError(
                Message(
                    "Frame {index} comes after the click on target {target} in frame {frame}: "
                    "start tracking no later than the first click.",
                    index=frame.index,
                    target=late[0].target,
                    frame=late[0].frame,
                )
            )
        clock = self._clock
        if clock and frame.index != clock.frame + 1:
            raise TrackingError(
                Message(
                    "Frame {index} cannot follow frame {frame}: frames must come one by one, in "
                    "order.",
                    index=frame.index,
                    frame=clock.frame,
                )
            )
        if clock and frame.image.shape != clock.shape:
            (height, width), (old_height, old_width) = frame.image.shape, clock.shape
            raise TrackingError(
                Message(
                    "Frame {index} is {width}x{height} pixels but the frames before it are "
                    "{old_width}x{old_height}: only videos that keep their size can be tracked.",
                    index=frame.index,
                    width=width,
                    height=height,
                    old_width=old_width,
                    old_height=old_height,
                )
            )

    def _tick(self, frame: GreyFrame) -> float:
        """Seconds since the frame before, repeated or not.

        Repeated frames come from rate conversion, where the distinct ones were taken evenly: the
        time of a repeated frame has not moved the sperm.
        """
        last = self._clock
        elapsed_s = frame.time_s - last.time_s if last else 0.0
        if elapsed_s <= 0:  # a broken time stamp
            elapsed_s = last.elapsed_s if last else FIRST_GUESS_S
        self._clock = _Clock(frame.index, frame.time_s, elapsed_s, frame.image.shape)
        return elapsed_s

    def _begin(self, seeds: Sequence[Seed], frame: GreyFrame) -> dict[str, TrackPoint]:
        """Put labels on the heads under the clicks of a frame.

        The first click of a target chooses a head, whose centre is then followed. Where no head
        stands out, or the place was meant exactly, the clicked point itself is followed. A
        correction holds in its own frame.
        """
        for seed in seeds:
            self._end_doubts(seed)
            self._left.pop(seed.target, None)
            self._labels.pop(seed.target, None)
        self._forget()
        clicks = [complex(seed.x_px, seed.y_px) for seed in seeds]
        heads = self._heads.add(frame, clicks)
        states = self._heads.states()
        points = {}
        for seed, click, head in zip(seeds, clicks, heads, strict=True):
            state = states[head]
            is_kept = seed.is_exact or not state.is_measured
            self._labels[seed.target] = _Label(head, click - state.place if is_kept else 0)
            place = click if is_kept else _inside(state.place, frame)
            points[seed.target] = _point(frame, place, score=1.0, status=TrackStatus.MANUAL)
        return points

    def _end_doubts(self, seed: Seed) -> None:
        """A click says where the sperm is: what was doubtful before is so only until then."""
        for head, spans in self._spans[seed.target].items():
            ended = (replace(s, end=seed.frame if s.end is None else s.end) for s in spans)
            self._spans[seed.target][head] = tuple(s for s in ended if s.begin < seed.frame)

    def _take_in_doubts(self) -> None:
        """Keep in which frames the targets are doubtful."""
        news = self._heads.meetings.news()
        if news:
            targets = {label.head: target for target, label in self._labels.items()}
            for head, spans in news.items():
                self._spans[targets[head]][head] = spans

    def _current(self, frame: GreyFrame) -> dict[str, TrackPoint]:
        """Where all targets are after the heads have moved on."""
        states, lost = self._heads.states(), _lost(frame)
        labels = self._labels
        return {
            target: self._seen(labels[target], states[labels[target].head], frame, lost)
            if target in labels
            else lost
            for target in self._points
        }

    def _seen(
        self, label: _Label, head: HeadState, frame: GreyFrame, lost: TrackPoint
    ) -> TrackPoint:
        """Where a target is whose head is in this state; ``lost`` if that is."""
        if head.is_lost:
            return lost
        score, status = head.score, TrackStatus.MEASURED
        if head.unseen_s > 0:
            score *= PREDICTED_SHARE * math.exp(-head.unseen_s / self._settings.predict_s)
            status = TrackStatus.PREDICTED
        return _point(frame, _inside(head.place + label.offset, frame), score=score, status=status)

    def _repeated(self, target: str, frame: GreyFrame) -> TrackPoint:
        """The point of the frame before, which this frame repeats."""
        last = self._points[target][-1]
        status = TrackStatus.MEASURED if last.status is TrackStatus.MANUAL else last.status
        return replace(
            last,
            frame=frame.index,
            time_s=frame.time_s,
            status=status,
            is_duplicate=True,
        )

    def _forget(self) -> None:
        """Let go of heads that no target holds any more, or that were not seen for too long."""
        patience_s = self._settings.predict_s + self._settings.search_lost_s
        heads = self._heads
        gone = set(heads.ids[(heads.unseen_s > patience_s) | heads.has_left].tolist())
        left = set(heads.ids[heads.has_left].tolist())
        for target, label in self._labels.items():
            if label.head in left and self._clock:
                self._left[target] = self._left_frame(target, self._clock)
        if gone:
            self._labels = {t: label for t, label in self._labels.items() if label.head not in gone}
        held = {label.head for label in self._labels.values()}
        heads.release(set(heads.ids.tolist()) - held)

    def _left_frame(self, target: str, clock: _Clock) -> int:
        """When a target left: after the first frame in which it was unseen, beyond the border."""
        height, width = clock.shape
        left = clock.frame
        for point in reversed(self._points[target]):
            is_beyond = point.x_px in (0, width - 1) or point.y_px in (0, height - 1)
            if point.status is not TrackStatus.PREDICTED or not is_beyond:
                break
            left = point.frame + 1
        return left


def _point(frame: GreyFrame, place: complex, *, score: float, status: TrackStatus) -> TrackPoint:
    return TrackPoint(
        frame=frame.index,
        time_s=frame.time_s,
        x_px=place.real,
        y_px=place.imag,
        score=min(max(score, 0.0), 1.0),
        status=status,
        is_duplicate=frame.is_duplicate,
    )


def _inside(place: complex, frame: GreyFrame) -> complex:
    """The nearest place within the frame: a head at the border may have its centre beyond."""
    height, width = frame.image.shape
    return complex(min(max(place.real, 0), width - 1), min(max(place.imag, 0), height - 1))


def _lost(frame: GreyFrame) -> TrackPoint:
    return _point(frame, complex(math.nan, math.nan), score=0.0, status=TrackStatus.LOST)
