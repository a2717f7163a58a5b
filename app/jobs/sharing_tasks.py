"""Jobs that write cases and votes to files, take cases from files, and make results again."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.domain import Assessment, LongJob, Progress
from rostfine_core.marking import marked

if TYPE_CHECKING:
    from rostfine_core.case_archive import ImportedCase
    from rostfine_core.panel import VotedClip
    from rostfine_core.reproduction import Reproduction
    from rostfine_core.store import Store


def export_case(path: Path, store: "Store", video_id: str, *, with_videos: bool) -> LongJob[Path]:
    """Write the sample of a video to one file.

    Raises:
        StoreError: the store or the file fails, or the operator may not.
        VideoError: a video that shall come along is missing.
    """
    from rostfine_core.case_archive import write_case_archive
    from rostfine_core.store.current import case_results

    sample_id = case_results(store, video_id).sample.id
    return (yield from write_case_archive(path, store, sample_id, with_videos=with_videos))


def export_table(store: "Store", path: Path) -> LongJob[int]:
    """Write all cases into one table and say how many sperm it holds.

    Raises:
        StoreError: the store or the file fails, or the operator may not.
    """
    from rostfine_core.case_table import export_cases

    _, count = yield from export_cases(store, path)
    return count


def count_videos(path: Path) -> LongJob[int]:
    """How many videos are in a case's file.

    Raises:
        StoreError: it is no such file.
    """
    from rostfine_core.case_archive import videos_in

    yield Progress(stage=marked("reading"), done=0, total=0)
    return len(videos_in(path))


def import_case(
    path: Path, store: "Store", *, folder: Path | None, same_patient: bool
) -> "LongJob[ImportedCase | str]":
    """Take a case into the store; the pseudonym where it is not known to be the same patient.

    Raises:
        StoreError: it is no case, or is in the store already, or that fails.
    """
    from rostfine_core.case_archive import import_case_archive
    from rostfine_core.store.transfer import OtherPatientError

    try:
        return (
            yield from import_case_archive(
                path, store, videos_folder=folder, same_patient=same_patient
            )
        )
    except OtherPatientError as error:
        return error.pseudonym


def write_overlay(
    path: Path,
    assessment: Assessment,
    *,
    store: "Store",
    video: Path,
    window_px: int | None,
    language: str,
) -> LongJob[Path]:
    """Write a video of a sperm with its ring and path.

    Raises:
        VideoError: the video is missing or another one.
        StoreError: the store or the file fails, or the operator may not.
    """
    from rostfine_core.origins import open_origin, stored_request
    from rostfine_core.overlay_video import write_overlay_video
    from rostfine_core.result_files import AssessmentRecord

    store.note_export(path.name)
    made = assessment.provenance
    opened = yield from open_origin(
        made.video_name, made.video_sha256, given=video, choice=stored_request(made).choice
    )
    with closing(opened):
        return (
            yield from write_overlay_video(
                path,
                AssessmentRecord.of(assessment),
                video=opened,
                window_px=window_px,
                language=language,
            )
        )


def reproduce(
    store: "Store", video_id: str, *, video: Path, model: Path | None
) -> "LongJob[tuple[Reproduction, ...]]":
    """Make a stored video's results again.

    Raises:
        StoreError: it has none that are up to date.
        VideoError: the video is missing or another one.
        ModelError: the model is another one.
    """
    from rostfine_core.reproduction import reproduce_case

    return (yield from reproduce_case(store, video_id, video=video, model=model))


def write_votes(clips: Sequence["VotedClip"], folder: Path, name: str) -> LongJob[tuple[Path, int]]:
    """Write a panel's clips and votes as a data set; return its folder and their number.

    Raises:
        DatasetError: nobody has voted, or the clips differ in size.
        StoreError: the folder holds a data set, or cannot be written.
    """
    from rostfine_core.training.data.voted import write_voted_clips

    count = yield from write_voted_clips(clips, out=folder, name=name)
    return folder, count
