"""front-sni-rejected: nginx refuses the handshake for the name that what stands before it sends."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.fronts import Trouble, answers, called, rejections
from lint502.findings import Finding, Fix
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared


def check(site: Site) -> Iterator[Finding]:
    """One finding for each front and each line that rejects its handshakes."""
    return map(_finding, rejections(site))


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
    return RULE.finding(
        status=status,
        message=(
            f"{front.name} asks for {sni.value} in the TLS handshake, but {why}: {servers} "
            f"{answers(status)}"
        ),
        place=found.line.place(f"rejects handshakes for {sni.value}"),
        related=(declared(sni, f"{front.name} asks for {sni.value}"),),
        fix=Fix(fix),
        front=front.name,
    )


RULE = Rule("front-sni-rejected", check, "before_nginx.as_it_asks")
