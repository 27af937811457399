"""What others put around the lines of a log: Docker, Compose, Kubernetes, journald, syslog, klog.

Docker: the json-file driver's ``{"log":"…\\n","stream":"stderr","time":"…"}``, lines of more than
16 KiB in parts. Kubernetes: the CRI's ``2026-07-20T08:00:00.123Z stderr F …``, parts with ``P``.
journald: ``journalctl -o json``, ``short`` and its kin, ``export``. syslog: RFC 3164 and 5424.
Angie's own records in JSON become text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from lint502.diagnosis.angie_json import plain, record
from lint502.patterns import regex

LONGEST_LINE = 1 << 16
"""Bytes of a line that are kept; the longest record has 4095."""

_TEXTS = ("log", "MESSAGE", "message", "msg")
_TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)"
_MONTH_DAY = rb"[A-Z][a-z]{2} [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d+)?"
_TAG = rb"[^\s:\[\]]{1,64}(?:\[\d+\])?: "
_OWN_TAG = rb"(?:nginx: |[^\s:\[\]]{1,64}\[\d+\]: )"
_PAINT = rb"(?:\x1b\[[\d;]*m)*"
_PREFIXES = {
    "cri": rb"(?P<cri>" + _TIME + rb" (?:stdout|stderr) [FP] )",
    "syslog": rb"(?P<syslog>(?:\d{1,6} )?(?:<\d{1,3}>)?(?:1 "
    + _TIME
    + rb" \S+ \S+ \S+ \S+ (?:-|(?:\[[^\]\n]*\])+)(?: (?:\xef\xbb\xbf)?|\Z)|"
    + _MONTH_DAY
    + rb" \S{1,255} "
    + _TAG
    + rb"|"
    + _TIME
    + rb" \S{1,255} "
    + _OWN_TAG
    + rb"))",
    "kubectl": rb"(?P<kubectl>\[pod/[^\]\s]+\] )",
    "compose": rb"(?P<compose>" + _PAINT + rb"[\w.-]{1,100} *\| ?" + _PAINT + rb" ?)",
    "klog": rb"(?P<klog>[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^\]\s]+\] )",
    "stamped": rb"(?P<stamped>" + _TIME + rb" )",
}
_PREFIX = regex(b"|".join(_PREFIXES.values()))
_MOST_PREFIXES = 4
_COLOUR = regex(rb"\x1b\[[\d;]*m")


def wraps(line: bytes) -> bool:
    """Whether a line has something around it."""
    return line.startswith(b"{") or _PREFIX.match(line) is not None


class Unwrapping:
    """Takes off what is around lines, one after the other; parts of a line are put together."""

    def __init__(self) -> None:
        self._parts: dict[bytes, bytes] = {}

    def lines(self, wrapped: Iterable[bytes]) -> Iterator[bytes]:
        """The lines that are in these; a line without anything around it is given as it is."""
        for line in wrapped:
            inner = self._of_json(line) if line.startswith(b"{") else self._of_text(line)
            yield from map(plain, inner)

    def rest(self) -> Iterator[bytes]:
        """The lines whose last part never came."""
        parts, self._parts = self._parts, {}
        return iter(parts.values())

    def _of_json(self, line: bytes) -> Sequence[bytes]:
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            return (line,)
        if not isinstance(data, dict):
            return (line,)
        own = record(data)
        if own is not None:
            return (own.encode("utf-8", "surrogatepass"),)
        found = next((data[name] for name in _TEXTS if name in data), None)
        if isinstance(found, list) and all(isinstance(n, int) and 0 <= n < 256 for n in found):
            found = bytes(found).decode("utf-8", "surrogateescape")
        if not isinstance(found, str):
            return (line,)
        inner = found.encode("utf-8", "surrogatepass" if "log" not in data else "replace")
        if "log" not in data or "stream" not in data:
            return inner.rstrip(b"\n").split(b"\n")
        return self._joined(str(data["stream"]).encode("utf-8", "replace"), inner)

    def _joined(self, name: bytes, part: bytes) -> Sequence[bytes]:
        """The lines that end with this part of a stream's."""
        before = self._parts.pop(name, b"")
        if not part.endswith(b"\n"):
            self._keep(name, before + part)
            return ()
        return (before + part)[:-1].split(b"\n")

    def _keep(self, name: bytes, part: bytes) -> None:
        if len(self._parts) < 8:
            self._parts[name] = part[:LONGEST_LINE]

    def _of_text(self, line: bytes) -> Sequence[bytes]:
        start = 0
        syslog = False
        part = b""
        for _ in range(_MOST_PREFIXES):
            match = _PREFIX.match(line, start)
            if match is None:
                break
            start = match.end()
            if match.lastgroup == "cri":
                part = match["cri"].rpartition(b" ")[0]
            syslog = syslog or match.lastgroup == "syslog"
        inner = line[start:] if start else line
        if not start:
            return (line,)
        if inner.endswith(b"m"):
            inner = _COLOUR.sub(b"", inner[-8:]).join((inner[:-8], b""))
        if inner.startswith(b"{"):
            return self._of_json(inner)
        if syslog and b"#012" in inner:
            return inner.split(b"#012")
        if part:
            name = part[-8:-2]
            if part.endswith(b"P"):
                self._keep(name, self._parts.pop(name, b"") + inner)
                return ()
            return (self._parts.pop(name, b"") + inner,)
        return (inner,)


_EXPORT = b"__CURSOR="
_FIELD = regex(rb"[A-Z_][A-Z0-9_]{0,63}\Z")


def is_export(beginning: bytes) -> bool:
    """Whether a log is ``journalctl -o export``."""
    return beginning.startswith(_EXPORT)


def messages(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The messages of a journal's export, in blocks of whole lines.

    A field is ``NAME=value``, or its name, eight bytes of length and the value.
    """
    data = b""
    skip = keep = 0
    for block in blocks:
        found: list[bytes] = []
        data += block
        position = 0
        while True:
            if skip:
                step = min(skip, len(data) - position)
                found.append(data[position : position + min(step, keep)])
                keep -= min(step, keep)
                position += step
                skip -= step
                if skip:
                    break
                continue
            end = data.find(b"\n", position)
            if end == -1:
                break
            line = data[position:end]
            if _FIELD.match(line):
                if len(data) < end + 9:
                    break
                size = int.from_bytes(data[end + 1 : end + 9], "little")
                position = end + 9
                skip = min(size, 1 << 40) + 1
                keep = skip if line == b"MESSAGE" else 0
                continue
            if line.startswith(b"MESSAGE="):
                found.append(line[8 : 8 + LONGEST_LINE] + b"\n")
            position = end + 1
        data = data[position:]
        if len(data) > 2 * LONGEST_LINE:
            data = data[:LONGEST_LINE]
        if found:
            yield b"".join(found)
