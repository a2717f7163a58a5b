"""What actions do with people: signing in, locking, operators, audit trail, panels, reviews."""

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtGui import QGuiApplication, QWindow
from PySide6.QtWidgets import QDialog, QMainWindow, QToolBar

from app.controllers.panels import Panels
from app.controllers.signer import Signer
from app.controllers.staff import Staff
from app.views.dialogs.audit import AuditDialog
from app.views.dialogs.blind_review import BlindReviewDialog
from app.views.dialogs.dialogs import show_once
from app.views.dialogs.operators import OperatorsDialog
from app.views.dialogs.panels import PanelsDialog
from app.views.dialogs.reports import ReportsDialog
from app.views.dialogs.sign_in import PassphraseDialog, SignInDialog, StoreKeyDialog
from rostfine_core.domain import Action

_ACTIVITY = (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel)


class StaffCommands(QObject):
    """Opens the dialogs, and hides the window's content until somebody has signed in."""

    def __init__(self, window: QMainWindow, staff: Staff, panels: Panels, signer: Signer) -> None:
        super().__init__(window)
        self._window, self._staff = window, staff
        self._panels, self._signer = panels, signer
        self.door: QDialog | None = None
        staff.sign_in_wanted.connect(self.ask_sign_in)
        staff.key_wanted.connect(self.ask_key)
        staff.signed_in.connect(self._on_signed_in)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusWindowChanged.connect(self._watch)

    @Slot(QWindow)
    def _watch(self, window: QWindow | None) -> None:
        """Watch what comes to the window or dialog that has the keyboard, not every widget."""
        if window is not None:
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice that somebody is at the window."""
        if event.type() in _ACTIVITY:
            self._staff.note_activity()
        return False

    @Slot(str, bool)
    def ask_sign_in(self, login: str, is_locked: bool) -> None:
        """Ask who is here; without an answer there is no program."""
        dialog = SignInDialog(login, self._window, is_locked=is_locked)
        dialog.submitted.connect(self._staff.sign_in)
        self._staff.refused.connect(dialog.show_refusal)
        self._close_door(dialog)

    @Slot(str)
    def ask_key(self, sentence: str) -> None:
        """Ask for the passphrase of an encrypted store."""
        dialog = StoreKeyDialog(sentence, self._window)
        dialog.submitted.connect(self._staff.unlock_store)
        self._close_door(dialog)

    def _close_door(self, dialog: QDialog) -> None:
        """Nothing is seen or done but in this dialog."""
        if self.door is not None:
            self.door.rejected.disconnect(self._window.close)
            self.door.close()
        for other in self._window.findChildren(QDialog):
            if other is not dialog:
                other.close()  # it may show what is to be hidden
        self.door = dialog
        self._show_content(False)
        dialog.rejected.connect(self._window.close)
        dialog.setModal(True)
        dialog.show()

    @Slot()
    def _on_signed_in(self) -> None:
        door, self.door = self.door, None
        if door is not None:
            door.accept()
            self._show_content(True)

    def _show_content(self, is_shown: bool) -> None:
        """Show or hide all that names a video, a sample or a person."""
        window = self._window
        bars = window.findChildren(QToolBar)
        for content in (window.centralWidget(), window.statusBar(), *bars):
            if content is not None:
                content.setVisible(is_shown)

    def lock(self) -> None:
        """Hide everything until somebody signs in."""
        self._staff.lock()

    def show_passphrase(self) -> None:
        """Let who is signed in change their passphrase."""
        show_once(self._window, PassphraseDialog, self._passphrase)

    def _passphrase(self) -> PassphraseDialog:
        staff, dialog = self._staff, PassphraseDialog(self._window)
        dialog.submitted.connect(staff.change_passphrase)
        staff.passphrase_changed.connect(dialog.accept)
        staff.refused.connect(dialog.show_refusal)
        return dialog

    def show_operators(self) -> None:
        """Open the list of operators."""
        show_once(self._window, OperatorsDialog, self._operators)

    def _operators(self) -> OperatorsDialog:
        staff, dialog = self._staff, OperatorsDialog(self._window)
        dialog.added.connect(staff.add)
        dialog.role_chosen.connect(staff.set_role)
        dialog.activity_chosen.connect(staff.set_active)
        dialog.passphrase_given.connect(staff.reset_passphrase)
        staff.operators_found.connect(dialog.show_operators)
        staff.refused.connect(dialog.show_refusal)
        staff.find_operators()
        return dialog

    def show_audit(self) -> None:
        """Open the audit trail."""
        show_once(self._window, AuditDialog, self._audit)

    def _audit(self) -> AuditDialog:
        staff, dialog = self._staff, AuditDialog(self._window)
        dialog.searched.connect(staff.search)
        dialog.older_wanted.connect(staff.search_older)
        dialog.check_wanted.connect(staff.check)
        staff.entries_found.connect(dialog.show_entries)
        staff.older_found.connect(dialog.add_entries)
        staff.checked.connect(dialog.show_check)
        staff.refused.connect(dialog.show_refusal)
        dialog.begin()
        return dialog

    def show_reports(self) -> None:
        """Open the versions of the sample's report, to sign or amend them."""
        show_once(self._window, ReportsDialog, self._reports)

    def _reports(self) -> ReportsDialog:
        signer = self._signer
        certificate = signer.certificate.name if signer.certificate else ""
        dialog = ReportsDialog(self._window, certificate=certificate)
        dialog.sign_wanted.connect(signer.sign)
        dialog.amendment_wanted.connect(signer.amend)
        signer.reports_found.connect(dialog.show_reports)
        signer.done.connect(dialog.tell)
        signer.refused.connect(dialog.show_refusal)
        signer.find()
        return dialog

    def show_panels(self) -> None:
        """Open the panels; the window behind shows grades, so it is hidden meanwhile."""
        show_once(self._window, PanelsDialog, self._panel_list)

    def _panel_list(self) -> PanelsDialog:
        panels = self._panels
        dialog = PanelsDialog(self._window, may_manage=self._staff.may(Action.MANAGE_PANELS))
        dialog.ballot_wanted.connect(panels.find_ballot)
        dialog.voted.connect(panels.vote)
        dialog.panel_wanted.connect(panels.add_panel)
        dialog.agreement_wanted.connect(panels.find_agreement)
        dialog.export_wanted.connect(panels.export)
        panels.panels_found.connect(dialog.show_panels)
        panels.ballot_found.connect(dialog.show_ballot)
        panels.agreement_found.connect(dialog.show_agreement)
        panels.exported.connect(dialog.tell)
        panels.refused.connect(dialog.show_refusal)
        dialog.finished.connect(self._show_again)
        self._show_content(False)
        panels.find_panels()
        return dialog

    def show_reviews(self) -> None:
        """Open the blind review; the window behind shows grades, so it is hidden meanwhile."""
        panels, dialog = self._panels, BlindReviewDialog(self._window)
        dialog.clip_wanted.connect(panels.find_clip)
        dialog.reviewed.connect(panels.review)
        panels.tasks_found.connect(dialog.show_tasks)
        panels.trend_found.connect(dialog.show_trend)
        panels.clip_found.connect(dialog.show_clip)
        panels.reviewed.connect(dialog.show_answer)
        panels.refused.connect(dialog.show_refusal)
        dialog.finished.connect(self._show_again)
        self._show_content(False)
        dialog.open()
        panels.find_tasks()

    @Slot()
    def _show_again(self) -> None:
        self._show_content(self.door is None)
