"""The sentence over the video: what to do next, or what to know about the picture."""

import math

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QWidget

from app.presentation.overlays import nearest_slot, overlay_frames
from app.state.records import OverlayKind, Tool
from app.state.session import Session

CORNER_PX = 10


class CanvasHint(QLabel):
    """Follows the session; in the corner, or in the middle while there is no video."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._canvas = session, parent
        self.setObjectName("message")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        for signal in (
            session.video_changed,
            session.sperms_changed,
            session.results_changed,
            session.selection_changed,
            session.frame_changed,
            session.overlay_changed,
            session.tool_changed,
        ):
            signal.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        text = self._sentence()
        self.setVisible(bool(text))
        if text != self.text():
            self.setText(text)
            self.place()

    def place(self) -> None:
        """Resize to the present text."""
        self.adjustSize()
        if self._session.video is None:
            self.move(self._canvas.rect().center() - self.rect().center())
        else:
            self.move(CORNER_PX, CORNER_PX)

    def _sentence(self) -> str:
        session = self._session
        if session.info is None:
            return self.tr("Open a video, or drop one here.")
        if session.tool is Tool.MEASURE:
            return self.tr("Drag a line to measure.")
        if session.tool is Tool.SCALE:
            return self.tr("Drag a line over a stage micrometer, as long as possible.")
        if session.tool is Tool.CORRECT:
            return (
                self.tr("Select the sperm whose track is to be corrected.")
                if session.selected_sperm is None
                else self.tr("Click where the selected sperm's head is in this frame.")
            )
        if not session.sperms:
            return self.tr("Click the head of a sperm.")
        return self._loss() or self._attention()

    def _loss(self) -> str:
        """What to do where the selected sperm's track is lost."""
        sperm = self._session.selected_sperm
        track = self._session.track(sperm) if sperm else None
        point = track.at(self._session.frame) if track else None
        if sperm is None or point is None or not math.isnan(point.x_px):
            return ""
        return self.tr(
            "Sperm {name} is lost in this frame: press C and click its head, and it is tracked "
            "again from here."
        ).format(name=sperm.name)

    def _attention(self) -> str:
        """Which frame the attention belongs to, if not to the one on screen."""
        session = self._session
        sperm = session.selected_sperm
        assessment = session.assessment(sperm) if sperm else None
        if assessment is None or session.overlay.kind is OverlayKind.NONE:
            return ""
        seen = overlay_frames(assessment)[nearest_slot(assessment, session.frame)]
        if seen == session.frame:
            return ""
        return self.tr("Attention of frame {frame}, the nearest that the network saw").format(
            frame=seen
        )
