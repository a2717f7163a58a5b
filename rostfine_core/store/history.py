"""The edits of a video, one after the other: the first ``history_position`` are in its draft."""

import json

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from rostfine_core.domain import NO_MERGE, Draft, Edit
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.store.changes import applied, changes_between, from_text, ordered, to_text
from rostfine_core.store.drafts import draft_of, write_draft
from rostfine_core.store.schema import EditRow, VideoRow, new_id


def add_edit(
    session: Session, video: VideoRow, text: str, *, before: Draft, after: Draft, merge: int
) -> tuple[str, str]:
    """Make an edit; those that were undone are forgotten, as on any undo stack.

    Returns what it changes as JSON, before and after.

    Raises:
        StoreError: the draft is another than ``before``: somebody else changed it.
    """
    before, after = ordered(before), ordered(after)
    _check_unchanged(draft_of(session, video), before)
    later = EditRow.number > video.history_position
    session.execute(delete(EditRow).where(EditRow.video_id == video.id, later))
    back, forward = changes_between(before, after)
    last = _edit(session, video, video.history_position)
    if last is not None and merge == last.merge != NO_MERGE:
        first = applied(before, from_text(last.before))
        merged_back, merged_forward = changes_between(first, after)
        last.before, last.after = to_text(merged_back), to_text(merged_forward)
    else:
        video.history_position += 1
        session.add(
            EditRow(
                id=new_id(),
                video_id=video.id,
                number=video.history_position,
                text=text,
                merge=merge,
                before=to_text(back),
                after=to_text(forward),
            )
        )
    write_draft(session, video, before, after)
    return to_text(back), json.dumps({"edit": text, **forward})


def move(session: Session, video: VideoRow, position: int) -> tuple[str, str]:
    """Undo or redo until the first ``position`` edits are in the draft.

    Returns what that changes as JSON, before and after.

    Raises:
        StoreError: there are fewer edits.
    """
    before = after = draft_of(session, video)
    while video.history_position != position:
        is_back = position < video.history_position
        edit = _edit(session, video, video.history_position + (not is_back))
        if edit is None or position < 0:
            raise _changed()
        after = applied(after, from_text(edit.before if is_back else edit.after))
        video.history_position += -1 if is_back else 1
    write_draft(session, video, before, after)
    back, forward = changes_between(before, after)
    return to_text(back), to_text(forward)


def forget_names(session: Session, video: VideoRow) -> None:
    """Let no step name the sample any more, as the video is in another one."""
    for edit in session.scalars(select(EditRow).where(EditRow.video_id == video.id)):
        edit.before, edit.after = _nameless(edit.before), _nameless(edit.after)


def _nameless(change: str) -> str:
    return to_text({name: value for name, value in from_text(change).items() if name != "sample"})


def history_of(session: Session, video: VideoRow, draft: Draft) -> tuple[Edit, ...]:
    """All edits that can be undone or redone, given the present draft."""
    rows = list(
        session.scalars(
            select(EditRow).where(EditRow.video_id == video.id).order_by(EditRow.number)
        )
    )
    undone: list[Edit] = []
    after = draft
    for row in reversed(rows[: video.history_position]):
        before = applied(after, from_text(row.before))
        undone.append(Edit(text=row.text, before=before, after=after, merge=row.merge))
        after = before
    edits, before = undone[::-1], draft
    for row in rows[video.history_position :]:
        after = applied(before, from_text(row.after))
        edits.append(Edit(text=row.text, before=before, after=after, merge=row.merge))
        before = after
    return tuple(edits)


def _edit(session: Session, video: VideoRow, number: int) -> EditRow | None:
    found = select(EditRow).where(EditRow.video_id == video.id, EditRow.number == number)
    return session.scalars(found).one_or_none()


def _check_unchanged(stored: Draft, before: Draft) -> None:
    """The sample's name may differ, as it belongs to all its videos."""
    if (stored.sperms, stored.calibration) != (before.sperms, before.calibration):
        raise _changed()


def _changed() -> StoreError:
    return StoreError(
        Message(
            "This video was changed by another window or program meanwhile: open it again to go on."
        )
    )
