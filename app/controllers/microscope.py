"""The microscope: its values for a video, its scale by a measured line, and what is remembered."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Slot

from app.controllers.editor import Editor
from app.controllers.opener import Opener
from app.state.microscopes import fitted
from app.state.records import Tool
from app.state.session import Session
from app.state.settings import Settings
from rostfine_core.domain import Calibration

SHORTEST_LINE_PX, SCALE_DECIMALS = 30.0, 4
"""Where a line's ends are a pixel off, a shorter one gives a scale that is wrong by over 5%."""


class Microscope(QObject):
    """Never carries a scale to where it may not hold."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        editor: Editor,
        opener: Opener,
        *,
        ask_length: Callable[[float], float | None],
        parent: QObject | None = None,
    ) -> None:
        """Args: ``ask_length`` asks how many micrometres so many pixels are."""
        super().__init__(parent)
        self._session, self._settings, self._editor = session, settings, editor
        self._opener, self._ask_length = opener, ask_length

    @Slot(str)
    def choose(self, name: str) -> None:
        """Use a known microscope's values, but its scale only where it was set for such videos."""
        known = {p.profile: p for p in self._settings.profiles}.get(name, Calibration())
        size = self._settings.size_of(name)
        fit = fitted(known, set_for=size, video=self._session.info)
        self._session.offered = fit.offered
        self._editor.set_calibration(fit.calibration)
        if fit.offered is not None:
            self._session.set_message(self._opener.about_scale())

    @Slot(float)
    def set_scale_by_line(self, length_px: float) -> None:
        """Ask how long a line over a stage micrometer is, and use the scale that follows."""
        if length_px < SHORTEST_LINE_PX:
            self._session.set_message(
                self.tr("This line is short: drag one over many divisions of the micrometer.")
            )
            return
        length_um = self._ask_length(length_px)
        if length_um is None:
            return
        scale = round(length_um / length_px, SCALE_DECIMALS)
        self._editor.set_calibration(replace(self._session.calibration, um_per_px=scale))
        self._session.set_tool(Tool.SELECT)
        self._session.set_message(
            self.tr("Scale: {scale:.4f} µm/px ({um:g} µm over {px:.1f} px).").format(
                scale=scale, um=length_um, px=length_px
            )
        )

    @Slot()
    def remember(self) -> None:
        """Save the microscope's values for later videos."""
        calibration, info = self._session.calibration, self._session.info
        self._settings.set_last_profile(calibration.profile)
        if calibration.um_per_px is None and self._session.offered_um_per_px is not None:
            return  # the known scale is kept, though it is not used for this video
        known = {p.profile: p for p in self._settings.profiles}
        if known.get(calibration.profile, calibration) != calibration:
            self._session.set_message(
                self.tr(
                    "The values of the microscope {name} have changed, for later videos too."
                ).format(name=calibration.profile)
            )
        if calibration.profile:
            size = None if info is None else (info.width_px, info.height_px)
            self._settings.save_profile(calibration, size_px=size)
