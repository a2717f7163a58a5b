"""A case goes from one store into another without loss, and nothing else gets in with it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from rostfine_core.domain import Assessment, Patient, SampleRecord, StoredCase, VideoInfo
from rostfine_core.errors import StoreError
from rostfine_core.store import Store, trail
from rostfine_core.store.coding import packed_images
from rostfine_core.store.transfer import CaseRows, Row, add_case, rows_of_case
from tests.core.any_text import any_text
from tests.core.stored_cases import lay_out

Change = Callable[[dict[str, list[Row]]], object]


@pytest.fixture
def other(tmp_path: Path) -> Store:
    """Another installation's store."""
    return Store.open(tmp_path / "other")


def facts(case: StoredCase) -> tuple[object, ...]:
    """What can be compared of a case; a path is the place of a file on one machine."""
    video = replace(case.video, path=Path(), info=replace(case.video.info, path=""))
    return (
        video,
        case.draft,
        case.history,
        case.position,
        {key: repr(track) for key, track in case.tracks.items()},  # NaN equals nothing
        {key: repr(replace(a, video=video.info)) for key, a in case.assessments.items()},
        case.rejected,
    )


def same(ours: Store, theirs: Store, sample_id: str) -> None:
    """Check that both hold the same case."""
    assert rows_of_case(ours, sample_id) == rows_of_case(theirs, sample_id)
    assert ours.sample(sample_id) == theirs.sample(sample_id)
    assert ours.patients() == theirs.patients()
    for our_row, their_row in zip(
        ours.videos_of(sample_id), theirs.videos_of(sample_id), strict=True
    ):
        assert our_row.state == their_row.state
        assert their_row.path.name == str(their_row.path)
        video = our_row.video_id
        assert facts(ours.load_case(video)) == facts(theirs.load_case(video))
    reports = [replace(report, folder="") for report in ours.reports(sample_id)]
    assert list(theirs.reports(sample_id)) == reports
    for report in reports:
        assert ours.report_files(report.id) == theirs.report_files(report.id)


@pytest.mark.requirement("R-81")
def test_both_stores_show_the_same_and_go_on_alone(
    store: Store, other: Store, info: VideoInfo, assessment: Assessment
) -> None:
    sample_id = lay_out(store, info, assessment)
    with other:
        other.set_sample(SampleRecord(label="S-0"))  # the trails differ in length
        assert add_case(other, rows_of_case(store, sample_id), source="a") == sample_id
        same(store, other, sample_id)
        check = trail.verify(other)
        assert check.fault is None, check.message
        first, _ = other.videos_of(sample_id)
        other.move_in_history(first.video_id, 0)
        assert other.videos_of(sample_id)[0].state != first.state  # its report is out of date


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=any_text)
def test_any_text_comes_along(
    tmp_path: Path, info: VideoInfo, assessment: Assessment, text: str
) -> None:
    with Store.open(tmp_path / "ours") as ours, Store.open(tmp_path / "theirs") as theirs:
        sample_id = lay_out(ours, info, assessment, text=text)
        add_case(theirs, rows_of_case(ours, sample_id), source=text)
        assert rows_of_case(theirs, sample_id) == rows_of_case(ours, sample_id)
        for row in ours.videos_of(sample_id):
            ours_case, their_case = (s.load_case(row.video_id) for s in (ours, theirs))
            assert facts(ours_case) == facts(their_case)


def bomb() -> bytes:
    """Images that say they are small, and unpack to far more."""
    small = packed_images(np.zeros((2, 8, 8, 3), np.uint8))
    return small[:16] + packed_images(np.zeros((64, 512, 512, 3), np.uint8))[16:]


CHANGES: dict[str, Change] = {
    "a sperm of another video": lambda t: t["sperm"][0].update(video_id="0" * 32),
    "another column": lambda t: t["sperm"][0].update(key2=1),
    "a column less": lambda t: t["click"][0].pop("x_px"),
    "text for a number": lambda t: t["click"][0].update(x_px="1"),
    "truth for a number": lambda t: t["video"][0].update(number=True),
    "no number": lambda t: t["click"][0].update(x_px=float("nan")),
    "a number too large": lambda t: t["sperm"][0].update(key=2**40),
    "a long id": lambda t: t["sample"][0].update(created_utc="x" * 33),
    "no text": lambda t: t["sample"][0].update(label=None),
    "two samples": lambda t: t["sample"].append(t["sample"][0]),
    "a table less": lambda t: t.pop("edit"),
    "one sperm twice": lambda t: t["sperm"].append({**t["sperm"][0], "id": "f" * 32}),
    "a verdict that is none": lambda t: t["sperm"][0].update(verdict="great"),
    "values that are none": lambda t: t["sample"][0].update(who_values='{"iq": 1}'),
    "a choice that is none": lambda t: t["video"][0].update(choice='{"channel": 5}'),
    "an edit that is none": lambda t: t["edit"][0].update(before="{"),
    "a track that is none": lambda t: t["track"][0].update(record="{}"),
    "nested without end": lambda t: t["track"][0].update(record="[" * 10**5),
    "a bomb": lambda t: t["assessment"][0].update(images=bomb()),
    "no images": lambda t: t["assessment"][0].update(images=b""),
}


@pytest.mark.requirement("R-81")
def test_what_is_no_case_leaves_nothing(
    other: Store, tmp_path: Path, info: VideoInfo, assessment: Assessment
) -> None:
    with Store.open(tmp_path / "ours") as ours, other:
        sample_id = lay_out(ours, info, assessment)
        for name, change in CHANGES.items():
            case = rows_of_case(ours, sample_id)
            change(case.tables)  # type: ignore[arg-type]
            with pytest.raises(StoreError, match="damaged"):
                pytest.fail(f"{name}: {add_case(other, case, source=name)}")
        newer = replace(rows_of_case(ours, sample_id), form="9999")
        with pytest.raises(StoreError, match="newer version"):
            add_case(other, newer, source="newer")
        assert not other.case_list()
        assert not other.patients()
        assert trail.verify(other).entries == 0


def test_what_is_there_already_is_refused(
    other: Store, tmp_path: Path, info: VideoInfo, assessment: Assessment
) -> None:
    def renamed(case: CaseRows, **ids: str) -> CaseRows:
        text = {table: [dict(row) for row in rows] for table, rows in case.tables.items()}
        for row in (r for rows in text.values() for r in rows):
            for column, value in row.items():
                row[column] = next((v for k, v in ids.items() if value == k), value)
        return replace(case, tables=text)

    with Store.open(tmp_path / "ours") as ours, other:
        sample_id = lay_out(ours, info, assessment)
        case = rows_of_case(ours, sample_id)
        same_name = other.set_patient(Patient(pseudonym="P-7"))
        with pytest.raises(StoreError, match="P-7 in this store already, who may be another"):
            add_case(other, case, source="")
        add_case(other, case, source="", same_patient=True)
        assert other.sample(sample_id).patient_id == same_name
        with pytest.raises(StoreError, match="in this store already: nothing was changed"):
            add_case(other, case, source="", same_patient=True)
        again = renamed(case, **{sample_id: "a" * 32})
        with pytest.raises(StoreError, match="is in another sample"):
            add_case(other, again, source="", same_patient=True)
