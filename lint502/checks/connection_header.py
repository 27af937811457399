"""connection-header: plain requests carry ``Connection: upgrade``, which is for WebSockets."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from lint502.findings import Finding, Fix
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context
from lint502.rule import Rule
from lint502.site import Site

_EVERYTHING = frozenset((("/",), ("^~", "/")))
"""The locations that are not for WebSockets alone."""

_FIX = Fix(
    'map $http_upgrade $connection_upgrade { default upgrade; "" ""; } in http, and '
    "proxy_set_header Connection $connection_upgrade;"
)


class _Users(Struct):
    """The hops of one line, and what there is to say of them."""

    cause: Directive | None
    hops: list[Hop] = field(default_factory=list)
    inherited: bool = False


def check(site: Site) -> Iterator[Finding]:
    """One finding for each line that sets the header for requests of all kinds."""
    found: dict[Directive, _Users] = {}
    for hop in site.hops:
        if hop.kind != "proxy" or hop.context.name == "if" or not _speaks_http1(hop):
            continue
        for line, cause, inherited in _lines(hop):
            users = found.setdefault(line, _Users(cause))
            users.hops.append(hop)
            users.inherited |= inherited
    for line, users in found.items():
        shared = users.inherited and len({hop.location for hop in users.hops}) > 1
        if not shared and not any(map(_serves_everything, users.hops)):
            continue
        yield RULE.finding(
            message=(
                'nginx sends "Connection: upgrade" with every request, also with those that '
                "upgrade nothing; most servers ignore that, some close the connection after each "
                "answer"
            ),
            place=line.arg_place(1, "sent with every request"),
            related=() if users.cause is None else (users.cause.place("where it comes from"),),
            hops=tuple(hop.id for hop in users.hops),
            fix=_FIX,
        )


def _speaks_http1(hop: Hop) -> bool:
    version = hop.scope.word("proxy_http_version")
    return version is not None and version.value != "2"


def _lines(hop: Hop) -> Iterator[tuple[Directive, Directive | None, bool]]:
    """The lines that set ``Connection`` to "upgrade", whatever the request; with the line of the
    ``map`` or ``set`` that says so, and whether it is inherited."""
    headers = hop.scope.setting("proxy_set_header")
    for line in headers.directives_named("Connection") if headers is not None else ():
        if len(line.args) != 2:
            continue
        texts = hop.variables.expand(line.args[1], hop.context)
        if texts and all(text.text.strip().lower() == "upgrade" for text in texts):
            assert headers is not None, "it has lines"
            yield line, texts[0].directive, headers.origin == "inherited"


def _serves_everything(hop: Hop) -> bool:
    location = hop.context.enclosing("location")
    if location is None or location.args in _EVERYTHING:
        return True
    server = location.enclosing("server")
    return server is not None and any(
        line.args[-1:] == location.args for line in _fallbacks(server)
    )


def _fallbacks(context: Context) -> Iterator[Directive]:
    """The ``try_files`` of a server and of its locations."""
    yield from context.by_name.get("try_files", ())
    for child in context.children:
        yield from _fallbacks(child)


RULE = Rule("connection-header", check, None)
