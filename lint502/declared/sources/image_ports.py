"""Where an image listens by itself, as far as no command says so."""

from __future__ import annotations

from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.facts import Facts
from lint502.deployment.containers import Program
from lint502.deployment.image_ports import OpenPort, SetBy, open_ports
from lint502.deployment.images import KnownImage
from lint502.places import Place
from lint502.standing import Standing


def runs_its_own(image: KnownImage, program: Program) -> bool:
    """Whether the server of an image is what runs, and no other program of somebody's own."""
    if not image.runs:
        return False
    words = program.words.words if program.words is not None else ()
    if not words or words[0].startswith("-"):
        return True
    return any(image.runs_as(word) for word in words[:2])


def image_listeners(image: KnownImage, program: Program) -> list[Facts]:
    """The facts of each port on which an image listens, by the keys of ``upstreams.toml``."""
    if program.image is None or not runs_its_own(image, program):
        return []
    words = program.words or program.arguments
    found = open_ports(image, program.environment, program.unknown, words)
    return [_facts(image, port, program.image.place, firm=found.whole) for port in found.ports]


def _facts(image: KnownImage, found: OpenPort, place: Place, *, firm: bool) -> Facts:
    port = found.port

    def fact(value: Any, by: SetBy | None) -> Fact[Any]:
        if by is not None:
            standing = Standing.STATED if firm else Standing.ASSUMED
            return Fact(value, by.place, standing, what=by.name)
        return Fact(value, place, Standing.ASSUMED, f"the image {image.name}", source=port.source)

    facts: dict[str, Fact[Any]] = {
        "port": fact(port.number, found.number_by),
        "protocol": fact(port.protocol, None),
    }
    if port.tls is not None:
        facts["tls"] = fact(port.tls, found.tls_by)
    if port.http_versions:
        facts["http_versions"] = fact(port.http_versions, None)
    if port.proxy_protocol:
        facts["proxy_protocol"] = fact(True, None)
    if found.bind is not None:
        facts["bind"] = fact((found.bind,), found.number_by)
    if image.server is not None and not port.what:
        facts["server"] = Fact(image.server, place, Standing.STATED, what=f"image {image.name}")
    return facts
