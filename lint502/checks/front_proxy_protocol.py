"""front-proxy-protocol: what stands before nginx sends a PROXY header that nginx does not expect,
or none where it does."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.fronts import Trouble, Way, by_socket, called, none_fits, ways
from lint502.edits.propose import appended
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.parse import Directive
from lint502.site import Site
from lint502.wording import by_profile, declared

RULE = "front-proxy-protocol"

LOG = 'broken header: "…'
"""The first line: up to 1.25 nginx quotes all that it got."""


def check(site: Site) -> Iterator[Finding]:
    """One finding for each front and each address that nginx listens on."""
    return map(_finding, troubles(site))


def troubles(site: Site) -> Iterator[Trouble]:
    """The ``listen`` lines that a front gets nowhere with."""
    found = [way for way in ways(site) if way.front.proxy_protocol is not None and way.known]
    for there in by_socket(none_fits(found, [way for way in found if _differs(way)])):
        line = _line(there[0])
        if line is not None:
            yield Trouble(line, tuple(there))


def _differs(way: Way) -> bool:
    """Whether one side has a PROXY header and the other does not. What ``stream {}`` does not
    expect it passes on, perhaps to an upstream that does."""
    sends = way.front.proxy_protocol
    if sends is None or sends.value == way.socket.proxy_protocol:
        return False
    return not (sends.value and way.stream)


def _status_of(way: Way) -> int:
    """What the front's client gets where the two sides differ."""
    sends = way.front.proxy_protocol
    return 400 if sends is not None and sends.value and not way.socket.tls else way.closed_status


def _line(way: Way) -> Directive | None:
    """The ``listen`` that speaks of the header, if one does, else the first one."""
    listens = way.socket.listens
    speaking = (listen for listen in listens if "proxy_protocol" in listen.parameters)
    return next(speaking, listens[0]).directive or way.server.context.opener


def _finding(found: Trouble) -> Finding:
    way, line, status = found.ways[0], found.line, _status_of(found.ways[0])
    front, sends = way.front, way.front.proxy_protocol
    assert sends is not None, "that is what differs"
    address, servers = way.socket.listens[0], called(found.ways)
    if not sends.value:
        expects, does = "nginx expects a PROXY header", "sends none"
        outcome = f"nginx closes the connection, and {servers} answers {status}"
    elif way.socket.tls:
        expects, does = "nginx expects a TLS handshake", "sends a PROXY header first"
        outcome = f"there is no handshake, and {servers} answers {status}"
    else:
        expects, does = "nginx expects no PROXY header", "sends one"
        outcome = f"nginx takes it for the request, and {servers} answers 400"
    fix = Fix(f"listen without proxy_protocol, or let {front.name} send the header")
    if sends.value and line.name == "listen":
        fix = Fix(f"listen {line.args[0]} proxy_protocol;", edits=appended(line, "proxy_protocol"))
    return Finding(
        rule=RULE,
        severity=Severity.ERROR,
        status=status,
        frequency="always",
        message=f"{expects} on {address}, but {front.name} {does}{by_profile(sends)}: {outcome}",
        place=line.place(expects),
        related=(declared(sends, f"{front.name} {does}"),),
        log=None if sends.value else LOG,
        fix=fix,
        front=front.name,
    )
