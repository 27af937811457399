"""What is documented of the load balancers and CDNs that stand before nginx.

Each file in ``front_profiles/`` describes one: a ``title`` and its facts:

    [[fact]]
    key    = "idle_timeout"         # as in upstreams.toml
    value  = "60s"                  # as in upstreams.toml
    source = "https://docs.aws.amazon.com/elasticloadbalancing/…"

These keys are not in upstreams.toml: "closed_status", what its client gets where nginx closes the
connection on which a request was sent; "timeout_status", where it has waited ``read_timeout`` for a
response; "connect_status", where nginx has accepted no connection in ``connect_timeout``, for which
it tries "connect_tries" times, one if absent;
"headers_status", where a response has a larger head than ``response_headers`` or more lines in it
than "response_header_lines" (without it: as where nginx closes the connection); and "passes_tcp":
it passes connections on, and answers nothing itself.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import tomli
from msgspec import Struct

from lint502.nginx.values import parse_size, parse_time

_TIMES = ("idle_timeout", "read_timeout", "connect_timeout", "tcp_idle_timeout")
_FOLDER = Path(__file__).with_name("front_profiles")


class FrontFact(Struct, frozen=True):
    """One figure: ``value`` is of the type that a :class:`~lint502.declared.listeners.Front` has (a
    time in milliseconds, a size in bytes), ``source`` where it is documented."""

    value: Any
    source: str


class FrontProfile(Struct, frozen=True):
    """What is documented of one kind of front, by key."""

    title: str
    facts: dict[str, FrontFact]


@cache
def kinds() -> tuple[str, ...]:
    """The names of all kinds, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def load(kind: str) -> FrontProfile:
    """The profile of a kind, which must be one of :func:`kinds`."""
    with (_FOLDER / f"{kind}.toml").open("rb") as file:
        data = tomli.load(file)
    facts = {
        entry["key"]: FrontFact(_value(entry["key"], entry["value"]), entry["source"])
        for entry in data.get("fact", ())
    }
    return FrontProfile(data["title"], facts)


def _value(key: str, value: Any) -> Any:
    if key == "response_headers":
        return parse_size(str(value))
    return parse_time(str(value)) if key in _TIMES else value
