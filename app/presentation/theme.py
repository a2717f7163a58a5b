"""The two themes: named colours from one file each, a style sheet, and icons in their colours."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from rostfine_core.bundled import bundled_path

ICON_SIZES_PX = (20, 40)
SPERM_COLOURS = (  # yellow, greens and purples: a grade is blue, beige or orange
    "#F2EE3C", "#E86BD8", "#3FD65A", "#A98BFF", "#FF5C86", "#8FE000", "#16C79A", "#FFB3F0",
)  # fmt: skip
DARKER_PERCENT = 150
USUAL_FONT, TEXT_SCALE = "usual_font", "text_scale"
"""The application's properties that hold its font before it is scaled, and by how much it is."""
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


def apply_theme(application: QApplication, theme: Theme, *, text_scale: float = 1.0) -> None:
    """Colour the whole application, and set the size of its texts.

    Args: ``text_scale`` is by how much texts are larger than usual.
    """
    application.setPalette(_palette(theme))
    _scale_font(application, text_scale)
    sheet = bundled_path("resources/themes/style.qss").read_text(encoding="utf-8")
    folder = bundled_path("resources/themes").as_posix()
    sheet = sheet.replace("@folder", folder).replace("@theme", theme.name)
    for name in sorted(theme.colours, key=len, reverse=True):
        sheet = sheet.replace(f"@{name}", theme.colours[name])
    application.setStyleSheet(re.sub(r"(?<=font-size: )\d+(?=px)", _scaled_by(text_scale), sheet))


def text_scale() -> float:
    """By how much texts are larger than usual, for what is measured in pixels around them."""
    application = QApplication.instance()
    return 1.0 if application is None else float(application.property(TEXT_SCALE) or 1.0)


def _scaled_by(scale: float) -> Callable[[re.Match[str]], str]:
    return lambda size: str(round(scale * int(size[0])))


def _scale_font(application: QApplication, scale: float) -> None:
    """Set the font of what the style sheet does not reach, such as the axes of plots."""
    application.setProperty(TEXT_SCALE, scale)
    usual = application.property(USUAL_FONT)
    if usual is None:
        usual = application.font()
        application.setProperty(USUAL_FONT, usual)
    font = QFont(usual)
    font.setPointSizeF(scale * usual.pointSizeF())
    if font != application.font():
        application.setFont(font)


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
