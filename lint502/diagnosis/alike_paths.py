"""Paths that lead to the same hop, whatever they end with: ids and names that no line looks at.

Of a server whose lines look at a path only to find a location, two paths are alike that begin
alike as far as any location is written, and for which the same regular expressions match. What
nginx sends on has to end as they do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from lint502.behaviour.depending import depends
from lint502.behaviour.level_ways import level_ways
from lint502.behaviour.ways import Passes
from lint502.diagnosis.named_servers import NamedServers
from lint502.nginx.hops import Hop
from lint502.nginx.locations import within
from lint502.nginx.regexes import search
from lint502.nginx.tree import Context
from lint502.patterns import regex

_MOST_SERVERS = 4096
_MOST_FOLDERS = 4096
_SIMPLE = regex(rb"/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)?")
"""A path that nginx reads as it is written."""

_ADDRESS = regex(rb"[A-Za-z][A-Za-z0-9+.-]*://(?:unix:[^:]*:?|[^/?]*)")
_TRIED = ("$uri", "$uri/")
_DIRECT = regex(r"=\d+|[@/][^$]*")


class AlikePaths:
    """Tells which paths are alike, by the server that the log names."""

    def __init__(self, named: Iterable[tuple[NamedServers, Passes]]) -> None:
        self.hold = False
        self._named = tuple(named)
        self._servers: dict[bytes, _Server | None] = {}

    def key(self, server: bytes, path: bytes, upstream: bytes) -> tuple[bytes, bytes] | None:
        """What a path and the upstream of its record have in common with those that are alike;
        None where that is not known. ``server`` is as :mod:`~lint502.diagnosis.plain` has it."""
        try:
            known = self._servers[server]
        except KeyError:
            if len(self._servers) >= _MOST_SERVERS:
                self._servers.clear()
            known = self._servers[server] = self._server(server[8:-11])
        return None if known is None else known.key(path, upstream)

    def _server(self, name: bytes) -> _Server | None:
        text = name.decode("utf-8", "surrogateescape")
        found = [
            (server.context, passes.of_server.get(server.context, ()))
            for named, passes in self._named
            for server in named.find(text, None)
        ]
        if not found or not all(_is_plain(server, hops) for server, hops in found):
            return None
        return _Server(server for server, _ in found)


class AnyPath:
    """Where nothing tells paths apart: without a configuration."""

    hold = True

    def key(self, server: bytes, path: bytes, upstream: bytes) -> tuple[bytes, bytes] | None:
        """The address of the upstream alone."""
        match = _ADDRESS.match(upstream)
        return None if match is None else (b"", match[0])


class _Regex(Struct, frozen=True):
    text: str
    case: bool


class _Server:
    """What tells the paths of some servers apart, of which the log says one name."""

    def __init__(self, servers: Iterable[Context]) -> None:
        literals: set[bytes] = set()
        regexes: dict[_Regex, None] = {}
        names: dict[str, None] = {}
        self._tries_folders = False
        for server in servers:
            for level in (server, *server.locations()):
                ways = level_ways(level)
                names.update(dict.fromkeys(ways.index))
                self._tries_folders |= "$uri/" in ways.tried
                inner = within(level)
                literals.update(one.encode("utf-8", "surrogateescape") for one in inner.names)
                regexes.update(
                    dict.fromkeys(_Regex(text, mode == "~") for mode, text, _ in inner.regexes)
                )
        self._literals = sorted(literals)
        self._regexes = tuple(regexes)
        self._names = tuple(names)
        self._ends: dict[bytes, int] = {}

    def key(self, path: bytes, upstream: bytes) -> tuple[bytes, bytes] | None:
        """See :meth:`AlikePaths.key`."""
        if _SIMPLE.fullmatch(path) is None:
            return None
        end = self._end(path)
        if end >= len(path):
            return None
        address = self._address(upstream, path[end:])
        if address is None:
            return None
        said = "".join(map(self._said, self._texts(path.decode())))
        return b"%b %b" % (path[:end], said.encode()), address

    def _end(self, path: bytes) -> int:
        """Up to where a path has to be the same: as far as a location is written that begins so."""
        folder = path[: path.rfind(b"/") + 1]
        end = self._ends.get(folder)
        if end is None:
            if _goes_on(self._literals, folder):
                return self._end_of(path)
            if len(self._ends) >= _MOST_FOLDERS:
                self._ends.clear()
            end = self._ends[folder] = self._end_of(folder)
        return end

    def _end_of(self, path: bytes) -> int:
        literals = self._literals
        at = bisect_left(literals, path)
        return max((_common(path, one) for one in literals[max(at - 1, 0) : at + 1]), default=0)

    def _address(self, upstream: bytes, rest: bytes) -> bytes | None:
        """What an upstream has beside the end of a path; None where it has not that end."""
        match = _ADDRESS.match(upstream)
        if match is None:
            return None
        path = upstream[match.end() :]
        if not path:
            return upstream
        if not path.endswith(rest):
            return None
        return upstream[: -len(rest)] + b" "

    def _texts(self, path: str) -> Iterator[str]:
        """The texts that expressions may be compared with: the path, and those of the pages of a
        folder that it may be."""
        yield path
        if path.endswith("/") or self._tries_folders:
            folder = path if path.endswith("/") else f"{path}/"
            yield folder
            yield from (folder + name for name in self._names)

    def _said(self, text: str) -> str:
        """What the expressions say of a text, and whether it is that of a folder."""
        matches = (search(one.text, text, case=one.case).matches for one in self._regexes)
        said = "".join("?" if one is None else "01"[one] for one in matches)
        return f"{said}/" if text.endswith("/") else f"{said}."


def _is_plain(server: Context, hops: Sequence[Hop]) -> bool:
    """Whether the lines of a server look at a path only to find a location."""
    outside = [level for level in server.up() if level is not server]
    levels = (server, *server.locations())
    return (
        server.seen_whole
        and not any(level.partial or level.unseen or level.uncertain for level in outside)
        and not depends(server).target
        and all(map(_finds_alone, levels))
        and all("$" not in hop.value and hop.unknown is None for hop in hops)
    )


def _finds_alone(level: Context) -> bool:
    ways = level_ways(level)
    return (
        not (level.uncertain or within(level).open or ways.code or ways.post_action)
        and "rewrite" not in level.by_name
        and not any(child.name == "if" for child in level.children)
        and not ways.pages_vary
        and not any("$" in name or name.startswith("/") for name in ways.index)
        and all(name in _TRIED or _DIRECT.fullmatch(name) for name in ways.tried)
    )


def _goes_on(texts: Sequence[bytes], beginning: bytes) -> bool:
    """Whether one of some sorted texts begins so, and is longer."""
    at = bisect_right(texts, beginning)
    return at < len(texts) and texts[at].startswith(beginning)


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two texts have in common at their beginning."""
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))
