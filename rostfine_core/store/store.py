"""The case store: each method is one transaction, on disk when it returns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rostfine_core.domain import (
    NO_MERGE,
    Action,
    Assessment,
    AssessmentKey,
    CaseState,
    CaseSummary,
    Draft,
    Patient,
    ReportIdentity,
    SampleRecord,
    StoredCase,
    StoredReport,
    StoredVideo,
    Track,
    TrackKey,
    VideoInfo,
)
from rostfine_core.messages import Message
from rostfine_core.store.any_text import search_text
from rostfine_core.store.audit import AuditEvent
from rostfine_core.store.changes import changes_between, from_text, ordered, to_text
from rostfine_core.store.coding import packed
from rostfine_core.store.drafts import draft_of, write_draft
from rostfine_core.store.history import add_edit, forget_names, history_of, move
from rostfine_core.store.listing import rows_of_cases, rows_of_sample, rows_of_videos
from rostfine_core.store.results import (
    add_assessments,
    add_rejections,
    add_tracks,
    assessments_of,
    info_of,
    rejections_of,
    tracks_of,
)
from rostfine_core.store.rows import as_json, row_of
from rostfine_core.store.safekeeping import Safekeeping
from rostfine_core.store.samples import (
    all_patients,
    next_identity,
    outdate_reports,
    report_zip,
    reports_of,
    sample_by_id,
    sample_named,
    write_patient,
    write_report,
    write_sample,
)
from rostfine_core.store.schema import SampleRow, VideoRow, new_id


class Store(Safekeeping):
    """Patients, samples, videos, sperm and what was found out about them.

    Every method raises ``StoreError`` with one sentence where the place of the store fails it, what
    it is asked about is not there, or the operator has no right; nothing of that call is kept then,
    and the next call tries again.
    """

    # Videos ---------------------------------------------------------------------------------

    def add_video(
        self,
        info: VideoInfo,
        *,
        sha256: str,
        channel: str | None = None,
        plane: int | None = None,
        draft: Draft | None = None,
        sample_id: str | None = None,
        thumbnail: bytes | None = None,
    ) -> str:
        """Keep a video and give its id; that of the same video, if it was added before.

        It goes to the sample with ``sample_id``, else to a new one named as ``draft`` says, which
        is what the video starts with; so does one that was added but never edited.
        """
        draft = ordered(draft or Draft())
        with self.writing(Action.EDIT_CASES) as session:
            found = _find(session, sha256, _choice(channel, plane))
            if found is not None:
                self._begin_again(session, found, draft)
                return found.id
            if sample_id is None:
                sample = SampleRecord(label=draft.sample.sample, operator=draft.sample.operator)
                sample_id = self._write_sample(session, sample)
            name = Path(info.path).name
            video = VideoRow(
                id=new_id(),
                sample_id=sample_id,
                number=_next_number(session, sample_id),
                name=name,
                search=search_text(name),
                path=info.path,
                sha256=sha256,
                choice=_choice(channel, plane),
                created_utc=self.utc,
                opened_utc=self.utc,
                info=packed(info),
                thumbnail=thumbnail,
            )
            session.add(video)
            session.flush()
            start = draft_of(session, video)
            write_draft(session, video, start, replace(draft, sample=start.sample))
            self._note_change(session, video, after=as_json({"video": name, "sha256": sha256}))
            return video.id

    def _begin_again(self, session: Session, video: VideoRow, draft: Draft) -> None:
        """Let a video that nobody has worked on start with another draft."""
        stored = draft_of(session, video)
        is_edited = bool(stored.sperms or history_of(session, video, stored))
        named = stored.sample if stored.sample.sample else draft.sample
        start = replace(draft, sample=named)
        if not is_edited and start != stored:
            write_draft(session, video, stored, start)
            was, becomes = changes_between(stored, start)
            self._note_edit(session, video, to_text(was), to_text(becomes))

    def find_video(
        self, sha256: str, *, channel: str | None = None, plane: int | None = None
    ) -> str | None:
        """The id of the video with this content; None if it was never added."""
        with self.reading() as session:
            found = _find(session, sha256, _choice(channel, plane))
            return None if found is None else found.id

    def video(self, video_id: str) -> StoredVideo:
        """What is known of a video's file, and where its user was."""
        with self.reading() as session:
            return stored_video(row_of(session, VideoRow, video_id))

    def load_case(self, video_id: str) -> StoredCase:
        """A video with everything that was edited and found out, and its history."""
        with self.reading() as session:
            video = row_of(session, VideoRow, video_id)
            draft = draft_of(session, video)
            return StoredCase(
                video=stored_video(video),
                draft=draft,
                history=history_of(session, video, draft),
                position=video.history_position,
                tracks=tracks_of(session, video),
                assessments=assessments_of(session, video),
                rejected=rejections_of(session, video),
            )

    def record_edit(
        self, video_id: str, text: str, *, before: Draft, after: Draft, merge: int = NO_MERGE
    ) -> None:
        """Keep an edit; one with the same ``merge`` as the last joins it (typing).

        Raises:
            StoreError: also if another program changed the video since ``before`` was read.
        """
        with self.writing(Action.EDIT_CASES) as session:
            video = row_of(session, VideoRow, video_id)
            was, becomes = add_edit(session, video, text, before=before, after=after, merge=merge)
            self._note_edit(session, video, was, becomes)

    def move_in_history(self, video_id: str, position: int) -> None:
        """Undo or redo until the first ``position`` edits are in the draft."""
        with self.writing(Action.EDIT_CASES) as session:
            video = row_of(session, VideoRow, video_id)
            was, becomes = move(session, video, position)
            self._note_edit(session, video, was, becomes)

    def keep_tracks(self, video_id: str, tracks: Mapping[TrackKey, Track]) -> None:
        """Keep finished tracks."""
        with self.writing(Action.KEEP_RESULTS) as session:
            add_tracks(session, row_of(session, VideoRow, video_id), tracks)

    def keep_assessments(
        self, video_id: str, assessments: Mapping[AssessmentKey, Assessment]
    ) -> None:
        """Keep finished assessments, with the images of their clips."""
        with self.writing(Action.KEEP_RESULTS) as session:
            video = row_of(session, VideoRow, video_id)
            made = add_assessments(session, video, assessments)
            self._note_change(session, video, after=as_json(made), action=Action.KEEP_RESULTS)

    def keep_rejections(self, video_id: str, rejected: Mapping[AssessmentKey, Message]) -> None:
        """Keep why sperm could not be graded."""
        with self.writing(Action.KEEP_RESULTS) as session:
            video = row_of(session, VideoRow, video_id)
            add_rejections(session, video, rejected)
            made = as_json({key.target: str(reason) for key, reason in rejected.items()})
            self._note_change(session, video, after=made, action=Action.KEEP_RESULTS)

    def set_place(self, video_id: str, *, frame: int, selected: int | None) -> None:
        """Remember where the user is in a video, which is the one opened last from now on."""
        with self.writing(Action.SEE_CASES) as session:
            video = row_of(session, VideoRow, video_id)
            video.frame, video.selected_key, video.opened_utc = frame, selected, self.utc

    def set_path(self, video_id: str, path: Path) -> None:
        """Note where the file of a video is now."""
        with self.writing(Action.EDIT_CASES) as session:
            video = row_of(session, VideoRow, video_id)
            was, video.path = video.path, str(path)
            event = _event(
                "video", video.id, before=as_json({"path": was}), after=as_json({"path": str(path)})
            )
            self.enter(session, event)

    def set_sample_of(self, video_id: str, sample_id: str) -> None:
        """Put a video into another sample, as its last; no undo renames that."""
        with self.writing(Action.EDIT_CASES) as session:
            video = row_of(session, VideoRow, video_id)
            row_of(session, SampleRow, sample_id)
            was = as_json({"sample_id": video.sample_id})
            video.number = _next_number(session, sample_id)
            video.sample_id = sample_id
            forget_names(session, video)
            self._note_change(session, video, before=was, after=as_json({"sample_id": sample_id}))

    def thumbnails(self, video_ids: Sequence[str]) -> dict[str, bytes]:
        """The small pictures of videos that have one, by their ids."""
        columns = select(VideoRow.id, VideoRow.thumbnail)
        with self.reading() as session:
            rows = session.execute(columns.where(VideoRow.id.in_(video_ids)))
            return {id: picture for id, picture in rows if picture is not None}

    def case_list(
        self, query: str = "", *, limit: int = 500, state: CaseState | None = None
    ) -> tuple[CaseSummary, ...]:
        """The videos opened last whose patient, sample, operator or name hold each word."""
        with self.reading() as session:
            return rows_of_cases(session, query, limit=limit, state=state)

    def cases(self, video_ids: Sequence[str]) -> dict[str, CaseSummary]:
        """How far some videos are, by their ids; those that are not in the store are left out."""
        with self.reading() as session:
            return {case.video_id: case for case in rows_of_videos(session, video_ids)}

    # Patients and samples -------------------------------------------------------------------

    def patients(self, query: str = "") -> tuple[Patient, ...]:
        """The patients whose pseudonym holds every word, by pseudonym."""
        with self.reading() as session:
            return all_patients(session, query)

    def set_patient(self, patient: Patient) -> str:
        """Add a patient (without an id) or change one; the id."""
        with self.writing(Action.EDIT_CASES) as session:
            id, before, after = write_patient(session, patient)
            entry = self.enter(session, _event("patient", id, before=before, after=after))
            if before and json.loads(before)["pseudonym"] != json.loads(after)["pseudonym"]:
                samples = select(SampleRow.id).where(SampleRow.patient_id == id)
                outdate_reports(session, VideoRow.sample_id.in_(samples), number=entry.number)
            return id

    def sample(self, sample_id: str) -> SampleRecord:
        """What is known of a sample."""
        with self.reading() as session:
            return sample_by_id(session, sample_id)

    def set_sample(self, sample: SampleRecord) -> str:
        """Add a sample (without an id) or change one; the id."""
        with self.writing(Action.EDIT_CASES) as session:
            return self._write_sample(session, sample)

    def find_sample(self, label: str, *, patient: str = "") -> str | None:
        """The id of the sample with a name and a pseudonym ("" for none); None if there is none."""
        with self.reading() as session:
            return sample_named(session, label, patient)

    def videos_of(self, sample_id: str) -> tuple[CaseSummary, ...]:
        """The videos of a sample in their order."""
        with self.reading() as session:
            return rows_of_sample(session, sample_id)

    # Reports --------------------------------------------------------------------------------

    def next_report(self, sample_id: str) -> ReportIdentity:
        """What the next version of a sample's report says of itself."""
        with self.reading() as session:
            return next_identity(session, sample_id)

    def add_report(
        self,
        sample_id: str,
        identity: ReportIdentity,
        *,
        video_ids: Sequence[str],
        content_sha256: str,
        folder: Path | None = None,
        files: bytes | None = None,
    ) -> str:
        """Keep a version of a report on some videos, ``files`` as a ZIP; its id.

        It is a draft until it is signed (``signing.sign_report``).

        Raises:
            StoreError: also if another version was written since ``next_report``, or the last is
                signed and this does not amend it (``signing.amendment``).
        """
        action = Action.WRITE_REPORTS if identity.amends is None else Action.AMEND_REPORTS
        with self.writing(action) as session:
            id = write_report(
                session,
                sample_id,
                identity,
                video_ids=video_ids,
                content_sha256=content_sha256,
                folder=str(folder or ""),
                files=files,
                now=self.utc,
            )
            after = {"version": identity.version, "sha256": content_sha256}
            event = _event("report", id, after=as_json(after), action=action)
            self.enter(session, replace(event, reason=identity.reason))
            return id

    def reports(self, sample_id: str) -> tuple[StoredReport, ...]:
        """All versions of a sample's report, the first first."""
        with self.reading() as session:
            return reports_of(session, sample_id)

    def report_files(self, report_id: str) -> bytes | None:
        """The files of a report as a ZIP; None if they were not kept."""
        with self.reading() as session:
            return report_zip(session, report_id)

    # What they share ------------------------------------------------------------------------

    def _write_sample(self, session: Session, sample: SampleRecord) -> str:
        id, before, after = write_sample(session, sample, now=self.utc)
        entry = self.enter(session, _event("sample", id, before=before, after=after))
        if before not in ("", after):
            outdate_reports(session, VideoRow.sample_id == id, number=entry.number)
        return id

    def _note_edit(self, session: Session, video: VideoRow, before: str, after: str) -> None:
        """Enter an edit; what it says of the sample stands in the reports of all its videos."""
        self._note_change(session, video, before=before, after=after)
        if "sample" in from_text(after):
            outdate_reports(session, VideoRow.sample_id == video.sample_id, number=video.changed)

    def _note_change(
        self,
        session: Session,
        video: VideoRow,
        *,
        before: str = "",
        after: str = "",
        action: Action = Action.EDIT_CASES,
    ) -> None:
        """Enter a change that makes earlier reports of a video out of date."""
        event = _event("video", video.id, before=before, after=after, action=action)
        video.changed = self.enter(session, event).number


def _event(
    kind: str, id: str, *, before: str = "", after: str = "", action: Action = Action.EDIT_CASES
) -> AuditEvent:
    return AuditEvent(
        action=action.value, subject_kind=kind, subject_id=id, before=before, after=after
    )


def _choice(channel: str | None, plane: int | None) -> str:
    """What was read of a file that holds several; "" for what is read by itself."""
    if channel is None and plane is None:
        return ""
    return as_json({"channel": channel, "plane": plane})


def _find(session: Session, sha256: str, choice: str) -> VideoRow | None:
    return session.scalars(select(VideoRow).filter_by(sha256=sha256, choice=choice)).one_or_none()


def _next_number(session: Session, sample_id: str) -> int:
    highest = select(func.max(VideoRow.number)).where(VideoRow.sample_id == sample_id)
    return (session.scalar(highest) or 0) + 1


def stored_video(video: VideoRow) -> StoredVideo:
    """The record of a row."""
    choice = json.loads(video.choice or "{}")
    return StoredVideo(
        id=video.id,
        sample_id=video.sample_id,
        number=video.number,
        name=video.name,
        path=Path(video.path),
        sha256=video.sha256,
        channel=choice.get("channel"),
        plane=choice.get("plane"),
        info=info_of(video),
        frame=video.frame,
        selected=video.selected_key,
    )
