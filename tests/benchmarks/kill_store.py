"""Kill a program that edits a store, at random moments, and look for all that it had confirmed.

    python -m tests.benchmarks.kill_store [--times 1000] [--seed 1] [--place FOLDER]

Each round starts a process that opens the store of rounds before and makes edits as the window
does: clicks, corrections, names, orders, verdicts, the sample's name letter by letter, calibration,
undo, redo, tracks and grades. Before each call of the store it says what state that will lead to,
and after it that the call returned. It is killed while it opens the store or at any moment of its
work. Then the store must be whole, its audit trail too, and the video exactly as the last call that
returned left it, or as the one that was under way would have. The first difference ends the run.
"""

import argparse
import hashlib
import multiprocessing
import os
import random
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import func, select

from app.state import drafts
from rostfine_core.domain import (
    NO_MERGE,
    AssessmentKey,
    Calibration,
    Draft,
    Edit,
    SampleInfo,
    Verdict,
    VideoInfo,
)
from rostfine_core.store import Store
from rostfine_core.store.schema import AuditRow
from tests.core.conftest import example_assessment

ROUNDS_A_VIDEO, ROUNDS_A_STORE = 10, 50
MOST_SPERMS = 12
LONGEST_OPENING_S, LONGEST_CALL_S = 0.15, 0.02
"""A round is killed up to so long after its process was started, or after one of its calls."""
INFO = VideoInfo(
    path="/videos/killed.mp4", width_px=640, height_px=480, frame_count=100, fps=20.0,
    duration_s=5.0, codec="h264", is_colour=False, bit_depth=8,
    timestamps_s=tuple(k / 20 for k in range(100)),
)  # fmt: skip


@dataclass
class State:
    """What a video must be like: its draft, its history, its results and the trail's length."""

    draft: Draft
    history: list[Edit] = field(default_factory=list)
    position: int = 0
    results: set[str] = field(default_factory=set)
    entries: int = 0

    @property
    def digest(self) -> str:
        """The state as one word."""
        values = (self.draft, self.history, self.position, sorted(self.results), self.entries)
        return hashlib.sha256(repr(values).encode()).hexdigest()


@dataclass
class Tally:
    """What the rounds came to."""

    rounds: int = 0
    confirmed: int = 0
    under_way: int = 0
    under_way_kept: int = 0
    opening: int = 0


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--place", type=Path, help="a folder on the disk to try (default: temp)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.place) as folder:
        for tally in kill_again_and_again(Path(folder), arguments.times, arguments.seed):
            if tally.rounds % 50 == 0 or tally.rounds == arguments.times:
                print(tally, flush=True)


def kill_again_and_again(folder: Path, times: int, seed: int) -> Iterator[Tally]:
    """Kill ``times`` processes that edit a store in ``folder``; the tally after each.

    Raises:
        AssertionError: something that was confirmed is missing, or the store is not whole.
    """
    chance, tally = random.Random(seed), Tally()
    place, video, known = folder, "", ""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    for number in range(times):
        if number % ROUNDS_A_VIDEO == 0:
            place = folder / str(number // ROUNDS_A_STORE)
            with Store.open(place) as store:
                video = store.add_video(INFO, sha256=f"{number:064}")
            known = stored_state(place, video).digest
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=edit, args=(place, video, number, sender))
        process.start()
        sender.close()
        is_opening = chance.random() < 0.2
        said = 0 if is_opening else chance.randrange(1, 30)
        states = [known, *listened(receiver, said)]
        process.join(chance.uniform(0, LONGEST_OPENING_S if is_opening else LONGEST_CALL_S))
        assert process.exitcode is None, "the edits end by themselves"
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        states += listened(receiver, None)
        receiver.close()
        found = stored_state(place, video).digest
        count(tally, states, found)
        known = found
        yield tally


def listened(receiver: "Connection", most: int | None) -> list[str]:
    """The states that the process told of; None waits until it has ended."""
    heard: list[str] = []
    with suppress(EOFError, OSError):
        while most is None or len(heard) < most:
            heard.append(receiver.recv())
    return heard


def count(tally: Tally, states: list[str], found: str) -> None:
    """Compare what is stored with what was said: a state twice is announced and confirmed."""
    told = states[1:]
    is_under_way = len(told) % 2 == 1
    confirmed = ([states[0], *told])[len(told) - is_under_way]
    allowed = {confirmed, told[-1]} if is_under_way else {confirmed}
    assert found in allowed, f"after round {tally.rounds}: a confirmed edit is missing or changed"
    tally.rounds += 1
    tally.confirmed += len(told) // 2
    tally.opening += not told
    tally.under_way += is_under_way
    tally.under_way_kept += is_under_way and found != confirmed


def stored_state(place: Path, video: str) -> State:
    """The state as it is stored; the whole store is checked with it."""
    with Store.open(place) as store:
        assert store.check() == ()
        return state_in(store, video)


def state_in(store: Store, video: str) -> State:
    """The state of a video."""
    case = store.load_case(video)
    with store.reading() as session:
        entries = session.scalar(select(func.max(AuditRow.number))) or 0
    return State(
        draft=case.draft,
        history=list(case.history),
        position=case.position,
        results={repr(key) for key in (*case.tracks, *case.assessments)},
        entries=entries,
    )


# The process that is killed ------------------------------------------------------------------


def edit(place: Path, video: str, seed: int, said: "Connection") -> None:
    """Edit until killed, telling of each step before and after."""
    chance = random.Random(seed)
    with Store.open(place) as store:
        state = state_in(store, video)
        while True:
            after, call = chance.choice((edited, edited, edited, undone, redone, graded))(
                chance, state
            )
            said.send(after.digest)
            call(store, video)
            said.send(after.digest)
            state = after


Step = tuple[State, Callable[[Store, str], None]]


def edited(chance: random.Random, state: State) -> Step:
    """Change the draft as the window does."""
    draft, merge = changed(chance, state.draft)
    before = state.draft
    if draft == before:
        return edited(chance, state)
    history = state.history[: state.position]
    if history and merge == history[-1].merge != NO_MERGE:
        history[-1] = replace(history[-1], after=draft)
    else:
        history.append(Edit(text="Edit", before=before, after=draft, merge=merge))
    after = replace(
        state, draft=draft, history=history, position=len(history), entries=state.entries + 1
    )
    return after, lambda store, video: store.record_edit(
        video, "Edit", before=before, after=draft, merge=merge
    )


def changed(chance: random.Random, draft: Draft) -> tuple[Draft, int]:
    """Another draft, and with which edits this one joins."""
    keys = [s.key for s in draft.sperms]
    kind = chance.randrange(8) if keys else 0
    place = {"frame": chance.randrange(100), "x_px": chance.uniform(0, 600), "y_px": 1 / 3}
    if kind == 0 and len(keys) < MOST_SPERMS:
        return drafts.added(draft, key=max(keys, default=0) + 1, **place), NO_MERGE  # type: ignore[arg-type]
    if not keys or kind == 1:
        name = draft.sample.sample[-20:] + chance.choice("äb精 \x00")
        return replace(draft, sample=SampleInfo(sample=name, operator="Mori")), 1
    if kind == 2:
        scale = Calibration(
            profile="20x", um_per_px=chance.random(), fps=chance.choice([None, 7.5])
        )
        return replace(draft, calibration=scale), chance.choice([NO_MERGE, 3])
    key = chance.choice(keys)
    if kind == 3:
        return drafts.removed(draft, key), NO_MERGE
    if kind == 4:
        return drafts.moved(draft, key, to=chance.randrange(MOST_SPERMS)), NO_MERGE
    if kind == 5:
        return drafts.judged(draft, key, chance.choice(list(Verdict))), NO_MERGE
    if kind == 6:
        return drafts.renamed(draft, key, f"n{chance.randrange(99)}") or draft, NO_MERGE
    return drafts.corrected(draft, key, **place), NO_MERGE  # type: ignore[arg-type]


def undone(chance: random.Random, state: State) -> Step:
    """Undo some edits."""
    if state.position == 0:
        return edited(chance, state)
    return moved_to(state, chance.randrange(state.position))


def redone(chance: random.Random, state: State) -> Step:
    """Redo some edits."""
    if state.position == len(state.history):
        return edited(chance, state)
    return moved_to(state, chance.randrange(state.position + 1, len(state.history) + 1))


def moved_to(state: State, position: int) -> Step:
    """The first ``position`` edits."""
    draft = state.history[position - 1].after if position else state.history[0].before
    after = replace(state, draft=draft, position=position, entries=state.entries + 1)
    return after, lambda store, video: store.move_in_history(video, position)


def graded(chance: random.Random, state: State) -> Step:
    """Keep a track, or a grade with its pictures."""
    if not state.draft.sperms:
        return edited(chance, state)
    sperm = chance.choice(state.draft.sperms)
    made = replace(example_assessment(), target=sperm.target, seeds=sperm.seeds)
    if chance.random() < 0.5:
        track_key = (sperm.target, sperm.seeds, state.draft.calibration.fps)
        after = replace(state, results=state.results | {repr(track_key)})
        return after, lambda store, video: store.keep_tracks(video, {track_key: made.track})
    key = AssessmentKey(
        target=sperm.target, seeds=sperm.seeds, fps=None, um_per_px=None, model_sha256="m"
    )
    after = replace(state, results=state.results | {repr(key)}, entries=state.entries + 1)
    return after, lambda store, video: store.keep_assessments(video, {key: made})


if __name__ == "__main__":
    from tests.benchmarks import kill_store

    __spec__ = None  # type: ignore[assignment]  # or each process would run this file again as a program's beginning
    kill_store.main()
