"""Jobs about reports: preview, export, signature and amendment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.jobs.sample_tasks import KeptVideo
from app.jobs.video_tasks import Footage, pictures
from rostfine_core.attention import Paint
from rostfine_core.domain import (
    Assessment,
    LeftOut,
    LongJob,
    Meaning,
    Overview,
    Progress,
    StoredReport,
    VideoSection,
    overview_frame,
)
from rostfine_core.errors import VideoError
from rostfine_core.marking import marked

if TYPE_CHECKING:
    from rostfine_core.domain import SampleReport
    from rostfine_core.report import ReportStyle
    from rostfine_core.store import Store


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


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How the files of a kept report are to look, and the model whose grades it shows."""

    language: str
    colour_map: str
    model_sha256: str


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
        with pictures(order.footage, exact=False) as image_at:
            image = image_at(frame)
    except VideoError:
        return None
    return Overview(frame=frame, image=image)
