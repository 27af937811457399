"""Servers of Ruby, as Debian packages them, each with its defaults and the same application."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lint502.lab.bench import LOOPBACK
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version

_APPLICATION = """\
run lambda { |env|
  env["rack.input"]&.read
  [200, { "content-type" => "text/plain", "content-length" => "2" }, ["ok"]]
}
"""

_WEBRICK = """\
require "webrick"

server = WEBrick::HTTPServer.new(Port: ARGV[0].to_i, BindAddress: "127.0.0.1")
server.mount_proc("/") do |request, response|
  request.body if request.request_method == "POST"
  response.body = "ok"
end
server.start
"""

_UNICORN = "worker_processes 4\n"

_Command = Callable[[Room, int], tuple[str, ...]]
"""The arguments of a server for a port."""


def _puma(room: Room, port: int) -> tuple[str, ...]:
    return ("--bind", f"tcp://{LOOPBACK}:{port}", _application(room))


def _thin(room: Room, port: int) -> tuple[str, ...]:
    where = ("--address", LOOPBACK, "--port", str(port))
    return ("--rackup", _application(room), *where, "start")


def _unicorn(room: Room, port: int) -> tuple[str, ...]:
    settings = str(room.write("unicorn.rb", _UNICORN))  # a worker has one connection at a time
    return ("--listen", f"{LOOPBACK}:{port}", "--config-file", settings, _application(room))


def _webrick(room: Room, port: int) -> tuple[str, ...]:
    return (str(room.write("server.rb", _WEBRICK)), str(port))


def _application(room: Room) -> str:
    return str(room.write("config.ru", _APPLICATION))


def _family(
    name: str, package: str, command: _Command, program: str = "", version: tuple[str, ...] = ()
) -> Family:
    def executable() -> str:
        return binary(program or name, package)

    def programs(room: Room) -> Iterator[Program]:
        port = room.port()
        words = (executable(), *command(room, port))
        yield Program(words, (Endpoint(name, "http", port),))

    asked = version or ("--version",)
    return Family(name, lambda: said_version((executable(), *asked)), programs)


FAMILIES = (
    _family("puma", "puma", _puma),
    _family("thin", "thin", _thin),
    _family("unicorn", "unicorn", _unicorn),
    _family(
        "webrick",
        "ruby-webrick",
        _webrick,
        "ruby",
        ("-rwebrick", "-e", "puts WEBrick::VERSION"),
    ),
)
