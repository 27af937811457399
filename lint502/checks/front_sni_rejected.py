"""front-sni-rejected: nginx refuses the handshake for the name that what stands before it sends."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.fronts import (
    Trouble,
    Way,
    by_socket,
    called,
    none_fits,
    rejecting,
    together,
    ways,
)
from lint502.findings import Finding, Fix, Severity
from lint502.nginx.parse import Directive
from lint502.nginx.version import Version
from lint502.site import Site
from lint502.wording import declared

RULE = "front-sni-rejected"


def check(site: Site) -> Iterator[Finding]:
    """One finding for each front and each line that rejects its handshakes."""
    return map(_finding, troubles(site))


def troubles(site: Site) -> Iterator[Trouble]:
    """The lines that reject a front's handshakes."""
    found = [
        way for way in ways(site) if way.front.sni is not None and way.known and way.socket.tls
    ]
    wrong = {
        id(way): line
        for there in by_socket(found)
        for line in (_rejected(there[0], site.version),)
        if line is not None
        for way in there
    }
    stopped = none_fits(found, [way for way in found if id(way) in wrong])
    return together((wrong[id(way)], way) for way in stopped)


def _rejected(way: Way, version: Version) -> Directive | None:
    """The line that refuses the front's handshakes, if one does."""
    assert way.front.sni is not None, "else it is not known what is asked for"
    asked = way.socket.server_for(way.front.sni.value)
    return None if asked is None else rejecting(asked.context, version)


def _finding(found: Trouble) -> Finding:
    way = found.ways[0]
    front, sni, status = way.front, way.front.sni, way.closed_status
    assert sni is not None, "that is what is rejected"
    where, servers = way.socket.listens[0], called(found.ways)
    if way.socket.named(sni.value) is None:
        why = f"no server on {where} is called so and the default one rejects the handshake"
        fix = f"add {sni.value} to a server_name, or let {front.name} ask for a name that is there"
    else:
        why = f"the server on {where} that is called so rejects the handshake"
        fix = f"take ssl_reject_handshake off there, or let {front.name} ask for another name"
    return Finding(
        rule=RULE,
        severity=Severity.ERROR,
        status=status,
        frequency="always",
        message=(
            f"{front.name} asks for {sni.value} in the TLS handshake, but {why}: {servers} answers "
            f"{status}"
        ),
        place=found.line.place(f"rejects handshakes for {sni.value}"),
        related=(declared(sni, f"{front.name} asks for {sni.value}"),),
        fix=Fix(fix),
        front=front.name,
    )
