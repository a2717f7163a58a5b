"""What leads a new user: the dialog of the first start, and the tour."""

from collections.abc import Mapping

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMainWindow, QWidget

from app.controllers.controller import Controller
from app.state.records import Page
from app.views.dialogs.first_start import FirstStartDialog
from app.views.tour import STEPS, Tour


class Guide(QObject):
    """Opens them over the window."""

    def __init__(
        self,
        window: QMainWindow,
        controller: Controller,
        *,
        targets: Mapping[str, QWidget],
        shortcuts: Mapping[str, str],
    ) -> None:
        """Args: ``targets`` are the tour's controls by name, ``shortcuts`` by action."""
        super().__init__(window)
        self._window, self._controller, self._targets = window, controller, targets
        native = QKeySequence.SequenceFormat.NativeText
        self._keys = {id: QKeySequence(keys).toString(native) for id, keys in shortcuts.items()}
        self.dialog: FirstStartDialog | None = None
        self.tour: Tour | None = None

    @Slot()
    def begin(self) -> None:
        """Open the dialog of the first start, if the intended use is not accepted yet."""
        first = self._controller.first_start
        if not first.is_needed or self.dialog is not None:
            return
        dialog = FirstStartDialog(first.folder, self._window, is_renewal=first.is_renewal)
        dialog.use_accepted.connect(first.accept)
        dialog.examination_requested.connect(first.examine)
        dialog.folder_chosen.connect(first.set_folder)
        dialog.tour_requested.connect(self.start_tour)
        first.examined.connect(dialog.show_findings)
        first.failed.connect(dialog.show_failure)
        dialog.finished.connect(self._on_closed)
        self.dialog = dialog
        dialog.open()

    @Slot()
    def start_tour(self) -> None:
        """Open the demonstration, unless the user keeps the present grades, and show around."""
        if self.tour is not None:
            self.tour.show_step(0)
            return
        if not self._controller.open_demo():
            return
        self._controller.show_page(Page.REVIEW)
        self.tour = Tour(self._window, self._targets, self._keys)
        self.tour.step_shown.connect(self._show_target)
        self.tour.ended.connect(self._on_ended)

    @Slot()
    def _on_closed(self) -> None:
        """Without the intended use there is no program."""
        has_accepted = self.dialog is not None and self.dialog.has_accepted
        self.dialog = None
        if not has_accepted:
            self._window.close()

    @Slot(int)
    def _show_target(self, step: int) -> None:
        """All that the tour speaks of is on this page; the strip is open while it is spoken of."""
        self._controller.show_page(Page.REVIEW)
        self._controller.session.set_strip_open(STEPS[step].target == "film_strip")

    @Slot()
    def _on_ended(self) -> None:
        self.tour = None
