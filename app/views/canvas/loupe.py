"""The loupe at the pointer: the place enlarged, a cross-hair, and the head measured there."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout

from app.presentation.geometry import place_beside
from app.presentation.images import rgb_image
from app.state.session import Session
from app.views.canvas.video_canvas import VideoCanvas
from app.views.crop_view import CropView
from app.views.panel import muted

SIDE_PX, GAP_PX = 176, 26
SHOWN_SHARE = 0.5
"""How much of the width of the model's crop it shows: half makes heads large enough to aim at."""
FRAME_COLOUR = QColor("#f2f2f2")


class Loupe(QFrame):
    """Floats over the video beside the pointer, or beside the keyboard's cross."""

    def __init__(self, session: Session, canvas: VideoCanvas) -> None:
        super().__init__(canvas)
        self._session, self._canvas = session, canvas
        self.setObjectName("loupe")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._view = CropView()
        self._view.setAccessibleName(self.tr("Loupe"))
        self._view.has_cross_hair = True
        self.caption = muted(wraps=False)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.caption.setSizePolicy(policy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(2)
        layout.addWidget(self._view, 1)
        layout.addWidget(self.caption)
        self.caption.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.caption.setText("\n")  # a head's measure takes two lines
        caption_px = self.caption.sizeHint().height()
        self.caption.setFixedHeight(caption_px)
        self.resize(SIDE_PX, SIDE_PX + caption_px + 2)
        self._place: QPointF | None = None
        self._frame_image: tuple[NDArray[np.uint8], QImage] | None = None
        self.is_wanted = True
        """Whether the user wants a loupe."""
        self.hide()
        for signal in (session.frame_changed, session.head_changed, session.video_changed):
            signal.connect(self._show)

    @Slot(float, float)
    def look_at(self, x_px: float, y_px: float) -> None:
        """Show a place of the video, beside where it is on screen."""
        self._place = QPointF(x_px, y_px)
        self._show()

    @Slot()
    def look_away(self) -> None:
        """Show nothing."""
        self._place = None
        self._show()

    @Slot()
    def _show(self) -> None:
        place = self._place
        if place is None or not self.is_wanted or not self._is_seen(place):
            self.hide()
            return
        head = self._session.head
        side = SHOWN_SHARE * self._session.crop_px
        corner = side / 2 - 0.5
        source = QRectF(place.x() - corner, place.y() - corner, side, side)
        self._view.show_part(self._frame(), source, FRAME_COLOUR, head)
        if head is not None:
            text = self.tr("Head of {length:.0f} x {width:.0f} px\nat {x:.1f}, {y:.1f}").format(
                length=head.length_px, width=head.width_px, x=head.x_px, y=head.y_px
            )
        else:
            text = self.tr("{x:.0f}, {y:.0f} px").format(x=place.x(), y=place.y())
        self.caption.setText(text)
        pointer = self._canvas.on_screen(place.x(), place.y())
        around = QRect(pointer - QPoint(1, 1), pointer + QPoint(1, 1))
        self.move(place_beside(around, self.size(), self._canvas.rect(), gap_px=GAP_PX))
        self.show()

    def _is_seen(self, place: QPointF) -> bool:
        """Whether the frame on screen has this place."""
        if self._session.image is None:
            return False
        height_px, width_px = self._session.image.shape[:2]
        return QRectF(-0.5, -0.5, width_px, height_px).contains(place)

    def _frame(self) -> QImage:
        """The frame on screen as a Qt picture, made once per frame."""
        image = self._session.image
        assert image is not None
        if self._frame_image is None or self._frame_image[0] is not image:
            self._frame_image = (image, rgb_image(image))
        return self._frame_image[1]
