"""Requests of HTTP/1, and what is answered: as it came, for framing is what is looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from lint502 import __version__
from lint502.patterns import regex
from lint502.probing.wire import Connection, End

_STATUS_LINE = regex(rb"HTTP/1\.([01]) +(\d{3})(?: [^\r\n]*)?\r?\n")
_HEAD_END = regex(rb"\r?\n\r?\n")
_CHUNK_SIZE = regex(rb"[0-9a-fA-F]{1,8}")
_MOST_BODY = 1024 * 1024
_AGENT = f"lint502/{__version__}"

Fields = Sequence[tuple[str, str]]


class Response(Struct, frozen=True):
    """An answer: its minor version, status and fields (names in small letters, as often as they
    came), the size of its head in bytes, and how reading it ended. ``whole``: all of it came."""

    minor: int
    status: int
    fields: tuple[tuple[str, str], ...]
    head_size: int
    end: End
    whole: bool

    def all_of(self, name: str) -> tuple[str, ...]:
        """The values of a field, one for each time that it came."""
        return tuple(value for key, value in self.fields if key == name)

    def has(self, name: str, token: str) -> bool:
        """Whether a field that is a list has a word."""
        words = ",".join(self.all_of(name)).lower().split(",")
        return token in (word.strip() for word in words)

    @property
    def says_close(self) -> bool:
        """Whether the connection is said to end with this answer."""
        if self.minor == 0:
            return not self.has("connection", "keep-alive")
        return self.has("connection", "close")


def request(
    host: str,
    *,
    method: str = "GET",
    path: str = "/",
    version: str = "1.1",
    fields: Fields = (),
) -> bytes:
    """A request that changes nothing. What a name or a path must not have is left out of it."""
    lines = [f"{method} {_clean(path) or '/'} HTTP/{version}", f"Host: {_clean(host)}"]
    lines += [f"User-Agent: {_AGENT}", "Accept: */*"]
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join((*lines, "", "")).encode("ascii", "ignore")


def _clean(text: str) -> str:
    return re.sub(r"[\x00-\x20\x7f]+", "", text)


def padding(size: int) -> list[tuple[str, str]]:
    """Fields that make a head ``size`` bytes larger, give or take a few; neither so long nor so
    many that servers refuse them for that."""
    width = max(4000, size // 50)
    fields: list[tuple[str, str]] = []
    while size > 0:
        name = f"X-Lint502-{len(fields)}"
        value = max(1, min(width, size) - len(name) - 4)
        fields.append((name, "a" * value))
        size -= len(name) + 4 + value
    return fields


def ask(connection: Connection, asked: bytes, *, body: bool = True) -> Response | None:
    """What is answered to a request, None where that is no HTTP/1; what is said in between (100,
    103) is passed over. ``body``: one may follow the head."""
    connection.send(asked)
    return hear(connection, body=body)


def hear(connection: Connection, *, body: bool = True) -> Response | None:
    """The next answer on a connection."""
    for _ in range(5):
        heard = connection.hear(_is_no_head)
        match = _STATUS_LINE.match(heard.data)
        end = _HEAD_END.search(heard.data)
        if match is None:
            connection.put_back(heard.data)
            return None
        head = heard.data[: end.end()] if end else heard.data
        fields = tuple(_fields(head[match.end() :]))
        status = int(match[2])
        response = Response(int(match[1]), status, fields, len(head), heard.end, end is not None)
        if end is None:
            return response
        connection.put_back(heard.data[end.end() :])
        if status >= 200 or status == 101:
            return (
                response if not body or status in (101, 204, 304) else _body(connection, response)
            )
    return None


def _is_no_head(data: bytes) -> bool:
    """Whether no more is needed: the head is there, or it is none."""
    if not b"HTTP/1.".startswith(data[:7]) and not data.startswith(b"HTTP/1."):
        return True
    return _HEAD_END.search(data) is not None


def _fields(text: bytes) -> list[tuple[str, str]]:
    fields = []
    for line in text.split(b"\n"):
        name, colon, value = line.strip(b"\r").partition(b":")
        if colon:
            fields.append((name.decode("latin-1").strip().lower(), value.decode("latin-1").strip()))
    return fields


def _body(connection: Connection, response: Response) -> Response:
    """The answer once its body has come, or as much of it as is read."""
    lengths = response.all_of("content-length")
    if response.has("transfer-encoding", "chunked"):
        heard = connection.hear(_chunks_end, _MOST_BODY)
        whole = _chunks_end(heard.data)
    elif lengths and re.fullmatch(r"\d{1,18}", lengths[0], re.ASCII):
        size = int(lengths[0])
        heard = connection.hear(lambda data: len(data) >= size, min(size, _MOST_BODY))
        whole = len(heard.data) >= size
        connection.put_back(heard.data[size:])
    else:
        heard = connection.hear(lambda _: False, _MOST_BODY)
        whole = heard.end == "closed"
    return Response(
        response.minor, response.status, response.fields, response.head_size, heard.end, whole
    )


def _chunks_end(data: bytes) -> bool:
    """Whether the last chunk has come; followed from chunk to chunk."""
    at = 0
    while at < len(data):
        end = data.find(b"\r\n", at)
        if end < 0:
            return False
        written = _CHUNK_SIZE.match(data, at, end)
        if written is None:
            return True  # it is no chunk: there is nothing to wait for
        size = int(written[0], 16)
        at = end + 2 + size + 2
        if size == 0:
            return b"\r\n\r\n" in data[end:]
    return False
