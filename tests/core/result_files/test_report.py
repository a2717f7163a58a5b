"""``report.json`` has one form only, by the rule that is written down, whatever it holds."""

import hashlib
import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from rostfine_core.domain import (
    ReportIdentity,
    SampleInfo,
    SampleRecord,
    SampleReport,
    Selection,
    VideoSection,
)
from rostfine_core.messages import Message
from rostfine_core.result_files import content_sha256, report_json
from rostfine_core.result_files.assessment import from_json
from tests.core.report.conftest import build_assessment


@settings(max_examples=20, deadline=None)
@given(text=st.text(max_size=30))
def test_any_text_comes_back_and_the_hash_is_of_the_rule(text: str) -> None:
    made = build_assessment("1", sample=SampleInfo(sample=text), note=text)
    chosen = replace(made, selection=Selection.CHOSEN)
    report = SampleReport(
        videos=(VideoSection.of([chosen, made], left_out=[(text, Message(text))]),),
        sample=SampleRecord(note=text, id="of the store"),
        patient=text,
        identity=ReportIdentity(version=2, amends=1, reason=text, audit_hash="ab"),
    )
    content = report_json(report)
    read = json.loads(content)
    canonical = json.dumps(read, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical.encode() == content
    assert content_sha256(content) == hashlib.sha256(content).hexdigest()
    assert (read["patient"], read["sample"]["note"], read["identity"]["reason"]) == (text,) * 3
    assert b"of the store" not in content
    (video,) = read["videos"]
    assert video["left_out"] == [{"target": text, "reason": text}]
    first = from_json(json.dumps(video["sperm"][0]), name="")
    assert (first.note, first.sample.sample, first.selection) == (text, text, Selection.CHOSEN)
    assert first.track == chosen.track
