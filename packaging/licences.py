"""Writes what a built folder is made of: THIRD_PARTY.md, the licence texts, and an SBOM.

Python packages are found by their metadata in the folder, native libraries by their files and the
table ``native_libraries.toml``: the wheels that carry them do not name their licences. Rust's
crates are told by the lists of parts in the wheels that were compiled from them.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bundle import native_files
from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

HERE = Path(__file__).parent
PROGRAM = "rostfine-assist"
TEXT_NAMES = ("licence", "license", "copying", "notice", "copyright", "authors")
BOOTLOADER = "GPL-2.0-or-later WITH Bootloader-exception"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A package or library in the folder."""

    name: str
    version: str
    licence: str
    source: str
    files: tuple[str, ...] = ()
    note: str = ""
    registry: str = ""

    @property
    def ref(self) -> str:
        """What no other part of the bill of materials is called."""
        return f"{self.registry}:{self.name}@{self.version}".removeprefix(":")


def write_licences(contents: Path, version: str) -> None:
    """Write everything into ``licences`` in the folder that holds the program's contents.

    Raises:
        ValueError: a native library is in no table, one of the table is in no module that it is
            said to be in, or a package states no licence.
    """
    folder = contents / "licences"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "licences", folder)
    parts = [*_python_parts(contents), *_native_parts(contents), *_crates(contents), _bootloader()]
    _copy_texts(contents, folder)
    (folder / "THIRD_PARTY.md").write_text(_notices(parts), encoding="utf-8")
    (folder / "sbom.cdx.json").write_text(_sbom(parts, version), encoding="utf-8")


def _python_parts(contents: Path) -> Iterator[Part]:
    known = tomllib.loads((HERE / "python_licences.toml").read_text(encoding="utf-8"))
    found = metadata.distributions(path=[str(contents)])
    for one in sorted(found, key=lambda d: d.metadata["Name"].lower()):
        name = one.metadata["Name"].lower().replace("_", "-")
        stated = one.metadata.get("License-Expression") or one.metadata.get("License") or ""
        licence = known.get(name) or stated.strip().split("\n")[0]
        if not licence:
            raise ValueError(f"{name} states no licence: add it to python_licences.toml")
        if name != PROGRAM:
            source = f"https://pypi.org/project/{name}/"
            yield Part(
                name=name, version=one.version, licence=licence, source=source, registry="pypi"
            )


def _native_parts(contents: Path) -> Iterator[Part]:
    table = tomllib.loads((HERE / "native_libraries.toml").read_text(encoding="utf-8"))["library"]
    files = sorted({f.name for f in native_files(contents) if _is_library(f)})
    owners = {file: _owner(file, table) for file in files}
    unknown = [file for file, owner in owners.items() if owner is None]
    if unknown:
        raise ValueError(f"native_libraries.toml lacks {', '.join(unknown)}")
    for entry in table:
        own = tuple(file for file, owner in owners.items() if owner is entry)
        own += tuple(_module(contents, start) for start in entry.get("modules", ()))
        if own:
            yield Part(
                name=entry["name"],
                version="",
                licence=entry["licence"],
                source=entry["source"],
                files=own,
                note=entry.get("note", ""),
            )


def _module(contents: Path, start: str) -> str:
    """The Python module that holds a library, by the beginning of its path in the folder."""
    for file in sorted(contents.glob(f"{start}.*")):
        if file.suffix in (".so", ".pyd"):
            return file.relative_to(contents).as_posix()
    raise ValueError(f"native_libraries.toml names {start}, which is no module of the folder")


def _crates(contents: Path) -> Iterator[Part]:
    """Rust's crates, each once; wheels of maturin and setuptools-rust list what they hold."""
    found: dict[str, Part] = {}
    for file in sorted(contents.glob("*.dist-info/sboms/*.cyclonedx.json")):
        holder = file.parts[-3].split("-")[0]
        for one in json.loads(file.read_text(encoding="utf-8"))["components"]:
            if one["purl"].startswith("pkg:cargo/") and one["scope"] == "required":
                part = Part(
                    name=one["name"],
                    version=one["version"],
                    licence=" AND ".join(told["expression"] for told in one["licenses"]),
                    source=f"https://crates.io/crates/{one['name']}",
                    note=f"In {holder}.",
                    registry="cargo",
                )
                found.setdefault(part.ref, part)
    yield from found.values()


def _is_library(file: Path) -> bool:
    """Whether it is a library of its own, not a module of the Python package that it lies in."""
    return file.suffix.lower() == ".dll" or (file.name.startswith("lib") and ".so" in file.name)


def _owner(file: str, table: Sequence[dict[str, object]]) -> dict[str, object] | None:
    """The entry with the longest beginning of the file's name."""
    fitting = [
        (len(start), number)
        for number, entry in enumerate(table)
        for start in entry.get("files", ())  # type: ignore[attr-defined]  # the table's own form
        if file.startswith(start)
    ]
    return table[max(fitting)[1]] if fitting else None


def _bootloader() -> Part:
    return Part(
        name="PyInstaller bootloader",
        version=metadata.version("pyinstaller"),
        licence=BOOTLOADER,
        source="https://pyinstaller.org",
        note="The exception allows programs of any licence to be started by it.",
    )


def _copy_texts(contents: Path, folder: Path) -> None:
    """The texts that packages, Python and the system's packages state their licences in."""
    for info in contents.glob("*.dist-info"):
        place = folder / info.name.removesuffix(".dist-info")
        for text in info.rglob("*"):
            if text.is_file() and _is_licence(text.relative_to(info)):
                # Third parties' texts within a package often have one name.
                name = "-".join(text.relative_to(info).parts)
                place.mkdir(exist_ok=True)
                shutil.copy(text, place / name)
    places = (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix))  # Linux, Windows
    python_text = next(p / "LICENSE.txt" for p in places if (p / "LICENSE.txt").is_file())
    shutil.copy(python_text, folder / "Python-LICENSE.txt")
    _copy_system_texts(contents, folder / "system")


def _is_licence(text: Path) -> bool:
    """Whether a file among a package's metadata holds a licence, by the usual names."""
    folders = {part.lower() for part in text.parts[:-1]}
    if text.suffix in (".py", ".pyc"):
        return False
    return text.name.lower().startswith(TEXT_NAMES) or bool(folders & {"licenses", "licences"})


def _copy_system_texts(contents: Path, folder: Path) -> None:
    """The copyright files of Debian's packages whose libraries are in the folder."""
    if shutil.which("dpkg") is None:
        return
    libraries = {f.name for f in contents.iterdir() if f.is_file() and not f.is_symlink()}
    for file in sorted(name for name in libraries if name.startswith("lib")):
        done = subprocess.run(
            ["dpkg", "-S", f"*/{file}"], capture_output=True, text=True, check=False
        )
        package = done.stdout.split(":")[0]
        text = Path("/usr/share/doc") / package / "copyright"
        if package and text.is_file() and not file.startswith("libpython"):
            folder.mkdir(exist_ok=True)
            shutil.copy(text, folder / f"{package}.txt")


def _notices(parts: Sequence[Part]) -> str:
    qt = next((p.version for p in parts if p.name == "pyside6-essentials"), "")
    head = (HERE / "third_party_head.md").read_text(encoding="utf-8").replace("{qt}", qt)
    lines = []
    for part in parts:
        files = f" ({', '.join(part.files)})" if part.files else ""
        note = f" {part.note}" if part.note else ""
        lines.append(f"- {part.name} {part.version}: {part.licence}{files}. {part.source}{note}")
    return head + "\n".join(line.replace(" :", ":") for line in lines) + "\n"


def _sbom(parts: Sequence[Part], version: str) -> str:
    bom = Bom()
    bom.metadata.component = Component(
        name=PROGRAM, version=version, type=ComponentType.APPLICATION, bom_ref=PROGRAM
    )
    components = [_component(part) for part in parts]
    bom.components.update(components)
    bom.register_dependency(bom.metadata.component, components)
    text: str = JsonV1Dot6(bom).output_as_string(indent=1)
    return text


def _component(part: Part) -> Component:
    known = part.registry
    purl = PackageURL(known, None, part.name, part.version) if known else None
    return Component(
        name=part.name,
        version=part.version or None,
        type=ComponentType.LIBRARY,
        licenses=[LicenseFactory().make_from_string(part.licence)],
        purl=purl,
        bom_ref=part.ref,
        properties=[Property(name="file", value=file) for file in part.files],
        external_references=[
            ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(part.source))
        ],
    )
