"""The window's long jobs, composed from the core; each is a generator that runs in a worker.

The core is imported inside: reading video, tracking and above all torch take longer to import
than the window may take to appear.
"""

import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.jobs.sample_tasks import KeptVideo
from app.state.records import Film
from rostfine_core.attention import Paint
from rostfine_core.domain import (
    AnswerMode,
    Assessment,
    HeadMeasure,
    LeftOut,
    LongJob,
    Meaning,
    Overview,
    Progress,
    SampleInfo,
    Seed,
    StoredReport,
    Track,
    TrackStatus,
    VideoInfo,
    VideoSection,
    overview_frame,
)
from rostfine_core.errors import VideoError
from rostfine_core.finding import Finding
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.video.checksum import VideoChecksum
from rostfine_core.video.frame_cache import CachedFrame, FrameCache

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from rostfine_core.assessor import Assessor, DeviceChoice
    from rostfine_core.domain import SampleReport
    from rostfine_core.panel import VotedClip
    from rostfine_core.pipeline import Outcome
    from rostfine_core.report import ReportStyle
    from rostfine_core.store import Store
    from rostfine_core.video import DecodedFrame, Video

FILM_FRAMES = 60
LOAD_STEPS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """An open video, its first frame and whether it is interlaced; who takes it closes it."""

    video: "Video"
    first_frame: "DecodedFrame"
    image: NDArray[np.uint8]
    is_interlaced: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Footage:
    """What jobs read of the open video: kept frames, the file for the others, its checksum.

    ``video`` belongs to the job that fills ``cache``; the others read it reopened.
    """

    cache: FrameCache
    video: "Video"
    checksum: VideoChecksum


@dataclass(frozen=True, kw_only=True, eq=False)
class GradeOrder:
    """Everything a grading job needs, fixed when it starts."""

    path: Path
    info: VideoInfo
    seeds: tuple[Seed, ...]
    tracks: tuple[Track, ...]
    sample: SampleInfo
    um_per_px: float | None
    fps: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportOrder:
    """Everything a report needs, fixed when its job starts.

    ``names`` are those of the targets; without ``footage`` there is no picture of the video.
    """

    assessments: tuple[Assessment, ...]
    names: Mapping[str, str]
    left_out: tuple[LeftOut, ...]
    footage: Footage | None
    colour_map: str
    language: str
    model_sha256: str


def import_core() -> None:
    """Import what opening, tracking and exporting need, so that their first use does not wait.

    Loading compiled modules holds Python's lock; it is best done while nobody clicks yet.
    """
    import cattrs  # the store imports it late  # noqa: F401 - importing is the purpose

    import rostfine_core.export
    import rostfine_core.pipeline
    import rostfine_core.video  # noqa: F401


def open_source(path: Path) -> LongJob[Opened]:
    """Open a video and decode its first frame.

    Raises:
        VideoError: it cannot be read.
    """
    from rostfine_core.tracking import is_interlaced
    from rostfine_core.video import opening_video

    yield Progress(stage=marked("opening"), done=0, total=1)
    video = yield from opening_video(path)
    try:
        first = video.frame(0)
        with closing(video.frames()) as frames:
            is_woven = is_interlaced(frames)
        opened = Opened(
            video=video,
            first_frame=first,
            image=first.rgb(exact=False),
            is_interlaced=is_woven,
        )
        yield Progress(stage=marked("opening"), done=1, total=1)
    except BaseException:
        video.close()
        raise
    return opened


def find_again(path: Path, *, info: VideoInfo, sha256: str) -> LongJob[Opened]:
    """Open the video that ``info`` describes at its new place.

    Raises:
        VideoError: it cannot be read, or it is another video.
    """
    opened = yield from open_source(path)
    found = opened.video.info
    try:
        is_same = _shape(found) == _shape(info)
        if is_same and sha256:
            is_same = sha256 == (yield from VideoChecksum(opened.video.identity).get())
        if not is_same:
            raise VideoError(
                Message(
                    "{name} is another video than {open}: choose the file that was open.",
                    name=path.name,
                    open=Path(info.path).name,
                )
            )
    except BaseException:
        opened.video.close()
        raise
    return opened


def _shape(info: VideoInfo) -> tuple[int, int, int]:
    return info.width_px, info.height_px, info.frame_count


def checksum(footage: Footage) -> LongJob[str]:
    """The checksum of the video's bytes, which every result names."""
    return (yield from footage.checksum.get())


def load_model(
    path: Path | None, *, device: "DeviceChoice", mode: AnswerMode = AnswerMode.FULL
) -> LongJob["Assessor"]:
    """Import torch, load the model (None: the bundled one) and warm it up.

    Raises:
        RostfineError: the model is missing, foreign or damaged, or the device is not there.
    """
    from app.jobs.preload import imports_uncollected, preload_torch

    is_first = "torch" not in sys.modules  # later there is nothing to import, only to collect
    with imports_uncollected() if is_first else nullcontext():
        yield Progress(stage=marked("model"), done=0, total=LOAD_STEPS)
        import_core()
        yield Progress(stage=marked("model"), done=1, total=LOAD_STEPS)
        preload_torch()
        yield Progress(stage=marked("model"), done=2, total=LOAD_STEPS)
        from rostfine_core.assessor import Assessor
        from rostfine_core.bundled import DEMO_MODEL, bundled_path

    yield Progress(stage=marked("model"), done=3, total=LOAD_STEPS)
    assessor = Assessor.load(path or bundled_path(DEMO_MODEL), device=device, mode=mode)
    yield Progress(stage=marked("model"), done=4, total=LOAD_STEPS)
    assessor.warm_up()
    return assessor


def examine_machine(folder: Path) -> LongJob[tuple[Finding, ...]]:
    """The doctor's findings, but for the window; ``folder`` may have to be made."""
    from rostfine_core.doctor import examine

    findings = []
    existing = next((p for p in (folder, *folder.absolute().parents) if p.exists()), folder)
    for finding in examine(existing, has_window=True):
        findings.append(finding)
        yield Progress(stage=marked("examining"), done=len(findings), total=0)
    return tuple(findings)


def write_manual(language: str, file: Path, font: "QFont") -> LongJob[Path]:
    """Write the manual as PDF and return the file.

    Raises:
        StoreError: it cannot be written.
    """
    from app.presentation.manual_pdf import write_manual_pdf

    yield Progress(stage=marked("writing"), done=0, total=1)
    write_manual_pdf(language, file, font)
    return file


def write_votes(clips: Sequence["VotedClip"], folder: Path, name: str) -> LongJob[tuple[Path, int]]:
    """Write a panel's clips and votes as a data set; return its folder and their number.

    Raises:
        DatasetError: nobody has voted, or the clips differ in size.
        StoreError: the folder holds a data set, or cannot be written.
    """
    from rostfine_core.training.data.voted import write_voted_clips

    count = yield from write_voted_clips(clips, out=folder, name=name)
    return folder, count


def track_sperms(
    footage: Footage, *, seeds: Sequence[Seed], info: VideoInfo, fps: float | None
) -> LongJob[tuple[Track, ...]]:
    """Track all seeds in one pass over the frames.

    Raises:
        VideoError: the video cannot be read any more.
        TrackingError: a seed does not lie in the video.
    """
    from rostfine_core.tracking import track
    from rostfine_core.video.timing import with_fps

    def frames_from(start: int) -> Generator[CachedFrame | None]:
        return footage.cache.stream(start, footage.video.reopened)

    return (yield from track(frames_from, seeds, video=with_fps(info, fps)))


def measure_head(
    image: NDArray[np.uint8], *, x_px: float, y_px: float
) -> LongJob[HeadMeasure | None]:
    """The head that a click in a grey picture (H, W) would mean, if there is one."""
    from rostfine_core.tracking.head_measure import find_head

    yield Progress(stage=marked("heads"), done=0, total=1)
    return find_head(image, x_px=x_px, y_px=y_px)


def find_all_heads(image: NDArray[np.uint8]) -> LongJob[tuple[HeadMeasure, ...]]:
    """Every head of a grey picture (H, W)."""
    from rostfine_core.tracking.head_detection import find_heads

    return (yield from find_heads(image))


def grade_sperms(
    order: GradeOrder, *, footage: Footage, assessor: "Assessor"
) -> LongJob["Outcome"]:
    """Cut the clips of finished tracks and grade them in one batch.

    Raises:
        VideoError: the video cannot be read any more.
    """
    from rostfine_core.pipeline import AssessmentRequest, assess_tracks
    from rostfine_core.video.timing import with_fps

    yield Progress(stage=marked("grading"), done=0, total=len(order.tracks))
    request = AssessmentRequest(
        video=order.path,
        seeds=order.seeds,
        sample=order.sample,
        um_per_px=order.um_per_px,
        fps=order.fps,
    )
    sha256 = yield from footage.checksum.get()
    with _pictures(footage, exact=True) as image_at:
        return (
            yield from assess_tracks(
                request,
                order.tracks,
                info=with_fps(order.info, order.fps),
                video_sha256=sha256,
                image_at=image_at,
                assessor=assessor,
            )
        )


def cut_film(
    track: Track, *, footage: Footage, crop_px: int, magnification: float = 1.0
) -> LongJob[Film]:
    """Cut the crop in at most ``FILM_FRAMES`` frames, spread over those where the sperm was seen.

    ``crop_px`` and ``magnification`` are those of the model's clips, and it shows one field where
    they do.

    Raises:
        VideoError: the video cannot be read any more.
    """
    from rostfine_core.interlace import one_field
    from rostfine_core.squares import cut_square

    is_woven = track.field is not None and track.field.is_one_field
    seen = [p for p in track.points if p.status is not TrackStatus.LOST]
    chosen = seen[:: max(1, -(-len(seen) // FILM_FRAMES))]
    images = []
    with _pictures(footage, exact=False) as image_at:
        for done, point in enumerate(chosen):
            yield Progress(stage=marked("film"), done=done, total=len(chosen))
            image = image_at(point.frame)
            image = one_field(image) if is_woven else image
            square = cut_square(
                image,
                x_px=point.x_px,
                y_px=point.y_px,
                size_px=crop_px,
                magnification=magnification,
            )
            images.append(square)
    return Film(frames=tuple(p.frame for p in chosen), images=tuple(images))


def export(order: ReportOrder, kept: KeptVideo, folder: Path, *, overwrite: bool) -> LongJob[Path]:
    """Write a sample's results over all its videos, as a new version.

    Raises:
        StoreError: the folder cannot be written or already holds results, or who is signed in may
            not write reports.
    """
    from rostfine_core.stored_reports import Printing, keep_report

    printing = Printing(style=_style(order))
    yield from keep_report(
        kept.store,
        kept.sample_id,
        folder,
        printing=printing,
        overwrite=overwrite,
        model_sha256=order.model_sha256,
    )
    return folder


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How the files of a kept report are to look, and the model whose grades it shows."""

    language: str
    colour_map: str
    model_sha256: str


def sign_report(
    store: "Store",
    report: StoredReport,
    *,
    passphrase: str,
    meaning: Meaning,
    looks: Looks,
    seal_with: tuple[Path, str] | None = None,
) -> LongJob[Path]:
    """Sign a version of a report, and write its files with the signature; return their folder.

    ``seal_with`` is a certificate's file and passphrase.

    Raises:
        StoreError: a passphrase is wrong, the certificate cannot seal, the report is not as it is
            kept, or who is signed in may not sign.
    """
    from rostfine_core.report.seal import load_certificate
    from rostfine_core.stored_reports import Printing, sign_kept_report

    certificate = None
    if seal_with is not None:
        file, words = seal_with
        certificate = load_certificate(file, passphrase=words)

    yield from sign_kept_report(
        store,
        report,
        passphrase=passphrase,
        meaning=meaning,
        printing=Printing(style=_styled(looks.colour_map, looks.language), certificate=certificate),
        model_sha256=looks.model_sha256,
    )
    return Path(report.folder)


def amend_report(
    store: "Store", report: StoredReport, reason: str, folder: Path, *, looks: Looks
) -> LongJob[Path]:
    """Write the next version of a signed report into a folder, as a draft.

    Raises:
        StoreError: the report is not signed, or who is signed in may not amend it.
    """
    from rostfine_core.store.signing import amendment
    from rostfine_core.stored_reports import Printing, keep_report

    yield from keep_report(
        store,
        report.sample_id,
        folder,
        identity=amendment(store, report.id, reason=reason),
        printing=Printing(style=_styled(looks.colour_map, looks.language)),
        model_sha256=looks.model_sha256,
    )
    return folder


def preview(order: ReportOrder, kept: KeptVideo | None) -> LongJob[tuple[NDArray[np.uint8], ...]]:
    """Write the report and draw its pages, (H, W, 3) uint8 each.

    It is as it would be exported, or of what is on screen where the store does not hold the video.

    Raises:
        StoreError: there is no room for a temporary file.
    """
    from rostfine_core.report import write_report_pdf
    from rostfine_core.report.page_images import draw_pages
    from rostfine_core.result_files import report_json

    yield Progress(stage=marked("preview"), done=0, total=0)
    if kept is None:
        report = report_of(order)
    else:
        from rostfine_core.stored_reports import stored_report

        identity = kept.store.next_report(kept.sample_id)
        report = yield from stored_report(
            kept.store, kept.sample_id, identity, model_sha256=order.model_sha256
        )
    pages = []
    with TemporaryDirectory(prefix="rostfine-") as folder:
        path = Path(folder) / "report.pdf"
        yield from write_report_pdf(path, report, content=report_json(report), style=_style(order))
        for page in draw_pages(path):
            pages.append(page)
            yield Progress(stage=marked("preview"), done=len(pages), total=0)
    return tuple(pages)


def _style(order: ReportOrder) -> "ReportStyle":
    return _styled(order.colour_map, order.language)


def _styled(colour_map: str, language: str) -> "ReportStyle":
    from rostfine_core.report import ReportStyle

    return ReportStyle(paint=Paint(colour_map=colour_map), language=language)


def report_of(order: ReportOrder) -> "SampleReport":
    """The contents of a report that no store holds, with the video's frame while it can be read."""
    from rostfine_core.export import sample_report, under_names

    section = VideoSection.of(
        under_names(order.assessments, order.names),
        left_out=order.left_out,
        overview=_overview(order),
    )
    return sample_report([section])


def _overview(order: ReportOrder) -> Overview | None:
    """The frame that shows the sperm; None where the video was moved or changed meanwhile."""
    if order.footage is None:
        return None
    frame = overview_frame([a.track for a in order.assessments])
    try:
        with _pictures(order.footage, exact=False) as image_at:
            image = image_at(frame)
    except VideoError:
        return None
    return Overview(frame=frame, image=image)


@contextmanager
def _pictures(footage: Footage, *, exact: bool) -> Iterator[Callable[[int], NDArray[np.uint8]]]:
    """Pictures by number: from the cache, else from the file, which is closed at the end.

    Raises:
        VideoError: at the end, if files were changed since they were opened.
    """
    opened: list[Video] = []

    def image_at(index: int) -> NDArray[np.uint8]:
        kept = footage.cache.rgb(index, exact=exact)
        if kept is not None:
            return kept
        if not opened:
            opened.append(footage.video.reopened())
        return opened[0].frame(index).rgb(exact=exact)

    try:
        yield image_at
        for video in opened:
            video.identity.check()  # single pictures of a folder are not
    finally:
        for video in opened:
            video.close()
