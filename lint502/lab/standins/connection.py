"""What a server does on a connection in every protocol: wait, count, give up, and end."""

from __future__ import annotations

import threading
import time
from typing import NoReturn

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.lab.standins.behaviour import Answer, Behaviour
from lint502.lab.standins.wire import LARGEST_READ, Over, Wire

_PEER_CLOSES_SECONDS = 5.0
_PEER_FILLS_ITS_BUFFERS_SECONDS = 0.05
_WITHOUT_A_CERTIFICATE = 400
_NO_HANDSHAKE = 426


class Shared(Struct):
    """What all connections of a server share; see :class:`~lint502.lab.standins.DeclaredServer`."""

    behaviour: Behaviour
    round_trip: float
    peer_closes_first: bool = False
    answer: Answer = field(default_factory=Answer)
    requests: int = 0
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    peer_closed: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Connection:
    """One connection, as a protocol sees it. ``buffer`` is what was received and is not yet used.

    Every method raises :class:`~lint502.lab.standins.wire.Over` where the connection ends, and
    protocols let it pass.
    """

    def __init__(self, wire: Wire, shared: Shared) -> None:
        self.wire = wire
        self.behaviour = shared.behaviour
        self.buffer = bytearray()
        self._shared = shared
        self._served = 0
        self._idle_since: float | None = None

    def fill(self, most: int = LARGEST_READ) -> None:
        """Receive at most this many bytes more into the buffer."""
        data = self.wire.receive(most)
        if not data:
            raise Over
        self.buffer += data

    def read(self, size: int) -> bytes:
        """Exactly this many bytes, and nothing beyond them from the socket."""
        while len(self.buffer) < size:
            self.fill(size - len(self.buffer))
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def take(self) -> bytes:
        """All that is in the buffer."""
        data = bytes(self.buffer)
        self.buffer.clear()
        return data

    def wait_for_request(self, most: int = LARGEST_READ) -> None:
        """Wait until something is in the buffer, as long as an idle connection is kept."""
        if self.buffer:
            return
        try:
            data = self.wire.receive(most, self._idle_seconds())
        except TimeoutError:
            self._close_while_a_request_may_be_on_its_way()
        if not data:
            if self._idle_since is not None and not self._shared.stopping.is_set():
                self._shared.peer_closed.set()
            raise Over
        self.buffer += data

    def begin(self) -> None:
        """Count a request, as soon as its header is there."""
        self._served += 1
        self._idle_since = None
        with self._shared.lock:
            self._shared.requests += 1

    def next_answer(self, reset: bool = False) -> Answer:
        """The answer, when it is time for it. A server that gives up before ends the connection:
        politely, or with a reset."""
        answer, limit = self._shared.answer, self.behaviour.request_timeout
        if limit is not None and answer.wait > limit:
            self.wire.pause(limit)
            if reset:
                self.wire.reset()
            self.wire.finish()
        self.wire.pause(answer.wait)
        if answer.ends:
            self.wire.finish()
        tls = self.behaviour.tls
        if tls is not None and tls.answers_400 and not self.wire.has_certificate:
            return replace(answer, status=_WITHOUT_A_CERTIFICATE)
        if self.behaviour.websocket:
            return replace(answer, status=_NO_HANDSHAKE)
        return answer

    @property
    def last(self) -> bool:
        """Whether the connection ends after the answer to the present request."""
        most = self.behaviour.max_requests
        return not self.behaviour.keepalive or (most is not None and self._served >= most)

    @property
    def says_close(self) -> bool:
        """Whether the answer to the present request has to say that it is the last."""
        return self.last and self.behaviour.announces_close

    def answered(self, peer_knows_the_end: bool) -> None:
        """To be called after each answer: the connection is idle from now on, or ends.

        ``peer_knows_the_end``: it has asked for the end, or the answer has announced it.
        """
        if peer_knows_the_end:
            if self._shared.peer_closes_first:
                self.wire.more_comes(_PEER_CLOSES_SECONDS)
            self.wire.finish()
        if self.last:
            self._close_while_a_request_may_be_on_its_way()
        self._idle_since = time.monotonic()

    def body_fits(self, size: int) -> bool:
        """Whether a request body of this size, or already this much of one, is accepted."""
        most = self.behaviour.request_body
        return most is None or size <= most

    def refuse_body(self) -> None:
        """To be called when a body exceeds the limit: returns where it is to be read to its end and
        then answered with 413."""
        if self.behaviour.overflow == "answer":
            return
        # By then nginx has filled all buffers and waits to send on: it reads the reset.
        self.wire.pause(_PEER_FILLS_ITS_BUFFERS_SECONDS)
        self.wire.reset()

    def refuse_header(self) -> None:
        """To be called when a header exceeds the limit and the rest of it is not yet read: returns
        where it is to be answered."""
        if self.behaviour.overflow == "close":
            self.wire.reset()

    def read_body(self, size: int) -> bool:
        """Read a body of known size; tells whether it was within the limit."""
        most = self.behaviour.request_body
        if most is None or size <= most:
            self._skip(size)
            return True
        self._skip(most)
        self.wire.more_comes()
        self.refuse_body()
        self._skip(size - most)
        return False

    def _skip(self, size: int) -> None:
        while size:
            size -= len(self.read(min(size, LARGEST_READ)))

    def _idle_seconds(self) -> float | None:
        if self._idle_since is None or self.behaviour.idle_timeout is None:
            return None
        decided = self._idle_since + self.behaviour.idle_timeout - self._shared.round_trip
        return max(0.0, decided - time.monotonic())

    def _close_while_a_request_may_be_on_its_way(self) -> NoReturn:
        """The race of every network, made long enough to meet.

        The server has decided to close. What nginx sends from now on, until it hears of that one
        round trip later, reaches nobody.
        """
        self._shared.closing.set()
        self.wire.pause(self._shared.round_trip)
        self.wire.drop()
