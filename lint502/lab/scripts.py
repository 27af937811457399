"""Scripts: the requests that make a kind of mistake visible."""

from __future__ import annotations

import time
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from lint502.lab.client import Request
from lint502.lab.front import FrontBehaviour
from lint502.lab.scene import Scene

_ANOTHER = "127.0.0.2"
"""An address to which a server moves."""

_UNTIL_ASKED = 2.1
"""Seconds after which nginx asks for a name again, of which an answer holds for one second."""


class Script(Protocol):
    """What is done in a scene; the scene keeps what came of each request."""

    def play(self, scene: Scene) -> None:
        """Make the requests."""


class Once(Struct, frozen=True):
    """Each request once, one after the other. ``before``: one that does no harm, which shows that
    what comes of the others is not everybody's."""

    requests: tuple[Request, ...]
    before: Request | None = None

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        if self.before is not None:
            scene.send(self.before, opening=True)
        for request in self.requests:
            scene.send(request)


class LargeHeader(Struct, frozen=True):
    """Requests whose answers have a header of ``size`` bytes, from the servers that the finding is
    about; ``before`` them one with a small header."""

    before: Request
    requests: tuple[Request, ...]
    size: int

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        scene.send(self.before, opening=True)
        for server in scene.failing:
            server.answer = replace(server.answer, header_bytes=self.size)
        for request in self.requests:
            scene.send(request)


class Slow(Struct, frozen=True):
    """A request whose answer takes ``wait`` seconds to start, after one that is answered at
    once. For ``stream {}`` it is bytes."""

    request: Request | bytes
    wait: float

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        scene.pass_on(self.request, opening=True)
        for server in scene.failing:
            server.answer = replace(server.answer, wait=self.wait)
        scene.pass_on(self.request)


class NotAtOnce(Struct, frozen=True):
    """Requests whose answers all take ``wait`` seconds to start."""

    requests: tuple[Request | bytes, ...]
    wait: float

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        for server in scene.failing:
            server.answer = replace(server.answer, wait=self.wait)
        for request in self.requests:
            scene.pass_on(request)


class Race(Struct, frozen=True):
    """Each request on a kept connection that the upstream is just closing.

    ``opening`` leaves the connection open; ``idle`` is after how many seconds the upstream closes
    it, when it has had so many ``openings``. Where nginx closes it first, the request gets a fresh
    one.
    """

    opening: Request
    requests: tuple[Request, ...]
    idle: float
    openings: int = 1

    def play(self, scene: Scene) -> None:
        """Make the requests, each after one that opens a connection."""
        for request in self.requests:
            (server,) = scene.failing
            server.closing.clear()
            server.peer_closed.clear()
            for _ in range(self.openings):
                scene.send(self.opening, opening=True)
            deadline = time.monotonic() + self.idle + 5
            while time.monotonic() < deadline:
                if server.closing.is_set() or server.peer_closed.is_set():
                    break
                time.sleep(0.001)
            scene.send(request)


class Crowd(Struct, frozen=True):
    """As many requests as there are local ports, and one more."""

    request: Request
    ports: int

    def play(self, scene: Scene) -> None:
        """Make the requests until one finds no port left."""
        scene.send(self.request, opening=True)
        for _ in range(self.ports):
            step = scene.send(self.request)
            if step.status != 200:
                break


class Repeated(Struct, frozen=True):
    """The same request several times; for ``stream {}`` it is bytes."""

    request: Request | bytes
    times: int

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        for _ in range(self.times):
            scene.pass_on(self.request)


class Restarted(Struct, frozen=True):
    """Requests after the servers that the finding is about were down for as long as so many
    ``failures``; before that one that is answered. For ``stream {}`` it is bytes."""

    request: Request | bytes
    times: int
    failures: int = 1

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        scene.pass_on(self.request, opening=True)
        scene.stop_failing()
        for _ in range(self.failures):
            scene.pass_on(self.request, cause=True)
        scene.start_failing()
        for _ in range(self.times):
            scene.pass_on(self.request)


class Cached(Struct, frozen=True):
    """A request to a server that is down, and the same when it is back; ``before``, another one
    that is answered."""

    before: Request | None
    request: Request

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        if self.before is not None:
            scene.send(self.before, opening=True)
        scene.stop_failing()
        scene.send(self.request, cause=True)
        scene.start_failing()
        scene.send(self.request)


class Moved(Struct, frozen=True):
    """Requests after the servers that the finding is about got another address, and nginx had time
    to ask for it; before that one that is answered. For ``stream {}`` it is bytes."""

    request: Request | bytes
    times: int

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        scene.pass_on(self.request, opening=True)
        scene.stop_failing()
        scene.start_failing(_ANOTHER)
        time.sleep(_UNTIL_ASKED)
        for _ in range(self.times):
            scene.pass_on(self.request)


class AskedAnew(Struct, frozen=True):
    """The same request several times, each once nginx asks for its name again. For ``stream {}`` it
    is bytes."""

    request: Request | bytes
    times: int

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        for number in range(self.times):
            if number:
                time.sleep(_UNTIL_ASKED)
            scene.pass_on(self.request)


class Session(Struct, frozen=True):
    """Bytes through ``stream {}``, as often as it takes to meet each server."""

    data: bytes
    times: int

    def play(self, scene: Scene) -> None:
        """Open the sessions."""
        for _ in range(self.times):
            scene.session(self.data)


class ThroughFront(Struct, frozen=True):
    """A request by way of a front."""

    behaviour: FrontBehaviour
    request: Request

    def play(self, scene: Scene) -> None:
        """Make the request."""
        scene.through(scene.front(self.behaviour), self.request)


class LargeThroughFront(Struct, frozen=True):
    """A request by way of a front, to servers that answer with a header of ``size`` bytes; before
    it one with a small header."""

    behaviour: FrontBehaviour
    request: Request
    size: int

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        scene.through(scene.front(self.behaviour), self.request, opening=True)
        for server in scene.failing:
            server.answer = replace(server.answer, header_bytes=self.size)
        scene.through(scene.front(self.behaviour), self.request)


class LateThroughFront(Struct, frozen=True):
    """A request by way of a front, to servers whose answers take ``wait`` seconds to start; before
    it one that is answered at once."""

    behaviour: FrontBehaviour
    request: Request
    wait: float

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        scene.through(scene.front(self.behaviour), self.request, opening=True)
        for server in scene.failing:
            server.answer = replace(server.answer, wait=self.wait)
        scene.through(scene.front(self.behaviour), self.request)


class FrontRace(Struct, frozen=True):
    """A second request on the connection of the first, ``idle`` seconds later, which takes
    ``trip`` seconds to get to nginx; so does the news that nginx has closed the connection."""

    behaviour: FrontBehaviour
    request: Request
    idle: float
    trip: float

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        front = scene.front(self.behaviour)
        scene.through(front, self.request, opening=True)
        time.sleep(self.idle + self.trip)
        scene.through(front, self.request)


class AfterErrors(Struct, frozen=True):
    """Requests after so many ``failures``: answers with ``status`` to another URL."""

    requests: tuple[Request, ...]
    status: int
    failures: int

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        scene.send(self.requests[0], opening=True)
        for server in scene.failing:
            server.answer = replace(server.answer, status=self.status)
        cause = replace(self.requests[0], path=f"{self.requests[0].path}?fails")
        for _ in range(self.failures):
            scene.send(cause, cause=True)
        for server in scene.failing:
            server.answer = replace(server.answer, status=200)
        for request in self.requests:
            scene.send(request)


class Answering(Struct, frozen=True):
    """Requests to which the servers that the finding is about answer with ``status``."""

    requests: tuple[Request, ...]
    status: int

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        for server in scene.failing:
            server.answer = replace(server.answer, status=self.status)
        for request in self.requests:
            scene.send(request)


class Busy(Struct, frozen=True):
    """A request while the servers are at work on ``held`` others, each for ``seconds``."""

    request: Request | bytes
    held: int
    seconds: float

    def play(self, scene: Scene) -> None:
        """Make the requests."""
        scene.pass_on(self.request, opening=True)
        for server in scene.failing:
            server.answer = replace(server.answer, wait=self.seconds)
        with scene.busy((self.request,) * self.held):
            for server in scene.failing:
                server.answer = replace(server.answer, wait=0.0)
            scene.pass_on(self.request)
