"""The cells of the protocol matrix: each way to pass a request to each real server, as one nginx
sees it."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lint502.behaviour.protocol_table import Outcome
from lint502.lab import client
from lint502.lab.bench import Bench, LabError
from lint502.lab.binary import Nginx, Running
from lint502.lab.client import Request
from lint502.nginx.version import Version
from tools.measure.servers import Endpoint, RealServer
from tools.measure.servers.memcached import KEY

METHODS = ("GET", "POST")

PASSES: dict[str, str] = {
    "http/1.0": "proxy_http_version 1.0; proxy_pass http://{address}/;",
    "http/1.1": "proxy_http_version 1.1; proxy_pass http://{address}/;",
    "http/2": "proxy_http_version 2; proxy_pass http://{address}/;",
    "https/1.0": "proxy_http_version 1.0; proxy_pass https://{address}/;",
    "https/1.1": "proxy_http_version 1.1; proxy_pass https://{address}/;",
    "https/2": "proxy_http_version 2; proxy_pass https://{address}/;",
    "fastcgi": "fastcgi_pass {address};",
    "uwsgi": "uwsgi_pass {address};",
    "suwsgi": "uwsgi_pass suwsgi://{address};",
    "scgi": "scgi_pass {address};",
    "grpc": "grpc_pass grpc://{address};",
    "grpcs": "grpc_pass grpcs://{address};",
    "memcached": f"set $memcached_key {KEY}; memcached_pass {{address}};",
}
"""The ways to pass a request, each with its lines; ``http/1.1`` is ``proxy_pass http://`` with
``proxy_http_version 1.1``."""

HTTP2_TO_UPSTREAMS = Version(1, 29, 4)

_PARAMETERS = {
    "QUERY_STRING": "$query_string",
    "REQUEST_METHOD": "$request_method",
    "CONTENT_TYPE": "$content_type",
    "CONTENT_LENGTH": "$content_length",
    "REQUEST_URI": "$request_uri",
    "PATH_INFO": "$document_uri",
    "DOCUMENT_ROOT": "$document_root",
    "SERVER_PROTOCOL": "$server_protocol",
    "REQUEST_SCHEME": "$scheme",
    "HTTPS": "$https if_not_empty",
    "REMOTE_ADDR": "$remote_addr",
    "REMOTE_PORT": "$remote_port",
    "SERVER_PORT": "$server_port",
    "SERVER_NAME": "$server_name",
}
"""Those that nginx's own ``fastcgi_params``, ``uwsgi_params`` and ``scgi_params`` share."""

_LOG_FORMAT = '    log_format cell "$request_method $request_uri $status";\n'
_SERVER = """\
    server {{
        listen 127.0.0.1:{port};
        server_name lab.example;
        access_log cells.log cell;
{timeouts}{parameters}        fastcgi_param SCRIPT_FILENAME {script};
{locations}    }}
"""
_FAMILIES = ("proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached")

_SECONDS = 1.5
"""nginx's timeouts: longer than any server takes to answer, even on a busy machine."""

PATIENCE_SECONDS = 70
"""nginx's timeouts where a server is waited for, longer than its default ones."""

_AT_ONCE = 6
"""Requests to one endpoint: some have a few workers only, which a strange request keeps busy."""

_BODY = 64
_LOGGED_SECONDS = 10.0

_ERROR = re.compile(
    r"\S+ \S+ \[(?:warn|error|crit|alert|emerg)\] \d+#\d+: (?:\*\d+ )?(?P<message>.*?)"
    r', client: .*?request: "(?P<request>\w+ \S+) '
)
_VARIABLE = (
    (re.compile(r"error:[0-9A-F]+:SSL routines:[^:]*:"), "error:…:"),
    (re.compile(r"(?<=error:…:).*(?=SSL alert number)"), ""),  # OpenSSL's words for it vary
    (re.compile(r'(?<=memcached sent invalid response: )".*"'), "…"),
    (re.compile(r'(?<=upstream sent invalid header)(?:: ".*")?'), "…"),
    (re.compile(r"(?<=peer closed connection in SSL handshake)(?: \(.*?\))?"), "…"),
)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """An endpoint, a way to pass requests to it with a method, and the nginx that does it."""

    server: str
    speaks: str
    variant: str
    passed: str
    method: str
    nginx: Version


class Cells:
    """Several versions of nginx before the same servers, for as long as the bench is there."""

    def __init__(
        self, bench: Bench, nginxes: Iterable[Nginx], servers: Iterable[RealServer]
    ) -> None:
        servers = tuple(servers)
        endpoints = [endpoint for server in servers for endpoint in server.endpoints]
        scripts = [server.folder / "index.php" for server in servers if server.name == "php-fpm"]
        self._fronts = {
            nginx.version: _Front(bench, nginx, endpoints, scripts[0] if scripts else Path("/"))
            for nginx in nginxes
        }
        self._round = 0

    def all(self) -> list[Cell]:
        """All cells that there are; the newest nginx stands for all with POST."""
        newest = max(self._fronts)
        return [
            Cell(server, speaks, variant, passed, method, version)
            for version, front in self._fronts.items()
            for server, speaks, variant, passed in front.paths
            for method in METHODS
            if method == "GET" or (version == newest and passed != "memcached")
        ]

    def measure(self, wanted: Iterable[Cell]) -> dict[Cell, Outcome]:
        """What each cell gives while nginx's timeouts are short."""
        return {cell: outcome for cell, (outcome, _) in self._measured(wanted, 0).items()}

    def wait_for(self, wanted: Iterable[Cell]) -> dict[Cell, tuple[Outcome, float]]:
        """What each cell gives while nginx waits for :data:`PATIENCE_SECONDS`, and after how many
        seconds."""
        return self._measured(wanted, 1)

    def _measured(self, wanted: Iterable[Cell], patience: int) -> dict[Cell, tuple[Outcome, float]]:
        self._round += 1
        requests = {cell: self._fronts[cell.nginx].path(cell, self._round) for cell in wanted}
        queues: dict[tuple[str, str, str], list[Cell]] = {}
        for cell in requests:
            queues.setdefault((cell.server, cell.speaks, cell.variant), []).append(cell)
        for queue in queues.values():  # those of one nginx not all together
            queue.sort(key=lambda cell: (cell.passed, cell.method, cell.nginx))
        seconds: dict[Cell, float] = {}

        def send_all(cells: list[Cell]) -> None:
            while cells:
                with contextlib.suppress(IndexError):  # another thread took the last one
                    cell = cells.pop()
                    request = Request(
                        cell.method, requests[cell], _BODY if cell.method == "POST" else 0
                    )
                    port = self._fronts[cell.nginx].ports[patience]
                    response = client.send(port, request, 2.0 * PATIENCE_SECONDS)
                    seconds[cell] = response.seconds

        with ThreadPoolExecutor(_AT_ONCE * len(queues) or 1) as pool:
            work = [
                pool.submit(send_all, queue) for queue in queues.values() for _ in range(_AT_ONCE)
            ]
            for done in work:
                done.result()
        outcomes: dict[Cell, tuple[Outcome, float]] = {}
        for version, front in self._fronts.items():
            own = {
                cell: f"{cell.method} {path}"
                for cell, path in requests.items()
                if cell.nginx == version
            }
            found = front.outcomes(own.values())
            outcomes |= {cell: (found[request], seconds[cell]) for cell, request in own.items()}
        return outcomes


class _Front:
    """One nginx, with a location for each way to pass a request to each endpoint."""

    def __init__(
        self, bench: Bench, nginx: Nginx, endpoints: Sequence[Endpoint], script: Path
    ) -> None:
        self.paths: dict[tuple[str, str, str, str], str] = {}
        locations = []
        for endpoint in endpoints:
            for passed, lines in PASSES.items():
                if passed.endswith("/2") and nginx.version < HTTP2_TO_UPSTREAMS:
                    continue
                # of one length: a byte of 10 among a binary protocol's lengths would end a line
                path = f"/{len(self.paths):06}"
                self.paths[endpoint.server, endpoint.speaks, endpoint.variant, passed] = path
                lines = lines.format(address=endpoint.address)
                locations.append(f"        location = {path} {{ {lines} }}\n")
        self.ports = (bench.port(), bench.port())
        text = _LOG_FORMAT
        for port, seconds in zip(self.ports, (_SECONDS, PATIENCE_SECONDS), strict=True):
            text += _server(port, seconds, script, "".join(locations))
        self._running = Running(bench, nginx, text, name=f"nginx-{nginx.version}")

    def path(self, cell: Cell, number: int) -> str:
        """The path of a cell's request in a round of requests."""
        return f"{self.paths[cell.server, cell.speaks, cell.variant, cell.passed]}?{number:04}"

    def outcomes(self, requests: Iterable[str]) -> dict[str, Outcome]:
        """What became of requests such as ``GET /000001?0001``."""
        wanted = set(requests)
        deadline = time.monotonic() + _LOGGED_SECONDS
        while not wanted <= (statuses := _statuses(self._running.folder / "cells.log")).keys():
            if time.monotonic() > deadline:
                raise LabError(f"nginx did not log the end of {sorted(wanted - statuses.keys())}")
            time.sleep(0.05)
        logs = _logs(self._running.folder / "error.log")
        return {request: Outcome(statuses[request], logs.get(request, "")) for request in wanted}


def _server(port: int, seconds: float, script: Path, locations: str) -> str:
    parameters = (
        f"        {family}_param {name} {value};\n"
        for family in ("fastcgi", "uwsgi", "scgi")
        for name, value in _PARAMETERS.items()
    )
    timeouts = (
        f"        {family}_{kind}_timeout {seconds * 1000:.0f}ms;\n"
        for family in _FAMILIES
        for kind in ("connect", "read", "send")
    )
    return _SERVER.format(
        port=port,
        timeouts="".join(timeouts),
        parameters="".join(parameters),
        script=script,
        locations=locations,
    )


def _statuses(file: Path) -> dict[str, int]:
    """nginx's ``$status`` of each request."""
    lines = file.read_text("utf-8", "replace").splitlines() if file.exists() else []
    words = (line.rpartition(" ") for line in lines)
    return {request: int(status) for request, _, status in words if status.isdecimal()}


def _logs(file: Path) -> dict[str, str]:
    """The first message on each request."""
    found: dict[str, str] = {}
    for line in file.read_text("utf-8", "replace").splitlines():
        match = _ERROR.match(line)
        if match is not None:
            found.setdefault(match["request"], _without_variable_parts(match["message"]))
    return found


def _without_variable_parts(message: str) -> str:
    for pattern, text in _VARIABLE:
        message = pattern.sub(text, message)
    return message
