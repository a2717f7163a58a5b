"""Chooses the channel and the depth plane to read from a file that holds several."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message


@dataclass(frozen=True, kw_only=True)
class PlaneChoice:
    """A channel by name or number, a depth plane by number, both from 1; None for the default."""

    channel: str | None = None
    plane: int | None = None


def chosen_channel(
    path: Path, names: Sequence[str], choice: PlaneChoice
) -> tuple[int, tuple[Message, ...]]:
    """The index in ``names`` of the channel to read, and notes for the user.

    Raises:
        VideoError: there is no channel with that name or number.
    """
    if choice.channel is None:
        if len(names) == 1:
            return 0, ()
        note = Message(
            "The file has {channels}: the first is read (--channel of rostfine reads another).",
            channels=_listed(names),
        )
        return 0, (note,)
    wanted = choice.channel.strip()
    for place, name in enumerate(names):
        if wanted.lower() == name.lower() or wanted == str(place + 1):
            return place, (_read(place, names),)
    raise VideoError(
        Message(
            "{path} has no channel {wanted:.40}: it has {channels}.",
            path=path,
            wanted=repr(wanted),
            channels=_listed(names),
        )
    )


def chosen_plane(path: Path, count: int, choice: PlaneChoice) -> tuple[int, tuple[Message, ...]]:
    """The 0-based plane to read, by default the middle one, and notes for the user.

    Raises:
        VideoError: there is no plane with that number.
    """
    if choice.plane is None:
        middle = count // 2
        note = Message(
            "The file has {count} planes in depth: plane {plane} is read (--z of rostfine reads "
            "another).",
            count=count,
            plane=middle + 1,
        )
        return middle, (note,) if count > 1 else ()
    if not 1 <= choice.plane <= count:
        raise VideoError(
            Message(
                "{path} has no plane {plane}: it has planes 1 to {count}.",
                path=path,
                plane=choice.plane,
                count=count,
            )
        )
    note = Message("Plane {plane} of {count} in depth is read.", plane=choice.plane, count=count)
    return choice.plane - 1, (note,)


def only_plane(path: Path, choice: PlaneChoice) -> tuple[Message, ...]:
    """Notes on a choice for a file with one channel and one plane.

    Raises:
        VideoError: another channel or plane is chosen.
    """
    return chosen_channel(path, [""], choice)[1] + chosen_plane(path, 1, choice)[1]


def _read(place: int, names: Sequence[str]) -> Message:
    number, count = place + 1, len(names)
    if names[place]:
        return Message(
            "Channel {name} ({number} of {count}) is read.",
            name=names[place],
            number=number,
            count=count,
        )
    return Message("Channel {number} of {count} is read.", number=number, count=count)


def _listed(names: Sequence[str]) -> Message:
    labels = ", ".join(_label(place, name) for place, name in enumerate(names))
    if len(names) == 1:
        return Message("one channel ({label})", label=labels)
    return Message("{count} channels ({labels})", count=len(names), labels=labels)


def _label(place: int, name: str) -> str:
    return f"{place + 1} {name}".strip()
