"""What the store knows of a batch's videos, and how their grades are kept there."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rostfine_core.batch.plan import OF_FILE, SEEDS_ENDING, BatchItem
from rostfine_core.batch.work import BatchTask, GradedVideo, ModelChoice, numbered, scale_of
from rostfine_core.domain import (
    AssessmentKey,
    Calibration,
    Draft,
    LongJob,
    Patient,
    SampleInfo,
    SampleRecord,
    Sperm,
    StoredCase,
)
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.result_files import read_seeds
from rostfine_core.store import Store
from rostfine_core.video.checksum import hash_video
from rostfine_core.video.identity import VideoIdentity

EDIT_TEXT = "Grade in a batch"


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """An item with what the store has of it; there is no ``task`` if all of it is done.

    ``draft`` is what the case is to be before its grades are kept; ``rejected`` are the sperm that
    could not be graded before, by their names; ``is_reported`` tells that a report shows the case
    as it was.
    """

    item: BatchItem
    sha256: str
    case: StoredCase | None
    draft: Draft
    task: BatchTask | None
    graded: int
    rejected: tuple[tuple[str, Message], ...]
    is_reported: bool


class BatchCases:
    """The cases of a batch in a store; only one thread uses it."""

    def __init__(self, store: Store, *, model: ModelChoice, model_sha256: str) -> None:
        self._store, self._model, self._model_sha256 = store, model, model_sha256
        self._samples: dict[tuple[str, str], str] = {}

    def prepare(self, number: int, item: BatchItem) -> LongJob[Prepared]:
        """Find out what is left to do; progress is that of the checksum.

        Raises:
            StoreError: the video or its clicks cannot be read, or there are none.
            VideoError: the video is changing, or states no scale.
        """
        sha256 = yield from hash_video(VideoIdentity.of(item.video))
        channel, plane = item.choice.channel, item.choice.plane
        video_id = self._store.find_video(sha256, channel=channel, plane=plane)
        is_reported = video_id is not None and self._store.cases([video_id])[video_id].is_reported
        case = None if video_id is None else self._named(self._store.load_case(video_id), item)
        draft = _calibrated(Draft() if case is None else case.draft, item, case)
        wanted = _wanted(item, case, draft)
        draft = _with(draft, wanted)
        keys = {s: self._key(s, draft.calibration) for s in wanted}
        graded = [s for s in wanted if case and keys[s] in case.assessments]
        rejected = [s for s in wanted if case and s not in graded and keys[s] in case.rejected]
        left = tuple(s for s in wanted if s not in (*graded, *rejected))
        task = BatchTask(
            number=number,
            video=item.video,
            sha256=sha256,
            sperms=left,
            choice=item.choice,
            sample=draft.sample if case else SampleInfo(sample=item.sample, operator=item.operator),
            um_per_px=draft.calibration.um_per_px or item.um_per_px,
            fps=draft.calibration.fps,
            model=self._model,
        )
        return Prepared(
            item=item,
            sha256=sha256,
            case=case,
            draft=draft,
            task=task if left or not wanted else None,
            graded=len(graded),
            rejected=tuple((s.name, case.rejected[keys[s]]) for s in rejected if case),
            is_reported=is_reported,
        )

    def keep(self, prepared: Prepared, graded: GradedVideo) -> None:
        """Keep what came of a task.

        Raises:
            StoreError: the store cannot be written, or somebody changed the case meanwhile.
        """
        calibration = replace(prepared.draft.calibration, um_per_px=graded.um_per_px)
        draft = replace(_with(prepared.draft, graded.sperms), calibration=calibration)
        video_id = self._video(prepared, draft, graded)
        keys = {s.target: self._key(s, calibration) for s in graded.sperms}
        tracks = {a.target: a.track for a in graded.outcome.assessments}
        self._store.keep_tracks(
            video_id, {(t, keys[t].seeds, calibration.fps): track for t, track in tracks.items()}
        )
        if made := {keys[a.target]: a for a in graded.outcome.assessments}:
            self._store.keep_assessments(video_id, made)
        if rejected := {keys[target]: reason for target, reason in graded.outcome.rejected}:
            self._store.keep_rejections(video_id, rejected)

    def _video(self, prepared: Prepared, draft: Draft, graded: GradedVideo) -> str:
        """The id of the video in the store, which has this draft afterwards."""
        if prepared.case is not None:
            id = prepared.case.video.id
            if draft != prepared.case.draft:
                self._store.record_edit(id, EDIT_TEXT, before=prepared.case.draft, after=draft)
            return id
        item = prepared.item
        named = SampleInfo(sample=item.sample, operator=item.operator)
        return self._store.add_video(
            graded.info,
            sha256=prepared.sha256,
            channel=item.choice.channel,
            plane=item.choice.plane,
            draft=replace(draft, sample=named),
            sample_id=self._sample_id(item),
            thumbnail=graded.overview,
        )

    def _named(self, case: StoredCase, item: BatchItem) -> StoredCase:
        """The case in the sample that the item names, if its own has no name yet."""
        sample_id = None if case.draft.sample.sample else self._sample_id(item)
        if sample_id is None:
            return case
        self._store.set_sample_of(case.video.id, sample_id)
        return self._store.load_case(case.video.id)

    def _sample_id(self, item: BatchItem) -> str | None:
        """The sample that the item names, made where needed; None if it names none."""
        if not item.sample:
            return None
        name = (item.patient, item.sample)
        if name not in self._samples:
            found = self._store.find_sample(item.sample, patient=item.patient)
            self._samples[name] = found or self._store.set_sample(
                SampleRecord(
                    label=item.sample, operator=item.operator, patient_id=self._patient_id(item)
                )
            )
        return self._samples[name]

    def _patient_id(self, item: BatchItem) -> str | None:
        if not item.patient:
            return None
        found = [p.id for p in self._store.patients(item.patient) if p.pseudonym == item.patient]
        return found[0] if found else self._store.set_patient(Patient(pseudonym=item.patient))

    def _key(self, sperm: Sperm, calibration: Calibration) -> AssessmentKey:
        return AssessmentKey(
            target=sperm.target,
            seeds=sperm.seeds,
            fps=calibration.fps,
            um_per_px=calibration.um_per_px,
            model_sha256=self._model_sha256,
            mode=self._model.mode,
        )


def _calibrated(draft: Draft, item: BatchItem, case: StoredCase | None) -> Draft:
    """The draft with what the item says of the microscope, as far as it is known by now."""
    before = draft.calibration
    scale = item.um_per_px
    if scale == OF_FILE:
        scale = None if case is None else scale_of(case.video.info, scale)
    calibration = replace(
        before,
        fps=before.fps if item.fps is None else item.fps,
        um_per_px=before.um_per_px if scale is None else float(scale),
    )
    return replace(draft, calibration=calibration)


def _wanted(item: BatchItem, case: StoredCase | None, draft: Draft) -> tuple[Sperm, ...]:
    """The sperm to grade, as they are in the store where they are there; none means all heads."""
    file = item.seeds_file
    if file is None:
        if not (draft.sperms or item.finds_all):
            raise StoreError(
                Message(
                    "There are no clicks for {name}: put them beside it as {beside}, name them in "
                    "a list, or give --find-all.",
                    name=item.video.name,
                    beside=item.video.stem + SEEDS_ENDING,
                )
            )
        return draft.sperms
    seeds = read_seeds(file)
    known = {s.name: s for s in draft.sperms}
    first = 1 + max((s.key for s in _ever(case)), default=0)
    new = numbered(tuple(s for s in seeds if s.target not in known), first=first)
    moved = (_moved(known[s.name], s) for s in numbered(seeds) if s.name in known)
    by_name = {s.name: s for s in (*moved, *new)}
    return tuple(by_name[name] for name in dict.fromkeys(s.target for s in seeds))


def _ever(case: StoredCase | None) -> Iterable[Sperm]:
    """Every sperm that a case ever had: a key is never given again."""
    if case is None:
        return ()
    drafts = (case.draft, *(d for edit in case.history for d in (edit.before, edit.after)))
    return (sperm for draft in drafts for sperm in draft.sperms)


def _moved(known: Sperm, clicked: Sperm) -> Sperm:
    """The sperm of the store with the clicks of the table."""
    return replace(known, seeds=tuple(replace(seed, target=known.target) for seed in clicked.seeds))


def _with(draft: Draft, sperms: Iterable[Sperm]) -> Draft:
    """The draft with these sperm, in place of those with the same keys or after the others."""
    by_key = {s.key: s for s in draft.sperms} | {s.key: s for s in sperms}
    return replace(draft, sperms=tuple(by_key.values()))
