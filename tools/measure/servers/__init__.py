"""Real servers for the lab, of the families that profiles describe.

Each runs with its own defaults, as a child of a bench, on ports of 127.0.0.1, and writes nowhere
but in the bench's folder. Where we are root, those that refuse to be root run as ``nobody``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from lint502.lab.bench import Bench, LabError, listens
from lint502.lab.binary import Nginx
from tools.measure.servers import (
    apache,
    caddy,
    certificates,
    javascript,
    lighttpd,
    memcached,
    newest,
    node,
    perl,
    php,
    products,
    proxies,
    python,
    ruby,
    tomcat,
    upstream_nginx,
    uwsgi,
)
from tools.measure.servers.model import Endpoint, Family, Program, Room

__all__ = ["Endpoint", "Family", "RealServer", "families", "installed", "measured", "start"]

_SECONDS = 120.0
"""How long a server may take to listen, with all of them starting at once on a busy machine."""

_TRIES = 3


@dataclass(frozen=True, slots=True)
class RealServer:
    """A server that runs: the name of its profile, its version, its endpoints and its folder, and
    the machine's OpenSSL, as :class:`Family` has it."""

    name: str
    version: str
    endpoints: tuple[Endpoint, ...]
    folder: Path
    openssl: str = ""


def families(behind: Nginx | None = None) -> tuple[Family, ...]:
    """All that the lab can run, by name; ``behind`` is the nginx that is an upstream."""
    others = (
        apache.FAMILY,
        caddy.FAMILY,
        memcached.FAMILY,
        node.FAMILY,
        php.FAMILY,
        tomcat.FAMILY,
        uwsgi.FAMILY,
    )
    return tuple(
        sorted(
            (*others, *python.FAMILIES, upstream_nginx.family(behind)),
            key=lambda family: family.name,
        )
    )


def measured() -> tuple[Family, ...]:
    """Those of which only the profile is compared, on every machine that runs the tests."""
    return (
        lighttpd.FAMILY,
        php.BUILT_IN,
        *perl.FAMILIES,
        *proxies.FAMILIES,
        *python.MEASURED,
        *ruby.FAMILIES,
    )


def installed() -> tuple[Family, ...]:
    """Those of which only the profile is compared, where they are installed."""
    others = (
        *javascript.FAMILIES,
        *newest.FAMILIES,
        *perl.INSTALLED,
        *products.FAMILIES,
        *python.INSTALLED,
    )
    return tuple(filter(_here, others))


def _here(family: Family) -> bool:
    try:
        family.version()
    except LabError:
        return False
    return True


def start(bench: Bench, wanted: Iterable[Family]) -> list[RealServer]:
    """Start servers, all at once, and wait until each of them listens.

    Raises :class:`LabError` where one is not installed or does not start.
    """
    if os.geteuid() == 0:
        bench.folder.chmod(0o711)  # those that run as nobody have to get to their own folder
    starter = _Starter(bench)
    begun = [(family, starter.begin(family)) for family in wanted]
    return [starter.finish(family, running) for family, running in begun]


@dataclass(frozen=True, slots=True)
class _Running:
    """A family's programs, each with its child and the name of what it prints."""

    folder: Path
    programs: tuple[tuple[Program, Popen[bytes], str], ...]


class _Starter:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._certificate = certificates.make(Path(tempfile.mkdtemp(dir=bench.folder)))
        self._given: set[int] = set()
        self._begun = 0

    def begin(self, family: Family) -> _Running:
        self._begun += 1
        folder = self._bench.folder / f"{family.name}-{self._begun}"
        folder.mkdir()
        own = {"HOME": str(folder), "TMPDIR": str(folder)}
        programs: list[tuple[Program, Popen[bytes], str]] = []
        for program in family.programs(Room(folder, self._port, self._certificate)):
            name = f"{folder.name}-{len(programs)}"
            child = self._bench.start(program.command, name, {**own, **program.environment})
            programs.append((program, child, name))
        return _Running(folder, tuple(programs))

    def finish(self, family: Family, running: _Running) -> RealServer:
        """Wait for what has begun; where a port was taken meanwhile, begin once more."""
        for _ in range(1, _TRIES):
            try:
                self._wait(running)
                break
            except LabError:
                if all(child.poll() is None for _, child, _ in running.programs):
                    raise
            for _, child, _ in running.programs:
                self._bench.stop(child)
            running = self.begin(family)
        else:
            self._wait(running)
        endpoints = (
            endpoint for program, _, _ in running.programs for endpoint in program.endpoints
        )
        version = family.version()
        return RealServer(family.name, version, tuple(endpoints), running.folder, family.openssl)

    def _wait(self, running: _Running) -> None:
        for program, child, name in running.programs:
            ports = [endpoint.port for endpoint in program.endpoints]
            self._bench.wait_until(
                lambda ports=ports: all(map(listens, ports)),  # type: ignore[misc]
                child,
                name,
                _SECONDS,
            )
            if program.prepare is not None:
                program.prepare()

    def _port(self) -> int:
        """A free port that was not given out before."""
        while (port := self._bench.port()) in self._given:
            pass
        self._given.add(port)
        return port
