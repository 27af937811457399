"""websocket-upgrade: the handshakes of WebSockets do not get through to an upstream."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.websockets import (
    CONNECTION,
    Found,
    Handshake,
    paths_through,
    serves_nothing_else,
    spoiled,
)
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.edits.headers import with_headers
from lint502.edits.propose import Edits, rewritten
from lint502.findings import Fix
from lint502.nginx.hops import Hop
from lint502.pairing import Pair
from lint502.places import Place
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, listed


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop that leads to a path of WebSockets, and lacks what they need."""
    found: Found = {}
    for pair in site.each_pair():
        listener, paths = pair.meant, paths_through(pair, found)
        lacks = spoiled(pair.hop) if paths else None
        if lacks is None or listener is None or listener.websocket is None:
            continue
        alone = serves_nothing_else(pair.hop, listener)
        yield RULE.disagreement(
            pair,
            "later",
            frequency="always" if alone else "sometimes",
            message=(
                f"{listener.upstream} has WebSockets at {listed(paths)}, but {_lack(lacks)}: it "
                "gets a plain request, and refuses it"
            ),
            place=_place(pair.hop, lacks),
            related=(declared(listener.websocket, "these need Upgrade"),),
            fix=_fix(pair, lacks, alone=alone),
        )


def _lack(lacks: Handshake) -> str:
    """What keeps handshakes off, as a clause."""
    if lacks.version is not None and lacks.version.value == "2":
        return "nginx speaks HTTP/2 to it, in which there is no Upgrade"
    clauses = []
    if len(lacks.missing) > 1:
        clauses.append("passes on neither Upgrade nor Connection")
    elif lacks.missing:
        clauses.append(f"does not pass on {lacks.missing[0]}")
    if lacks.version is not None:
        spoken = f"HTTP/{lacks.version.value}"
        clauses.append(f"speaks {lacks.version.described(spoken)}, which has no Upgrade")
    return f"nginx {' and '.join(clauses)}"


def _place(hop: Hop, lacks: Handshake) -> Place:
    """The line that is wrong, or else the pass."""
    if lacks.line is not None:
        return lacks.line.place("a handshake needs another value")
    if not lacks.missing and lacks.version is not None and lacks.version.directive is not None:
        return lacks.version.directive.place("a handshake needs HTTP/1.1")
    return hop.directive.place("handshakes do not get through here")


def _fix(pair: Pair, lacks: Handshake, *, alone: bool) -> Fix | None:
    """The lines that nginx's documentation has; where plain requests come this way as well, they
    keep the Connection that they have."""
    if _needs_http2(pair.meant):
        return None
    value = '"upgrade"' if alone else "$http_connection"
    wanted = {name: value if name == CONNECTION else "$http_upgrade" for name in lacks.missing}
    described = [f"proxy_set_header {name} {words};" for name, words in wanted.items()]
    if lacks.version is not None:
        described.insert(0, "proxy_http_version 1.1;")
    return Fix(" ".join(described), safe=True, edits=_edits(pair.hop, lacks, wanted))


def _needs_http2(listener: Listener | None) -> bool:
    versions = listener.http_versions if listener is not None else None
    return versions is not None and "1.1" not in versions.value


def _edits(hop: Hop, lacks: Handshake, wanted: dict[str, str]) -> Edits:
    version = lacks.version
    if version is None:
        return with_headers(hop, wanted)
    line = version.directive
    if line is None or version.setting.origin != "written":
        return with_headers(hop, wanted, ["proxy_http_version 1.1"])
    found, rest = rewritten(line, "1.1"), with_headers(hop, wanted)
    return (*found, *rest) if found and (rest or not wanted) else ()


RULE = Rule("websocket-upgrade", check, "protocols.handshake")
