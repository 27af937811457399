"""What OpenSSL itself says of a certificate's names: the function that nginx calls."""

from __future__ import annotations

import ctypes
import importlib.util
from datetime import datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.nginxes import lacks


def matches_host(pattern: str, name: str) -> bool:
    """Whether ``X509_check_host()`` takes a certificate with one DNS name for a host."""
    wanted = name.encode("ascii")
    assert wanted, "OpenSSL would look for the end of the text itself"
    return _library().X509_check_host(_certificate(pattern), wanted, len(wanted), 0, None) == 1


@cache
def _library() -> ctypes.CDLL:
    """The OpenSSL that Python uses."""
    module = importlib.util.find_spec("_ssl")
    if module is None or not module.has_location:
        lacks("Python's OpenSSL is no library of its own here")
    library = ctypes.CDLL(f"{module.origin}")
    library.d2i_X509.restype = ctypes.c_void_p
    library.X509_check_host.argtypes = (
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_void_p,
    )  # fmt: skip
    return library


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _certificate(pattern: str) -> int:
    """A certificate in OpenSSL's own form; it lives as long as the process."""
    nobody = x509.Name([])
    made = (
        x509.CertificateBuilder(nobody, nobody, _key().public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2024, 1, 1))
        .not_valid_after(datetime(2034, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(pattern)]), critical=False)
        .sign(_key(), SHA256())
    )
    data = made.public_bytes(Encoding.DER)
    place = ctypes.c_char_p(data)
    found = _library().d2i_X509(None, ctypes.byref(place), ctypes.c_long(len(data)))
    assert isinstance(found, int), "a certificate"
    return found
