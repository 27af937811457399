from __future__ import annotations

import pytest

from lint502.behaviour.tls import can_be_sent, covers


@pytest.mark.parametrize(
    ("pattern", "name", "good"),
    [
        ("api.internal", "api.internal", True),
        ("api.internal", "API.Internal", True),
        ("API.Internal", "api.internal", True),
        ("api.internal", "api.internal.", False),
        ("api.internal", "", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "*.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "a_b.example.com", False),
        ("*.example.com", "xn--bcher-kva.example.com", True),
        # a star alone above a top-level domain is none
        ("*.internal", "api.internal", False),
        ("*", "api", False),
        # a part of the first label
        ("a*.example.com", "a1.example.com", True),
        ("a*.example.com", "a.example.com", True),
        ("a*z.example.com", "a1z.example.com", True),
        ("a*.example.com", "b1.example.com", False),
        ("x*.example.com", "xn--bcher-kva.example.com", False),
        ("a.*.example.com", "a.b.example.com", False),
        ("*.*.example.com", "a.b.example.com", False),
        # an address in a certificate is no name
        ("10.0.0.1", "10.0.0.1", False),
        ("::1", "::1", False),
    ],
)
def test_names_of_a_certificate(pattern: str, name: str, good: bool) -> None:
    assert covers(pattern, name) is good


@pytest.mark.parametrize(
    ("name", "sent"),
    [("api", True), ("my_block", True), ("/run/api.sock", True), ("", False)]
    + [(address, False) for address in ("10.0.0.1", "[::1]", "::1")],
)
def test_names_that_can_be_sent(name: str, sent: bool) -> None:
    assert can_be_sent(name) is sent
