"""A scene: a plan built up on a bench, and what its requests get."""

from __future__ import annotations

import socket as sockets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType

from msgspec.structs import replace

from lint502.evidence import Step
from lint502.lab import client
from lint502.lab.behind import Planned
from lint502.lab.bench import LOOPBACK, Bench, LabError
from lint502.lab.binary import Nginx, Running
from lint502.lab.client import Request
from lint502.lab.front import FrontBehaviour, FrontClient
from lint502.lab.names import MARK, NameServer, dns_mark
from lint502.lab.namespace import OUTSIDE, Machine
from lint502.lab.plan import CERTIFICATES, LISTEN, Plan
from lint502.lab.standins.certificates import Authority
from lint502.lab.standins.proxy_header import is_proxy_header
from lint502.lab.standins.server import DeclaredServer
from lint502.nginx.values import format_size
from lint502.patterns import regex

_UNKNOWN_VARIABLE = regex(r'unknown "(\w+)" variable')
_STATUS_LINE = regex(rb"HTTP/1\.[01] (\d{3})\b")
_MOST_VARIABLES = 50
_ROUND_TRIP = 0.1
_PATIENCE = 20.0
_ACCESS_SECONDS = 5.0
_DATAGRAM_SECONDS = 0.2
_ARRIVAL_SECONDS = 10.0


class Scene:
    """The servers of a plan and nginx before them; use as a context manager.

    ``alone``: only the servers that fail are up. ``socket``: nginx listens on a unix socket.
    ``round_trip`` is that of the emulated network, in seconds; ``nginx_closes_first`` makes the
    servers leave it to nginx to close a connection. ``hosts`` is the file that nginx reads as
    ``/etc/hosts``, and ``machine`` the other one, where the plan needs them.
    """

    def __init__(
        self,
        bench: Bench,
        nginx: Nginx,
        plan: Plan,
        *,
        alone: bool = False,
        socket: bool = False,
        round_trip: float = _ROUND_TRIP,
        nginx_closes_first: bool = False,
        hosts: Path | None = None,
        machine: Machine | None = None,
    ) -> None:
        self.plan = plan
        self.steps: list[Step] = []
        self._bench = bench
        self._round_trip = round_trip
        self._nginx_closes_first = nginx_closes_first
        self._hosts = hosts
        self._machine = machine
        self._names: list[NameServer] = []
        self._addresses = {
            name: planned.addresses
            for planned in plan.servers
            for name in (planned.name, planned.address.host)
        }
        self._places: list[int | Path] = []
        self._texts: dict[str, str] = {}
        self._authority: Authority | None = None
        self._attempts = 0
        self._stack = ExitStack()
        try:
            if plan.as_nobody:
                bench.open_to_others()
            self._listen: int | Path = bench.folder / "listen" if socket else bench.port()
            self._servers = [
                self._serve(number, planned, up=planned.failing or not alone)
                for number, planned in enumerate(plan.servers)
            ]
            self._write_hosts()
            self._start(nginx)
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Scene:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._nginx.stop()
        self._stack.close()

    @property
    def failing(self) -> list[DeclaredServer]:
        """The running servers that the finding is about."""
        pairs = zip(self.plan.servers, self._servers, strict=True)
        return [server for planned, server in pairs if planned.failing and server is not None]

    def stop_failing(self) -> None:
        """End those servers: nothing listens where they were."""
        for server in self.failing:
            server.close()

    def start_failing(self, address: str = "") -> None:
        """Start them again; with an ``address`` they listen there, and so their names say."""
        for number, planned in enumerate(self.plan.servers):
            if not planned.failing or self._servers[number] is None:
                continue
            self._servers[number] = self._started(number, address or planned.bound)
            if address:
                for name in (planned.name, planned.address.host):
                    self._addresses[name] = (address,)
                    for server in self._names:
                        server.change(name, (address,))
        self._write_hosts()

    @contextmanager
    def busy(self, requests: Sequence[Request | bytes]) -> Iterator[None]:
        """While the servers that the finding is about are at work on these requests, which they
        have to take some time for; what came of them is kept at the end."""
        wanted = sum(server.requests for server in self.failing) + len(requests)
        with ThreadPoolExecutor(max(1, len(requests))) as pool:
            futures = [pool.submit(self._held, request) for request in requests]
            deadline = time.monotonic() + _ARRIVAL_SECONDS
            while sum(server.requests for server in self.failing) < wanted:
                if time.monotonic() > deadline or all(future.done() for future in futures):
                    break
                time.sleep(0.005)
            yield
            for future in futures:
                self._keep(*future.result(), opening=True)

    def _held(self, request: Request | bytes) -> tuple[str, int | None, bool]:
        if isinstance(request, bytes):
            assert isinstance(self._listen, int), "a session has a port"
            answer = client.exchange(self._listen, request, _PATIENCE)
            return "session", 200 if answer else 502, bool(answer)
        response = client.send(self._listen, request, _PATIENCE)
        return request.shown, response.status, response.whole

    def check_machine(self) -> None:
        """Raise :class:`~lint502.lab.errors.MachineError` where nginx has logged that the machine
        lacks something."""
        self._nginx.check_machine()

    @property
    def configuration(self) -> str:
        """The whole configuration that runs."""
        return self._nginx.text

    def send(self, request: Request, *, opening: bool = False, cause: bool = False) -> Step:
        """Make a request, and keep what came of it."""
        response = client.send(self._listen, request, _PATIENCE)
        label = request.shown
        if request.handshake:
            label += " with Upgrade"
        if request.body:
            size = format_size(request.body)
            label += f" with {size if size[-1] in 'kmg' else f'{size} bytes'}"
        if request.header:
            label += f" with a header of {format_size(request.header)}"
        return self._keep(label, response.status, response.whole, opening, cause)

    def pass_on(
        self, request: Request | bytes, *, opening: bool = False, cause: bool = False
    ) -> Step:
        """Make a request, or open a session with some bytes."""
        if isinstance(request, bytes):
            return self.session(request, opening=opening, cause=cause)
        return self.send(request, opening=opening, cause=cause)

    def session(self, data: bytes, *, opening: bool = False, cause: bool = False) -> Step:
        """Pass some bytes through ``stream {}``; the status is that of the access log,
        or of an HTTP server that answers."""
        assert isinstance(self._listen, int), "a session has a port"
        answer = client.exchange(self._listen, data, _PATIENCE, datagrams=self.plan.datagrams)
        # to a server that does not expect it the header is data, which may come back as such
        step = self._keep("session", None, bool(answer) and not is_proxy_header(answer))
        spoken = _STATUS_LINE.match(answer)
        logged = self._accesses[-1].split()[0] if self._accesses else ""
        status = spoken[1].decode() if spoken is not None else logged
        self.steps[-1] = replace(
            step,
            status=int(status) if status.isdecimal() else None,
            opening=opening,
            cause=cause,
        )
        return self.steps[-1]

    def front(self, behaviour: FrontBehaviour) -> FrontClient:
        """What stands before this nginx."""
        assert isinstance(self._listen, int), "it connects to a port"
        return self._stack.enter_context(closing(FrontClient(self._listen, behaviour)))

    def through(self, front: FrontClient, request: Request, *, opening: bool = False) -> Step:
        """Make a request by way of a front, and keep what its client got."""
        response = front.send(request)
        step = Step(
            f"{request.shown} by way of the front",
            response.status,
            response.whole,
            self._new_log(),
            opening,
        )
        self.steps.append(step)
        return step

    def _keep(
        self,
        label: str,
        status: int | None,
        whole: bool,
        opening: bool = False,
        cause: bool = False,
    ) -> Step:
        # a session of datagrams has no end that anybody would notice
        patience = _DATAGRAM_SECONDS if self.plan.datagrams else _ACCESS_SECONDS
        self._accesses = self._nginx.wait_for_accesses(len(self.steps) + 1, patience)
        step = Step(label, status, whole, self._new_log(), opening, cause)
        self.steps.append(step)
        return step

    def _new_log(self) -> tuple[str, ...]:
        return tuple(
            self._declared(line.message)
            for line in self._nginx.new_lines()
            if line.level not in ("warn", "emerg")
        )

    def _serve(self, number: int, planned: Planned, *, up: bool) -> DeclaredServer | None:
        """Start a server of the plan, and note where it is; None where nothing listens."""
        address = planned.address
        where = self._listen if planned.itself else self._place(number, planned, up=up)
        host = planned.name or (OUTSIDE if planned.elsewhere else LOOPBACK)
        self._places.append(where)
        if isinstance(where, int):
            self._texts[planned.mark] = f"{host}:{where}"
            self._texts[f"@port of {address}@"] = str(where)
        else:
            self._texts[planned.mark] = f"unix:{where}{planned.beyond}"
        if planned.behaviour is None or planned.itself or not up:
            return None
        server = self._started(number, planned.bound)
        if planned.directory is not None and isinstance(where, Path):
            self._stack.callback(where.parent.chmod, 0o700)  # or nobody could clear it up
            where.parent.chmod(planned.directory)
        return server

    def _started(self, number: int, bound: str) -> DeclaredServer:
        """Start a server of the plan in its place, on one address of the loopback."""
        planned, where = self.plan.servers[number], self._places[number]
        assert planned.behaviour is not None, "something listens there"
        if planned.behaviour.tls is not None and self._authority is None:
            self._authority = Authority()
        at: int | Path | sockets.socket = where
        if planned.elsewhere and isinstance(where, int):
            assert self._machine is not None, "a way leads there"
            at = self._machine.listening(where)
        elif bound != LOOPBACK and isinstance(where, int):
            at = _bound(bound, where)
        return self._stack.enter_context(
            DeclaredServer(
                planned.behaviour,
                at,
                mode=planned.mode,
                round_trip=self._round_trip,
                authority=self._authority,
                peer_closes_first=self._nginx_closes_first,
            )
        )

    def _write_hosts(self) -> None:
        """The addresses of the names that nginx looks up when it starts."""
        if not self.plan.found_at_start:
            return
        assert self._hosts is not None, "nginx reads a file of its own"
        names = dict.fromkeys(server.name for server in self.plan.servers if server.name)
        lines = (f"{address} {name}\n" for name in names for address in self._addresses[name])
        self._hosts.write_text("".join(lines), encoding="utf-8")

    def _place(self, number: int, planned: Planned, *, up: bool) -> int | Path:
        if planned.address.socket is not None:
            if planned.directory is None:
                return self._bench.folder / f"{number}.sock"
            folder = self._bench.folder / str(number)
            folder.mkdir()
            return folder / "sock"
        up = up and planned.behaviour is not None
        return self._bench.port() if up else self._bench.closed_port()

    def _start(self, nginx: Nginx) -> None:
        """nginx with the plan; variables that only the left-out parts would set are empty."""
        listen = self._listen
        self._texts[LISTEN] = (
            f"{LOOPBACK}:{listen}" if isinstance(listen, int) else f"unix:{listen}"
        )
        text = self.plan.http + self.plan.stream
        for number in sorted({int(found[1]) for found in MARK.finditer(text)}):
            self._texts[dns_mark(number)] = f"{LOOPBACK}:{self._name_server(number).port}"
        if CERTIFICATES in text:
            folder = self._bench.folder / "certificates"
            folder.mkdir()
            self._authority = self._authority or Authority()
            self._authority.write(folder)
            self._texts[CERTIFICATES] = str(folder)
        http, stream = self._filled(self.plan.http), self._filled(self.plan.stream)
        for _ in range(_MOST_VARIABLES):
            unknown = self._run(nginx, http, stream)
            if unknown is None:
                return
            empty = f'    map "" ${unknown} {{\n        default "";\n    }}\n'
            http, stream = http and empty + http, stream and empty + stream
        raise LabError(f"more than {_MOST_VARIABLES} variables are set elsewhere")

    def _name_server(self, number: int) -> NameServer:
        """Start one, with the names that it knows."""
        unknown = self.plan.unknown_to.get(number, ())
        names = (name for name in self.plan.names if name not in unknown)
        server = NameServer({name: self._addresses.get(name, (LOOPBACK,)) for name in names})
        self._names.append(self._stack.enter_context(closing(server)))
        return server

    def _run(self, nginx: Nginx, http: str, stream: str) -> str | None:
        """Run nginx; gives the variable that it does not know, if that is what stops it."""
        self._attempts += 1
        try:
            name = f"nginx-{self._attempts}"
            nobody = self.plan.as_nobody
            self._nginx = Running(self._bench, nginx, http, stream, name, as_nobody=nobody)
        except LabError as error:
            unknown = _UNKNOWN_VARIABLE.search(str(error))
            if unknown is None:
                raise
            return unknown[1]
        return None

    def _filled(self, text: str) -> str:
        for mark, place in self._texts.items():
            text = text.replace(mark, place)
        return text

    def _declared(self, message: str) -> str:
        """A message of nginx with the user's addresses in the place of the lab's."""
        for mark, place in self._texts.items():
            if mark.startswith("@port of "):
                continue
            message = message.replace(place, mark.strip("@"))
        return message


def _bound(address: str, port: int) -> sockets.socket:
    """A socket on another address of the loopback."""
    family = sockets.AF_INET6 if ":" in address else sockets.AF_INET
    bound = sockets.socket(family, sockets.SOCK_STREAM)
    try:
        bound.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        raise LabError(f"nothing can listen on {address}: {error.strerror}") from None
    return bound
