from __future__ import annotations

from lint502.ladder.wanted import Wanted


def test_a_password_is_not_shown() -> None:
    found = Wanted.read("https://user:secret@shop.example.com:8443/a@b?c#d", "GET", [])
    assert (found.url, found.authority) == (
        "https://shop.example.com:8443/a@b?c#d",
        "shop.example.com:8443",
    )
    assert (found.host, found.port, found.target) == ("shop.example.com", 8443, "/a@b?c")
