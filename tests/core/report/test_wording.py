"""The report's sentences: whole distributions, honest units, and reasons for what is missing."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from rostfine_core.domain import (
    DISCLAIMER_AI_GRADE,
    DISCLAIMER_DEMONSTRATION,
    DISCLAIMER_VALIDATION,
    Assessment,
    Seed,
)
from rostfine_core.flag_titles import FLAGS, NOTE
from rostfine_core.messages import Message
from rostfine_core.report import wording
from rostfine_core.report.identity import time_in_words

MakeAssessment = Callable[..., Assessment]


@pytest.mark.requirement("R-05")
def test_votes_name_every_grade_with_its_meaning_and_share(
    make_assessment: MakeAssessment,
) -> None:
    assert str(wording.votes_in_words(make_assessment().prediction.grade)) == (
        "A (best) 12.3%, B (good) 42.1%, C (neither) 31.8%, D (bad) 8.8%, E (worst) 5.0%"
    )


@pytest.mark.requirement("R-02")
def test_a_demonstration_result_anywhere_puts_the_note_everywhere(
    make_assessment: MakeAssessment,
) -> None:
    lab, demo = make_assessment(), make_assessment(demonstration=True)
    assert [*map(str, wording.required_notices([lab]))] == [
        DISCLAIMER_AI_GRADE,
        DISCLAIMER_VALIDATION,
    ]
    assert [*map(str, wording.required_notices([lab, demo]))] == [
        DISCLAIMER_AI_GRADE,
        DISCLAIMER_DEMONSTRATION,
    ]


def test_how_much_the_model_was_trained_on_is_told(make_assessment: MakeAssessment) -> None:
    plain = make_assessment()
    model = replace(plain.provenance.model, trained_clips=1178, trained_samples=60)
    told = replace(plain, provenance=replace(plain.provenance, model=model))
    left, _, _ = wording.provenance_columns(told, UTC)
    assert {str(name): str(value) for name, value in left}["Trained on"] == (
        "Yokohama andrology 2025, 1,178 clips, 60 samples, 15 fps, 0.11 µm/px"
    )


def test_measures_carry_units_and_reasons(make_assessment: MakeAssessment) -> None:
    found = {str(m.term): m for m in wording.measures(make_assessment().kinematics)}
    assert (found["VCL"].value, found["VCL"].unit) == ("61.3", "µm/s")
    assert (found["LIN"].value, found["LIN"].unit) == ("54%", "")
    assert found["ALH"].value is None
    assert "50 fps" in str(found["ALH"].note)
    assert str(found["WHO motility"].value) == "rapidly progressive"


def test_without_calibration_everything_is_in_pixels_and_says_so(
    make_assessment: MakeAssessment,
) -> None:
    kinematics = make_assessment(calibrated=False).kinematics
    found = {str(m.term): m for m in wording.measures(kinematics)}
    assert found["VAP"].unit == "px/s"
    assert found["WHO motility"].value is None
    assert "Not calibrated" in str(wording.kinematics_conditions(kinematics))
    assert "15 different frames per second" in str(wording.kinematics_conditions(kinematics))
    assert "0.1 s" in str(wording.kinematics_conditions(kinematics))
    assert str(wording.scale_in_words(None)) == "not calibrated"


def test_an_average_path_that_averages_nothing_is_told(make_assessment: MakeAssessment) -> None:
    usual = make_assessment().kinematics
    assert usual.vcl is not None
    rounded = usual.vcl * (1 + 1e-15)  # both are sums, in another order
    single = replace(usual, vap=rounded, wob=None, withheld=(("wob", Message("a single picture")),))
    assert "VAP equals VCL" in str(wording.kinematics_conditions(single))
    assert "VAP equals VCL" not in str(wording.kinematics_conditions(usual))


def test_a_reason_for_many_missing_values_is_told_once(make_assessment: MakeAssessment) -> None:
    short = "the track lasts 0.80 s and at least one second is needed"
    usual = make_assessment().kinematics
    none = replace(
        usual,
        vcl=None,
        vap=None,
        vsl=None,
        withheld=tuple((n, Message(short)) for n in ("vcl", "vsl", "vap")),
    )
    notes = wording.notes_in_words(list(wording.measures(none)))
    assert str(notes[0]) == f"VCL, VSL, VAP: {short}"
    assert "VAP equals VCL" not in str(wording.kinematics_conditions(none))


def test_settings_are_rounded_for_reading() -> None:
    assert wording.json_in_words(json.dumps({"max_span_s": 175 / 15})) == "max_span_s 11.6667"


def test_alh_has_the_unit_of_a_length(make_assessment: MakeAssessment) -> None:
    given = replace(make_assessment().kinematics, alh_mean=2.04, bcf_hz=9.5, withheld=())
    found = {str(m.term): m for m in wording.measures(given)}
    assert (found["ALH"].value, found["ALH"].unit) == ("2.0", "µm")
    assert (found["BCF"].value, found["BCF"].unit) == ("9.5", "Hz")


def test_a_missing_value_without_a_reason_is_not_available(
    make_assessment: MakeAssessment,
) -> None:
    bare = replace(make_assessment().kinematics, vcl=None)
    assert next(wording.measures(bare)).note == Message("not available")


def test_flags_are_counted_by_severity(make_assessment: MakeAssessment) -> None:
    flags = make_assessment(flagged=True).flags
    assert str(wording.flag_counts(())) == "none"
    assert str(wording.flag_counts(flags)) == "1 warning, 1 notice"
    assert str(wording.flag_counts(flags[1:] * 2)) == "2 notices"


def test_clicks_are_told_in_the_order_of_their_frames() -> None:
    seeds = [Seed(target="1", frame=f, x_px=f + 0.25, y_px=2) for f in (9, 4)]
    words = str(wording.clicks_in_words(seeds))
    assert words.index("frame 4 at x 4.2") < words.index("frame 9 at x 9.2")


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ({"a": 1, "b": None}, "a 1, b none"),
        ({"clip": {"size_px": 150}}, "clip (size_px 150)"),
        ({"clicks": [{"x": 1}, {"x": 2}]}, "clicks (2, listed in assessment.json)"),
        ({"head": [8, 12]}, "head 8/12"),
    ],
)
def test_settings_read_as_names_and_values(pairs: dict[str, object], words: str) -> None:
    assert wording.json_in_words(json.dumps(pairs)) == words


@pytest.mark.parametrize("text", ["not json", "[1, 2]", ""])
def test_settings_that_are_no_pairs_stay_as_they_are(text: str) -> None:
    assert wording.json_in_words(text) == text


def test_a_report_without_flags_names_every_check() -> None:
    checks = [check for _, check in FLAGS.values() if check is not NOTE]
    assert all(check in str(wording.NO_FLAGS) for check in checks)


@pytest.mark.requirement("R-04")
def test_no_sentence_claims_health_viability_or_fertility(
    make_assessment: MakeAssessment,
) -> None:
    assessment = make_assessment(flagged=True, ensemble=True)
    said = " ".join(
        [
            *map(str, wording.required_notices([assessment])),
            str(wording.votes_in_words(assessment.prediction.grade)),
            str(wording.expected_in_words(assessment.prediction.grade)),
            str(wording.NO_FLAGS),
            *(f"{m.meaning} {m.note}" for m in wording.measures(assessment.kinematics)),
        ]
    ).lower()
    assert not any(word in said for word in ("health", "viab", "fertil", "normal"))


def test_a_still_head_is_not_said_to_lack_pictures(make_assessment: MakeAssessment) -> None:
    still = replace(make_assessment().kinematics, wob=None, vcl=0.0, vap=0.0)
    assert "holds one frame" not in str(wording.kinematics_conditions(still))
    alike = replace(still, vcl=9.0, vap=9.0)
    assert "holds one frame" in str(wording.kinematics_conditions(alike))


def test_times_are_the_readers_with_their_zone() -> None:
    utc = "2026-11-22T23:41:07+00:00"
    assert time_in_words(utc) == "2026-11-22 23:41:07 UTC"
    assert time_in_words(utc, ZoneInfo("Asia/Tokyo")) == "2026-11-23 08:41:07 JST (UTC+09:00)"
    newfoundland = ZoneInfo("America/St_Johns")
    assert time_in_words(utc, newfoundland, with_seconds=False).endswith("20:11 NST (UTC-03:30)")
    assert time_in_words("2026-07-22T23:41:07", newfoundland).endswith("21:11:07 NDT (UTC-02:30)")
    nameless = ZoneInfo("America/Sao_Paulo")  # its abbreviation is a number
    assert time_in_words(utc, nameless) == "2026-11-22 20:41:07 UTC-03:00"
    assert time_in_words("yesterday") == "yesterday"
