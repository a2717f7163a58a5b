"""The explanation figure shows the right frames, and the hot spot where the map has it."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from rostfine_core.attention import DEFAULT_PAINT
from rostfine_core.catalogue import saying_in
from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_ATTENTION,
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    Assessment,
    Explanation,
    SampleInfo,
    TrackStatus,
)
from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.report import explanation_figure, write_explanation
from rostfine_core.report.explanation import MARGIN_PT, PANEL_PX, PX_PER_PT, WIDTH_PX
from rostfine_core.report.film import (
    AttentionFilm,
    frame_label,
    paint_film,
    range_in_words,
    scale_bar,
)
from rostfine_core.report.page_images import draw_page
from rostfine_core.report.pictures import GAP_PT, LABEL_PT, STEP_PT, FilmBand

MakeAssessment = Callable[..., Assessment]
EDGE = 140
GRID = 14
PATCH = EDGE // GRID


def _explanation(*, hot: tuple[int, int, int], selected: tuple[int, ...]) -> Explanation:
    rollout = np.full((8, GRID, GRID), 0.001, np.float32)
    rollout[hot] = 0.02
    branch = np.zeros((8, GRID, GRID), np.float32)
    branch.reshape(8, -1)[:, list(selected)] = 1.0
    return Explanation(
        encoder_rollout=rollout,
        branch_attention=branch,
        selected_patches=np.tile(np.array(selected), (8, 1)).astype(np.int64),
        clip_frames=(0, 2, 4, 6, 8, 10, 12, 15),
    )


def _strip(assessment: Assessment, explanation: Explanation) -> AttentionFilm:
    return paint_film(
        replace(assessment, explanation=explanation), edge_px=EDGE, paint=DEFAULT_PAINT
    )


def _yellowness(picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Viridis' upper end is yellow: much green, little blue."""
    return picture[..., 1].astype(np.int32) - picture[..., 2]


def test_the_first_row_shows_the_frames_the_network_saw(make_assessment: MakeAssessment) -> None:
    assessment = make_assessment()
    strip = paint_film(assessment, edge_px=EDGE, paint=DEFAULT_PAINT)
    for column, index in enumerate(assessment.explanation.clip_frames):
        expected = cv2.resize(
            assessment.clip.images[index], (EDGE, EDGE), interpolation=cv2.INTER_CUBIC
        )
        np.testing.assert_array_equal(strip.rows[0][column], expected)
        assert strip.boxes[column] is assessment.clip.boxes[index]


def test_the_attention_that_graded_has_a_row_where_it_is_another(
    make_assessment: MakeAssessment,
) -> None:
    made = make_assessment()
    drawn = made.explanation.branch_attention
    other = drawn[::-1].copy()
    for forward, rows in ((None, 3), (drawn, 3), (other, 4)):
        seen = replace(made, explanation=replace(made.explanation, branch_forward=forward))
        film = paint_film(seen, edge_px=EDGE, paint=DEFAULT_PAINT, has_room=True)
        assert len(film.rows) == len(range_in_words(film)) + 1 == rows
        assert ("official" in str(range_in_words(film)[1])) is (forward is other)


def test_the_rollouts_hot_spot_lies_at_its_patch_in_its_frame(
    make_assessment: MakeAssessment,
) -> None:
    strip = _strip(make_assessment(), _explanation(hot=(3, 2, 11), selected=(0,)))
    row = [_yellowness(panel) for panel in strip.rows[1]]
    assert int(np.argmax([r.max() for r in row])) == 3
    smooth = cv2.GaussianBlur(row[3].astype(np.float32), (0, 0), 2)
    y, x = np.unravel_index(int(smooth.argmax()), smooth.shape)
    assert abs(y - (2.5 * PATCH)) < 3
    assert abs(x - (11.5 * PATCH)) < 3


def test_selected_patches_are_crisp_squares_and_the_rest_stays_grey(
    make_assessment: MakeAssessment,
) -> None:
    strip = _strip(make_assessment(), _explanation(hot=(0, 0, 0), selected=(3, GRID * 5 + 7)))
    for panel in strip.rows[2]:
        is_coloured = panel.max(axis=2) != panel.min(axis=2)
        expected = np.zeros((EDGE, EDGE), bool)
        for row, column in ((0, 3), (5, 7)):
            inside = np.s_[
                row * PATCH + 1 : (row + 1) * PATCH - 1,
                column * PATCH + 1 : (column + 1) * PATCH - 1,
            ]
            expected[inside] = True
        np.testing.assert_array_equal(is_coloured, expected)


def test_overlays_differ_from_the_plain_frames(make_assessment: MakeAssessment) -> None:
    frames, rollout, patches = paint_film(make_assessment(), edge_px=EDGE, paint=DEFAULT_PAINT).rows
    for plain, over, squares in zip(frames, rollout, patches, strict=True):
        assert np.abs(plain.astype(int) - over).mean() > 20
        assert not np.array_equal(plain, squares)


def test_the_scale_is_shared_over_the_frames_of_a_clip(make_assessment: MakeAssessment) -> None:
    explanation = _explanation(hot=(0, 6, 6), selected=(0,))
    explanation.encoder_rollout[1, 6, 6] = 0.0105  # half way up the scale that frame 0 sets
    strip = _strip(make_assessment(), explanation)
    middle = np.s_[6 * PATCH + 4 : 6 * PATCH + 6, 6 * PATCH + 4 : 6 * PATCH + 6]
    assert _yellowness(strip.rows[1][0])[middle].mean() > (
        _yellowness(strip.rows[1][1])[middle].mean() + 20
    )


def test_the_range_is_stated_in_multiples_of_the_mean_patch(
    make_assessment: MakeAssessment,
) -> None:
    assessment = make_assessment()
    rollout = assessment.explanation.encoder_rollout
    found = paint_film(assessment, edge_px=EDGE, paint=DEFAULT_PAINT).rollout_range
    assert found is not None
    low, high = found
    assert low == pytest.approx(rollout.min() / rollout.mean(), rel=1e-5)
    assert high == pytest.approx(rollout.max() / rollout.mean(), rel=1e-5)
    words = str(range_in_words(paint_film(assessment, edge_px=EDGE, paint=DEFAULT_PAINT))[0])
    assert f"{low:.3g}×" in words
    assert f"{high:.3g}×" in words


@pytest.mark.parametrize("level", [0.0, 0.005])
def test_an_even_map_is_said_to_be_even_and_shows_no_hot_spot(
    make_assessment: MakeAssessment, level: float
) -> None:
    flat = replace(
        _explanation(hot=(0, 0, 0), selected=(0,)),
        encoder_rollout=np.full((8, GRID, GRID), level, np.float32),
    )
    strip = _strip(make_assessment(), flat)
    assert "even" in str(range_in_words(strip)[0])
    assert _yellowness(strip.rows[1][0]).max() < 20


def test_attention_that_hardly_differs_is_said_to_be_nearly_even(
    make_assessment: MakeAssessment,
) -> None:
    """Its colours run from end to end, as those of any other map."""
    maps = np.full((8, GRID, GRID), 1.0, np.float32)
    maps[0, 0, 0] = 1.05
    strip = _strip(
        make_assessment(), replace(_explanation(hot=(0, 0, 0), selected=(0,)), encoder_rollout=maps)
    )
    words = str(range_in_words(strip)[0])
    assert words.startswith("attention is nearly even over the clip; colours")
    maps[0, 0, 0] = 1.2
    assert "even" not in str(
        range_in_words(
            _strip(
                make_assessment(),
                replace(_explanation(hot=(0, 0, 0), selected=(0,)), encoder_rollout=maps),
            )
        )[0]
    )


@pytest.mark.parametrize(
    ("edge_px", "um_per_px", "label"),
    [(150, 0.1132, "5 µm"), (150, None, "50 px"), (150, 1.0, "50 µm"), (64, 0.05, "1 µm")],
)
def test_the_scale_bar_has_a_round_length(
    edge_px: int, um_per_px: float | None, label: str
) -> None:
    part, text = scale_bar(edge_px, um_per_px)
    assert text == label
    length = float(text.split()[0])
    assert part * edge_px * (um_per_px or 1) == pytest.approx(length)
    assert part <= 0.35


def test_a_place_that_was_not_measured_is_marked(make_assessment: MakeAssessment) -> None:
    box = make_assessment().clip.boxes[0]
    assert str(frame_label(box)) == "0 · 0.00 s"
    predicted = replace(box, status=TrackStatus.PREDICTED)
    assert str(frame_label(predicted)) == "0 · 0.00 s (predicted)"


def test_no_label_of_a_film_touches_its_neighbour(make_assessment: MakeAssessment) -> None:
    assessment = make_assessment()
    boxes = tuple(
        replace(box, frame=100_000 + box.frame, status=TrackStatus.PREDICTED)
        for box in assessment.clip.boxes
    )
    crowded = replace(assessment, clip=replace(assessment.clip, boxes=boxes))
    film = paint_film(crowded, edge_px=32, paint=DEFAULT_PAINT)
    band = FilmBand(
        film, saying_in("en"), range(8), scale=(0.2, "5 µm"), draw_picture=lambda *_: None
    )
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=(band.width, band.height))
    band.drawOn(canvas, 0, 0)
    canvas.save()
    image = draw_page(page.getvalue(), scale=4, cut_pt=0)
    labels = image[: round(4 * (band.height - 3 * STEP_PT))]
    assert labels[:, round(4 * LABEL_PT) :].min() < 100
    for column in range(1, 8):
        middle = 4 * (LABEL_PT + column * STEP_PT - GAP_PT / 2)
        assert labels[:, round(middle - 6) : round(middle + 6)].min() == 255


def test_the_figure_holds_the_panels_at_their_places(make_assessment: MakeAssessment) -> None:
    assessment = make_assessment()
    figure = explanation_figure(assessment)
    assert figure.width == WIDTH_PX
    assert 900 < figure.height < 1500
    strip = paint_film(assessment, edge_px=PANEL_PX, paint=DEFAULT_PAINT)
    pixels = np.asarray(figure)
    left = round((MARGIN_PT + LABEL_PT) * PX_PER_PT)
    for row in range(3):
        column = pixels[:, left : left + PANEL_PX]
        found = [
            y
            for y in range(figure.height - PANEL_PX)
            if np.array_equal(column[y : y + PANEL_PX], strip.rows[row][0])
        ]
        assert len(found) == 1


@pytest.mark.parametrize("frames", [1, 16])
def test_any_number_of_frames_is_drawn(make_assessment: MakeAssessment, frames: int) -> None:
    assessment = make_assessment()
    whole = assessment.explanation
    repeat = np.arange(frames) % 8
    changed = replace(
        assessment,
        explanation=Explanation(
            encoder_rollout=whole.encoder_rollout[repeat],
            branch_attention=whole.branch_attention[repeat],
            selected_patches=whole.selected_patches[repeat],
            clip_frames=tuple(range(frames)),
        ),
    )
    height = explanation_figure(assessment).height
    more = explanation_figure(changed).height - height
    # The meaning of the colours stands beside one frame, and below eight.
    assert more > 3 * PANEL_PX if frames > 8 else -PANEL_PX < more < 0


def test_names_change_no_more_than_their_line(make_assessment: MakeAssessment) -> None:
    plain = explanation_figure(make_assessment())
    for name in ("髙橋 検体", "<b>&", "😀\x00\ud800", "x" * 5000):
        figure = explanation_figure(make_assessment(sample=SampleInfo(sample=name)))
        assert figure.width == plain.width
        assert figure.height < plain.height + 130  # two lines
        assert figure.height >= plain.height


@pytest.mark.parametrize("demonstration", [False, True])
def test_the_file_says_what_it_is(
    make_assessment: MakeAssessment, tmp_path: Path, demonstration: bool
) -> None:
    path = tmp_path / "explanation.png"
    write_explanation(path, make_assessment(demonstration=demonstration))
    with Image.open(path) as picture:
        picture.load()
        said = picture.info["Disclaimer"]
    assert DISCLAIMER_AI_GRADE in said
    assert DISCLAIMER_ATTENTION in said
    assert (DISCLAIMER_DEMONSTRATION in said) is demonstration
    assert (DISCLAIMER_VALIDATION in said) is not demonstration
    assert [p.name for p in tmp_path.iterdir()] == ["explanation.png"]


@pytest.mark.requirement("R-02")
def test_the_demonstration_note_is_drawn_into_the_picture(
    make_assessment: MakeAssessment,
) -> None:
    lab = np.asarray(explanation_figure(make_assessment()))
    demo = np.asarray(explanation_figure(make_assessment(demonstration=True)))
    margin = round(MARGIN_PT * PX_PER_PT)
    band = (demo[:, margin : WIDTH_PX - margin] == 0).all(axis=2).mean(axis=1)
    assert np.count_nonzero(band > 0.5) > 40
    rows = (lab == 0).all(axis=2).mean(axis=1)
    assert np.count_nonzero(rows > 0.5) < 12  # the lines around the notice of another model


def test_every_flag_is_drawn_into_the_picture(make_assessment: MakeAssessment) -> None:
    flagged = make_assessment(flagged=True)
    records = [replace(flagged, flags=flagged.flags[:count]) for count in range(3)]
    heights = [explanation_figure(record).height for record in records]
    one, other = np.diff(heights)
    assert abs(one - other) <= 1
    assert one > 20


def test_a_picture_with_many_flags_still_ends_with_what_made_it(
    make_assessment: MakeAssessment,
) -> None:
    flagged = make_assessment(flagged=True)
    flag = replace(
        flagged.flags[0], reason=Message("A long reason for doubt, told in many words. " * 6)
    )
    picture = np.asarray(explanation_figure(replace(flagged, flags=(flag,) * 12)))
    margin = round(MARGIN_PT * PX_PER_PT)
    assert (picture[-margin + 2 :] == 255).all()
    assert (picture[-margin - 30 : -margin] < 255).any()


def test_the_same_record_gives_the_same_bytes(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    for name in ("a.png", "b.png"):
        write_explanation(tmp_path / name, make_assessment())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_folder_that_cannot_be_written_gives_a_sentence(
    make_assessment: MakeAssessment, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Cannot write"):
        write_explanation(tmp_path / "file" / "explanation.png", make_assessment())
