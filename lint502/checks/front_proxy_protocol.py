"""front-proxy-protocol: what stands before nginx sends a PROXY header that nginx does not expect,
or none where it does."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.fronts import Trouble, Way, answers, called, header_differences
from lint502.edits.propose import appended
from lint502.findings import Finding, Fix
from lint502.nginx import error_log
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared


def check(site: Site) -> Iterator[Finding]:
    """One finding for each front and each address that nginx listens on."""
    return map(_finding, header_differences(site))


def _status_of(way: Way) -> int | None:
    """What the front's client gets where the two sides differ."""
    sends = way.front.proxy_protocol
    return 400 if sends is not None and sends.value and not way.socket.tls else way.closed_status


def _finding(found: Trouble) -> Finding:
    way, line, status = found.ways[0], found.line, _status_of(found.ways[0])
    front, sends = way.front, way.front.proxy_protocol
    assert sends is not None, "that is what differs"
    address, servers = way.socket.listens[0], called(found.ways)
    if not sends.value:
        expects, does = "nginx expects a PROXY header", "sends none"
        outcome = f"nginx closes the connection, and {servers} {answers(status)}"
    elif way.socket.tls:
        expects, does = "nginx expects a TLS handshake", "sends a PROXY header first"
        outcome = f"there is no handshake, and {servers} {answers(status)}"
    else:
        expects, does = "nginx expects no PROXY header", "sends one"
        outcome = f"nginx takes it for the request, and {servers} answers 400"
    fix = Fix(f"listen without proxy_protocol, or let {front.name} send the header")
    if sends.value and line.name == "listen":
        fix = Fix(f"listen {line.args[0]} proxy_protocol;", edits=appended(line, "proxy_protocol"))
    return RULE.finding(
        status=status,
        message=f"{expects} on {address}, but {front.name} {does}{by_profile(sends)}: {outcome}",
        place=line.place(expects),
        related=(declared(sends, f"{front.name} {does}"),),
        log=None if sends.value else error_log.line("front-proxy-header-broken"),
        fix=fix,
        front=front.name,
    )


RULE = Rule("front-proxy-protocol", check, "before_nginx.as_it_asks")
