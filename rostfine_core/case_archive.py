"""A sample's whole case as one file, which another installation takes into its store.

The file is a ZIP of ``case.json`` (what it is, its files with size and SHA-256), ``rows.json`` (the
rows of the store) and the large values of those as files of their own: records as JSON, images and
reports as they are stored. The videos can come along. Nothing is unpacked by a name in the file.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cattrs

from rostfine_core import __version__
from rostfine_core.domain import LongJob, Progress
from rostfine_core.errors import StoreError, VideoError, parsing
from rostfine_core.files import BLOCK_BYTES, atomic_write, blocks_of, safe_name, sha256_of
from rostfine_core.marking import marked
from rostfine_core.messages import Message
from rostfine_core.store import Store
from rostfine_core.store.transfer import JSON, CaseRows, Row, add_case, rows_of_case
from rostfine_core.video.checksum import hash_video
from rostfine_core.video.identity import VideoIdentity

SCHEMA = "rostfine.case/1"
CASE_JSON, ROWS_JSON = "case.json", "rows.json"
VIDEOS = "video-files/"
FILE_KEY = "file"
"""A value of a row that is a file of the archive: ``{"file": NAME}``."""
MOST_BYTES, MOST_FILES = 2**30, 100_000
"""Limits of an archive without its videos, unpacked: a case takes about a megabyte a sperm."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file, so that equal cases make equal archives."""


@dataclass(frozen=True, kw_only=True)
class ArchivedFile:
    """A file of the archive."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ArchivedVideo:
    """A video that came along: its files by their names, one for all but folders of pictures."""

    name: str
    sha256: str
    is_folder: bool
    files: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What ``case.json`` says; ``form`` is the form of the store, ``videos`` are by their ids."""

    schema: str
    software_version: str
    form: str
    files: dict[str, ArchivedFile]
    videos: dict[str, ArchivedVideo]


@dataclass(frozen=True, kw_only=True)
class ImportedCase:
    """A case that was taken into a store; ``videos`` is where its videos were put."""

    sample_id: str
    label: str
    videos: tuple[Path, ...]
    left_videos: int
    """How many videos of the archive were not unpacked."""


def write_case_archive(
    path: Path, store: Store, sample_id: str, *, with_videos: bool = False
) -> LongJob[Path]:
    """Write everything that is stored of a sample into one file and return its path.

    Raises:
        StoreError: the sample is not in the store, or the file cannot be written.
        VideoError: a video that shall come along is missing or another one.
    """
    case = rows_of_case(store, sample_id)
    store.note_export(path.name)
    places = store.videos_of(sample_id) if with_videos else ()
    hashes = {str(row["id"]): str(row["sha256"]) for row in case.tables["video"]}
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        writer = _Writer(archive)
        tables = {name: writer.with_files(name, rows) for name, rows in case.tables.items()}
        writer.add(ROWS_JSON, _as_json(tables))
        for place in places:
            yield from writer.add_video(place.video_id, place.path, hashes[place.video_id])
        contents = Contents(
            schema=SCHEMA,
            software_version=__version__,
            form=case.form,
            files=writer.files,
            videos=writer.videos,
        )
        writer.add(CASE_JSON, _as_json(asdict(contents)))
    return path


class _Writer:
    """Adds files to an archive and notes what they are."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.files: dict[str, ArchivedFile] = {}
        self.videos: dict[str, ArchivedVideo] = {}

    def add(self, name: str, content: bytes) -> None:
        """Add a file, compressed."""
        info = zipfile.ZipInfo(name, EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        self._archive.writestr(info, content)
        digest = hashlib.sha256(content).hexdigest()
        self.files[name] = ArchivedFile(bytes=len(content), sha256=digest)

    def with_files(self, table: str, rows: Sequence[Row]) -> list[dict[str, object]]:
        """The rows with their large values as files."""
        return [
            {name: self._value(table, number, name, value) for name, value in row.items()}
            for number, row in enumerate(rows, start=1)
        ]

    def _value(self, table: str, number: int, column: str, value: object) -> object:
        is_json = (table, column) in JSON and isinstance(value, str)
        if not (is_json or isinstance(value, bytes)):
            return value
        ending = "json" if is_json else "zip" if (table, column) == ("report", "files") else "bin"
        name = f"{table}/{number}-{column}.{ending}"
        self.add(name, str(value).encode() if is_json else value)  # type: ignore[arg-type]
        return {FILE_KEY: name}

    def add_video(self, id: str, path: Path, sha256: str) -> LongJob[None]:
        """Add a video as it is, after its checksum was made sure of."""
        identity = VideoIdentity.of(path)
        if not identity.stamps or (yield from hash_video(identity)) != sha256:
            raise VideoError(
                Message(
                    "{path} is missing or is not the video of this case any more: put it back, or "
                    "leave the videos out.",
                    path=path,
                )
            )
        parts = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        files = {}
        for number, part in enumerate(parts, start=1):
            ending = safe_name(part.suffix, fallback="bin")
            name = f"{VIDEOS}{len(self.videos) + 1}/{number}.{ending}"
            yield from self._add_large(name, part)
            files[part.name] = name
        self.videos[id] = ArchivedVideo(
            name=path.name, sha256=sha256, is_folder=path.is_dir(), files=files
        )

    def _add_large(self, name: str, path: Path) -> LongJob[None]:
        digest, size, total = hashlib.sha256(), 0, path.stat().st_size
        info = zipfile.ZipInfo(name, EPOCH)
        with self._archive.open(info, "w", force_zip64=True) as file:
            for block in blocks_of(path):
                file.write(block)
                digest.update(block)
                size += len(block)
                blocks = -(-total // BLOCK_BYTES)
                yield Progress(stage=marked("writing"), done=size // BLOCK_BYTES, total=blocks)
        self.files[name] = ArchivedFile(bytes=size, sha256=digest.hexdigest())


def _as_json(value: object) -> bytes:
    """JSON in ASCII, which also keeps text that is no valid Unicode."""
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def videos_in(path: Path) -> tuple[str, ...]:
    """The names of the videos that came along in an archive.

    Raises:
        StoreError: it is no such archive, or is damaged.
    """
    with _opened(path) as archive, _reading(path):
        return tuple(video.name for video in _contents(archive).videos.values())


def import_case_archive(
    path: Path,
    store: Store,
    *,
    videos_folder: Path | None = None,
    same_patient: bool = False,
) -> LongJob[ImportedCase]:
    """Take the case of an archive into a store; all of it or nothing.

    Args:
        path: the archive, which may come from anywhere.
        store: where the case goes.
        videos_folder: where its videos are put; None leaves them in the archive.
        same_patient: a patient of the same pseudonym in the store is the same person.

    Raises:
        StoreError: it is no such archive, is damaged or too large, the case is in the store
            already, or the store or the folder cannot be written.
    """
    yield Progress(stage=marked("reading"), done=0, total=0)
    source = sha256_of(path)
    with _opened(path) as archive:
        with _reading(path):
            contents = _contents(archive)
            rows = _rows(archive, contents)
        case = CaseRows(form=contents.form, tables=rows)
        places: dict[str, Path] = {}
        try:
            if videos_folder is not None:
                for id, video in contents.videos.items():
                    with _reading(path):
                        places[id] = yield from _unpack(archive, contents, video, videos_folder)
            sample_id = add_case(
                store,
                case,
                source=source,
                paths={id: str(place) for id, place in places.items()},
                same_patient=same_patient,
            )
        except BaseException:
            for place in places.values():
                _remove(place)
            raise
    return ImportedCase(
        sample_id=sample_id,
        label=str(case.sample["label"]),
        videos=tuple(places.values()),
        left_videos=len(contents.videos) - len(places),
    )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn whatever is wrong with an archive into one sentence."""
    with parsing(
        lambda error: StoreError(
            Message(
                "{path} is not a case archive, or it is damaged ({reason}): export the case again.",
                path=path,
                reason=f"{error!s:.200}" or type(error).__name__,
            )
        )
    ):
        yield


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with _reading(path):
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


def _contents(archive: zipfile.ZipFile) -> Contents:
    """What the archive says of itself, if it is so.

    Raises:
        StoreError: a newer version made it.
        ValueError: it holds other files than it says, or too many or too large ones.
    """
    infos = archive.infolist()
    sizes = {info.filename: info.file_size for info in infos}
    if len(sizes) < len(infos) or len(infos) > MOST_FILES:
        raise ValueError("files of one name, or too many")
    content = json.loads(_content(archive, CASE_JSON, limit=MOST_BYTES))
    if content["schema"] != SCHEMA:
        raise StoreError(
            Message(
                "The case has the format {schema}, this version reads {known}: update RoSTFine "
                "Assist.",
                schema=f"{content['schema']!s:.40}",
                known=SCHEMA,
            )
        )
    contents = cattrs.Converter().structure(content, Contents)
    if {n: f.bytes for n, f in contents.files.items()} | {CASE_JSON: sizes[CASE_JSON]} != sizes:
        raise ValueError("other files than it says")
    if sum(size for name, size in sizes.items() if not name.startswith(VIDEOS)) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes without its videos")
    return contents


def _content(archive: zipfile.ZipFile, name: str, *, limit: int) -> bytes:
    """The bytes of a file, of which no more are unpacked than it says."""
    size = archive.getinfo(name).file_size
    if size > limit:
        raise ValueError(f"{name} is too large")
    with archive.open(name) as file:
        content = file.read(size + 1)
    if len(content) != size:
        raise ValueError(f"{name} is larger than it says")
    return content


def _rows(archive: zipfile.ZipFile, contents: Contents) -> dict[str, list[Row]]:
    """The rows with their large values, each a file of its own."""
    left = {name for name in contents.files if not name.startswith(VIDEOS)}

    def checked(name: str) -> bytes:
        left.remove(name)
        content = _content(archive, name, limit=MOST_BYTES)
        if hashlib.sha256(content).hexdigest() != contents.files[name].sha256:
            raise ValueError(f"{name} was changed")
        return content

    def value(table: str, column: str, found: Any) -> Any:  # noqa: ANN401  # JSON
        if not isinstance(found, dict):
            return found
        content = checked(found[FILE_KEY])
        return content.decode() if (table, column) in JSON else content

    tables: Mapping[str, Any] = json.loads(checked(ROWS_JSON))
    return {
        table: [{name: value(table, name, found) for name, found in row.items()} for row in rows]
        for table, rows in tables.items()
    }


def _unpack(
    archive: zipfile.ZipFile, contents: Contents, video: ArchivedVideo, folder: Path
) -> LongJob[Path]:
    """Put a video into a folder, under a name that nothing there has.

    Raises:
        StoreError: the folder cannot be written.
        ValueError: the video is damaged.
    """
    if not video.is_folder and len(video.files) != 1:
        raise ValueError("a video of several files")
    place = _free(folder, safe_name(video.name, fallback="video"))
    try:
        for number, (name, file) in enumerate(video.files.items()):
            if video.is_folder and name != _last_part(name):
                raise ValueError("a picture's name leads out of its folder")
            yield Progress(stage=marked("writing"), done=number, total=len(video.files))
            _copy(archive, file, contents.files[file], place / name if video.is_folder else place)
        if (yield from hash_video(VideoIdentity.of(place))) != video.sha256:
            raise ValueError(f"{video.name} was changed")
    except BaseException:
        _remove(place)
        raise
    return place


def _free(folder: Path, name: str) -> Path:
    """A place in the folder that is not taken."""
    place, number = folder / name, 2
    while place.exists():
        place, number = folder / f"{Path(name).stem}-{number}{Path(name).suffix}", number + 1
    return place


def _last_part(name: str) -> str:
    """The last part of a path of any system; "" for what leads elsewhere."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return last if last.strip(". \0") and "\0" not in last and ":" not in last else ""


def _copy(archive: zipfile.ZipFile, name: str, known: ArchivedFile, place: Path) -> None:
    """Copy a file, which is not compressed, so that it is never larger than the archive."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    digest = hashlib.sha256()
    with atomic_write(place) as temporary, archive.open(name) as source:
        with temporary.open("wb") as target:
            while block := source.read(BLOCK_BYTES):
                target.write(block)
                digest.update(block)
        if digest.hexdigest() != known.sha256:
            raise ValueError(f"{name} was changed")


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
