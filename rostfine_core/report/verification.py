"""Holds a PDF report against the results attached to it, and against its seal."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message
from rostfine_core.report.page_images import read_pdf
from rostfine_core.report.pdf import CONTENT_NAME
from rostfine_core.report.seal import Seal, read_seal


@dataclass(frozen=True, kw_only=True)
class CheckedReport:
    """A report in order: its number of pages, the hash that they all state, and its seal if any."""

    pages: int
    content_sha256: str
    seal: Seal | None


def check_report(path: Path) -> CheckedReport:
    """Check that a report's pages state the hash of the results attached to it.

    The hash is the SHA-256 of the attached file's bytes. That someone changed both together is
    found by its seal, or by holding the hash against the store's or another copy's.

    Raises:
        StoreError: it cannot be read, holds no results, or its pages state another hash; or it was
            changed after it was sealed.
    """
    pages, files = read_pdf(path)
    content = files.get(CONTENT_NAME)
    if content is None:
        raise StoreError(
            Message(
                "{name} has no results attached ({file}): it is no report, or of an older version.",
                name=path.name,
                file=CONTENT_NAME,
            )
        )
    stated = sha256(content).hexdigest()
    others = [str(number) for number, text in enumerate(pages, start=1) if stated not in text]
    if others:
        raise StoreError(
            Message(
                "{name} was changed: page {pages} does not state the hash of the attached results, "
                "{sha256}.",
                name=path.name,
                pages=", ".join(others),
                sha256=stated,
            )
        )
    seal = read_seal(path)
    if seal is not None and not seal.is_intact:
        raise StoreError(
            Message(
                "{name} was changed after it was sealed with the certificate of {holder}.",
                name=path.name,
                holder=seal.holder,
            )
        )
    return CheckedReport(pages=len(pages), content_sha256=stated, seal=seal)
