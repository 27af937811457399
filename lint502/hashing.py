"""SHA-256, without OpenSSL, which takes longer to load than a small site to check."""

from __future__ import annotations

try:
    from _sha2 import sha256  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found,no-redef,unused-ignore]
    except ImportError:  # a Python that is built otherwise
        from hashlib import sha256


def hex_digest(data: bytes) -> str:
    """The digest of some bytes, in 64 hexadecimal digits."""
    text: str = sha256(data).hexdigest()
    return text
