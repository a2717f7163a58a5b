"""Finds the pictures of a recording in a folder by their names: moments, channels and planes.

Cameras and Micro-Manager number their pictures. Names that differ only in their numbers form a
series; a second series with the same numbers is another channel; the rest (masks, overviews,
copies) does not belong to the recording.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.recordings import PICTURE_SUFFIXES, natural_key
from rostfine_core.video.choice import PlaneChoice, chosen_channel, chosen_plane

_DIGITS = re.compile(r"(\d+)")
_AXIS = re.compile(r"(?:^|[^a-z])(channel|ch|c|time|t|frame|z|slice|position|pos|p|xy|s)[-_]?$")
_AXES = {
    "channel": "C", "ch": "C", "c": "C", "time": "T", "t": "T", "frame": "T",
    "z": "Z", "slice": "Z", "position": "P", "pos": "P", "p": "P", "xy": "P", "s": "P",
}  # fmt: skip
LEFT_OUT_SHOWN = 5
GAPS_SHOWN = 3

Pattern = tuple[str, ...]
Numbers = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class NamedSeries:
    """The pictures of a recording in order.

    ``steps`` counts the moments from the first picture, including missing ones; it is None if the
    numbers do not show it. ``choice`` is what remains to be chosen inside the files.
    """

    files: tuple[Path, ...]
    steps: tuple[int, ...] | None
    choice: PlaneChoice
    notes: tuple[Message, ...] = ()


def is_picture(path: Path) -> bool:
    """Whether a file of a folder is a picture by its name."""
    is_hidden = path.name.startswith(".")
    return path.suffix.lower() in PICTURE_SUFFIXES and not is_hidden and path.is_file()


def find_series(folder: Path, files: Sequence[Path], choice: PlaneChoice) -> NamedSeries:
    """Find the recording among the pictures of a folder.

    Raises:
        VideoError: there are several positions, or the chosen channel or plane does not exist.
    """
    groups: dict[Pattern, dict[Numbers, Path]] = defaultdict(dict)
    for file in sorted(files, key=lambda f: natural_key(f.name)):
        *texts, suffix = _DIGITS.split(file.stem)[::2], file.suffix.lower()
        numbers = tuple(int(n) for n in _DIGITS.findall(file.stem))
        groups[(*(t.lower() for t in texts[0]), suffix)].setdefault(numbers, file)
    main = max(groups, key=lambda pattern: len(groups[pattern]))
    if len(groups[main]) < 2:  # the names follow no pattern
        return NamedSeries(files=tuple(sorted(files, key=_by_name)), steps=None, choice=choice)
    channels = [p for p in groups if _is_channel(groups[p], groups[main], p, main)]
    chosen = main
    note: tuple[Message, ...] = ()
    if len(channels) > 1:
        place, note = chosen_channel(folder, [_differing(p, channels) for p in channels], choice)
        chosen, choice = channels[place], replace(choice, channel=None)
    series = _in_time(folder, chosen, groups[chosen], choice)
    others = set(files) - {f for p in channels for f in groups[p].values()}
    return replace(series, notes=(*note, *series.notes, *_left_out(others)))


def _by_name(file: Path) -> list[tuple[int, int, str]]:
    return natural_key(file.name)


def _is_channel(
    group: dict[Numbers, Path], main: dict[Numbers, Path], pattern: Pattern, of_main: Pattern
) -> bool:
    """Whether two patterns differ in only one word and show the same moments."""
    if pattern == of_main:
        return True
    differing = sum(a != b for a, b in zip(pattern, of_main, strict=False))
    is_alike = len(pattern) == len(of_main) and pattern[-1] == of_main[-1] and differing == 1
    return is_alike and len(group.keys() & main.keys()) > 0.9 * len(main)


def _differing(pattern: Pattern, patterns: Sequence[Pattern]) -> str:
    """The word that distinguishes a pattern from the others, which names the channel."""
    places = [i for i, texts in enumerate(zip(*patterns, strict=True)) if len(set(texts)) > 1]
    return pattern[places[0]].strip("_- .").upper() if places else ""


def _in_time(
    folder: Path, pattern: Pattern, group: dict[Numbers, Path], choice: PlaneChoice
) -> NamedSeries:
    """The pictures of one pattern in order."""
    varying = [i for i, column in enumerate(zip(*group, strict=True)) if len(set(column)) > 1]
    axes = {_axis(pattern, i, varying): i for i in varying}
    if "P" in axes and len(axes) > 1:
        count = len({numbers[axes["P"]] for numbers in group})
        raise VideoError(
            Message(
                "The folder {folder} holds {count} positions: put the pictures of each into a "
                "folder of its own.",
                folder=folder,
                count=count,
            )
        )
    notes: tuple[Message, ...] = ()
    for axis, choose, chosen in (
        ("C", _choose_channel, {"channel": None}),
        ("Z", chosen_plane, {"plane": None}),
    ):
        if axis not in axes or "T" not in axes:
            continue
        values = sorted({numbers[axes[axis]] for numbers in group})
        place, note = choose(folder, len(values), choice)
        group = {n: f for n, f in group.items() if n[axes[axis]] == values[place]}
        choice = replace(choice, **chosen)
        notes += note
    counters = [i for i in varying if len({numbers[i] for numbers in group}) > 1]
    steps: tuple[int, ...] | None = None
    if len(counters) == 1:
        steps, gaps = _steps([numbers[counters[0]] for numbers in group])
        notes += gaps
    return NamedSeries(files=tuple(group.values()), steps=steps, choice=choice, notes=notes)


def _axis(pattern: Pattern, place: int, varying: Sequence[int]) -> str:
    """What the number at ``place`` counts, from the word before it or Micro-Manager's order."""
    if named := _AXIS.search(pattern[place]):
        return _AXES[named[1]]
    is_plane = pattern[0] == "img_" and len(varying) == 2 and place == varying[-1]
    return "Z" if is_plane else "T"


def _choose_channel(
    folder: Path, count: int, choice: PlaneChoice
) -> tuple[int, tuple[Message, ...]]:
    return chosen_channel(folder, [""] * count, choice)


def _steps(numbers: Sequence[int]) -> tuple[tuple[int, ...] | None, tuple[Message, ...]]:
    """Time steps from the numbers, if most have the same distance, and a note on the gaps."""
    distances = [b - a for a, b in pairwise(numbers)]
    ((step, times),) = Counter(distances).most_common(1)
    if times < 0.5 * len(distances) or step < 1 or any(d % step for d in distances):
        return None, ()
    steps = tuple((number - numbers[0]) // step for number in numbers)
    gaps = [(a + step, b - step) for a, b in pairwise(numbers) if b - a > step]
    if not gaps:
        return steps, ()
    ranges = [str(a) if a == b else f"{a} to {b}" for a, b in gaps[:GAPS_SHOWN]]
    note = Message(
        "{count} picture(s) of the series are missing ({gaps}); their time is counted.",
        count=steps[-1] + 1 - len(steps),
        gaps=", ".join(ranges) + ", ..." * (len(gaps) > GAPS_SHOWN),
    )
    return steps, (note,)


def _left_out(others: set[Path]) -> tuple[Message, ...]:
    if not others:
        return ()
    names = sorted((file.name for file in others), key=natural_key)
    note = Message(
        "{count} picture(s) in the folder do not belong to the series: {names}.",
        count=len(names),
        names=", ".join(names[:LEFT_OUT_SHOWN]) + ", ..." * (len(names) > LEFT_OUT_SHOWN),
    )
    return (note,)
