"""The ports that EXPOSE and a health check name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from lint502.deployment.containers import Port
from lint502.deployment.shell import ShellSyntaxError, commands, fields
from lint502.patterns import regex
from lint502.places import Place

MAX_PORTS = 1_000
"""Of one range, and about as many of an image."""

_RANGE = regex(r"(?:[^/]*:)?(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp))?", re.IGNORECASE)
_URL = regex(
    r"(https?)://(?:[^/\s@\"']*@)?(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])"
    r"(?::([^/\s\"'?#;|&)]*))?(?=[/\s\"'?#;|&)]|$)",
    re.IGNORECASE,
)
_BARE = regex(r"(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])(?::(\d+))?(?:/.*)?", re.DOTALL)
_BASH = regex(r"/dev/tcp/(?:localhost|127\.0\.0\.1|::1)/(\d+)")
_LOCAL = frozenset(("localhost", "127.0.0.1", "0.0.0.0", "::1"))


def exposed(written: str, place: Place) -> tuple[Port, ...] | None:
    """The ports of a word of EXPOSE, ``8000-8003/udp``; None where it is none."""
    match = _RANGE.fullmatch(written)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    if not 0 < first <= last <= 65_535 or last - first >= MAX_PORTS:
        return None
    protocol = "udp" if (match[3] or "").lower() == "udp" else "tcp"
    return tuple(
        Port(number, place, "EXPOSE", protocol="udp" if protocol == "udp" else "tcp")
        for number in range(first, last + 1)
    )


def checked(
    words: Sequence[str], place: Place, variables: Mapping[str, str | None], what: str
) -> tuple[Port, ...]:
    """The ports of its own container that a health check asks, in URLs, ``localhost:PORT`` of curl
    and wget, ``nc HOST PORT`` and bash's ``/dev/tcp/HOST/PORT``."""
    numbers: dict[int, None] = {}
    for run in _runs(words, variables):
        for word in run:
            for match in _URL.finditer(word):
                port = match[2] or ("443" if match[1].lower() == "https" else "80")
                numbers.update(_number(port))
            for match in _BASH.finditer(word):
                numbers.update(_number(match[1]))
        program = run[0].rpartition("/")[2]
        if program in ("curl", "wget", "http"):
            for word in run[1:]:
                bare = _BARE.fullmatch(word)
                numbers.update(_number(bare[1] or "80") if bare else {})
        elif program in ("nc", "ncat", "netcat"):
            ends = [word for word in run[1:] if not word.startswith("-")]
            for host, port in pairwise(ends):
                numbers.update(_number(port) if host in _LOCAL else {})
    return tuple(Port(number, place, what) for number in numbers)


def _number(port: str) -> dict[int, None]:
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        return {}
    return {int(port): None}


def _runs(words: Sequence[str], variables: Mapping[str, str | None]) -> Iterator[list[str]]:
    """The programs with their words, those in ``sh -c`` one by one."""
    if len(words) == 3 and words[1].startswith("-") and words[1].endswith("c"):
        try:
            found = commands(words[2])
        except ShellSyntaxError:
            return
        for command in found:
            targets = [one.target for one in command.redirections]
            run = [text for word in (*command.words, *targets) for text in fields(word, variables)]
            if run:
                yield run
    elif words:
        yield list(words)
