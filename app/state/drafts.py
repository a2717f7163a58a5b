"""The edits as pure functions from one draft to the next."""

from collections.abc import Callable
from dataclasses import replace

from rostfine_core.domain import Draft, Selection, Sperm, Verdict


def free_name(draft: Draft, *, key: int) -> str:
    """The number of the next sperm: ``key``, which also counts removed sperm.

    The number of a removed sperm may already be in a report.
    """
    taken = (int(s.name) for s in draft.sperms if s.name.isdecimal())
    return str(max([key, *(number + 1 for number in taken)]))


def added(
    draft: Draft, *, key: int, frame: int, x_px: float, y_px: float, is_exact: bool = False
) -> Draft:
    """Add a sperm under a free number."""
    sperm = Sperm(key=key, name=free_name(draft, key=key), seeds=())
    sperm = sperm.corrected(frame=frame, x_px=x_px, y_px=y_px, is_exact=is_exact)
    return replace(draft, sperms=(*draft.sperms, sperm))


def removed(draft: Draft, key: int) -> Draft:
    """Remove a sperm."""
    return replace(draft, sperms=tuple(s for s in draft.sperms if s.key != key))


def renamed(draft: Draft, key: int, name: str) -> Draft | None:
    """Rename a sperm; None if the name is empty, taken or the same."""
    name = name.strip()
    if not name or any(s.name.casefold() == name.casefold() for s in draft.sperms if s.key != key):
        return None
    changed = _with(draft, key, lambda s: replace(s, name=name))
    return None if changed == draft else changed


def moved(draft: Draft, key: int, *, to: int) -> Draft:
    """Move a sperm in the list; ``to`` counts without it and is clipped to the list."""
    sperm = next(s for s in draft.sperms if s.key == key)
    others = [s for s in draft.sperms if s.key != key]
    others.insert(min(max(to, 0), len(others)), sperm)
    return replace(draft, sperms=tuple(others))


def corrected(
    draft: Draft, key: int, *, frame: int, x_px: float, y_px: float, is_exact: bool = False
) -> Draft:
    """Set a sperm's place in one frame by hand; the verdict on its track is open again."""

    def change(sperm: Sperm) -> Sperm:
        sperm = sperm.corrected(frame=frame, x_px=x_px, y_px=y_px, is_exact=is_exact)
        return replace(sperm, verdict=Verdict.OPEN)

    return _with(draft, key, change)


def judged(draft: Draft, key: int, verdict: Verdict) -> Draft:
    """Set the verdict on a sperm's track."""
    return _with(draft, key, lambda s: replace(s, verdict=verdict))


def decided(draft: Draft, key: int, selection: Selection) -> Draft:
    """Say whether a sperm was chosen for injection."""
    return _with(draft, key, lambda s: replace(s, selection=selection))


def noted(draft: Draft, key: int, note: str) -> Draft:
    """Write a note on a sperm."""
    return _with(draft, key, lambda s: replace(s, note=note))


def _with(draft: Draft, key: int, change: Callable[[Sperm], Sperm]) -> Draft:
    return replace(draft, sperms=tuple(change(s) if s.key == key else s for s in draft.sperms))
