"""The report's first page: what a clinician reads, on one page for a video of up to 20 sperm."""

from collections.abc import Sequence
from datetime import tzinfo

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table
from reportlab.platypus.flowables import Flowable, KeepTogether

from rostfine_core.domain import (
    VOTES_A_OR_B,
    WHO_LIMITS,
    Assessment,
    Grade,
    GradeDistribution,
    LeftOut,
    QualityFlag,
    SampleRecord,
    SampleReport,
    Selection,
    Severity,
    VideoSection,
    own_flags,
    shared_flags,
    with_micro_sign,
)
from rostfine_core.marking import marked
from rostfine_core.messages import Message, Say
from rostfine_core.report.charts import sparkline
from rostfine_core.report.document import BODY_PT
from rostfine_core.report.fonts import shortened
from rostfine_core.report.identity import identity_in_words, time_in_words
from rostfine_core.report.layout import (
    FLUSH,
    GRID,
    LONGEST_CELL,
    LONGEST_NAME,
    WIDTH_PT,
    Cell,
    distinct,
    pairs,
    signature_line,
    text,
)
from rostfine_core.report.overview import ChosenPictures, OverviewPicture, labels_of, overview_of
from rostfine_core.report.wording import (
    NOT_GIVEN,
    REPORT_TITLE,
    SELECTIONS,
    TRACK_VERDICTS,
    WHOLE_VIDEO,
    Rows,
    Words,
    doubts_in_brief,
    reason_in_words,
    share,
)

QR_PT = 22 * mm
LOWEST_PT, HIGHEST_PT = 44 * mm, 92 * mm
"""The overview's least and greatest height; it has what the rest of its page leaves free."""
SEVERAL_PT = 60 * mm
"""Its height where there are several videos, or no picture."""
SIGNATURE_PT = 25 * mm
MANY = 12
"""With more sperm in a video their rows are closer."""
LONGEST_IN_ROW, LONGEST_REASON = 32, 600
COLUMNS_MM = (20, 20, 24, 36, 21, 19, 40)
HEADLINES = {
    (False, False): "heading",
    (False, True): "doubtful",
    (True, False): "label",
    (True, True): "small doubtful",
}
"""The style of a headline by whether rows are close and the sperm is in doubt."""
CHOSEN_TITLE = Message("Chosen")
HOW_TO_READ = Message(
    "Votes A or B: the share of a panel of experts that would vote A (best) or B (good), as "
    "predicted by the model; grey and hatched where there is a warning. Bars: the votes A to E on "
    "a scale of 0 to 100%."
)


def summary_page(
    report: SampleReport, say: Say, *, zone: tzinfo | None, content_sha256: str
) -> list[Flowable]:
    """The sample, every video's overview with a line per sperm, and room to sign.

    Args:
        report: what is shown.
        say: words messages in the report's language.
        zone: where the reader is; None is where this machine is.
        content_sha256: the hash that the code beside the title holds.
    """
    head = _head(report, say, zone=zone, content_sha256=content_sha256)
    is_draft = report.identity.signature is None
    story: list[Flowable] = [head]
    for number, section in enumerate(report.videos, start=1):
        title = _video_title(section, number=number, total=len(report.videos))
        above: list[Flowable] = [Spacer(1, 2 * mm), text(say(title), "label"), Spacer(1, 1 * mm)]
        below = _below_pictures(section, say)
        free = BODY_PT - _height([head, *above, *below]) - is_draft * SIGNATURE_PT
        highest = HIGHEST_PT if len(report.videos) == 1 and section.overview else SEVERAL_PT
        if section.assessments:
            above.append(_pictures(section, say, height_pt=min(max(free, LOWEST_PT), highest)))
        story += [KeepTogether(above), *below]
    if is_draft:
        story.append(_signature(report.assessments, say))
    return story


def _height(flowables: Sequence[Flowable]) -> float:
    """How high flowables are, one below the other."""
    return sum(f.wrap(WIDTH_PT, BODY_PT)[1] for f in flowables)


def _head(report: SampleReport, say: Say, *, zone: tzinfo | None, content_sha256: str) -> Flowable:
    """Title, sample and state, with the hash as a QR code on the right."""
    state, *others = identity_in_words(report.identity)
    version = Message("Version {version}", version=report.identity.version)
    left = [
        text(say(REPORT_TITLE), "title"),
        Spacer(1, 1.5 * mm),
        text(f"{say(version)} · {say(state)}", bold=True, limit=LONGEST_NAME),
        *(text(say(other), "tiny", limit=LONGEST_REASON) for other in others),
        Spacer(1, 1.5 * mm),
        _facts(report, say, zone=zone),
    ]
    code = f"rostfine.report/1 version={report.identity.version} sha256={content_sha256}"
    widths = [WIDTH_PT - QR_PT, QR_PT]
    return Table([[left, _qr_code(code)]], colWidths=widths, style=FLUSH)


def _qr_code(content: str) -> Drawing:
    drawing = Drawing(QR_PT, QR_PT)
    drawing.add(QrCodeWidget(content, barWidth=QR_PT, barHeight=QR_PT, barBorder=0))
    return drawing


def _facts(report: SampleReport, say: Say, *, zone: tzinfo | None) -> Table:
    """Who and what was examined, when and by whom, in two columns."""
    assessments = report.assessments
    samples = [a.sample for a in assessments]
    rows: Rows = [
        (Message("Sample"), distinct(s.sample or NOT_GIVEN for s in samples)),
        (Message("Patient"), report.patient or NOT_GIVEN),
        (Message("Operator"), distinct(s.operator or NOT_GIVEN for s in samples)),
        (Message("Assessed"), _times_in_words(assessments, zone)),
        (Message("Model"), distinct(a.provenance.model.file_name for a in assessments)),
        *_noted(report.sample, zone),
    ]
    half = (len(rows) + 1) // 2
    columns = [pairs(part, say, widths=(20 * mm, 58 * mm)) for part in (rows[:half], rows[half:])]
    return Table([columns], colWidths=[78 * mm] * 2, style=FLUSH)


def _noted(sample: SampleRecord, zone: tzinfo | None) -> Rows:
    """What the lab entered about the sample, as far as it did."""
    who = sample.who
    values: tuple[tuple[Message, str | float | None, str], ...] = (
        (
            Message("Collected"),
            time_in_words(sample.collected_utc, zone, with_seconds=False) or None,
            "{}",
        ),
        (
            Message("Analysed"),
            time_in_words(sample.analysed_utc, zone, with_seconds=False) or None,
            "{}",
        ),
        (Message("Medium"), sample.medium or None, "{}"),
        (Message("Temperature"), sample.temperature_c, "{:g} °C"),
        (Message("Abstinence"), sample.abstinence_days, "{:g} d"),
        (Message("Note"), sample.note or None, "{}"),
    )
    rows: Rows = [(n, form.format(value)) for n, value, form in values if value is not None]
    return rows + [
        (Message(limit.title), _beside_limit(value, limit.lower, limit.unit))
        for limit in WHO_LIMITS
        if (value := getattr(who, limit.field)) is not None
    ]


def _beside_limit(value: float, limit: float, unit: str) -> Message:
    """A value that the lab entered, with WHO's lower reference limit (6th edition, 5th centile)."""
    return Message(
        "{value:g}{unit} (entered by the lab; WHO reference from {limit:g})",
        value=value,
        unit=unit,
        limit=limit,
    )


def _times_in_words(assessments: Sequence[Assessment], zone: tzinfo | None) -> Words:
    """When the assessments were made: one time, or the first and the last."""
    times = sorted(a.provenance.created_utc for a in assessments)
    first, last = (time_in_words(t, zone, with_seconds=False) for t in (times[0], times[-1]))
    return first if first == last else Message("{first} to {last}", first=first, last=last)


def _video_title(section: VideoSection, *, number: int, total: int) -> Message:
    name = shortened(section.name, LONGEST_NAME)
    if total == 1:
        return Message("Video {name}", name=name)
    return Message("Video {number} of {total}: {name}", number=number, total=total, name=name)


def _below_pictures(section: VideoSection, say: Say) -> list[Flowable]:
    """A video's cautions, its sperm and those left out."""
    flags = shared_flags(section.assessments)
    return [
        Spacer(1, 2 * mm),
        *_cautions(flags, say),
        *_headlines(section, flags, say),
        *_left_out(section.left_out, say),
    ]


def _pictures(section: VideoSection, say: Say, *, height_pt: float) -> Table:
    """The overview and, beside it, the chosen sperm."""
    named = zip(section.assessments, labels_of(section), strict=True)
    chosen = [(a, label) for a, label in named if a.selection is Selection.CHOSEN]
    width = WIDTH_PT * (0.62 if chosen else 1)
    overview = OverviewPicture(section, width_pt=width, height_pt=height_pt - 4 * mm)
    left: list[Flowable] = [overview, text(say(_caption(section, overview)), "tiny")]
    if not chosen:
        return Table([[left]], colWidths=[WIDTH_PT], style=FLUSH)
    gap = 4 * mm
    beside = WIDTH_PT - overview.width - gap
    pictures = ChosenPictures(chosen, width_pt=beside, height_pt=overview.height - 4 * mm)
    right = [text(say(CHOSEN_TITLE), "small", bold=True), pictures]
    return Table([[left, "", right]], colWidths=[overview.width, gap, beside], style=FLUSH)


def _caption(section: VideoSection, overview: OverviewPicture) -> Message:
    frame = overview_of(section)
    caption = Message("Frame {frame}; a ring around every graded sperm.", frame=frame)
    if section.overview is None:
        caption = Message(
            "Places in frame {frame}; the video was not at hand to show it.", frame=frame
        )
    if overview.has_elsewhere:
        return Message("{caption} Dashed: the place in another frame.", caption=caption)
    return caption


def _headlines(section: VideoSection, shared: Sequence[QualityFlag], say: Say) -> list[Flowable]:
    """One line per sperm."""
    if not section.assessments:
        return []
    head = [
        Message("Sperm"),
        Message(VOTES_A_OR_B),
        Message("Votes"),
        Message("A to E in %"),
        Message("Track"),
        CHOSEN_TITLE,
        Message("Doubts"),
    ]
    rows: list[list[Cell]] = [[text(say(h), "tiny", bold=True) for h in head]]
    is_close = len(section.assessments) > MANY
    named = zip(section.assessments, labels_of(section), strict=True)
    rows += [_headline(a, label, shared, say, is_close=is_close) for a, label in named]
    widths = [w * mm for w in COLUMNS_MM]
    table = Table(rows, colWidths=widths, repeatRows=1, style=GRID)
    gap = Spacer(1, 1.5 * mm)
    return [table, gap, text(say(HOW_TO_READ), "tiny"), gap]


def _headline(
    assessment: Assessment,
    label: str,
    shared: Sequence[QualityFlag],
    say: Say,
    *,
    is_close: bool,
) -> list[Cell]:
    """One sperm: what its panel would vote, what the operator decided, what is in doubt."""
    name = assessment.target
    grade = assessment.prediction.grade
    own = own_flags(assessment, shared)
    is_doubtful = assessment.has_warnings
    is_warned = any(f.severity is Severity.WARNING for f in own)
    is_chosen = assessment.selection is Selection.CHOSEN
    last = [text(say(doubts_in_brief(own, shared)), "tiny", bold=is_warned, limit=LONGEST_CELL)]
    if assessment.note:
        note = Message("Note: {note}", note=assessment.note)
        last.append(text(say(note), "tiny", limit=LONGEST_NAME))
    return [
        text(
            name if name == label else f"{label} · {name}", "small", bold=True, limit=LONGEST_IN_ROW
        ),
        text(share(grade.p_a_or_b), HEADLINES[is_close, is_doubtful]),
        sparkline(
            grade,
            width_pt=20 * mm,
            height_pt=(3.8 if is_close else 5.2) * mm,
            is_doubtful=is_doubtful,
        ),
        text(_in_percent(grade), "tiny"),
        text(say(TRACK_VERDICTS[assessment.verdict]), "tiny"),
        text(say(SELECTIONS[assessment.selection]), "small", bold=is_chosen),
        [*last],
    ]


def _in_percent(grade: GradeDistribution) -> str:
    shares = zip(Grade, grade.probabilities, strict=True)
    return " · ".join(f"{g.name} {p:.0%}" for g, p in shares).replace("%", "")


def _cautions(flags: Sequence[QualityFlag], say: Say) -> list[Flowable]:
    """What concerns the whole video, once."""
    if not flags:
        return []
    return [
        text(say(WHOLE_VIDEO), "small", bold=True),
        *(
            text(
                with_micro_sign(say(reason_in_words(f))),
                "small",
                bold=f.severity is Severity.WARNING,
            )
            for f in flags
        ),
        Spacer(1, 1.5 * mm),
    ]


def _left_out(left_out: Sequence[LeftOut], say: Say) -> list[Flowable]:
    """The sperm without a grade here, and why."""
    if not left_out:
        return []
    lines = (
        say(Message("Sperm {name}: {reason}.", name=name, reason=_without_stop(say(reason))))
        for name, reason in left_out
    )
    title = say(Message("Left out of this report ({count})", count=len(left_out)))
    return [
        text(title, "small", bold=True),
        *(text(line, "small") for line in lines),
        Spacer(1, 1.5 * mm),
    ]


def _without_stop(sentence: str) -> str:
    return sentence.rstrip(".。")


def _signature(assessments: Sequence[Assessment], say: Say) -> Flowable:
    """Room for the operator's name, signature and date on paper."""
    operators = say(distinct(a.sample.operator for a in assessments if a.sample.operator))
    return signature_line(operators, say(Message(marked("Operator"))), say)
