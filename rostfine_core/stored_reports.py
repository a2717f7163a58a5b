"""The report on a sample of the case store: over all its videos, kept as a version, and signed."""

import zipfile
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rostfine_core.domain import (
    NOT_GRADED,
    TRACK_REJECTED,
    Assessment,
    AssessmentKey,
    LeftOut,
    LongJob,
    Meaning,
    Overview,
    Progress,
    ReportIdentity,
    SampleReport,
    StoredCase,
    StoredReport,
    StoredVideo,
    Verdict,
    VideoSection,
    finish,
    overview_frame,
)
from rostfine_core.errors import StoreError, VideoError, parsing
from rostfine_core.export import (
    REPORT,
    check_folder,
    export_sample,
    sample_report,
    under_names,
    with_seal,
)
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.origins import open_origin
from rostfine_core.quality.decided import as_decided
from rostfine_core.quality.same_head import find_same_heads, places_of
from rostfine_core.report import DEFAULT_STYLE, ReportStyle
from rostfine_core.report.seal import Certificate
from rostfine_core.result_files import content_sha256, report_json
from rostfine_core.store import Store
from rostfine_core.store.current import is_present
from rostfine_core.store.signing import SignedFiles, sign_report
from rostfine_core.video import PlaneChoice


@dataclass(frozen=True, kw_only=True)
class Printing:
    """How the files of a report are made: their looks, and the certificate that seals the PDF."""

    style: ReportStyle = DEFAULT_STYLE
    certificate: Certificate | None = None


def stored_report(
    store: Store, sample_id: str, identity: ReportIdentity, *, model_sha256: str = ""
) -> LongJob[SampleReport]:
    """The report on a sample as it stands now, over all its videos with sperm.

    A sperm that several models graded has the grade of the one with this checksum, else the newest.
    A video's frame is shown where its file lies where it was, unchanged.

    Raises:
        StoreError: the store cannot be read.
    """
    videos = store.videos_of(sample_id)
    sections = []
    for done, row in enumerate(videos):
        yield Progress(stage=marked("reading"), done=done, total=len(videos))
        case = store.load_case(row.video_id)
        if case.draft.sperms:
            sections.append((yield from _section(case, model_sha256)))
    sample = store.sample(sample_id)
    patient = videos[0].patient if videos else ""
    return sample_report(sections, sample=sample, patient=patient, identity=identity)


def keep_report(
    store: Store,
    sample_id: str,
    folder: Path,
    *,
    identity: ReportIdentity | None = None,
    printing: Printing | None = None,
    overwrite: bool = False,
    model_sha256: str = "",
) -> LongJob[str]:
    """Write the report on a sample into a folder and keep it as the next version; its id.

    Args:
        store: the store, whose operator may write reports and export.
        sample_id: the sample.
        folder: where the files go.
        identity: the version, for an amendment (``signing.amendment``); the next by default.
        printing: looks and certificate.
        overwrite: whether a draft in the folder may be replaced.
        model_sha256: the model whose grades are meant, as in ``stored_report``.

    Raises:
        StoreError: nothing is graded, the folder cannot be written, or as ``Store.add_report``.
    """
    check_folder(folder, overwrite=overwrite)
    identity = identity or store.next_report(sample_id)
    report = yield from stored_report(store, sample_id, identity, model_sha256=model_sha256)
    made = yield from _files(report, printing or Printing())
    store.note_export(folder.name)
    report_id = store.add_report(
        sample_id,
        identity,
        video_ids=_with_sperm(store, sample_id),
        content_sha256=made.content_sha256,
        folder=folder.absolute(),
        files=made.files,
    )
    _unpack(made.files, folder, overwrite=overwrite)
    return report_id


def take_out_report(store: Store, kept: StoredReport, folder: Path) -> None:
    """Write a kept version into a folder as it is kept, byte by byte.

    Raises:
        StoreError: its files were not kept or are damaged, the folder cannot be written or holds
            results, or the operator may not export.
    """
    version = kept.identity.version
    files = store.report_files(kept.id)
    if files is None:
        raise StoreError(
            Message(
                "The store keeps no files of version {version}: write the report again.",
                version=version,
            )
        )
    store.note_export(folder.name)
    with parsing(
        lambda _: StoreError(
            Message(
                "The files of version {version} are damaged: restore a backup of the store.",
                version=version,
            )
        )
    ):
        _unpack(files, folder, overwrite=False)


def sign_kept_report(
    store: Store,
    kept: StoredReport,
    *,
    passphrase: str,
    meaning: Meaning,
    printing: Printing | None = None,
    model_sha256: str = "",
) -> LongJob[ReportIdentity]:
    """Sign a kept version, and write its files with the signature over the draft's.

    ``model_sha256`` is the model whose grades are meant, as when the draft was written.

    Raises:
        StoreError: as ``signing.sign_report``; the report would not say what its draft says; or
            the folder cannot be written, in which case the store holds the signed files.
    """
    if kept.folder:
        check_folder(Path(kept.folder), overwrite=True)
    report = yield from stored_report(
        store, kept.sample_id, kept.identity, model_sha256=model_sha256
    )
    _refuse_other(report, kept, printing or Printing())
    made: list[SignedFiles] = []

    def make(identity: ReportIdentity) -> SignedFiles:
        signed = replace(report, identity=identity)
        made.append(finish(_files(signed, printing or Printing())))
        return made[-1]

    identity = sign_report(store, kept.id, passphrase=passphrase, meaning=meaning, make_files=make)
    if kept.folder:
        _unpack(made[-1].files, Path(kept.folder), overwrite=True)
    return identity


def _refuse_other(report: SampleReport, kept: StoredReport, printing: Printing) -> None:
    """Refuse to sign what nobody has seen: the report must be as its draft shows it."""
    seen = (_content_sha256(report, Printing()), _content_sha256(report, printing))
    if kept.content_sha256 not in seen:
        raise StoreError(
            Message(
                "The sample's report would be another than version {version} now: write it again, "
                "look at it, then sign it.",
                version=kept.identity.version,
            )
        )


def _section(case: StoredCase, model_sha256: str) -> LongJob[VideoSection]:
    """A video's part: the newest present result of each sperm, as its user decided since."""
    graded = _graded(case, model_sha256)
    names = {sperm.target: sperm.name for sperm in case.draft.sperms}
    overview = yield from _overview(case.video, graded)
    return VideoSection(
        name=case.video.name,
        sha256=case.video.sha256,
        assessments=under_names(graded, names),
        left_out=_left_out(case, {a.target for a in graded}),
        overview=overview,
    )


def _graded(case: StoredCase, model_sha256: str) -> tuple[Assessment, ...]:
    def rank(made: tuple[AssessmentKey, Assessment]) -> tuple[bool, str]:
        return made[0].model_sha256 == model_sha256, made[1].provenance.created_utc

    newest_last = sorted(case.assessments.items(), key=rank)
    results = {key.target: a for key, a in newest_last if is_present(key, case.draft)}
    kept = [
        sperm
        for sperm in case.draft.sperms
        if sperm.target in results and sperm.verdict is not Verdict.REJECTED
    ]
    names = {sperm.target: sperm.name for sperm in kept}
    same = find_same_heads({s.target: places_of(results[s.target].track) for s in kept})
    return tuple(
        as_decided(
            results[sperm.target],
            sample=case.draft.sample,
            sperm=sperm,
            same=(names[pair[0]], names[pair[1]]) if (pair := same.get(sperm.target)) else None,
        )
        for sperm in kept
    )


def _left_out(case: StoredCase, graded: set[str]) -> tuple[LeftOut, ...]:
    rejected = {
        key.target: why for key, why in case.rejected.items() if is_present(key, case.draft)
    }
    return tuple(
        (
            sperm.name,
            TRACK_REJECTED
            if sperm.verdict is Verdict.REJECTED
            else rejected.get(sperm.target, NOT_GRADED),
        )
        for sperm in case.draft.sperms
        if sperm.target not in graded
    )


def _overview(video: StoredVideo, graded: Sequence[Assessment]) -> LongJob[Overview | None]:
    """The frame that shows the sperm; None where the file is not there any more, or another."""
    if not graded:
        return None
    frame = overview_frame([a.track for a in graded])
    choice = PlaneChoice(channel=video.channel, plane=video.plane)
    with suppress(VideoError, StoreError):
        opened = yield from open_origin(video.name, video.sha256, given=video.path, choice=choice)
        with closing(opened):
            return Overview(frame=frame, image=opened.frame(frame).rgb(exact=False))
    return None


def _with_sperm(store: Store, sample_id: str) -> tuple[str, ...]:
    """The videos that a report on a sample is on."""
    return tuple(row.video_id for row in store.videos_of(sample_id) if row.sperm_count)


def _files(report: SampleReport, printing: Printing) -> LongJob[SignedFiles]:
    """The files of a report as ZIP, and the hash that they state."""
    with TemporaryDirectory(prefix="rostfine-") as name:
        folder = Path(name)
        yield from export_sample(
            report, folder, style=printing.style, certificate=printing.certificate
        )
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in REPORT.files(folder):
                archive.write(file, file.relative_to(folder).as_posix())
    return SignedFiles(files=packed.getvalue(), content_sha256=_content_sha256(report, printing))


def _content_sha256(report: SampleReport, printing: Printing) -> str:
    """The hash that the files of a report state."""
    sealed = report if printing.certificate is None else with_seal(report, printing.certificate)
    return content_sha256(report_json(sealed))


def _unpack(files: bytes, folder: Path, *, overwrite: bool) -> None:
    """Put the files of a report into a folder, all of them or none."""
    with (
        REPORT.replaced(folder, overwrite=overwrite) as staging,
        zipfile.ZipFile(BytesIO(files)) as archive,
    ):
        archive.extractall(staging)
