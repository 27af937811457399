"""WebSockets through a hop: which paths lead there, and what a handshake lacks behind it.

A handshake is an HTTP/1.1 request with ``Upgrade`` and ``Connection: upgrade`` (RFC 6455, 4.2.1;
RFC 9110, 7.8). nginx passes neither on unless it is configured to, for they concern one connection
(https://nginx.org/en/docs/http/websocket.html), and HTTP/2 has neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from lint502.behaviour.internal_redirects import origins
from lint502.declared.listeners import Listener
from lint502.nginx.addresses import parse_address, split_scheme
from lint502.nginx.hops import Hop
from lint502.nginx.locations import find_location, prefix_of
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Value
from lint502.nginx.setting_lines import called
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context
from lint502.pairing import Pair

UPGRADE, CONNECTION = "Upgrade", "Connection"


class Handshake(Struct, frozen=True):
    """What a hop makes of a handshake. ``missing`` are the headers that it does not pass on,
    ``version`` is what it speaks, where that is not HTTP/1.1. ``line`` is the first that sets
    one of the headers, but not as it takes."""

    missing: tuple[str, ...]
    version: Value[str] | None
    line: Directive | None


def spoiled(hop: Hop) -> Handshake | None:
    """What a hop lacks for WebSockets; None where it lacks nothing, or that is not known."""
    headers, version = hop.scope.setting("proxy_set_header"), hop.scope.word("proxy_http_version")
    if hop.kind != "proxy" or headers is None or version is None:
        return None
    lines = {name: headers.directives_named(name) for name in (UPGRADE, CONNECTION)}
    found = {name: _passed_on(hop, of_name, name) for name, of_name in lines.items()}
    missing = tuple(name for name, passed in found.items() if not passed)
    if missing and not headers.complete:
        return None
    other = version if version.value != "1.1" else None
    if not missing and other is None:
        return None
    named = called(headers.lines)
    wrong = [number for name in missing for number in named.get(name.lower(), ())[:1]]
    line = headers.directives[min(wrong)] if wrong and headers.directives else None
    return Handshake(missing, other, line)


def passes_upgrade_on(hop: Hop) -> bool:
    """Whether a hop is configured to pass ``Upgrade`` on."""
    headers = hop.scope.setting("proxy_set_header")
    return headers is not None and _passed_on(hop, headers.directives_named(UPGRADE), UPGRADE)


def _passed_on(hop: Hop, lines: Iterable[Directive], name: str) -> bool:
    """Whether a hop may send a header, which some lines set, as a handshake has it."""
    for line in lines:
        if len(line.args) != 2:
            continue
        texts = hop.variables.expand(line.args[1], hop.context)
        if texts is None or any(_does_it(text.text, name) for text in texts):
            return True
    return False


def _does_it(text: str, name: str) -> bool:
    if UNKNOWN in text:
        return True
    return bool(text) if name == UPGRADE else "upgrade" in text.lower()


Found = dict[tuple[int, str], Context | None]
"""The locations of URIs that were looked for, by the id of their server."""


def paths_through(pair: Pair, found: Found) -> tuple[str, ...]:
    """The declared paths of WebSockets whose handshakes get to a hop, as far as that is certain."""
    listener = pair.meant
    if listener is None or listener.websocket is None or pair.hop.kind != "proxy":
        return ()
    return tuple(path for path in listener.websocket.value if _leads_to(pair.hop, path, found))


def serves_nothing_else(hop: Hop, listener: Listener) -> bool:
    """Whether all requests of a hop are for WebSockets, by the path of its location."""
    paths = listener.websocket.value if listener.websocket is not None else ()
    location = _location(hop)
    prefix = None if location is None else prefix_of(location)
    if location is None or prefix is None:
        return False
    ours = _upstream_path(hop, prefix)
    return ours is not None and any(
        ours.startswith(path) if path.endswith("/") else ours == path for path in paths
    )


def _leads_to(hop: Hop, path: str, found: Found) -> bool:
    server, location = hop.context.enclosing("server"), _location(hop)
    if server is None or location is None or hop.context.name == "if":
        return False
    for one in _ways(hop, path):
        key = (id(server), one)
        if key not in found:
            found[key] = find_location(server, one)
        level = found[key]
        if level is location:
            return True
        if level is not None and location.args[0].startswith("@"):
            before = origins(server).get(location.args[0], ())
            if any(origin.level is level and not origin.is_error_page for origin in before):
                return True
    return False


def _location(hop: Hop) -> Context | None:
    """The location of a hop, where it is one that a request can get to."""
    found = hop.context.enclosing("location")
    return found if found is not None and found.args else None


def _ways(hop: Hop, path: str) -> Iterator[str]:
    """Paths that a client may ask for, of which the upstream makes a WebSocket."""
    uri = _client_path(hop, path)
    if uri is not None:
        yield uri
    if not path.endswith("/"):
        return
    if uri is not None:
        yield f"{uri}a"
    location = _location(hop)
    prefix = None if location is None else prefix_of(location)
    if prefix is not None and (_upstream_path(hop, prefix) or "").startswith(path):
        yield prefix


def _client_path(hop: Hop, path: str) -> str | None:
    """The path that a client asks for, so that the upstream is asked for ``path``."""
    own, location = _uri_of(hop), _location(hop)
    if own is None or location is None:
        return None
    if own == "":
        return path
    prefix = prefix_of(location)
    if prefix is None or not path.startswith(own):
        return None
    return prefix + path[len(own) :]


def _upstream_path(hop: Hop, prefix: str) -> str | None:
    """The path that the upstream is asked for where the client asks for that of the location."""
    own = _uri_of(hop)
    return None if own is None else own or prefix


def _uri_of(hop: Hop) -> str | None:
    """The URI of a pass, which replaces the path of its location; "" where it has none, None where
    it is not known."""
    _, rest = split_scheme(hop.value)
    if "$" in rest:  # then nothing is replaced
        return "" if "/" not in rest or rest.endswith(("$request_uri", "${request_uri}")) else None
    try:
        return parse_address(rest, 80, uri=True)[1]
    except ValueError:
        return None
