"""The ports on which a known image listens, with what its variables and arguments change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lint502.deployment.images import ImagePort, ImageSetting, KnownImage
from lint502.deployment.texts import Text, Words
from lint502.patterns import regex
from lint502.places import Place

_NO = frozenset(("0", "false", "no", "off", "n", "f"))
_NUMBER = regex(r"\d{1,5}", re.ASCII)
_ADDRESS = regex(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\[[^\]]*\]|[^\[\]:/]*)(?::(?P<port>\d{1,5}))?/?",
    re.ASCII | re.IGNORECASE,
)
_EVERYWHERE = frozenset(("", "+", "*", "0.0.0.0", "::"))
_TLS = {"http": False, "https": True, "h2": True}
_OF_SCHEME = {"http": "80", "https": "443"}
_REPLACES = frozenset(("port", "ports", "tls-ports", "address", "urls"))
"""Forms of settings that say anew where something listens."""
_LARGEST = 65535
_MOST = 50


class SetBy(Struct, frozen=True):
    """A variable or an argument that says something of a port, and where it is set."""

    name: str
    place: Place


class OpenPort(Struct, frozen=True):
    """A port on which a container listens.

    ``number_by`` and ``tls_by`` are what says its number and whether it speaks TLS, None where that
    is the image's default. ``bind`` is the address that it listens on, None for all.
    """

    port: ImagePort
    number_by: SetBy | None = None
    tls_by: SetBy | None = None
    bind: str | None = None


class OpenPorts(Struct, frozen=True):
    """All that is known to listen; ``whole`` is False where more may, for something that changes
    the ports could not be made out."""

    ports: tuple[OpenPort, ...]
    whole: bool = True


_Slot = tuple[OpenPort, ...] | None
"""What has become of a default port; None where that is not known."""


def open_ports(
    image: KnownImage,
    environment: Mapping[str, Text],
    unknown: frozenset[str] = frozenset(),
    words: Words | None = None,
) -> OpenPorts:
    """What listens in a container of a known image.

    ``environment`` has its variables of known value, ``unknown`` the names of the others that are
    set; ``words`` are the words of its command. Arguments count before variables.
    """
    defaults = {port.number: OpenPort(port) for port in image.ports}
    slots: dict[int, _Slot] = {number: (port,) for number, port in defaults.items()}
    added: list[_Slot] = []
    for setting, text in _given(image, environment, unknown, words):
        for number in set(setting.of) & slots.keys():
            before = (defaults[number],) if setting.form in _REPLACES else slots[number]
            after = None if text is None or before is None else _changed(setting, text, before)
            if setting.form == "tls-ports":
                added.append(after)
            else:
                slots[number] = after
    found = (*slots.values(), *added)
    ports = tuple(dict.fromkeys(port for slot in found if slot is not None for port in slot))
    return OpenPorts(ports, image.whole and None not in found)


def _given(
    image: KnownImage,
    environment: Mapping[str, Text],
    unknown: frozenset[str],
    words: Words | None,
) -> Iterator[tuple[ImageSetting, Text | None]]:
    """What is set of the settings of an image, the last one counts most; None: to what is not
    known."""
    for setting in image.variables:
        if setting.name in unknown:
            yield setting, None
        elif setting.name in environment and environment[setting.name].value.strip():
            yield setting, environment[setting.name]
    if words is None:
        return
    for setting in image.arguments:
        value = _argument(setting.name, words.words)
        if value is not None:
            yield setting, Text(value, words.place)


def _argument(name: str, words: Sequence[str]) -> str | None:
    """The last value of an argument: behind ``=``, or the next word; "true" where none follows."""
    found = None
    for at, word in enumerate(words):
        if word == name:
            following = words[at + 1] if at + 1 < len(words) else ""
            found = "true" if not following or following.startswith("-") else following
        elif word.startswith(f"{name}="):
            found = word[len(name) + 1 :]
    return found


def _changed(setting: ImageSetting, text: Text, ports: Sequence[OpenPort]) -> _Slot:
    """What a setting makes of ports; None where it cannot be made out."""
    value, by = text.value.strip(), SetBy(setting.name, text.place)
    match setting.form:
        case "port":
            return _numbered(ports, (value,), by)
        case "ports":
            return _numbered(ports, _listed(value), by)
        case "tls-ports":
            secure = [replace(one, port=replace(one.port, tls=True), tls_by=by) for one in ports]
            return _numbered(secure, _listed(value), by)
        case "address":
            return _addressed(ports, (value,), by)
        case "urls":
            return _addressed(ports, _listed(value), by)
        case "scheme" if value.lower() in _TLS:
            return _secured(ports, _TLS[value.lower()], by)
        case "tls":
            return _secured(ports, value.lower() not in _NO, by)
        case "listens":
            return () if value.lower() in _NO else _heard(ports, by)
    return None


def _secured(ports: Sequence[OpenPort], tls: bool, by: SetBy) -> _Slot:
    return tuple(replace(one, port=replace(one.port, tls=tls), tls_by=by) for one in ports)


def _heard(ports: Sequence[OpenPort], by: SetBy) -> _Slot:
    return tuple(replace(one, number_by=one.number_by or by) for one in ports)


def _listed(value: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r"[;,\s]+", value)))[:_MOST]


def _numbered(ports: Sequence[OpenPort], values: Sequence[str], by: SetBy) -> _Slot:
    if not values or not all(_NUMBER.fullmatch(one) and _is_port(int(one)) for one in values):
        return None
    return tuple(
        replace(one, port=replace(one.port, number=int(value)), number_by=by)
        for one in ports
        for value in values
    )


def _addressed(ports: Sequence[OpenPort], values: Sequence[str], by: SetBy) -> _Slot:
    """Ports at addresses or URLs; one without a number has the default of its scheme."""
    made = []
    for value in values:
        match = _ADDRESS.fullmatch(value)
        if match is None:
            return None
        scheme, host, number = (match["scheme"] or "").lower(), match["host"], match["port"]
        if number is None and _NUMBER.fullmatch(host):
            host, number = "", host
        if number is None:
            number = _OF_SCHEME.get(scheme)
        if host.lower() == "unix" or (number is not None and not _is_port(int(number))):
            return None
        host = host.strip("[]")
        bind = None if host in _EVERYWHERE else host
        for one in ports:
            port, tls_by = one.port, one.tls_by
            if number is not None:
                port = replace(port, number=int(number))
            if scheme in _TLS:
                port, tls_by = replace(port, tls=_TLS[scheme]), by
            made.append(OpenPort(port, by, tls_by, bind))
    return tuple(made) or None


def _is_port(number: int) -> bool:
    return 0 < number <= _LARGEST
