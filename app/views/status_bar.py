"""The status bar: what was said last, the video, device and model, and the job that runs."""

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from app.presentation import wording
from app.presentation.theme import text_scale
from app.state.records import ModelStatus, RunningJob
from app.state.session import Session
from app.views.elided_label import ElidedLabel

HIDDEN_JOBS = (
    "film",
    "head",
    "checksum",
    "preview",
    "manual",
    "examine",
    "daily backup",
    "back up",
    "check store",
    "look",
)
ORDER = (
    "export",
    "sign",
    "share",
    "votes",
    "grade",
    "track",
    "heads",
    "find",
    "open",
    "model",
    "recordings",
    "take_in",
    "frames",
)
MESSAGE_MS = 12000
SPACING_PX, MARGIN_PX, WIDEST_PX = 10, 24, 440


class StatusBar(QStatusBar):
    """Shows the most important running job.

    Signals:
        cancel_requested(): the user wants to cancel.
        retry_requested(): what could not be kept is to be tried again.
    """

    cancel_requested = Signal()
    retry_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown = ""
        self._end = QTimer(self, interval=MESSAGE_MS, singleShot=True)
        self._end.timeout.connect(self._end_message)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(0, 0, 8, 0)
        self._add_widgets()
        session.message_changed.connect(self._show_message)
        session.model_changed.connect(self._show_model)
        session.running_changed.connect(self._show_job)
        session.video_changed.connect(self._show_video)
        session.video_moved.connect(self._show_video)
        session.saving_changed.connect(self._show_saving)
        self._show_saving()
        self._show_model()
        self._show_job()
        self._show_video()

    def _add_widgets(self) -> None:
        self._video, self._model = ElidedLabel(), ElidedLabel()
        for name in (self._video, self._model):
            name.setMaximumWidth(round(WIDEST_PX * text_scale()))
        self._stage = QLabel()
        self._progress = QProgressBar()
        self._progress.setFixedWidth(150)
        self._progress.setTextVisible(False)
        self.cancel = QToolButton()
        self.cancel.setText("✕")
        self.cancel.setToolTip(self.tr("Cancel"))
        self.cancel.setAccessibleName(self.tr("Cancel"))
        self.cancel.clicked.connect(self.cancel_requested)
        self.unsaved = QToolButton()
        self.unsaved.setObjectName("unsaved")
        self.unsaved.clicked.connect(self.retry_requested)
        for label in (self._video, self._model, self._stage):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._permanent = (
            self.unsaved,
            self._video,
            self._model,
            self._stage,
            self._progress,
            self.cancel,
        )
        for widget in self._permanent:
            self.addPermanentWidget(widget)

    @Slot()
    def _show_message(self) -> None:
        """Show the message for a while; the tool tip has all of it."""
        self.setToolTip(wording.plain(self._session.message))
        self._end.start()
        self._fit_message()

    def _fit_message(self) -> None:
        """Show as much of the message as there is room for."""
        shown = (w for w in self._permanent if not w.isHidden())
        taken = (min(w.sizeHint().width(), w.maximumWidth()) for w in shown)
        room = self.width() - sum(width + SPACING_PX for width in taken) - MARGIN_PX
        elide = Qt.TextElideMode.ElideRight
        self._shown = self.fontMetrics().elidedText(self._session.message, elide, room)
        self.showMessage(self._shown)

    @Slot()
    def _end_message(self) -> None:
        """Take the message away, but nothing that an action says meanwhile."""
        if self.currentMessage() == self._shown:
            self.clearMessage()

    def resizeEvent(self, ev: QResizeEvent) -> None:
        """Fit the message that is shown into the new width; its time goes on."""
        super().resizeEvent(ev)
        self._fit_again()

    def _fit_again(self) -> None:
        """Fit the message that is shown into the room that has changed."""
        if self._shown and self.currentMessage() == self._shown:
            self._fit_message()

    @Slot()
    def _show_saving(self) -> None:
        """Say what could not be kept; while all is well, nothing."""
        saving = self._session.saving
        self.unsaved.setVisible(bool(saving.problem))
        self.unsaved.setText(
            self.tr("1 change not kept: try again")
            if saving.unsaved == 1
            else self.tr("{count} changes not kept: try again").format(count=saving.unsaved)
        )
        self.unsaved.setToolTip(wording.plain(saving.problem))
        self._fit_again()

    @Slot()
    def _show_video(self) -> None:
        video = self._session.video
        if video is None:
            self._video.setText("")
            return
        info = video.info
        self._video.setText(
            f"{video.path.name} · {info.width_px} × {info.height_px} · "
            f"{info.fps:.4g} fps · {info.duration_s:.1f} s"
        )
        tip = f"{video.path}\n{info.codec}, {info.bit_depth} bit"
        self._video.set_note(tip)
        self._fit_again()

    @Slot()
    def _show_model(self) -> None:
        model = self._session.model
        if model.status is ModelStatus.LOADING:
            text = ""  # shown beside the progress bar
        elif model.info is None:
            text = self.tr("no model")
        else:
            name = model.info.file_name
            if model.member_count > 1:
                name = self.tr("{name} ({count} models)").format(
                    name=name, count=model.member_count
                )
            text = f"{model.device_label} · {name}"
            if model.info.is_demonstration:
                text += self.tr(" (demonstration, not for clinical use)")
            else:
                text += (
                    f" ({model.info.dataset_kind})"  # all trained models have the same file name
                )
        self._model.setText(text)
        self._model.set_note(model.problem)
        self._fit_again()

    @Slot()
    def _show_job(self) -> None:
        self._show_main(self._main_job())
        self._fit_again()

    def _show_main(self, job: RunningJob | None) -> None:
        for widget in (self._stage, self._progress):
            widget.setVisible(job is not None)
        self.cancel.setVisible(job is not None and job.kind not in ("model", "frames"))
        self.cancel.setEnabled(job is not None and not job.is_cancelling)
        if job is None:
            return
        stage = (
            self.tr("loading the model")
            if job.kind == "model"
            else wording.say_word(job.progress.stage)
        )
        self._stage.setText(self.tr("cancelling …") if job.is_cancelling else f"{stage} …")
        self._progress.setUpdatesEnabled(False)  # else each change repaints the whole window
        self._progress.setRange(0, job.progress.total)
        self._progress.setValue(job.progress.done)
        self._progress.setUpdatesEnabled(True)
        self._progress.setAccessibleName(stage)

    def _main_job(self) -> RunningJob | None:
        jobs = self._session.running_jobs
        shown = [j for j in jobs if j.kind not in HIDDEN_JOBS and not self._is_waiting(j)]
        return min(shown, key=lambda j: ORDER.index(j.kind), default=None)

    def _is_waiting(self, job: RunningJob) -> bool:
        """Whether all frames that fit are decoded, and no other is wanted yet."""
        count, total = self._session.cached_frames
        is_full = count >= total or job.progress.done >= job.progress.total > 0
        return job.kind == "frames" and is_full
