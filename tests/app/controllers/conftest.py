"""A case store with operators and graded sperm, and who acts in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject

from app.controllers.staff import Staff
from app.jobs.store_door import StoreDoor
from app.jobs.store_thread import StoreThread
from app.state.settings import Settings
from rostfine_core.domain import (
    Assessment,
    AssessmentKey,
    Draft,
    Role,
    SampleInfo,
    Sperm,
    VideoInfo,
)
from rostfine_core.store import Store, people

WORDS = "a quiet morning in May"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "store"):
        return tmp_path / "store"


@pytest.fixture
def with_staff(place: Path) -> Path:
    with Store.open(place) as store:
        for role in (Role.ADMINISTRATOR, Role.READER):
            people.add_operator(
                store, login=role.value, name=role.value.title(), role=role, passphrase=WORDS
            )
    return place


@pytest.fixture
def staff(place: Path, settings: Settings) -> Iterator[Staff]:
    parent = QObject()
    door = StoreDoor(lambda: str(place))
    thread = StoreThread(door.open, parent)
    yield Staff(thread, door, settings, parent)
    thread.shut_down()


@pytest.fixture
def graded(with_staff: Path, info: VideoInfo, make_assessment: Callable[..., Assessment]) -> Path:
    """A video with two sperm that the administrator graded."""
    sperm = tuple(Sperm(key=key, name=str(key), seeds=()) for key in (1, 2))
    sperm = tuple(s.corrected(frame=0, x_px=10.0 * s.key, y_px=5.0) for s in sperm)
    with Store.open(with_staff) as store:
        people.sign_in(store, login="administrator", passphrase=WORDS)
        people.add_operator(store, login="operator", name="O", role=Role.OPERATOR, passphrase=WORDS)
        draft = Draft(sperms=sperm, sample=SampleInfo(sample="S-1"))
        video = store.add_video(info, sha256="0" * 64, draft=draft)
        for one in sperm:
            key = AssessmentKey(
                target=one.target, seeds=one.seeds, fps=None, um_per_px=None, model_sha256="ab" * 32
            )
            store.keep_assessments(video, {key: make_assessment(one.target)})
    return with_staff
