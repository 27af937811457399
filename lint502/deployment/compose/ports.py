"""The ports that a service suggests: ``ports``, ``expose``, the health check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from lint502.deployment.compose.values import Items, Keyed, Scalar, each_text
from lint502.deployment.containers import Port
from lint502.patterns import regex
from lint502.places import Place

MAX_PORTS = 1_000
"""Ports of one service; of more, none says what it listens on."""

_RANGE = regex(r"([0-9]{1,5})(?:-([0-9]{1,5}))?\Z")
_LOCAL = r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])"
_CHECKED = regex(
    rf"(?:(?P<scheme>https?)://)?(?<![\w.-]){_LOCAL}"
    r"(?::(?P<port>[0-9]{1,5})(?![0-9\w])|(?P<end>(?=[/'\"\s;)]|\Z)))"
)
_CONNECTED = regex(
    rf"(?:\b(?:nc|ncat|netcat)\s+(?:-\w+\s+(?:[0-9]+\s+)?)*{_LOCAL}\s+|/dev/tcp/{_LOCAL}/)(?P<port>[0-9]{{1,5}})\b"
)
"""A port that is only connected to: ``nc -z localhost 8001``."""

Protocol = Literal["tcp", "udp"]


def ports(service: Keyed) -> tuple[Port, ...]:
    """The ports that a service suggests, each once."""
    found: dict[Port, None] = {}
    for port in (*_published(service), *_exposed(service), *_checked(service)):
        found[port] = None
        if len(found) > MAX_PORTS:
            return ()
    return tuple(found)


def _published(service: Keyed) -> Iterator[Port]:
    value = service.get("ports")
    for item in value.items if isinstance(value, Items) else ():
        if isinstance(item, Scalar):
            yield from _short(item)
        elif isinstance(item, Keyed):
            yield from _long(item)


def _short(item: Scalar) -> Iterator[Port]:
    """``[[ADDRESS:][PORT]:]PORT[/PROTOCOL]``, each port perhaps a range."""
    numbers, _, protocol = item.text.strip().partition("/")
    *address, container = numbers.split(":")
    host = address.pop() if address else ""
    where = ":".join(address)
    for port in _each("ports", container, host, where, protocol, item.place):
        yield replace(port, example=item.example)


def _long(item: Keyed) -> Iterator[Port]:
    target, protocol = item.text("target"), item.text("protocol") or "tcp"
    host, address = item.text("published") or "", item.text("host_ip") or ""
    values = (item.scalar(key) for key in ("target", "published"))
    example = any(one.example for one in values if one is not None)
    for port in _each("ports", target or "", host, address, protocol, item.place):
        yield replace(port, name=item.text("name"), example=example)


def _each(
    what: str, container: str, host: str, address: str, protocol: str, place: Place
) -> Iterator[Port]:
    """The ports of a range; each has its own published one only where there are as many."""
    numbers = _numbers(container)
    kind = _protocol(protocol)
    if kind is None or len(numbers) > MAX_PORTS:
        return
    published = _numbers(host)
    paired = len(published) == len(numbers)
    where = address.strip("[]")
    shown = None if where in ("", "0.0.0.0", "::") or "\0" in where else where
    for index, number in enumerate(numbers):
        yield Port(number, place, what, published[index] if paired else None, shown, kind)


def _exposed(service: Keyed) -> Iterator[Port]:
    for item in each_text(service.get("expose")):
        numbers, _, protocol = item.text.strip().partition("/")
        for port in _each("expose", numbers, "", "", protocol, item.place):
            yield replace(port, example=item.example)


def _checked(service: Keyed) -> Iterator[Port]:
    """The ports of this container that its health check asks."""
    check = service.keyed("healthcheck")
    if check is None or check.says_yes("disable"):
        return
    test = check.get("test")
    texts = list(each_text(test))
    if texts and isinstance(test, Items) and texts[0].text == "NONE":
        return
    for item in texts:
        for found in _CHECKED.finditer(item.text):
            scheme = found["scheme"]
            number = found["port"] or {"http": "80", "https": "443"}.get(scheme or "", "")
            yield from _each("healthcheck", number, "", "", "tcp", item.place)
    if test is not None:
        for found in _CONNECTED.finditer(" ".join(item.text for item in texts)):
            yield from _each("healthcheck", found["port"], "", "", "tcp", test.place)


def _numbers(text: str) -> range:
    """The ports of ``8000`` or ``8000-8010``; none where it is neither."""
    found = _RANGE.match(text.strip())
    if found is None:
        return range(0)
    first, last = int(found[1]), int(found[2] or found[1])
    return range(first, last + 1) if 1 <= first <= last <= 65535 else range(0)


def _protocol(text: str) -> Protocol | None:
    if text.lower() in ("", "tcp"):
        return "tcp"
    return "udp" if text.lower() == "udp" else None
