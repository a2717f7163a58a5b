"""Connects the reviewing page: its requests to the controller, the actions to its buttons."""

from app.actions.action_set import ActionSet
from app.controllers.controller import Controller
from app.views.review.review import ReviewPage


def add_buttons(review: ReviewPage, actions: ActionSet) -> None:
    """Put the actions where they are needed."""
    for layout, ids in (
        (
            review.canvas_bar.buttons,
            ("tool_select", "tool_correct", "tool_measure", "accept", "reject", "remove"),
        ),
        (review.canvas_bar.zoom_buttons, ("zoom_out", "zoom_in", "zoom_fit", "zoom_actual")),
        (
            review.timeline.buttons,
            ("first_frame", "step_back", "play", "step_forward", "last_frame"),
        ),
        (
            review.film_strip.buttons,
            ("overlay_none", "overlay_rollout", "overlay_branch", "overlay_patches"),
        ),
    ):
        actions.add_buttons(layout, *ids)


def connect_review(review: ReviewPage, controller: Controller) -> None:
    """Let the page's requests reach the controller and its parts."""
    editor, player = controller.editor, controller.player
    review.canvas.place_clicked.connect(editor.add_sperm)
    review.canvas.sperm_clicked.connect(editor.select)
    review.canvas.correction_requested.connect(editor.correct_sperm)
    review.canvas.selected_correction_requested.connect(editor.correct_selected)
    review.canvas.hovered.connect(review.loupe.look_at)
    review.canvas.left.connect(review.loupe.look_away)
    review.canvas_bar.display_edited.connect(controller.set_display)
    review.sperm_list.selected.connect(editor.select)
    review.sperm_list.rename_requested.connect(editor.rename_sperm)
    review.sperm_list.move_requested.connect(editor.move_sperm)
    review.timeline.seek_requested.connect(player.seek)
    review.timeline.speed_requested.connect(player.set_speed)
    review.film_strip.seek_requested.connect(player.seek)
    review.film_strip.overlay_changed_by_user.connect(controller.set_overlay)
