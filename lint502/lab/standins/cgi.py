"""What FastCGI, SCGI and uwsgi have in common: a request's variables, and the response."""

from __future__ import annotations

from lint502.lab.standins.behaviour import Answer
from lint502.lab.standins.head import head, status_text


def content_length(variables: dict[bytes, bytes]) -> int:
    """Of the request body; 0 where nginx does not know it."""
    length = variables.get(b"CONTENT_LENGTH", b"")
    return int(length) if length.isdigit() else 0


def response(answer: Answer, status: int, first: str = "Status: ") -> bytes:
    """The header, which starts with ``first`` and the status, and the body; a ``status`` other than
    200 replaces that of the answer."""
    lines = (
        f"{first}{status_text(answer.status if status == 200 else status)}",
        "Content-Type: text/plain",
        f"Content-Length: {len(answer.body)}",
    )
    return head(lines, answer.header_bytes) + answer.body
