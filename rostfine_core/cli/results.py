"""The verbs for results that are there already: showing them again and passing them on."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.catalogue import LANGUAGES
from rostfine_core.cli.arguments import Verbs, count
from rostfine_core.cli.progress import run_job
from rostfine_core.cli.stores import add_store_options, opened_store
from rostfine_core.errors import StoreError

if TYPE_CHECKING:
    from rostfine_core.domain import CaseSummary
    from rostfine_core.reproduction import Reproduction
    from rostfine_core.store import Store

MOST_NAMED = 5


def add_result_verbs(verbs: Verbs) -> None:
    """Add the verbs of this module."""
    _add_overlay(verbs)
    _add_reproduce(verbs)
    _add_cases(verbs)
    _add_archive(verbs)


def _add_overlay(verbs: Verbs) -> None:
    overlay = verbs.add_parser(
        "overlay", help="write a video of a graded sperm with its head ringed and its path"
    )
    overlay.add_argument("result", type=Path, help="a sperm's folder, or its assessment.json")
    _add_video(overlay)
    overlay.add_argument(
        "--window",
        type=count,
        metavar="PX",
        help="show a square of this side around the head, in pixels of the video, not the field",
    )
    overlay.add_argument(
        "--language", choices=LANGUAGES, default=LANGUAGES[0], help="default %(default)s"
    )
    overlay.add_argument("--out", type=Path, required=True, metavar="FILE.mp4")
    overlay.set_defaults(run=_overlay)


def _add_reproduce(verbs: Verbs) -> None:
    reproduce = verbs.add_parser(
        "reproduce",
        help="make stored results again and say whether they are equal or what differs",
        description="Makes stored results again from their video, clicks, settings and model. The "
        "exit status is 1 if a result differs.",
    )
    reproduce.add_argument(
        "case",
        nargs="+",
        metavar="CASE",
        help="a report's folder, one assessment.json in it, or words that name a sample of the "
        "store",
    )
    _add_video(reproduce)
    add_store_options(reproduce)
    reproduce.add_argument(
        "--model", type=Path, help="model file, or folder of several (default: the bundled one)"
    )
    reproduce.set_defaults(run=_reproduce)


def _add_cases(verbs: Verbs) -> None:
    cases = verbs.add_parser(
        "cases", help="write all cases of the store into one table, a row for each sperm"
    )
    cases.add_argument(
        "words", nargs="*", help="only cases whose patient, sample, operator or video holds these"
    )
    add_store_options(cases)
    cases.add_argument("--out", type=Path, required=True, help="ending in .csv or .xlsx")
    cases.set_defaults(run=_cases)


def _add_archive(verbs: Verbs) -> None:
    export = verbs.add_parser(
        "export-case", help="write a sample of the store with all its videos' results to one file"
    )
    export.add_argument("case", nargs="+", metavar="CASE", help="words that name the sample")
    export.add_argument("--videos", action="store_true", help="take the video files along")
    add_store_options(export)
    export.add_argument("--out", type=Path, required=True, metavar="FILE.zip")
    export.set_defaults(run=_export_case)
    take_in = verbs.add_parser("import-case", help="take such a file into the store")
    take_in.add_argument("archive", type=Path, metavar="FILE.zip")
    take_in.add_argument(
        "--videos", type=Path, metavar="FOLDER", help="put the video files that came along there"
    )
    take_in.add_argument(
        "--same-patient",
        action="store_true",
        help="a patient of the same pseudonym in the store is the same person",
    )
    add_store_options(take_in)
    take_in.set_defaults(run=_import_case)


def _add_video(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--video",
        type=Path,
        help="the video that the result was made from, or a folder with it (default: the one of "
        "its name in the result's folder, those above it, or the present one)",
    )


def _overlay(arguments: argparse.Namespace) -> int:
    from rostfine_core.origins import folders_of, open_origin, stored_request
    from rostfine_core.overlay_video import write_overlay_video
    from rostfine_core.result_files import read_assessment

    out: Path = arguments.out
    if out.suffix.lower() != ".mp4":
        raise StoreError(f"{out} does not end in .mp4, which overlay videos are: name it so.")
    record = read_assessment(arguments.result)
    made = record.provenance
    video = run_job(
        open_origin(
            made.video_name,
            made.video_sha256,
            given=arguments.video,
            folders=folders_of(arguments.result),
            choice=stored_request(made).choice,
        )
    )
    with closing(video):
        if out.exists() and out.samefile(video.info.path):
            raise StoreError(f"{out} is the video: give --out another name.")
        run_job(
            write_overlay_video(
                out,
                record,
                video=video,
                window_px=arguments.window,
                language=arguments.language,
            )
        )
    print(f"Written to {out}")
    return 0


def _reproduce(arguments: argparse.Namespace) -> int:
    from rostfine_core.origins import folders_of
    from rostfine_core.reproduction import read_results, reproduce, reproduce_case

    folder = Path(arguments.case[0])
    if len(arguments.case) == 1 and folder.exists():
        records = read_results(folder)
        named = {"video": arguments.video, "model": arguments.model}
        made = run_job(reproduce(records, folders=folders_of(folder), **named))
        return _print_reproductions(made)
    statuses = []
    with opened_store(arguments) as store:
        for case in cases_of(store, arguments.case):
            job = reproduce_case(store, case.video_id, video=arguments.video, model=arguments.model)
            print(f"{case.name}:")
            statuses.append(_print_reproductions(run_job(job)))
    return max(statuses)


def _print_reproductions(made: Sequence["Reproduction"]) -> int:
    for condition in dict.fromkeys(c for one in made for c in one.conditions):
        print(condition)
    for one in made:
        print(one.summary)
        for difference in one.differences:
            print(f"  {difference}")
    return 0 if all(one.is_equal for one in made) else 1


def cases_of(store: "Store", words: Sequence[str]) -> tuple["CaseSummary", ...]:
    """The videos of the one sample that the words name, by its id or by what the list shows.

    Raises:
        StoreError: they name none, or several.
    """
    whole = " ".join(words)
    found = store.case_list(whole, limit=sys.maxsize)
    found = tuple(case for case in found if case.sample == whole) or found
    samples = {case.sample_id: f"{case.sample} ({case.patient or 'no patient'})" for case in found}
    if len(samples) == 1:
        return store.videos_of(*samples)
    if not samples:
        raise StoreError(f"No sample in the store is called {whole}: see `rostfine cases`.")
    named = ", ".join(list(samples.values())[:MOST_NAMED])
    raise StoreError(
        f"{len(samples)} samples are called so ({named}): add a word that only one of them has."
    )


def _cases(arguments: argparse.Namespace) -> int:
    from rostfine_core.case_table import export_cases

    with opened_store(arguments) as store:
        job = export_cases(store, arguments.out, query=" ".join(arguments.words))
        cases, count = run_job(job)
    print(f"{count} sperm of {cases} case(s) written to {arguments.out}")
    return 0


def _export_case(arguments: argparse.Namespace) -> int:
    from rostfine_core.case_archive import write_case_archive

    with opened_store(arguments) as store:
        sample_id = cases_of(store, arguments.case)[0].sample_id
        job = write_case_archive(arguments.out, store, sample_id, with_videos=arguments.videos)
        run_job(job)
    print(f"Written to {arguments.out}")
    return 0


def _import_case(arguments: argparse.Namespace) -> int:
    from rostfine_core.case_archive import import_case_archive

    with opened_store(arguments) as store:
        made = run_job(
            import_case_archive(
                arguments.archive,
                store,
                videos_folder=arguments.videos,
                same_patient=arguments.same_patient,
            )
        )
    print(f"Sample {made.label} is in the store now.")
    for video in made.videos:
        print(f"Video: {video}")
    if made.left_videos:
        print(f"{made.left_videos} video(s) stay in the file: --videos FOLDER puts them there.")
    return 0
