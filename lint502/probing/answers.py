"""Facts as they are observed, compared with what is claimed of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lint502.declared.listeners import Directory, Fact
from lint502.declared.profiles import names, parse_server
from lint502.declared.written import written

Agreement = Literal["agrees", "differs", "not claimed", "not seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was observed of a fact: its ``value`` as in
    :class:`~lint502.declared.listeners.Listener`, None where that is not known; ``words`` where the
    value does not say it all, ``why`` what is not known, or what it comes from. ``at_least``: the
    value is a bound, for more was not tried. ``wrong``: whatever is claimed, nginx fails at it."""

    key: str
    value: Any = None
    words: str = ""
    why: str = ""
    at_least: bool = False
    wrong: bool = False

    @property
    def text(self) -> str:
        """It in words."""
        if self.words or self.value is None:
            return self.words
        return f"{'more than ' if self.at_least else ''}{written(self.key, self.value)}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A fact: what is claimed, what was observed, and whether the two agree."""

    seen: Seen
    claimed: Fact[Any] | None
    agreement: Agreement

    @property
    def key(self) -> str:
        """The fact's key in ``upstreams.toml``, or what it is called."""
        return self.seen.key


def answer(seen: Seen, claimed: Fact[Any] | None) -> Answer:
    """What was observed beside what is claimed."""
    if seen.wrong:
        return Answer(seen, claimed, "differs")
    if seen.value is None:
        return Answer(seen, claimed, "not seen" if not seen.words or claimed else "not claimed")
    if claimed is None:
        return Answer(seen, None, "not claimed")
    if seen.at_least:
        if seen.value <= claimed.value:
            why = seen.why or "the claim lies beyond what was tried"
            return Answer(Seen(seen.key, None, seen.text, why), claimed, "not seen")
        return Answer(seen, claimed, "differs")
    same = _SAME.get(seen.key, _equal)(claimed.value, seen.value)
    return Answer(seen, claimed, "agrees" if same else "differs")


def _equal(claimed: Any, seen: Any) -> bool:
    if isinstance(claimed, tuple):
        return frozenset(claimed) == frozenset(seen)
    return bool(claimed == seen)


def _about(claimed: int, seen: int) -> bool:
    """Whether times agree: within a tenth, or a second and what the way there takes."""
    return abs(claimed - seen) <= max(claimed / 10, 1250)


def _near(claimed: int, seen: int) -> bool:
    """Whether sizes agree: servers count lines and delimiters, or do not."""
    return abs(claimed - seen) <= max(claimed / 20, 512)


def _named(claimed: tuple[str, ...], seen: tuple[str, ...]) -> bool:
    """Whether each name that is claimed is one of a certificate."""
    there = [one.lower() for one in seen]
    return all(
        name.lower() in there or f"*.{name.lower().partition('.')[2]}" in there for name in claimed
    )


def _server(claimed: str, seen: str) -> bool:
    """Whether two servers may be the same: by name, and by the version where both have one."""
    (name, version), (other, there) = parse_server(claimed), _parsed(seen)
    related = name == other or name.startswith(f"{other}-") or other.startswith(f"{name}-")
    if not related:
        return False
    if version is None or there is None:
        return True
    parts = (version.split("."), there.split("."))
    least = min(map(len, parts))
    return parts[0][:least] == parts[1][:least]


def _parsed(server: str) -> tuple[str, str | None]:
    name, _, version = server.partition("/")
    return name, version or None


def _mode(claimed: int, seen: int) -> bool:
    return claimed & 0o777 == seen & 0o777


def _folder(claimed: Directory, seen: Directory) -> bool:
    stated = (
        (claimed.owner, seen.owner),
        (claimed.group, seen.group),
        (claimed.mode, seen.mode),
    )
    return all(one is None or str(one) == str(other) for one, other in stated)


def _folders(claimed: tuple[Directory, ...], seen: tuple[Directory, ...]) -> bool:
    there = {one.path: one for one in seen}
    return all(one.path in there and _folder(one, there[one.path]) for one in claimed)


_SAME: Mapping[str, Callable[[Any, Any], bool]] = {
    "keepalive.idle_timeout": _about,
    "limits.request_headers": _near,
    "limits.request_body": _near,
    "tls.names": _named,
    "server": _server,
    "socket.mode": _mode,
    "socket.directory": _folder,
    "socket.directories": _folders,
}


def known_server(header: str) -> str | None:
    """The server of a profile that a Server field names, as ``upstreams.toml`` writes it."""
    product, _, version = header.split(" ")[0].lower().partition("/")
    product = {"tornadoserver": "tornado", "jetty": "jetty", "apache-coyote": "tomcat"}.get(
        product.partition("(")[0], product.partition("(")[0]
    )
    if product not in names():
        return None
    try:
        parse_server(f"{product}/{version}")
    except ValueError:
        return product
    return f"{product}/{version}" if version else product
