"""Makes stored results again from what is kept with them, and says what differs.

The video and the model are found by checksum; clicks, settings, device and threads are those of
the result. On the same device and precision every number must be equal to the last bit. Between
devices the shares of votes may differ by ``SHARE_TOLERANCE``, and attention is not compared.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from itertools import zip_longest
from pathlib import Path

from rostfine_core import __version__
from rostfine_core.assessor import Assessor, DeviceChoice, using_threads
from rostfine_core.bundled import DEMO_MODEL, bundled_path
from rostfine_core.domain import Action, AnswerMode, Assessment, LongJob, Provenance
from rostfine_core.errors import ModelError, StoreError
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.origins import StoredRequest, open_origin, stored_request
from rostfine_core.pipeline import AssessmentRequest, Outcome, PipelineSettings, assess_video
from rostfine_core.result_files import ASSESSMENT_JSON, AssessmentRecord, read_assessment
from rostfine_core.result_files.conversion import converter
from rostfine_core.store import Store
from rostfine_core.store.current import case_results
from rostfine_core.video import Video

SHARE_TOLERANCE = 0.01
"""Between devices: float16 on a GPU was up to 0.002 away from float32 (``gpu_check.py``)."""
ON_CPU = "CPU"
PARTS = {
    "track": marked("track"),
    "clip": marked("places of the crops"),
    "prediction": marked("predicted votes"),
    "explanation": marked("attention"),
    "kinematics": marked("kinematics"),
    "flags": marked("flags"),
    "video": marked("facts of the video"),
}
"""What is compared. Names, verdicts and times are a person's or the moment's."""


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A result that was made again: ``differences`` to the stored one, none if it is equal.

    ``conditions`` says what was not as it was then, such as the version or the device.
    """

    target: str
    differences: tuple[Message, ...]
    conditions: tuple[Message, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether the stored result came out again."""
        return not self.differences

    @property
    def summary(self) -> Message:
        """One sentence on the whole."""
        if self.is_equal:
            return Message("Sperm {name}: equal.", name=self.target)
        return Message(
            "Sperm {name}: {count} part(s) differ.", name=self.target, count=len(self.differences)
        )


def read_results(case: Path) -> tuple[AssessmentRecord, ...]:
    """The results in an exported folder, in a sperm's folder, or in one ``assessment.json``.

    Raises:
        StoreError: there are none, or one cannot be read.
    """
    inside = sorted(case.glob(f"sperm-*/{ASSESSMENT_JSON}")) if case.is_dir() else []
    if case.is_dir() and not inside and not (case / ASSESSMENT_JSON).is_file():
        raise StoreError(
            Message(
                "{folder} holds no results: name a folder that a report was written into, or an "
                "{name}.",
                folder=case,
                name=ASSESSMENT_JSON,
            )
        )
    return tuple(read_assessment(path) for path in inside or [case])


def reproduce(
    records: Sequence[AssessmentRecord],
    *,
    video: Path | None = None,
    folders: Sequence[Path] = (),
    model: Path | None = None,
) -> LongJob[tuple[Reproduction, ...]]:
    """Make results again, those of one batch together, and compare them with the stored ones.

    Args:
        records: the stored results.
        video: where their video is, if the user says so.
        folders: where else to look for it.
        model: the model file or folder, if it is not the bundled one.

    Raises:
        VideoError: the video is missing, or another one.
        ModelError: the model is missing, or another one.
        StoreError: a result does not say what it was made from.
    """
    made: dict[int, Reproduction] = {}
    for batch in _batches(records):
        first = records[batch[0]].provenance
        request = stored_request(first)
        assessor = _assessor(first, model, mode=request.answer_mode)
        opened = yield from open_origin(
            first.video_name,
            first.video_sha256,
            given=video,
            folders=folders,
            choice=request.choice,
        )
        with closing(opened), using_threads(request.cpu_threads):
            outcome = yield from _again(
                [records[i] for i in batch], request, video=opened, assessor=assessor
            )
        for i in batch:
            made[i] = _compared(records[i], outcome)
    return tuple(made[i] for i in range(len(records)))


def reproduce_case(
    store: Store, video_id: str, *, video: Path | None = None, model: Path | None = None
) -> LongJob[tuple[Reproduction, ...]]:
    """Make the present results of a stored video again, as ``reproduce`` does.

    ``video`` is where its file is now, if not where it was.

    Raises:
        StoreError: it has no results that are up to date, or the store cannot be read.
        VideoError: as ``reproduce``.
        ModelError: as ``reproduce``.
    """
    case = case_results(store, video_id, action=Action.SEE_CASES)
    names = {s.target: s.name for s in case.draft.sperms if s.target in case.records}
    if not names:
        raise StoreError(
            Message(
                "Video {name} has no results that are up to date: grade its sperm first.",
                name=case.video.name,
            )
        )
    records = [case.records[target] for target in names]
    made = yield from reproduce(records, video=video or case.video.path, model=model)
    return tuple(replace(one, target=names[one.target]) for one in made)


def _batches(records: Sequence[AssessmentRecord]) -> list[list[int]]:
    """Which records were graded together, and are therefore made again together."""
    found: dict[Provenance, list[int]] = {}
    for i, record in enumerate(records):
        found.setdefault(replace(record.provenance, created_utc=""), []).append(i)
    return list(found.values())


def _assessor(made: Provenance, given: Path | None, *, mode: AnswerMode) -> Assessor:
    """The model of a result, on the device that it was made on if there is one here."""
    path = given or bundled_path(DEMO_MODEL)
    device: DeviceChoice = "cpu" if made.device == ON_CPU else "auto"
    assessor = Assessor.load(path, device=device, mode=mode)
    if assessor.info.sha256 == made.model.sha256:
        return assessor
    raise ModelError(
        Message(
            "{path} is not the model of this result, which was {name} with a SHA-256 that begins "
            "with {start}: give that one.",
            path=path,
            name=made.model.file_name,
            start=made.model.sha256[:12],
        )
    )


def _again(
    records: Sequence[AssessmentRecord],
    stored: StoredRequest,
    *,
    video: Video,
    assessor: Assessor,
) -> LongJob[Outcome]:
    """Assess again; results of versions that did not say so may have been insisted on."""
    settings = {f.name: getattr(stored, f.name) for f in fields(PipelineSettings)}
    request = AssessmentRequest(
        video=Path(video.info.path),
        seeds=stored.clicks_in_batch or tuple(s for r in records for s in r.seeds),
        um_per_px=records[0].provenance.um_per_px,
        fps=stored.fps_correction,
        choice=stored.choice,
        magnification=stored.clip.magnification,
        insist=bool(stored.insist),
        settings=PipelineSettings(**settings),
    )
    outcome = yield from assess_video(request, video=video, assessor=assessor)
    wanted = {r.target for r in records}
    if stored.insist is None and wanted & {target for target, _ in outcome.rejected}:
        request = replace(request, insist=True)
        outcome = yield from assess_video(request, video=video, assessor=assessor)
    return outcome


def _compared(stored: AssessmentRecord, outcome: Outcome) -> Reproduction:
    again = {a.target: a for a in outcome.assessments}.get(stored.target)
    if again is None:
        reason = dict(outcome.rejected).get(stored.target, Message("it is not in its batch"))
        missing = Message("It was not graded this time: {reason}", reason=reason)
        return Reproduction(target=stored.target, differences=(missing,))
    return Reproduction(
        target=stored.target,
        differences=tuple(differences(stored, AssessmentRecord.of(again))),
        conditions=tuple(_conditions(stored, again)),
    )


def _conditions(stored: AssessmentRecord, again: Assessment) -> Iterator[Message]:
    then, now = stored.provenance, again.provenance
    if then.software_version != now.software_version:
        yield Message(
            "It was made by version {then}; this is version {now}.",
            then=then.software_version,
            now=__version__,
        )
    if not _is_same_device(then, now):
        yield Message(
            "It was made on {then} ({then_precision}), now on {now} ({now_precision}): votes may "
            "differ by {tolerance}, and attention is not compared.",
            then=then.device,
            then_precision=then.precision,
            now=now.device,
            now_precision=now.precision,
            tolerance=SHARE_TOLERANCE,
        )


def _is_same_device(then: Provenance, now: Provenance) -> bool:
    return (then.device, then.precision) == (now.device, now.precision)


def differences(stored: AssessmentRecord, again: AssessmentRecord) -> Iterator[Message]:
    """What differs between two results of one sperm, one sentence for each part."""
    is_same_device = _is_same_device(stored.provenance, again.provenance)
    if stored.explanation.branch_forward is None:  # of a version that did not keep it
        explanation = replace(again.explanation, branch_forward=None)
        again = replace(again, explanation=explanation)
    before, after = (_comparable(r, with_device=is_same_device) for r in (stored, again))
    for part, title in PARTS.items():
        if part == "explanation" and not is_same_device:
            continue
        is_close = part == "prediction" and not is_same_device
        tolerance = SHARE_TOLERANCE if is_close else 0.0
        pairs = list(_pairs(before[part], after[part]))
        found = [pair for pair in pairs if _differs(*pair[1:], tolerance=tolerance)]
        if found:
            yield _difference(title, found, total=len(pairs))


def _comparable(record: AssessmentRecord, *, with_device: bool) -> dict[str, object]:
    """The values of a record as JSON has them, without what hangs on the device alone."""
    values: dict[str, object] = converter().unstructure(record)
    if not with_device:
        kept = tuple(f for f in record.flags if f.code != "device")
        values["flags"] = converter().unstructure(kept)
    return values


Pair = tuple[str, object, object]
"""A place within a part, and the values there before and after."""


def _pairs(before: object, after: object, place: str = "") -> Iterator[Pair]:
    """Every single value of two trees of JSON values; None where one has none."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from _pairs(before.get(key), after.get(key), f"{place}.{key}".strip("."))
    elif isinstance(before, list) and isinstance(after, list):
        for number, (one, other) in enumerate(zip_longest(before, after)):
            yield from _pairs(one, other, f"{place}[{number}]")
    else:
        yield place, before, after


def _differs(before: object, after: object, *, tolerance: float) -> bool:
    if before == after:
        return False
    is_number = isinstance(before, int | float) and isinstance(after, int | float)
    return not (is_number and math.isclose(before, after, rel_tol=0, abs_tol=tolerance))  # type: ignore[arg-type]


def _difference(title: str, found: Sequence[Pair], *, total: int) -> Message:
    """How many values differ, by how much, and the first of them."""
    steps = [
        abs(before - after)
        for _, before, after in found
        if isinstance(before, int | float) and isinstance(after, int | float)
    ]
    place, before, after = found[0]
    counted = Message(
        "{part}: {count} of {total} value(s) differ; the first, {place}, was {before} and is "
        "{after}",
        part=Message(title),
        count=len(found),
        total=total,
        place=place,
        before=f"{before!s:.80}",
        after=f"{after!s:.80}",
    )
    if not steps:
        return Message("{counted}.", counted=counted)
    return Message("{counted}; the largest step is {most:.3g}.", counted=counted, most=max(steps))
