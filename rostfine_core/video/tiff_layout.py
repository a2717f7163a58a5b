"""Reads moments, channels, planes, times and pixel sizes from the metadata of a TIFF stack.

Known are ImageJ (``ImageJ=`` description), OME (XML description) and Micro-Manager (tag 51123).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import tifffile

from rostfine_core.errors import VideoError
from rostfine_core.messages import Message
from rostfine_core.video.choice import PlaneChoice, chosen_channel, chosen_plane, only_plane

_SECONDS = {
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3,
    "us": 1e-6, "µs": 1e-6, "usec": 1e-6, "ns": 1e-9,
    "min": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
}  # fmt: skip
_MICROMETRES = {
    "um": 1.0, "µm": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "micrometre": 1.0,
    "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6, "inch": 25400.0,
}  # fmt: skip
_ELAPSED_MS = "ElapsedTime-ms"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One channel and one plane of a stack.

    ``pages`` holds the page of every moment; ``times_s`` their times if each has one, otherwise
    ``interval_s`` the time between them; ``pixel_um`` the width and height of a pixel.
    """

    pages: tuple[int, ...]
    times_s: tuple[float, ...] | None = None
    interval_s: float | None = None
    pixel_um: tuple[float, float] | None = None
    notes: tuple[Message, ...] = ()


def read_layout(path: Path, *, page_count: int, choice: PlaneChoice) -> Layout:
    """The layout of the first ``page_count`` pages, which are complete.

    Raises:
        VideoError: they are planes of one moment, or the chosen channel or plane does not exist.
    """
    if page_count == 1:
        return _plain_layout(path, page_count, choice)
    try:
        with tifffile.TiffFile(path) as tiff:
            if tiff.ome_metadata:
                layout = _ome_layout(path, tiff.ome_metadata, page_count, choice)
            elif tiff.imagej_metadata:
                layout = _imagej_layout(path, tiff, page_count, choice)
            else:
                layout = _plain_layout(path, page_count, choice)
            if not layout.pages:  # the metadata promise more channels than there are pages
                return _plain_layout(path, page_count, choice)
            return _with_elapsed_times(tiff, layout)
    except VideoError:
        raise
    except Exception:  # noqa: BLE001 - metadata from outside: what cannot be read is ignored
        return _plain_layout(path, page_count, choice)


def _plain_layout(path: Path, page_count: int, choice: PlaneChoice) -> Layout:
    return Layout(pages=tuple(range(page_count)), notes=only_plane(path, choice))


def _imagej_layout(
    path: Path, tiff: tifffile.TiffFile, page_count: int, choice: PlaneChoice
) -> Layout:
    metadata: Mapping[str, Any] = tiff.imagej_metadata or {}
    channels, slices = (max(1, int(metadata.get(name, 1))) for name in ("channels", "slices"))
    frames = int(metadata.get("frames", 1))
    notes: list[Message] = []
    if slices > 1 and frames <= 1:
        if "spacing" in metadata:
            raise VideoError(_one_moment(path, slices))
        notes.append(
            Message(
                "The file calls its {count} pictures slices, not frames: they are read as moments "
                "in time.",
                count=slices,
            )
        )
        slices = 1
    channel, note = chosen_channel(path, [""] * channels, choice)
    plane, plane_note = chosen_plane(path, slices, choice)
    promised = int(metadata.get("images", page_count)) // (channels * slices)
    step = channels * slices
    pages = range(plane * channels + channel, page_count, step)
    if promised > len(pages):
        notes.append(_promise(promised, len(pages)))
    interval_s, interval_note = _imagej_interval(metadata)
    return Layout(
        pages=tuple(pages),
        interval_s=interval_s,
        pixel_um=_imagej_pixel(tiff, str(metadata.get("unit", ""))),
        notes=(*notes, *interval_note, *note, *plane_note),
    )


def _imagej_interval(
    metadata: Mapping[str, Any],
) -> tuple[float | None, tuple[Message, ...]]:
    """The time between two moments in seconds, and what to say of it."""
    interval_s = _positive(metadata.get("finterval"), _SECONDS, metadata.get("tunit", "s"))
    if interval_s is not None or not _positive(metadata.get("fps")):
        return interval_s, ()
    fps = float(metadata["fps"])
    note = Message(
        "The file states {fps:g} frames per second as the speed of its animation, which "
        "may not be the camera's: check it.",
        fps=fps,
    )
    return 1 / fps, (note,)


def _imagej_pixel(tiff: tifffile.TiffFile, unit: str) -> tuple[float, float] | None:
    """The pixel size of the first page, where ImageJ states pixels per ``unit``."""
    tags = tiff.pages.first.tags
    sizes = []
    for name in ("XResolution", "YResolution"):
        tag = tags.get(name)
        size_in_units = tag.value[1] / tag.value[0] if tag and tag.value[0] else None
        size = _positive(size_in_units, _MICROMETRES, unit, unknown=None)
        sizes.append(size)
    return None if None in sizes else (float(sizes[0] or 0), float(sizes[1] or 0))


def _ome_layout(path: Path, xml: str, page_count: int, choice: PlaneChoice) -> Layout:
    images = ElementTree.fromstring(xml).findall("{*}Image")
    pixels = images[0].find("{*}Pixels")
    if pixels is None:
        raise KeyError("Pixels")
    sizes = {axis: int(pixels.get(f"Size{axis}", "1")) for axis in "CZT"}
    names = [c.get("Name", "") for c in pixels.findall("{*}Channel")] or [""] * sizes["C"]
    sizes["C"] = len(names)  # the samples of a colour channel share a page
    if sizes["T"] == 1 and sizes["Z"] > 1:
        raise VideoError(_one_moment(path, sizes["Z"]))
    channel, note = chosen_channel(path, names, choice)
    plane, plane_note = chosen_plane(path, sizes["Z"], choice)
    page_of = dict(_ome_pages(pixels, sizes, path.name))
    places = (page_of.get((channel, plane, t), page_count) for t in range(sizes["T"]))
    pages = tuple(takewhile(lambda page: page < page_count, places))
    if not pages:
        raise VideoError(
            Message(
                "The pictures of {path} are in other files: open the file that holds them.",
                path=path,
            )
        )
    notes = [*note, *plane_note]
    if len(pages) < sizes["T"]:
        notes.append(_promise(sizes["T"], len(pages)))
    if len(images) > 1:
        notes.append(
            Message("The file holds {count} recordings: the first is read.", count=len(images))
        )
    increment = pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s")
    return Layout(
        pages=pages,
        times_s=_ome_times(pixels, channel, plane, len(pages)),
        interval_s=_positive(increment[0], _SECONDS, increment[1]),
        pixel_um=_ome_pixel(pixels),
        notes=tuple(notes),
    )


def _ome_pages(
    pixels: ElementTree.Element, sizes: Mapping[str, int], name: str
) -> Iterator[tuple[tuple[int, int, int], int]]:
    """The page of each (channel, plane, moment), from the TiffData blocks."""
    order = [axis for axis in pixels.get("DimensionOrder", "XYCZT") if axis in "CZT"]
    total = sizes["C"] * sizes["Z"] * sizes["T"]
    blocks = pixels.findall("{*}TiffData")
    files = {uuid.get("FileName") for b in blocks if (uuid := b.find("{*}UUID")) is not None}
    for block in blocks or [ElementTree.Element("TiffData")]:
        uuid = block.find("{*}UUID")
        if len(files) > 1 and uuid is not None and uuid.get("FileName") != name:
            continue
        place = {axis: int(block.get(f"First{axis}", "0")) for axis in order}
        number, scale = 0, 1
        for axis in order:
            number, scale = number + place[axis] * scale, scale * sizes[axis]
        first = int(block.get("IFD", "0"))
        count = int(block.get("PlaneCount", str(total) if block.get("IFD") is None else "1"))
        for page, step in enumerate(range(number, min(number + count, total)), first):
            at, rest = {}, step
            for axis in order:
                rest, at[axis] = divmod(rest, sizes[axis])
            yield (at["C"], at["Z"], at["T"]), page


def _ome_times(
    pixels: ElementTree.Element, channel: int, plane: int, count: int
) -> tuple[float, ...] | None:
    times: dict[int, float] = {}
    for element in pixels.findall("{*}Plane"):
        is_chosen = (element.get("TheC"), element.get("TheZ")) == (str(channel), str(plane))
        delta = element.get("DeltaT")
        if is_chosen and delta is not None:
            unit = _SECONDS[element.get("DeltaTUnit", "s").lower()]
            times[int(element.get("TheT", "0"))] = float(delta) * unit
    return _ascending([times.get(moment) for moment in range(count)])


def _ome_pixel(pixels: ElementTree.Element) -> tuple[float, float] | None:
    width, height = (
        _positive(
            pixels.get(f"PhysicalSize{axis}"),
            _MICROMETRES,
            pixels.get(f"PhysicalSize{axis}Unit", "µm"),
            unknown=None,
        )
        for axis in "XY"
    )
    return (width, height) if width and height else None


def _with_elapsed_times(tiff: tifffile.TiffFile, layout: Layout) -> Layout:
    """Add times and pixel size from Micro-Manager's page metadata, if the layout lacks them."""
    if "MicroManagerMetadata" not in tiff.pages.first.tags:
        return layout
    pages = [tiff.pages.get(page).aspage() for page in layout.pages]
    metadata = [page.tags["MicroManagerMetadata"].value for page in pages]
    elapsed = [_positive(frame.get(_ELAPSED_MS), least=0) for frame in metadata]
    times_s = _ascending([None if ms is None else ms / 1000 for ms in elapsed])
    size = _positive(metadata[0].get("PixelSizeUm"))
    return replace(
        layout,
        times_s=layout.times_s or times_s,
        pixel_um=layout.pixel_um or ((size, size) if size else None),
    )


def _promise(promised: int, count: int) -> Message:
    return Message(
        "The file states {promised} pages, but {count} can be read.",
        promised=promised,
        count=count,
    )


def _ascending(times_s: list[float | None]) -> tuple[float, ...] | None:
    """The times relative to the first; None if one is missing or not later than the one before."""
    known = [time for time in times_s if time is not None]
    if len(known) < len(times_s) or any(a >= b for a, b in pairwise(known)):
        return None
    return tuple(time - known[0] for time in known) if len(known) > 1 else None


def _positive(
    value: object,
    units: Mapping[str, float] | None = None,
    unit: str = "",
    *,
    unknown: float | None = 1.0,
    least: float | None = None,
) -> float | None:
    """A finite number above zero, or of at least ``least``, in the base unit; else None."""
    factor = units.get(_plain(unit), unknown) if units else 1.0
    if factor is None or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value) * factor
    except ValueError:
        return None
    is_usable = number > 0 if least is None else number >= least
    return number if is_usable and number < float("inf") else None


def _plain(unit: str) -> str:
    return unit.strip().lower().replace("\\u00b5", "µ").replace("μ", "µ")


def _one_moment(path: Path, planes: int) -> Message:
    return Message(
        "{path} holds {planes} planes in depth of one moment, not a recording in time: open a "
        "recording; if the planes are moments, save them as frames (T).",
        path=path,
        planes=planes,
    )
