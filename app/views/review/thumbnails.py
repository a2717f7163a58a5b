"""Small pictures of the chosen sperm, each made once of the best picture there is."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap

from app.presentation.images import rgb_image
from app.state.session import Session
from rostfine_core.domain import Sperm

SHOWN_SHARE = 0.6
"""How much of the crop's width is shown: the head with the beginning of its tail."""


class Thumbnails:
    """Takes the clip, else the film, else the frame on screen while it is the clicked one."""

    def __init__(self, session: Session, side_px: int) -> None:
        self._session, self.side_px = session, side_px
        self._made: dict[str, tuple[object, QPixmap]] = {}

    def picture(self, sperm: Sperm) -> QPixmap | None:
        """The sperm's picture, None until there is one."""
        source = self._source(sperm)
        target = sperm.target
        made = self._made.get(target)
        if made is not None and (source is None or made[0] is source):
            return made[1]
        pixels = None if source is None else self._cut(sperm, source)
        if pixels is None or not pixels.size:
            return None
        side, smooth = self.side_px, Qt.TransformationMode.SmoothTransformation
        whole = Qt.AspectRatioMode.KeepAspectRatioByExpanding
        picture = QPixmap.fromImage(rgb_image(pixels).scaled(side, side, whole, smooth))
        self._made[target] = (source, picture)
        return picture

    def _source(self, sperm: Sperm) -> NDArray[np.uint8] | None:
        """The picture to cut from."""
        assessment, film = self._session.assessment(sperm), self._session.film(sperm)
        if assessment is not None:
            return assessment.clip.images
        if film is not None and film.images:
            return film.images[0]
        is_clicked_here = sperm.places[0][0] == self._session.frame
        return self._session.image if is_clicked_here else None

    def _cut(self, sperm: Sperm, source: NDArray[np.uint8]) -> NDArray[np.uint8]:
        side = round(SHOWN_SHARE * self._session.model.crop_px)
        if source is self._session.image:
            side = round(SHOWN_SHARE * self._session.crop_px)
            _, x_px, y_px = sperm.places[0]
        else:
            source = source[0] if source.ndim == 4 else source
            x_px, y_px = source.shape[1] / 2, source.shape[0] / 2
        left, top = (max(0, round(place - side / 2)) for place in (x_px, y_px))
        return source[top : top + side, left : left + side]
