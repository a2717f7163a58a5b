"""The loupe: what the crop holds under the pointer, or the selected sperm's crop as a film."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QTimer, Slot
from PySide6.QtGui import QColor, QHideEvent, QImage, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.presentation.images import rgb_image
from app.presentation.theme import sperm_colour
from app.state.session import Session
from app.views.crop_view import CropView
from app.views.panel import heading, muted
from rostfine_core.domain import HeadMeasure

FILM_FPS = 15.0


class Loupe(QWidget):
    """Shows the place under the pointer while that is over the video, else the film."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._view = CropView()
        self._view.setAccessibleName(self.tr("Loupe"))
        self.caption = muted(wraps=False)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.caption.setSizePolicy(policy)  # a long name must not widen the panel
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(heading(self.tr("Loupe")))
        layout.addWidget(self._view, 1)
        layout.addWidget(self.caption)
        self._place: QPointF | None = None
        self._frame_image: tuple[NDArray[np.uint8], QImage] | None = None
        self._film_place = 0
        self._timer = QTimer(self, interval=int(1000 / FILM_FPS))
        self._timer.timeout.connect(self._on_tick)
        session.frame_changed.connect(self._show)
        session.film_changed.connect(self._show)
        session.selection_changed.connect(self._show)
        session.results_changed.connect(self._show)
        session.head_changed.connect(self._show)

    def showEvent(self, event: QShowEvent) -> None:
        """Start the film."""
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop the film."""
        super().hideEvent(event)
        self._timer.stop()

    @Slot(float, float)
    def look_at(self, x_px: float, y_px: float) -> None:
        """Show what a crop at this place would hold."""
        self._place = QPointF(x_px, y_px)
        self._show()

    @Slot()
    def look_away(self) -> None:
        """Show the selected sperm again."""
        self._place = None
        self._show()

    @Slot()
    def _on_tick(self) -> None:
        if self._place is None:
            self._film_place += 1
            self._show_film()

    @Slot()
    def _show(self) -> None:
        if self._session.image is None:
            self._view.show_part(QImage(), QRectF(0, 0, 1, 1), QColor("#808080"))
            self.caption.setText("")
            return
        head = self._session.head
        if self._place is not None and head is not None:
            self._show_place(QPointF(head.x_px, head.y_px), QColor("#c0c0c0"), head)
            self.caption.setText(
                self.tr("Head of {length:.0f} x {width:.0f} px at {x:.1f}, {y:.1f}").format(
                    length=head.length_px, width=head.width_px, x=head.x_px, y=head.y_px
                )
            )
        elif self._place is not None:
            self._show_place(self._place, QColor("#c0c0c0"))
            self.caption.setText(
                self.tr("{x:.0f}, {y:.0f} px: the crop there").format(
                    x=self._place.x(), y=self._place.y()
                )
            )
        else:
            self._show_film()

    def _show_film(self) -> None:
        sperm = self._session.selected_sperm
        if sperm is None:
            self.caption.setText(self.tr("Point at a sperm."))
            self._view.show_part(QImage(), QRectF(0, 0, 1, 1), QColor("#808080"))
            return
        film, colour = self._session.film(sperm), sperm_colour(sperm.key)
        if film is not None and film.images:
            number = self._film_place % len(film.images)
            picture = rgb_image(film.images[number])
            self._view.show_part(picture, QRectF(picture.rect()), colour)
            self.caption.setText(
                self.tr("Sperm {name}: film, frame {frame}").format(
                    name=sperm.name, frame=film.frames[number]
                )
            )
            return
        track = self._session.track(sperm)
        point = track.at(self._session.frame) if track else None
        place = sperm.places[0][1:] if point is None else (point.x_px, point.y_px)
        if math.isnan(place[0]):  # lost here: do not leave another sperm's picture
            self._view.show_part(QImage(), QRectF(0, 0, 1, 1), colour)
        else:
            self._show_place(QPointF(*place), colour)
        self.caption.setText(self.tr("Sperm {name}").format(name=sperm.name))

    def _show_place(self, place: QPointF, colour: QColor, head: HeadMeasure | None = None) -> None:
        side = self._session.model.crop_px
        corner = side / 2 - 0.5
        source = QRectF(place.x() - corner, place.y() - corner, side, side)
        self._view.show_part(self._frame(), source, colour, head)

    def _frame(self) -> QImage:
        """The frame on screen as a Qt picture, made once per frame."""
        image = self._session.image
        assert image is not None
        if self._frame_image is None or self._frame_image[0] is not image:
            self._frame_image = (image, rgb_image(image))
        return self._frame_image[1]
