"""Writes a certificate with its key, with which the smoke test seals a report.

    python packaging/make_certificate.py FILE.p12

Nobody trusts it, and it is valid for a day.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509 import (
    CertificateBuilder,
    Name,
    NameAttribute,
    NameOID,
    random_serial_number,
)
from smoke_test import PASSPHRASE

HOLDER = "Smoke test"


def main(file: Path) -> None:
    """Write the file, which PASSPHRASE opens."""
    key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
    holder = Name([NameAttribute(NameOID.COMMON_NAME, HOLDER)])
    certificate = (
        CertificateBuilder(holder, holder, key.public_key(), random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    locked = BestAvailableEncryption(PASSPHRASE.encode())
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(HOLDER.encode(), key, certificate, None, locked)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
