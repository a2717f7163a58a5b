"""A video's draft in the tables: the sperm, their clicks, the sample's name and the microscope."""

from collections import defaultdict

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from rostfine_core.domain import (
    Calibration,
    Draft,
    SampleInfo,
    Seed,
    Selection,
    Sperm,
    Verdict,
)
from rostfine_core.store.any_text import search_text
from rostfine_core.store.schema import ClickRow, SampleRow, SpermRow, VideoRow, new_id


def draft_of(session: Session, video: VideoRow) -> Draft:
    """The draft as it stands now."""
    in_list = (SpermRow.video_id == video.id, SpermRow.place.is_not(None))
    seeds: dict[str, list[Seed]] = defaultdict(list)
    clicks = select(ClickRow, SpermRow.key).join(SpermRow, SpermRow.id == ClickRow.sperm_id)
    for click, key in session.execute(clicks.where(*in_list).order_by(ClickRow.frame)):
        seeds[click.sperm_id].append(_seed(click, key))
    rows = session.scalars(select(SpermRow).where(*in_list).order_by(SpermRow.place))
    sample = session.get_one(SampleRow, video.sample_id)
    return Draft(
        sperms=tuple(_sperm(row, seeds[row.id]) for row in rows),
        sample=SampleInfo(sample=sample.label, operator=sample.operator),
        calibration=Calibration(profile=video.profile, fps=video.fps, um_per_px=video.um_per_px),
    )


def write_draft(session: Session, video: VideoRow, before: Draft, after: Draft) -> None:
    """Change what differs between the draft that is stored and the one to be."""
    known = {s.key: s for s in before.sperms}
    all_rows = select(SpermRow).where(SpermRow.video_id == video.id)
    rows = {row.key: row for row in session.scalars(all_rows)}
    moved: list[tuple[SpermRow, Sperm]] = []
    for place, sperm in enumerate(after.sperms):
        row = rows.get(sperm.key)
        if row is None:
            row = SpermRow(id=new_id(), video_id=video.id, key=sperm.key)
            session.add(row)
        row.place, row.name, row.note = place, sperm.name, sperm.note
        row.verdict, row.selection = sperm.verdict.value, sperm.selection.value
        if sperm.key not in known or known[sperm.key].seeds != sperm.seeds:
            moved.append((row, sperm))
    for key in known.keys() - {s.key for s in after.sperms}:
        rows[key].place = None
    session.flush()
    _write_clicks(session, moved)
    video.profile = after.calibration.profile
    video.fps, video.um_per_px = after.calibration.fps, after.calibration.um_per_px
    if before.sample != after.sample:
        sample = session.get_one(SampleRow, video.sample_id)
        sample.label, sample.operator = after.sample.sample, after.sample.operator
        sample.search = search_text(sample.label, sample.operator)


def sperm_ids(session: Session, video: VideoRow) -> dict[str, str]:
    """The ids of all sperm that were ever chosen in a video, by their targets."""
    rows = session.execute(select(SpermRow.key, SpermRow.id).where(SpermRow.video_id == video.id))
    return {str(key): id for key, id in rows}


def _write_clicks(session: Session, moved: list[tuple[SpermRow, Sperm]]) -> None:
    if not moved:
        return
    ids = [row.id for row, _ in moved]
    session.execute(delete(ClickRow).where(ClickRow.sperm_id.in_(ids)))
    clicks = [
        {
            "sperm_id": row.id,
            "frame": seed.frame,
            "x_px": seed.x_px,
            "y_px": seed.y_px,
            "is_exact": seed.is_exact,
        }
        for row, sperm in moved
        for seed in sperm.seeds
    ]
    if clicks:
        session.execute(insert(ClickRow), clicks)


def _seed(click: ClickRow, key: int) -> Seed:
    return Seed(
        target=str(key),
        frame=click.frame,
        x_px=click.x_px,
        y_px=click.y_px,
        is_exact=click.is_exact,
    )


def _sperm(row: SpermRow, seeds: list[Seed]) -> Sperm:
    return Sperm(
        key=row.key,
        name=row.name,
        seeds=tuple(seeds),
        verdict=Verdict(row.verdict),
        selection=Selection(row.selection),
        note=row.note,
    )
