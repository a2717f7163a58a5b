"""A report, the results attached to it and its seal hold together, and any change is found."""

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import cv2
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader, PdfWriter

from rostfine_core.cli import main
from rostfine_core.domain import Assessment, VideoSection, finish
from rostfine_core.errors import StoreError
from rostfine_core.export import export_sample, sample_report
from rostfine_core.report.page_images import draw_pages
from rostfine_core.report.seal import load_certificate
from rostfine_core.report.verification import check_report
from tests.core.report.certificates import HOLDER, NOW, WORDS, write_certificate

MakeAssessment = Callable[..., Assessment]
FLIPPED = 40
"""How many single bytes are changed, spread over the file."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("certificate") / "lab.p12")


@pytest.fixture(scope="module")
def exported(
    make_assessment: MakeAssessment, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The folders of one report, unsealed and sealed."""
    report = sample_report([VideoSection.of([make_assessment("1"), make_assessment("2")])])
    folders = {name: tmp_path_factory.mktemp(name) for name in ("plain", "sealed")}
    finish(export_sample(report, folders["plain"]))
    with_key = load_certificate(certificate, passphrase=WORDS)
    finish(export_sample(report, folders["sealed"], certificate=with_key))
    return folders


@pytest.mark.requirement("R-48")
def test_pages_code_table_and_attachment_state_one_hash(exported: dict[str, Path]) -> None:
    pdf = exported["plain"] / "report.pdf"
    (content,) = PdfReader(pdf).attachments["report.json"]
    stated = sha256(content).hexdigest()
    found = check_report(pdf)
    assert (found.pages, found.content_sha256, found.seal) == (4, stated, None)
    assert stated in (exported["plain"] / "report.csv").read_text(encoding="utf-8-sig")
    first = next(draw_pages(pdf, dpi=200))
    code, *_ = cv2.QRCodeDetector().detectAndDecode(first)
    assert code == f"rostfine.report/1 version=1 sha256={stated}"
    read = json.loads(content)
    assert [s["target"] for s in read["videos"][0]["sperm"]] == ["1", "2"]


@pytest.mark.requirement("R-48")
def test_other_results_than_the_pages_state_are_found(
    exported: dict[str, Path], tmp_path: Path
) -> None:
    reader = PdfReader(exported["plain"] / "report.pdf")
    content = reader.attachments["report.json"][0]
    swapped, mixed, bare = (tmp_path / f"{n}.pdf" for n in ("swapped", "mixed", "bare"))
    for path, data in ((swapped, content.replace(b'"best"', b'"B"') + b" "), (bare, None)):
        writer = PdfWriter()
        for page in reader.pages:
            writer.add_page(page)
        if data is not None:
            writer.add_attachment("report.json", data)
        writer.write(path)
    with pytest.raises(StoreError, match="page 1, 2, 3, 4 does not state"):
        check_report(swapped)
    with pytest.raises(StoreError, match="no results attached"):
        check_report(bare)
    writer = PdfWriter(clone_from=exported["plain"] / "report.pdf")
    writer.insert_page(PdfReader(exported["sealed"] / "report.pdf").pages[2], 2)
    writer.write(mixed)
    with pytest.raises(StoreError, match="page 3 does not state"):
        check_report(mixed)
    (tmp_path / "text.pdf").write_text("no PDF")
    for name in ("text.pdf", "none.pdf"):
        with pytest.raises(StoreError, match="cannot be read as a PDF"):
            check_report(tmp_path / name)


def test_a_seal_is_valid_for_another_reader(exported: dict[str, Path]) -> None:
    with (exported["sealed"] / "report.pdf").open("rb") as file:
        (signature,) = PdfFileReader(file).embedded_regular_signatures
        trusted = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
        state = validate_pdf_signature(signature, signer_validation_context=trusted)
    assert state.bottom_line
    found = check_report(exported["sealed"] / "report.pdf")
    assert found.seal is not None
    assert found.seal.holder == HOLDER
    pages = PdfReader(exported["sealed"] / "report.pdf").pages
    assert f"Sealed with the certificate of {HOLDER}." in pages[0].extract_text()
    assert found.content_sha256 != check_report(exported["plain"] / "report.pdf").content_sha256


@pytest.mark.requirement("R-48")
def test_a_changed_byte_of_a_sealed_report_is_found(
    exported: dict[str, Path], tmp_path: Path
) -> None:
    whole = (exported["sealed"] / "report.pdf").read_bytes()
    path = tmp_path / "changed.pdf"
    for place in range(0, len(whole), len(whole) // FLIPPED):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(StoreError):
            check_report(path)
    path.write_bytes(whole + b"\n% added")
    with pytest.raises(StoreError, match=f"changed after it was sealed .*{HOLDER}"):
        check_report(path)


def test_a_certificate_that_cannot_be_used_is_a_sentence(certificate: Path, tmp_path: Path) -> None:
    for words in ("wrong", ""):
        with pytest.raises(StoreError, match="the passphrase is wrong"):
            load_certificate(certificate, passphrase=words)
    for later in (timedelta(days=3), timedelta(days=-3)):
        with pytest.raises(StoreError, match=r"is valid from .* only"):
            load_certificate(certificate, passphrase=WORDS, now=NOW + later)
    other = tmp_path / "other.p12"
    for content in (b"", b"0\x80" * 3000, bytes(2**20 + 1)):
        other.write_bytes(content)
        with pytest.raises(StoreError, match="no PKCS#12"):
            load_certificate(other, passphrase=WORDS)
    with pytest.raises(StoreError, match="Cannot read"):
        load_certificate(tmp_path / "none.p12", passphrase=WORDS)


def test_the_command_opens_the_certificate_first_and_checks_reports(
    certificate: Path,
    exported: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    demo = ["demo", "--out", str(out), "--certificate", str(certificate)]
    assert main(demo) == 1  # nobody can type here
    monkeypatch.setenv("ROSTFINE_CERTIFICATE_PASSPHRASE", "wrong")
    assert main(demo) == 1
    assert not out.exists()
    told = capsys.readouterr().err
    assert "ROSTFINE_CERTIFICATE_PASSPHRASE" in told
    assert "the passphrase is wrong" in told
    for name, state in (("plain", "Not sealed"), ("sealed", f"certificate of {HOLDER}")):
        assert main(["check-report", str(exported[name] / "report.pdf")]) == 0
        assert state in capsys.readouterr().out
    assert main(["check-report", str(certificate)]) == 1
