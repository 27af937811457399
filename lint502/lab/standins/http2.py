"""HTTP/2, and gRPC on top of it."""

from __future__ import annotations

from collections import deque

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from hpack import Encoder, HeaderTuple, NeverIndexedHeaderTuple
from hyperframe.frame import GoAwayFrame
from msgspec import Struct

from lint502.lab.standins.connection import Connection
from lint502.patterns import regex

_HTTP1 = regex(rb"[A-Z]+ \S+ HTTP/1\.")
"""A request of HTTP/1.1. To h2 it is the begin of a very large frame, for which it would wait."""

_EMPTY_MESSAGE = bytes(5)
"""A gRPC message without compression and without bytes."""

_OF_A_CONNECTION = frozenset(
    ("connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding")
)
"""Headers that make a request malformed (RFC 9113, 8.2.2)."""

_PADDING = "x-padding"
_UNLIMITED = (1 << 31) - 1

_RESOURCE_EXHAUSTED = "8"

_Headers = list[tuple[str, str]]


class _Request(Struct):
    head: bool
    """Whether the method is HEAD."""

    status: int = 200
    size: int = 0
    """Of the body so far."""


class _LiteralEncoder(Encoder):
    """Writes every value as it is: a header's size on the wire is then the one that was asked for.

    Servers do the same with values that Huffman coding would not make shorter.
    """

    def encode(self, headers, huffman=False):  # type: ignore[no-untyped-def]
        return super().encode(headers, False)


def serve(connection: Connection) -> None:
    """Serve requests one after the other until the connection ends."""
    _Session(connection).run()


class _Session:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._grpc = connection.behaviour.protocol == "grpc"
        self._requests: dict[int, _Request] = {}
        self._events: deque[h2.events.Event] = deque()
        self._http2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=False, header_encoding="latin-1", validate_inbound_headers=False
            )
        )
        self._http2.encoder = _LiteralEncoder()
        self._http2.decoder.max_header_list_size = _UNLIMITED

    def run(self) -> None:
        """Handle events in their order; the connection is idle while no request is open.

        Bytes that are not HTTP/2 are answered with SETTINGS and GOAWAY, as servers on hyper do.
        """
        self._connection.wait_for_request()
        self._http2.initiate_connection()
        while True:
            while self._events:
                self._handle(self._events.popleft())
            self._receive()

    def _receive(self) -> None:
        if self._requests:
            if not self._connection.buffer:
                self._connection.fill()
        else:
            self._connection.wait_for_request()
            if self._http2.highest_inbound_stream_id and _HTTP1.match(self._connection.buffer):
                self._connection.wire.finish()
        try:
            events = self._http2.receive_data(self._connection.take())
        except h2.exceptions.ProtocolError:
            if self._http2.state_machine.state is not h2.connection.ConnectionState.CLOSED:
                # h2 has said GOAWAY for every error but a wrong start of the connection.
                self._http2.close_connection(h2.errors.ErrorCodes.PROTOCOL_ERROR)
            self._flush()
            self._connection.wire.finish()
        self._flush()
        if any(isinstance(event, h2.events.ConnectionTerminated) for event in events):
            self._connection.wire.finish()
        self._events += events

    def _flush(self) -> None:
        if data := self._http2.data_to_send():
            self._connection.wire.send(data)

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._begin(event)
        elif isinstance(event, h2.events.DataReceived):
            self._body(event)
        elif isinstance(event, h2.events.StreamEnded):
            if request := self._requests.get(event.stream_id):
                self._answer(event.stream_id, request)
        elif isinstance(event, h2.events.StreamReset):
            self._requests.pop(event.stream_id, None)

    def _begin(self, event: h2.events.RequestReceived) -> None:
        self._connection.begin()
        headers = {_text(name): _text(value) for name, value in event.headers}
        request = _Request(head=headers.get(":method") == "HEAD")
        if not self._connection.behaviour.serves(headers.get(":authority", "")):
            self._connection.wire.finish()
        self._requests[event.stream_id] = request
        if not _OF_A_CONNECTION.isdisjoint(headers) or headers.get("te", "trailers") != "trailers":
            self._refuse(event.stream_id, request)
        most = self._connection.behaviour.request_headers
        if most is not None and sum(len(name) + len(value) for name, value in event.headers) > most:
            request.status = self._connection.behaviour.headers_status
            if self._connection.behaviour.overflow == "close":
                self._reset(event.stream_id)

    def _refuse(self, stream: int, request: _Request) -> None:
        """What becomes of a malformed request."""
        way = self._connection.behaviour.connection_headers
        if way == "answer":
            request.status = 400
        elif way == "reset":
            self._reset(stream, h2.errors.ErrorCodes.PROTOCOL_ERROR)
        elif way == "close":
            self._http2.close_connection(h2.errors.ErrorCodes.PROTOCOL_ERROR)
            self._flush()
            self._connection.wire.finish()

    def _body(self, event: h2.events.DataReceived) -> None:
        self._http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self._flush()
        request = self._requests.get(event.stream_id)
        if request is None:
            return
        request.size += len(event.data)
        if not self._connection.body_fits(request.size) and request.status == 200:
            request.status = 413
            if self._connection.behaviour.overflow != "answer":
                self._reset(event.stream_id)

    def _reset(
        self,
        stream: int,
        code: h2.errors.ErrorCodes = h2.errors.ErrorCodes.ENHANCE_YOUR_CALM,
    ) -> None:
        del self._requests[stream]
        self._http2.reset_stream(stream, code)
        self._flush()
        self._connection.answered(peer_knows_the_end=False)

    def _answer(self, stream: int, request: _Request) -> None:
        answer = self._connection.next_answer()
        if request.status == 200:
            request.status = answer.status
        says_close = self._connection.says_close
        if says_close:
            self._say_that_this_is_the_last(stream)
        try:
            if self._grpc:
                self._answer_grpc(stream, request, answer.header_bytes)
            else:
                headers = [
                    (":status", str(request.status)),
                    ("content-type", "text/plain"),
                    ("content-length", str(len(answer.body))),
                ]
                body = b"" if request.head else answer.body
                self._http2.send_headers(stream, _padded(headers, answer.header_bytes))
                self._send_body(stream, body)
                self._http2.end_stream(stream)
                self._flush()
        except h2.exceptions.StreamClosedError:
            pass  # the client has reset it meanwhile
        self._requests.pop(stream, None)
        self._connection.answered(peer_knows_the_end=says_close)

    def _answer_grpc(self, stream: int, request: _Request, size: int | None) -> None:
        """A refusal has no message: its trailers come at once (gRPC: "Trailers-Only")."""
        headers = [(":status", "200"), ("content-type", "application/grpc")]
        if request.status != 200:
            headers.append(("grpc-status", _RESOURCE_EXHAUSTED))
            self._http2.send_headers(stream, _padded(headers, None), end_stream=True)
        else:
            self._http2.send_headers(stream, _padded(headers, size))
            self._http2.send_data(stream, _EMPTY_MESSAGE)
            self._http2.send_headers(stream, [("grpc-status", "0")], end_stream=True)
        self._flush()

    def _send_body(self, stream: int, body: bytes) -> None:
        """Send as much at a time as the client's windows allow."""
        while body:
            window = self._http2.local_flow_control_window(stream)
            size = min(window, self._http2.max_outbound_frame_size, len(body))
            if size:
                self._http2.send_data(stream, body[:size])
                body = body[size:]
                self._flush()
            else:
                self._receive()

    def _say_that_this_is_the_last(self, stream: int) -> None:
        """GOAWAY goes before the answer, so that nginx knows when the answer is complete; h2's own
        would not let the answer follow."""
        self._flush()
        self._connection.wire.send(GoAwayFrame(0, last_stream_id=stream).serialize())


def _padded(headers: _Headers, size: int | None) -> list[HeaderTuple]:
    fields = [HeaderTuple(name, value) for name, value in headers]
    if size is not None:
        present = sum(len(name) + len(value) for name, value in headers)
        padding = "x" * (size - present - len(_PADDING))
        fields.append(NeverIndexedHeaderTuple(_PADDING, padding))
    return fields


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
