"""The About dialog: versions, the model's card, and the licences of what is used."""

import platform
from importlib import metadata

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.presentation import wording
from app.state.records import ModelState
from app.views.panel import title
from rostfine_core import __version__
from rostfine_core.bundled import bundled_path
from rostfine_core.domain import ModelInfo
from rostfine_core.errors import StoreError

PACKAGES = (
    "PySide6_Essentials",
    "pyqtgraph",
    "torch",
    "einops",
    "safetensors",
    "av",
    "opencv-python-headless",
    "numpy",
    "pillow",
    "tifffile",
    "reportlab",
    "pypdfium2",
    "cattrs",
    "filelock",
    "tqdm",
    "SQLAlchemy",
    "alembic",
    "pg8000",
    "sqlcipher3",
    "argon2-cffi",
    "keyring",
    "pyHanko",
    "fhir.resources",
    "openpyxl",
)


class AboutDialog(QDialog):
    """Three tabs; the caller gives the model card as text."""

    def __init__(
        self,
        model: ModelState,
        *,
        card: str,
        licence: str,
        third_parties: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Args: ``third_parties`` names all that an installed program is made of, in Markdown."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About RoSTFine Assist"))
        self.resize(680, 560)
        self.tabs = QTabWidget()
        self.tabs.addTab(_page(self._versions(), is_markdown=False), self.tr("Versions"))
        self.tabs.addTab(_page(self._model(model, card), is_markdown=True), self.tr("Model card"))
        parts = f"{third_parties}\n```\n{licence}\n```\n" if third_parties else ""
        licences = _page(parts or self._licences(licence), is_markdown=bool(parts))
        self.tabs.addTab(licences, self.tr("Licences"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(title(f"RoSTFine Assist {__version__}"))
        layout.addWidget(self.tabs)
        layout.addWidget(buttons)

    def _versions(self) -> str:
        lines = [
            wording.ai_grade_notice(),
            "",
            f"RoSTFine Assist {__version__}",
            f"Python {platform.python_version()}, {platform.platform()}",
            f"Qt {qVersion()}",
        ]
        return "\n".join(lines + [f"{name} {_version(name)}" for name in PACKAGES])

    def _model(self, model: ModelState, card: str) -> str:
        lines = [wording.model_notice(model), ""]
        if model.info is not None:
            info = model.info
            file, trained, device = self.tr("File"), self.tr("Trained on"), self.tr("Device")
            lines += [
                f"- {file}: `{info.file_name}`",
                f"- SHA-256: `{info.sha256}`",
                f"- {trained}: {info.dataset_kind}{self._counts(info)}",
                f"- {device}: {model.device_label}, {model.precision}",
                "",
            ]
        return "\n".join([*lines, card])

    def _counts(self, info: ModelInfo) -> str:
        """How much the model was trained on, as far as its file says."""
        clips, samples = info.trained_clips, info.trained_samples
        counts = "" if clips is None else self.tr(", {count:,} clips").format(count=clips)
        if samples is not None:
            counts += self.tr(", {count:,} samples").format(count=samples)
        return counts

    def _licences(self, licence: str) -> str:
        lines = [self.tr("RoSTFine Assist is under the Apache License 2.0. It uses:"), ""]
        lines += [f"{name} {_version(name)}: {_licence(name)}" for name in PACKAGES]
        return "\n".join([*lines, "", licence])


def bundled_text(name: str) -> str:
    """A text that comes with the program, or a sentence saying why it is missing."""
    try:
        return bundled_path(name).read_text(encoding="utf-8")
    except StoreError as error:
        return wording.say(error.message)
    except OSError as error:
        return str(error)


def _page(text: str, *, is_markdown: bool) -> QTextBrowser:
    page = QTextBrowser()
    page.setOpenExternalLinks(True)
    if is_markdown:
        page.setMarkdown(text)
    else:
        page.setPlainText(text)
    return page


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "?"


def _licence(package: str) -> str:
    try:
        found = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return "?"
    text = _field(found, "License-Expression") or _field(found, "License").split("\n")[0]
    if text:
        return text[:80]
    classifiers = found.get_all("Classifier") or []
    names = [c.rsplit("::", 1)[1].strip() for c in classifiers if c.startswith("License")]
    return ", ".join(names) or "?"


def _field(found: metadata.PackageMetadata, name: str) -> str:
    return str(found[name]) if name in found else ""
