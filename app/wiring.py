"""Connects the window's parts: every signal that one object sends to another.

A widget follows the session by itself, so that it can be shown and tested alone; its requests
reach the controllers here.
"""

from dataclasses import dataclass

from app.actions.action_set import ActionSet
from app.actions.window_commands import WindowCommands
from app.controllers.controller import Controller
from app.views.compare.compare import ComparePage
from app.views.dialogs.dialogs import Errors
from app.views.recent_menu import RecentMenu
from app.views.report_panel import ReportPage
from app.views.review.review import ReviewPage
from app.views.sample_bar import SampleBar
from app.views.status_bar import StatusBar


@dataclass(frozen=True, kw_only=True)
class Views:
    """The views that ask for something."""

    review: ReviewPage
    compare: ComparePage
    report: ReportPage
    sample_bar: SampleBar
    status: StatusBar
    recent: RecentMenu
    errors: Errors


def connect_controllers(controller: Controller) -> None:
    """Let the controllers follow the session, the settings, the jobs and each other."""
    session, settings, jobs = controller.session, controller.settings, controller.jobs
    analysis, opener = controller.analysis, controller.opener
    session.model_changed.connect(controller.first_start.go_on)
    session.sperms_changed.connect(analysis.go_on)
    session.calibration_changed.connect(analysis.go_on)
    session.selection_changed.connect(analysis.go_on)
    session.calibration_changed.connect(controller.remember_microscope)
    session.sample_changed.connect(controller.remember_operator)
    settings.changed.connect(controller.apply_setting)
    jobs.ended.connect(analysis.continue_after)
    jobs.ended.connect(opener.open_next)
    jobs.ended.connect(controller.reporter.redraw_preview)
    jobs.running_changed.connect(opener.show_decoded)
    jobs.running_changed.connect(controller.show_running)
    analysis.job_failed.connect(opener.report_failure)
    analysis.failed.connect(controller.failed)
    _connect_keeper(controller)
    _connect_worklist(controller)
    controller.head_finder.found.connect(controller.offer_heads)
    controller.head_finder.failed.connect(controller.failed)
    opener.failed.connect(controller.failed)
    opener.opened.connect(controller.note_opened)
    controller.reporter.exported.connect(controller.reporter.tell_target)
    for signal in (
        session.sample_changed,
        session.results_changed,
        session.sperms_changed,
        session.calibration_changed,
        session.page_changed,
    ):
        signal.connect(controller.reporter.tell_target)


def _connect_keeper(controller: Controller) -> None:
    session, editor, keeper = controller.session, controller.editor, controller.keeper
    session.video_changed.connect(keeper.begin)
    session.frame_changed.connect(keeper.note_frame)
    session.selection_changed.connect(keeper.note_place)
    session.checksum_changed.connect(keeper.identify)
    session.tracked.connect(keeper.note_tracks)
    session.graded.connect(keeper.note_grades)
    editor.edited.connect(keeper.note_edit)
    editor.moved.connect(keeper.note_move)
    editor.refused.connect(controller.refuse)
    controller.staff.signed_in.connect(controller.follow_rights)
    keeper.to_be_read.connect(controller.show_read)
    keeper.failed.connect(controller.failed)
    controller.staff.signed_in.connect(controller.backups.begin)
    controller.staff.signed_in.connect(controller.worklist.read_again)
    controller.backups.failed.connect(controller.failed)
    controller.backups.restored.connect(controller.begin_again)
    controller.store.saved_changed.connect(keeper.tell_saving)


def _connect_worklist(controller: Controller) -> None:
    session, worklist = controller.session, controller.worklist
    controller.jobs.ended.connect(worklist.continue_after)
    worklist.failed.connect(controller.failed)
    worklist.wanted.connect(controller.work_on)
    session.saving_changed.connect(worklist.refresh)
    controller.reporter.exported.connect(worklist.refresh)
    controller.signer.done.connect(worklist.refresh)


def connect_views(views: Views, controller: Controller, commands: WindowCommands) -> None:
    """Let the views' requests reach the controllers, and the controllers' answers the views."""
    _connect_review(views.review, controller)
    editor, report, sample_bar = controller.editor, views.report, views.sample_bar
    views.compare.compared.connect(controller.compare)
    views.status.cancel_requested.connect(controller.cancel)
    views.status.retry_requested.connect(controller.store.retry)
    views.recent.chosen.connect(controller.open_video)
    sample_bar.sample_edited.connect(editor.set_sample)
    sample_bar.calibration_edited.connect(editor.set_calibration)
    sample_bar.microscope_chosen.connect(controller.microscope.choose)
    report.sample_edited.connect(editor.set_sample)
    report.export_requested.connect(sample_bar.commit)
    report.export_requested.connect(controller.reporter.export)
    report.folder_requested.connect(commands.open_report_folder)
    report.preview_requested.connect(controller.reporter.preview)
    controller.settings.changed.connect(report.follow_setting)
    controller.reporter.previewed.connect(report.show_pages)
    controller.reporter.target_changed.connect(report.show_target)
    controller.failed.connect(views.errors.tell)
    controller.reporter.failed.connect(views.errors.tell)
    controller.sharing.failed.connect(views.errors.tell)
    commands.failed.connect(views.errors.tell)
    controller.keeper.sample_found.connect(commands.show_sample)
    views.review.worklist.wanted.connect(controller.work_on)
    views.review.worklist.removed.connect(controller.worklist.remove)
    controller.settings.recent_changed.connect(views.recent.show_videos)
    controller.settings.profiles_changed.connect(sample_bar.set_profiles)
    controller.session.video_changed.connect(views.review.canvas.setFocus)


def _connect_review(review: ReviewPage, controller: Controller) -> None:
    editor, player = controller.editor, controller.player
    review.canvas.place_clicked.connect(editor.add_sperm)
    review.canvas.exact_place_clicked.connect(editor.place_sperm)
    review.canvas.hovered.connect(controller.head_finder.look_at)
    review.canvas.left.connect(controller.head_finder.look_away)
    review.canvas.sperm_clicked.connect(editor.click_sperm)
    review.canvas.correction_requested.connect(editor.correct_sperm)
    review.canvas.selected_correction_requested.connect(editor.correct_selected)
    review.canvas.scale_line_drawn.connect(controller.microscope.set_scale_by_line)
    review.canvas.hovered.connect(review.loupe.look_at)
    review.canvas.left.connect(review.loupe.look_away)
    review.canvas_bar.display_edited.connect(controller.set_display)
    review.sperm_list.selected.connect(editor.select)
    review.sperm_list.rename_requested.connect(editor.rename_sperm)
    review.sperm_list.move_requested.connect(editor.move_sperm)
    review.grade_panel.note_edited.connect(editor.set_note)
    review.timeline.seek_requested.connect(player.seek)
    review.timeline.speed_requested.connect(player.set_speed)
    review.film_strip.seek_requested.connect(player.seek)
    review.film_strip.overlay_changed_by_user.connect(controller.set_overlay)


def connect_actions(actions: ActionSet, controller: Controller) -> None:
    """Refresh the actions whenever a fact that they depend on may have changed."""
    session = controller.session
    for signal in (
        session.video_changed,
        session.sperms_changed,
        session.selection_changed,
        session.results_changed,
        session.running_changed,
        session.overlay_changed,
        session.strip_changed,
        session.page_changed,
        session.tool_changed,
        session.playing_changed,
        session.worklist_changed,
        controller.worklist.watching_changed,
        controller.editor.undo_stack.indexChanged,
        controller.reporter.exported,
        controller.staff.signed_in,
    ):
        signal.connect(actions.refresh)
