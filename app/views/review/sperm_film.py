"""The selected sperm's crop as a small film, that runs as long as it can be seen."""

import math

from PySide6.QtCore import QRectF, QTimer, Slot
from PySide6.QtGui import QColor, QHideEvent, QImage, QShowEvent
from PySide6.QtWidgets import QWidget

from app.presentation.images import rgb_image
from app.presentation.theme import sperm_colour
from app.state.session import Session
from app.views.crop_view import CropView
from rostfine_core.domain import Sperm

FILM_FPS = 15.0
SIDE_PX = 104


class SpermFilm(CropView):
    """Shows the film of the track or, until there is one, the sperm in the frame on screen."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setFixedSize(SIDE_PX, SIDE_PX)
        self.place = 0
        """Which picture of the film is shown, counted on without end."""
        self._timer = QTimer(self, interval=int(1000 / FILM_FPS))
        self._timer.timeout.connect(self._on_tick)
        for signal in (
            session.frame_changed,
            session.film_changed,
            session.selection_changed,
            session.results_changed,
        ):
            signal.connect(self._show)

    def showEvent(self, event: QShowEvent) -> None:
        """Start the film."""
        super().showEvent(event)
        self._timer.start()
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop the film."""
        super().hideEvent(event)
        self._timer.stop()

    @Slot()
    def _on_tick(self) -> None:
        self.place += 1
        self._show()

    @Slot()
    def _show(self) -> None:
        if not self.isVisible():
            return
        sperm = self._session.selected_sperm
        if sperm is None or self._session.image is None:
            self.show_part(QImage(), QRectF(0, 0, 1, 1), QColor("#808080"))
            self.setAccessibleName("")
            return
        self.setAccessibleName(self.tr("Film of {name}").format(name=sperm.name))
        film = self._session.film(sperm)
        if film is None or not film.images:
            self._show_still(sperm)
            return
        number = self.place % len(film.images)
        picture = rgb_image(film.images[number])
        self.show_part(picture, QRectF(picture.rect()), sperm_colour(sperm.key))
        self.setToolTip(self.tr("Film, frame {frame}").format(frame=film.frames[number]))

    def _show_still(self, sperm: Sperm) -> None:
        track, colour = self._session.track(sperm), sperm_colour(sperm.key)
        point = track.at(self._session.frame) if track else None
        x_px, y_px = sperm.places[0][1:] if point is None else (point.x_px, point.y_px)
        self.setToolTip("")
        if math.isnan(x_px):  # lost here: do not leave another sperm's picture
            self.show_part(QImage(), QRectF(0, 0, 1, 1), colour)
            return
        image = self._session.image
        assert image is not None
        side = self._session.crop_px
        corner = side / 2 - 0.5
        source = QRectF(x_px - corner, y_px - corner, side, side)
        self.show_part(rgb_image(image), source, colour)
