"""What differs between two drafts, as JSON: a step of the history holds that and no more.

A change names the sperm that differ by their keys, null where there is none, the order of the list
if it differs, the sample and the microscope if they do.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, TypeAlias

from rostfine_core.domain import (
    Calibration,
    Draft,
    SampleInfo,
    Seed,
    Selection,
    Sperm,
    Verdict,
)

Change: TypeAlias = Mapping[str, Any]


def changes_between(before: Draft, after: Draft) -> tuple[Change, Change]:
    """What leads back from ``after`` to ``before``, and what leads forward."""
    old, new = ({s.key: s for s in draft.sperms} for draft in (before, after))
    changed = [key for key in old | new if old.get(key) != new.get(key)]
    back: dict[str, Any] = {"sperms": {str(k): _sperm_row(old.get(k)) for k in changed}}
    forward: dict[str, Any] = {"sperms": {str(k): _sperm_row(new.get(k)) for k in changed}}
    if list(old) != list(new):
        back["order"], forward["order"] = list(old), list(new)
    for name in ("sample", "calibration"):
        was, becomes = getattr(before, name), getattr(after, name)
        if was != becomes:
            back[name], forward[name] = asdict(was), asdict(becomes)
    return back, forward


def applied(draft: Draft, change: Change) -> Draft:
    """The draft after a change."""
    sperms = {s.key: s for s in draft.sperms}
    for key, row in change["sperms"].items():
        if row is None:
            sperms.pop(int(key), None)
        else:
            sperms[int(key)] = _sperm(int(key), row)
    order = change.get("order", list(sperms))
    draft = replace(draft, sperms=tuple(sperms[key] for key in order))
    if "sample" in change:
        draft = replace(draft, sample=SampleInfo(**change["sample"]))
    if "calibration" in change:
        draft = replace(draft, calibration=Calibration(**change["calibration"]))
    return draft


def ordered(draft: Draft) -> Draft:
    """The draft with each sperm's clicks in the order of their frames, as they are stored."""
    return replace(
        draft,
        sperms=tuple(
            replace(s, seeds=tuple(sorted(s.seeds, key=lambda seed: seed.frame)))
            for s in draft.sperms
        ),
    )


def to_text(change: Change) -> str:
    """The change as JSON."""
    return json.dumps(change, separators=(",", ":"), allow_nan=False)


def from_text(text: str) -> Change:
    """The change that ``to_text`` wrote."""
    change: Change = json.loads(text)
    return change


def _sperm_row(sperm: Sperm | None) -> dict[str, Any] | None:
    if sperm is None:
        return None
    return {
        "name": sperm.name,
        "seeds": [[s.frame, s.x_px, s.y_px, s.is_exact] for s in sperm.seeds],
        "verdict": sperm.verdict.value,
        "selection": sperm.selection.value,
        "note": sperm.note,
    }


def _sperm(key: int, row: Mapping[str, Any]) -> Sperm:
    return Sperm(
        key=key,
        name=row["name"],
        seeds=tuple(
            Seed(target=str(key), frame=frame, x_px=x_px, y_px=y_px, is_exact=is_exact)
            for frame, x_px, y_px, is_exact in row["seeds"]
        ),
        verdict=Verdict(row["verdict"]),
        selection=Selection(row["selection"]),
        note=row["note"],
    )
