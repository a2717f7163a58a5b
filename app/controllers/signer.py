"""Signing and amending the versions of a sample's report that the store keeps."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.controllers.keeper import Keeper
from app.controllers.reporter import Reporter
from app.jobs import report_tasks
from app.jobs.runner import Jobs
from app.jobs.sample_tasks import KeptVideo
from app.jobs.store_thread import StoreThread
from app.state.session import Session
from app.state.settings import Settings
from rostfine_core.domain import LongJob, Meaning, StoredReport

if TYPE_CHECKING:
    from rostfine_core.store import Store

SIGN = "sign"


class Signer(QObject):
    """Works on the report of the open video's sample; ``refused`` carries why it does not.

    Signals:
        reports_found(tuple): all versions, ``StoredReport``, after ``find`` and each change.
        done(str): a sentence about what was signed or written.
        refused(str): something was not done; the sentence is for the user.
    """

    reports_found = Signal(tuple)
    done = Signal(str)
    refused = Signal(str)

    def __init__(
        self,
        session: Session,
        settings: Settings,
        jobs: Jobs,
        *,
        thread: StoreThread,
        keeper: Keeper,
        reporter: Reporter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._settings, self._jobs = session, settings, jobs
        self._thread, self._keeper, self._reporter = thread, keeper, reporter

    @Slot()
    def find(self) -> None:
        """Ask for all versions of the report."""
        self._keeper.when_kept(self._find)

    def _find(self, kept: KeptVideo | None) -> None:
        if self._session.is_read_only:
            self.refused.emit(self.tr("The video's file is missing: find it, then open the video."))
            return
        if kept is None:
            self.refused.emit(self.tr("The video is not in the store yet: wait a moment."))
            return
        sample_id = kept.sample_id

        def read(store: "Store") -> tuple[StoredReport, ...]:
            return store.reports(sample_id)

        self._thread.ask(read, self.reports_found.emit, self.refused.emit)

    @property
    def certificate(self) -> Path | None:
        """The file that seals the PDF of a signed report, if the laboratory has one."""
        name = self._settings.text("certificate")
        return Path(name) if name else None

    @Slot(object, str, object, str)
    def sign(
        self, report: StoredReport, passphrase: str, meaning: Meaning, certificate_words: str = ""
    ) -> None:
        """Sign a version by who is signed in, and seal it where there is a certificate."""
        looks, certificate = self._looks(), self.certificate
        self._start(
            lambda kept: report_tasks.sign_report(
                kept.store,
                report,
                passphrase=passphrase,
                meaning=meaning,
                looks=looks,
                seal_with=None if certificate is None else (certificate, certificate_words),
            ),
            self.tr("Version {version} is signed and locked.").format(
                version=report.identity.version
            ),
        )

    @Slot(object, str)
    def amend(self, report: StoredReport, reason: str) -> None:
        """Write the next version of a signed report, as a draft in a folder of its own."""
        looks, folder = self._looks(), self._reporter.report_folder
        self._start(
            lambda kept: report_tasks.amend_report(kept.store, report, reason, folder, looks=looks),
            self.tr("The amendment is a draft in {folder}: look at it, then sign it.").format(
                folder=folder
            ),
        )

    def _looks(self) -> report_tasks.Looks:
        model = self._session.model.info
        return report_tasks.Looks(
            language=self._settings.text("report_language"),
            colour_map=self._session.overlay.colour_map,
            model_sha256=model.sha256 if model else "",
        )

    def _start(self, make: Callable[[KeptVideo], LongJob[Path]], sentence: str) -> None:
        """Begin once all edits are kept, and show the versions as they are then."""

        def begin(kept: KeptVideo | None) -> None:
            if kept is None or self._jobs.is_running(SIGN):
                self.refused.emit(self.tr("Something else is being signed or opened: wait."))
                return
            self._jobs.start(
                SIGN,
                lambda: make(kept),
                on_success=lambda _: self._on_done(sentence),
                on_failure=self.refused.emit,
            )

        self._keeper.when_kept(begin)

    def _on_done(self, sentence: str) -> None:
        self.done.emit(sentence)
        self.find()
        self._reporter.tell_target()
