"""Servers of Perl, as Debian packages them, each with its defaults and the same application."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lint502.lab.bench import LOOPBACK
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version

_PSGI = """\
sub {
    my $env = shift;
    read($env->{"psgi.input"}, my $body, $env->{CONTENT_LENGTH} || 0);
    [200, ["Content-Type" => "text/plain", "Content-Length" => 2], ["ok"]];
}
"""
_MOJOLICIOUS = """\
use Mojolicious::Lite;
any "/" => { text => "ok" };
app->start;
"""

_Command = Callable[[Room, str], tuple[str, ...]]
"""The arguments of a server for an address."""


def _starman(room: Room, where: str) -> tuple[str, ...]:
    # a worker has one connection at a time
    return ("--listen", where, "--workers", "8", str(room.write("application.psgi", _PSGI)))


def _starlet(room: Room, where: str) -> tuple[str, ...]:
    own = ("--server", "Starlet", "--max-workers", "8", "--listen", where)
    return (*own, str(room.write("application.psgi", _PSGI)))


def _twiggy(room: Room, where: str) -> tuple[str, ...]:
    return ("--listen", where, str(room.write("application.psgi", _PSGI)))


def _mojolicious(room: Room, where: str) -> tuple[str, ...]:
    return (str(room.write("server.pl", _MOJOLICIOUS)), "daemon", "--listen", f"http://{where}")


def _family(name: str, module: str, package: str, program: str, command: _Command) -> Family:
    def version() -> str:
        binary(program, package)
        return said_version(("perl", f"-M{module}", "-e", f"print {module}->VERSION"))

    def programs(room: Room) -> Iterator[Program]:
        port = room.port()
        words = (binary(program, package), *command(room, f"{LOOPBACK}:{port}"))
        yield Program(words, (Endpoint(name, "http", port),))

    return Family(name, version, programs)


FAMILIES = (_family("starman", "Starman", "starman", "starman", _starman),)

INSTALLED = (
    _family("mojolicious", "Mojolicious", "libmojolicious-perl", "perl", _mojolicious),
    _family("starlet", "Starlet", "starlet", "plackup", _starlet),
    _family("twiggy", "Twiggy", "twiggy", "twiggy", _twiggy),
)
"""Those that the tests do not have."""
