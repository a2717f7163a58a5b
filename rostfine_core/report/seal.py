"""Seals a PDF with the lab's certificate, so that any reader can see whether it was changed since.

A seal is a PAdES signature of the whole file (ETSI EN 319 142-1) without a picture on a page, after
which no change is allowed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from rostfine_core.errors import StoreError, parsing
from rostfine_core.files import atomic_write
from rostfine_core.messages import Message

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate as SigningCertificate
    from pyhanko.sign.signers import SimpleSigner

FIELD = "Seal"
LARGEST_FILE = 2**20
"""In bytes; a certificate has a few thousand."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Certificate:
    """A certificate with its key; ``holder`` is who it was issued to."""

    holder: str
    signer: "SimpleSigner"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Whose certificate a PDF was sealed with, and whether the file is as it was then.

    Whether the holder is to be trusted is another question, which a PDF reader answers.
    """

    holder: str
    is_intact: bool


def load_certificate(path: Path, *, passphrase: str, now: datetime | None = None) -> Certificate:
    """Read a PKCS#12 file (``.p12``, ``.pfx``) with certificate and key.

    Args:
        path: the file.
        passphrase: what opens it; "" for none.
        now: when it is to be valid; the present by default.

    Raises:
        StoreError: it cannot be read, the passphrase is wrong, or it is not valid now.
    """
    from pyhanko.sign.signers import SimpleSigner

    data = _read(path)
    words = passphrase.encode() if passphrase else None
    with parsing(lambda _: _not_opened(path)):
        signer = SimpleSigner.load_pkcs12_data(data, other_certs=[], passphrase=words)
    if signer is None or signer.signing_cert is None:
        raise _not_opened(path)
    found = signer.signing_cert
    first, last = found.not_valid_before, found.not_valid_after
    if not first <= (now or datetime.now(UTC)) <= last:
        raise StoreError(
            Message(
                "The certificate {path} is valid from {first} to {last} only: ask for a new one, "
                "or set the computer's clock.",
                path=path,
                first=f"{first:%Y-%m-%d}",
                last=f"{last:%Y-%m-%d}",
            )
        )
    return Certificate(holder=_holder(found), signer=signer)


def seal(path: Path, certificate: Certificate) -> None:
    """Seal a PDF in its place; nothing that it holds is changed.

    Raises:
        StoreError: it cannot be written, or the key cannot sign.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

    about = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        name=certificate.holder,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    writer = IncrementalPdfFileWriter(BytesIO(path.read_bytes()))
    sealed = BytesIO()
    with parsing(lambda found: _cannot_sign(certificate, found)):
        PdfSigner(about, certificate.signer).sign_pdf(writer, output=sealed)
    with atomic_write(path) as temporary:
        temporary.write_bytes(sealed.getvalue())


def read_seal(path: Path) -> Seal | None:
    """The seal of a PDF; None where it has none.

    Raises:
        StoreError: the file cannot be read, or its seal is damaged.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    with parsing(lambda found: _damaged(path, found)):
        reader = PdfFileReader(BytesIO(_read(path, limit=None)), strict=False)
        signatures = reader.embedded_regular_signatures
        if not signatures:
            return None
        (signature, *more) = signatures
        own = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
        state = validate_pdf_signature(signature, signer_validation_context=own)
        is_whole = state.coverage is SignatureCoverageLevel.ENTIRE_FILE and not more
        return Seal(
            holder=_holder(signature.signer_cert),
            is_intact=state.intact and state.valid and is_whole,
        )


def _holder(certificate: "SigningCertificate") -> str:
    """The common name of whom a certificate was issued to, or all that is known of it."""
    name = certificate.subject.native.get("common_name")
    return name if isinstance(name, str) else str(certificate.subject.human_friendly)


def _read(path: Path, *, limit: int | None = LARGEST_FILE) -> bytes:
    try:
        if limit is not None and path.stat().st_size > limit:
            raise _not_opened(path)
        return path.read_bytes()
    except OSError as error:
        raise StoreError(
            Message(
                "Cannot read {path} ({reason}): check the file.",
                path=path,
                reason=error.strerror or str(error),
            )
        ) from error


def _not_opened(path: Path) -> StoreError:
    return StoreError(
        Message(
            "The certificate {path} cannot be opened: the passphrase is wrong, or it is no PKCS#12 "
            "file (.p12, .pfx) with certificate and key.",
            path=path,
        )
    )


def _cannot_sign(certificate: Certificate, found: Exception) -> StoreError:
    return StoreError(
        Message(
            "The certificate of {name} cannot seal a PDF ({reason}): ask for one that may sign "
            "documents.",
            name=certificate.holder,
            reason=str(found),
        )
    )


def _damaged(path: Path, found: Exception) -> StoreError:
    return StoreError(
        Message(
            "{path} cannot be checked ({reason}): it is damaged or no PDF.",
            path=path,
            reason=str(found),
        )
    )
