"""What a server of HTTP does: versions, whether it keeps connections, framing, WebSockets."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Sequence

from lint502.probing import http1, other_protocols
from lint502.probing.answers import Seen, known_server
from lint502.probing.http1 import Response
from lint502.probing.talk import GoneError, Talk

MOST_PATHS = 4
"""Of WebSockets that are asked for."""

_SOON = 0.3
"""Seconds in which a server closes that does not keep a connection."""

_REFUSES_VERSION = frozenset((400, 403, 426, 505))
_ABSENT = "unknown.lint502.invalid"


def versions(talk: Talk, first: Response | None) -> Seen:
    """The versions of HTTP that are taken: 1.0, 1.1, and 2 with prior knowledge or by ALPN. Takes
    three connections; ``first`` is the answer to 1.1, where there is one."""
    found = []
    usual = None if first is None else first.status
    for version in ("1.0", "1.1"):
        response = first if version == "1.1" else None
        if response is None:
            response = _asked(talk, version)
        if response is None:
            continue
        usual = response.status if usual is None else usual
        if response.status not in _REFUSES_VERSION or (
            response.status == usual and not talk.way.http2
        ):
            found.append(version)
    try:
        with talk.open(http2=True) as connection:
            chosen = connection.tls is None or connection.tls.selected_alpn_protocol() == "h2"
            if chosen and other_protocols.speaks_http2(connection):
                found.append("2")
    except GoneError:
        pass
    return Seen("http_versions", tuple(found) or None, why="" if found else "it answered none")


def _asked(talk: Talk, version: str) -> Response | None:
    try:
        with talk.open(http2=False) as connection:
            return http1.ask(connection, http1.request(talk.host, version=version), body=False)
    except GoneError:
        return None


def reuse(talk: Talk) -> Iterator[Seen]:
    """Two requests on one connection: whether it is kept, and how the answers are framed."""
    with talk.open() as connection:
        response = http1.ask(connection, http1.request(talk.host))
        if response is None:
            yield Seen("keepalive", why="no answer came this time")
            return
        yield _framing(response)
        why = "others may be larger"
        yield Seen("limits.response_headers", response.head_size, why=why, at_least=True)
        named = [known_server(value) for value in response.all_of("server")]
        server = next((one for one in named if one is not None), None)
        written = ", ".join(response.all_of("server"))
        why = "lint502 knows no such server" if written else "it does not name itself"
        yield Seen("server", server, written, "" if server else why)
        if not response.whole:
            yield Seen("keepalive", why="its answer did not end in time")
            return
        if response.says_close and response.status >= 400:
            yield Seen("keepalive", why=f"it answered {response.status}, and closes after that")
            return
        if response.says_close:
            yield Seen("keepalive", False)
            yield Seen("keepalive.announces_close", True)
            return
        rest = connection.hear(bool, until=time.monotonic() + _SOON)
        if rest.end in ("closed", "reset"):
            yield Seen("keepalive", False)
            yield Seen("keepalive.announces_close", False)
            return
        again = None if rest.data else http1.ask(connection, http1.request(talk.host), body=False)
        if again is None:
            yield Seen("keepalive", False, why="a second request on the connection got no answer")
        else:
            yield Seen("keepalive", True)


def _framing(response: Response) -> Seen:
    """Whether nginx, from 1.23 on, takes the answer's framing."""
    lengths, encodings = response.all_of("content-length"), response.all_of("transfer-encoding")
    wrong = ""
    if lengths and encodings:
        wrong = "Content-Length with Transfer-Encoding"
    elif len(lengths) > 1:
        wrong = "Content-Length twice"
    elif len(encodings) > 1:
        wrong = "Transfer-Encoding twice"
    elif lengths and not re.fullmatch(r"\d+", lengths[0], re.ASCII):
        wrong = "a Content-Length that is no number"
    elif encodings and encodings[0].lower() != "chunked":
        wrong = "a Transfer-Encoding that nginx does not know"
    if wrong:
        return Seen("framing", words=wrong, why="nginx answers 502 from 1.23 on", wrong=True)
    plain = "Transfer-Encoding: chunked" if encodings else "Content-Length"
    return Seen("framing", words=plain if lengths or encodings else "the end of the connection")


def websockets(talk: Talk, paths: Sequence[str]) -> Iterator[Seen]:
    """The handshake of WebSockets at each path, closed at once. One with a slash at its end stands
    for all below it: where nothing is at it itself, that says little."""
    found, doubts, refused = [], [], []
    for path in paths[:MOST_PATHS]:
        response = _upgrade(talk, path)
        if response is not None and response.status == 101:
            found.append(path)
        elif response is None:
            refused.append(f"{path}: no answer")
        elif path.endswith("/") or response.status in (401, 403, 407, 429, 500, 502, 503, 504):
            doubts.append(f"{path} answered {response.status}")
        else:
            refused.append(f"{path} answered {response.status}")
    doubts += paths[MOST_PATHS:]
    if refused:
        yield Seen("websocket", tuple(found), ", ".join(refused))
    elif doubts:
        yield Seen("websocket", None, ", ".join(found), ", ".join(doubts))
    else:
        yield Seen("websocket", tuple(found))


def _upgrade(talk: Talk, path: str) -> Response | None:
    key = base64.b64encode(b"lint502 asks now").decode()
    fields = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
        ("Origin", f"http{'s' if talk.way.tls else ''}://{talk.host}"),
    ]
    try:
        with talk.open(http2=False) as connection:
            asked = http1.request(talk.host, path=path, fields=fields)
            response = http1.ask(connection, asked, body=False)
            if response is not None and response.status == 101:
                connection.send(b"\x88\x82\0\0\0\0\x03\xe8")  # a masked close frame, 1000
            return response
    except GoneError:
        return None


def unknown_host(talk: Talk) -> Seen:
    """What becomes of a request for a Host that nobody serves."""
    with talk.open() as connection:
        connection.send(http1.request(_ABSENT))
        response = http1.hear(connection, body=False)
        if response is not None:
            return Seen("unknown_host", "answer", f"answer, with {response.status}")
        heard = connection.hear(bool)
    if heard.end in ("closed", "reset"):
        return Seen("unknown_host", "close")
    return Seen("unknown_host", why="no answer in time")


def is_grpc(talk: Talk) -> bool | None:
    """Whether HTTP/2 is that of gRPC: by what it says to a HEAD, for its methods are all POST. None
    where that does not show. Raises :class:`ModuleNotFoundError` without h2."""
    import h2.config
    import h2.connection
    import h2.events
    import h2.exceptions

    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="latin-1"))
    client.initiate_connection()
    fields = [
        (":method", "HEAD"),
        (":scheme", "https" if talk.way.tls else "http"),
        (":authority", talk.host),
        (":path", "/lint502.Probe/Ask"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    client.send_headers(1, fields, end_stream=True)
    with talk.open(http2=True) as connection:
        connection.send(client.data_to_send())
        for _ in range(64):
            heard = connection.hear(other_protocols.has_frame)
            data, rest = other_protocols.first_frame(heard.data)
            if not data:
                return None
            connection.put_back(rest)
            try:
                events = client.receive_data(data)
            except h2.exceptions.ProtocolError:
                return None
            for event in events:
                headers = getattr(event, "headers", None)
                if headers is not None:
                    names = {str(name): str(value) for name, value in headers}
                    kind = names.get("content-type", "")
                    return kind.startswith("application/grpc") or "grpc-status" in names
                if isinstance(event, h2.events.StreamReset):
                    return None
            connection.send(client.data_to_send())
    return None
