"""The two themes: named colours from one file each, a style sheet, and icons in their colours."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from rostfine_core.bundled import bundled_path

ICON_SIZES_PX = (20, 40)
SPERM_COLOURS = (  # yellow, greens and purples: a grade is blue, beige or orange
    "#F2EE3C", "#E86BD8", "#3FD65A", "#A98BFF", "#FF5C86", "#8FE000", "#16C79A", "#FFB3F0",
)  # fmt: skip
DARKER_PERCENT = 150
GRADE_COLOURS = ("#1B9FD8", "#7CC4DC", "#B8B4A8", "#E0A458", "#C9622B")  # A ... E, blue to orange


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The named colours of one theme."""

    name: str
    colours: dict[str, str]

    def colour(self, name: str) -> QColor:
        """A colour by its name in the theme's file."""
        return QColor(self.colours[name])


@lru_cache
def load_theme(name: str) -> Theme:
    """Read a theme's colours.

    Raises:
        StoreError: the installation lacks it.
    """
    text = bundled_path(f"resources/themes/{name}.toml").read_text(encoding="utf-8")
    return Theme(name=name, colours=tomllib.loads(text)["colours"])


def sperm_colour(key: int, ground: QPalette | None = None) -> QColor:
    """The colour of a sperm, which never changes; darker on a light ``ground``."""
    colour = QColor(SPERM_COLOURS[(key - 1) % len(SPERM_COLOURS)])
    is_light = ground is not None and ground.color(QPalette.ColorRole.Window).lightness() > 127
    return colour.darker(DARKER_PERCENT) if is_light else colour


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Colour the whole application."""
    application.setPalette(_palette(theme))
    sheet = bundled_path("resources/themes/style.qss").read_text(encoding="utf-8")
    folder = bundled_path("resources/themes").as_posix()
    sheet = sheet.replace("@folder", folder).replace("@theme", theme.name)
    for name in sorted(theme.colours, key=len, reverse=True):
        sheet = sheet.replace(f"@{name}", theme.colours[name])
    application.setStyleSheet(sheet)


@lru_cache(maxsize=256)
def icon(name: str, colour: str, disabled_colour: str) -> QIcon:
    """An icon drawn in one colour at every size, pale while its action is disabled."""
    source = bundled_path(f"resources/icons/{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled_colour)):
        renderer = QSvgRenderer(QByteArray(source.replace("currentColor", tint).encode()))
        for size in ICON_SIZES_PX:
            result.addPixmap(_drawn(renderer, size), mode)
    return result


def _drawn(renderer: QSvgRenderer, size_px: int) -> QPixmap:
    pixmap = QPixmap(size_px, size_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size_px, size_px))
    painter.end()
    return pixmap


def _palette(theme: Theme) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for target, name in (
        (role.Window, "window"),
        (role.WindowText, "text"),
        (role.Base, "field"),
        (role.AlternateBase, "panel"),
        (role.Text, "text"),
        (role.Button, "panel"),
        (role.ButtonText, "text"),
        (role.BrightText, "warning"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "on_accent"),
        (role.ToolTipBase, "panel"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "muted"),
        (role.Mid, "line"),
        (role.Link, "accent"),
    ):
        palette.setColor(target, theme.colour(name))
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, theme.colour("disabled"))
    return palette
