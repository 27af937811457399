"""The sockets that systemd opens for a service: systemd.socket(5)."""

from __future__ import annotations

import re

from lint502.deployment.systemd.unit_file import UnitFile
from lint502.deployment.texts import Text, Unread
from lint502.deployment.units import Listener
from lint502.patterns import regex

_PORT = regex(r"()(\d{1,5})", re.ASCII)
_IPV4 = regex(r"(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})", re.ASCII)
_IPV6 = regex(r"\[([0-9a-fA-F:.]+)\]:(\d{1,5})(?:%\S+)?", re.ASCII)


def listeners(unit: UnitFile) -> tuple[list[Listener], list[Unread]]:
    """The stream sockets of a socket unit, and what was not read of them."""
    found: list[Listener] = []
    unread: list[Unread] = []
    for entry in unit.all("Socket", "ListenStream"):
        value = unit.resolved(entry)
        one = None if value is None else _listener(unit, value)
        if one is not None:
            found.append(one)
        elif value is None or not value.value.startswith("vsock:"):
            unread.append(Unread(entry.place, "is no address that is known"))
    return found, unread


def _listener(unit: UnitFile, value: Text) -> Listener | None:
    if value.value.startswith(("/", "@")):
        return Listener(
            value.place,
            path=value.value,
            owner=unit.text("Socket", "SocketUser"),
            group=unit.text("Socket", "SocketGroup"),
            mode=unit.text("Socket", "SocketMode"),
            directory_mode=unit.text("Socket", "DirectoryMode"),
        )
    for form in (_PORT, _IPV4, _IPV6):
        match = form.fullmatch(value.value)
        if match is not None and 0 < int(match[2]) < 65536:
            only = unit.text("Socket", "BindIPv6Only")
            ipv6_only = form is not _IPV4 and only is not None and only.value == "ipv6-only"
            return Listener(value.place, int(match[2]), match[1] or None, ipv6_only=ipv6_only)
    return None
