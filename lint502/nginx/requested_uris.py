"""The URI of a request as nginx reads it from the request line.

Source: ``ngx_http_parse_request_line()`` and ``ngx_http_parse_complex_uri()`` in
``src/http/ngx_http_parse.c``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lint502.patterns import regex

_PROTOCOL = regex(r" HTTP/\d+(?:\.\d+)?$", re.ASCII)
_CUT_PROTOCOL = regex(r" (?:H(?:T(?:T(?:P(?:/[\d.]*)?)?)?)?)?$", re.ASCII)
_ABSOLUTE = regex(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)(.*)", re.ASCII | re.DOTALL)
_END = regex(r"[?#]")
_ESCAPE = regex(rb"%([0-9A-Fa-f]{2})")
_CUT_ESCAPE = regex(r"%[0-9A-Fa-f]?$", re.ASCII)


class Uri(NamedTuple):
    """The path of a URI, decoded; ``open``: only how it starts is known."""

    text: str
    open: bool = False

    def may_be(self, other: str) -> bool:
        """Whether it can be this path."""
        return other.startswith(self.text) if self.open else other == self.text


class RequestLine(NamedTuple):
    """What a request line says: ``path`` as the client wrote it, without arguments; ``host`` where
    the line has one. ``open``: the path is cut off."""

    method: str
    path: str
    host: str | None
    open: bool

    @classmethod
    def read(cls, text: str, *, cut: bool = False) -> RequestLine | None:
        """Read a line, as ``GET /a?b HTTP/1.1``; None for what nginx answers 400 to. ``cut``: its
        end may be missing."""
        method, blank, rest = text.partition(" ")
        if not blank:
            return None
        target, ended = _PROTOCOL.subn("", rest)
        opened = cut and not ended
        if opened:
            target = _CUT_PROTOCOL.sub("", target)
        host = None
        absolute = None if target.startswith("/") else _ABSOLUTE.fullmatch(target)
        if absolute is not None:
            host, target = absolute[1].rpartition("@")[2], absolute[2]
            if not target.startswith("/"):
                target = f"/{target}"
        if not target.startswith("/"):
            return None
        end = _END.search(target)
        if end is not None:
            return cls(method, target[: end.start()], host, False)
        return cls(method, target, host, opened)

    def uri(self, *, merge_slashes: bool = True) -> Uri | None:
        """The path as locations are looked up by it; None for what nginx answers 400 to."""
        path = _CUT_ESCAPE.sub("", self.path) if self.open else self.path
        decoded = unescaped(path)
        if decoded is None:
            return None
        if self.open:
            start, slash, last = decoded.rpartition("/")
            decoded = start + slash if last in (".", "..") else decoded
        found = normal_path(decoded, merge_slashes=merge_slashes)
        return None if found is None else Uri(found, self.open)


def unescaped(path: str) -> str | None:
    """A path without its ``%61``; None where nginx takes it for none."""
    if "%" not in path:
        return path
    raw = path.encode("utf-8", "surrogateescape")
    if raw.count(b"%") != len(_ESCAPE.findall(raw)) or b"%00" in raw:
        return None
    found = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), raw)
    return found.decode("utf-8", "surrogateescape")


def normal_path(path: str, *, merge_slashes: bool = True) -> str | None:
    """A path without ``//``, ``/./`` and ``/../``; None where it leads above the root."""
    if "//" not in path and "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "..":
            if not kept:
                return None
            kept.pop()
        elif segment != "." and (segment or not merge_slashes) and not (last and not segment):
            kept.append(segment)
        if last and segment in ("", ".", ".."):
            kept.append("")
    return "/" + "/".join(kept)


def host_of(text: str) -> tuple[str, int | None]:
    """A ``Host`` without its port, as servers are looked up by it; and the port, if it has one."""
    name, port = text, ""
    if text.startswith("["):
        name, _, port = text.partition("]")
        name, port = f"{name}]", port.removeprefix(":")
    elif ":" in text:
        name, _, port = text.partition(":")
    number = int(port) if port.isdecimal() and len(port) <= 5 else None
    return name.lower().removesuffix("."), number
