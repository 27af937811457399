"""A certificate for the servers of the lab, which nobody else trusts."""

from __future__ import annotations

from pathlib import Path

from lint502.lab.bench import LOOPBACK, LabError
from tools.measure.servers.model import Certificate


def make(folder: Path) -> Certificate:
    """Write a certificate and its key into a folder."""
    try:
        import trustme
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise LabError("trustme is missing: pip install -e '.[servers]'") from None
    issued = trustme.CA().issue_cert("localhost", LOOPBACK)
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    certificate = Certificate(folder / "certificate.pem", folder / "key.pem")
    certificate.file.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    certificate.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,  # Granian reads no other
            serialization.NoEncryption(),
        )
    )
    return certificate
