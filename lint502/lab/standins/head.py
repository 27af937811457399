"""Response headers of an exact size, as HTTP/1 and the CGI protocols write them."""

from __future__ import annotations

from collections.abc import Sequence

_PADDING = "X-Padding: "
_LINE_END = "\r\n"

_REASONS = {
    101: "Switching Protocols",
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    413: "Content Too Large",
    426: "Upgrade Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""RFC 9110 and RFC 6585; Python's own differ between its versions."""


def status_text(status: int) -> str:
    """Such as ``413 Content Too Large``; knows what declared servers answer with."""
    return f"{status} {_REASONS[status]}"


def head(lines: Sequence[str], size: int | None) -> bytes:
    """The lines and the empty line, padded with one more header to ``size`` bytes."""
    text = _LINE_END.join((*lines, "", ""))
    if size is not None:
        padding = size - len(text) - len(_PADDING) - len(_LINE_END)
        text = _LINE_END.join((*lines, _PADDING + "x" * padding, "", ""))
    return text.encode("ascii")
