"""Statements that are of the same hop: what no configuration looks at is left out of them.

Arguments go where no line looks at them; of the digits that no line has in a path, one is as good
as another, so that all become the first of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from lint502.behaviour.depending import depends
from lint502.diagnosis.addressed import written_path
from lint502.diagnosis.statements import Matters, Statement
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context
from lint502.patterns import regex
from lint502.site import Site

_DIGIT = regex(r"[0-9]")
_RUN = regex(r"[0-9]+")
_ALIKE = regex(r"\$\{?[0-9]\}?|\{[0-9,]+\}")
"""What is a part of a path, whatever its digits are, or a number of repeats."""

_ALL = frozenset("0123456789")
_CLASS = regex(r"\[\^?\]?[^\]]*\]")
_LETTERS = regex(r"[A-Za-z]-[A-Za-z]|\\-|^\[\^?-|-\]$")
_REFERRING = regex(r"\\[0-9xokgNuU]|\(\?(?:P[=>]|[0-9&R+-])")
"""What stands for a character by its number, or for what was found before."""

_LEADING = frozenset(
    ("rewrite", "try_files", "error_page", "set", "auth_request", "mirror", "index")
)
_PROTOCOL = regex(r" HTTP/[0-9.]+$")


class Shapes:
    """What the statements of a log have in common, for some configurations."""

    def __init__(self, sites: Iterable[Site]) -> None:
        servers, texts = [], []
        for site in sites:
            servers += [server.context for one in site.servers for server in one.servers]
            texts += list(_texts(site.tree.main))
            texts += list(map(_path, site.every_hop))
        self.matters = Matters(
            queries=any(depends(server).target for server in servers),
            digits="".join(sorted({digit for text in texts for digit in _digits(text)})),
        )
        self._alike = self.matters.alike

    def of(self, statement: Statement) -> Statement:
        """A statement that is of the same hop as this one, and as many others."""
        request, upstream = statement.request, statement.upstream
        if request is None:
            return statement
        if not self.matters.queries:
            path, asks, rest = request.partition("?")
            if asks:
                protocol = _PROTOCOL.search(rest)
                request = f"{path}?{protocol[0] if protocol else ''}"
            upstream = upstream.partition("?")[0] if upstream else upstream
        shaped = statement._replace(request=request, upstream=upstream)
        return _with_digits(shaped, self._alike) if self._alike else shaped


def _with_digits(statement: Statement, alike: Mapping[int, str]) -> Statement:
    """A statement with one digit for those that are alike, where its upstream has no others than
    its request."""
    request, upstream = statement.request or "", statement.upstream or ""
    protocol = _PROTOCOL.search(request)
    line = request[: protocol.start()] if protocol else request
    if "%" in line or "://" in line or statement.subrequest is not None:
        return statement
    start = 0 if not upstream else upstream.find("/", upstream.find("://") + 3)
    if upstream.partition("://")[2].startswith("unix:"):
        start = upstream.find(":/", upstream.find("unix:") + 5)
    address, path = (upstream, "") if start < 0 else (upstream[:start], upstream[start:])
    if not set(_RUN.findall(path)) <= set(_RUN.findall(line)):
        return statement
    return statement._replace(
        request=line.translate(alike) + (protocol[0] if protocol else ""),
        upstream=address + path.translate(alike) if upstream else statement.upstream,
    )


def _digits(text: str) -> Set[str]:
    """The digits that a text, which may be an expression, tells apart from others."""
    text = _ALIKE.sub("", _CLASS.sub(lambda match: match[0].replace("0-9", ""), text))
    if _REFERRING.search(text) or any("-" in _LETTERS.sub("", one) for one in _CLASS.findall(text)):
        return _ALL
    return set(_DIGIT.findall(text))


def _path(hop: Hop) -> str:
    return written_path(hop.value) if "$" not in hop.value else hop.value


def _texts(level: Context) -> Iterator[str]:
    """What the lines below a level may compare with a path, or make of it."""
    for item in level.items:
        if isinstance(item, Context):
            if item.name in ("location", "if"):
                yield from item.args
            if item.name in ("map", "geo"):
                lines = (line for line in item.items if isinstance(line, Directive))
                yield from (word for line in lines for word in (line.name, *line.args))
            yield from _texts(item)
        elif item.name in _LEADING:
            yield from (arg for arg in item.args if not arg.lstrip("=").isdecimal())
