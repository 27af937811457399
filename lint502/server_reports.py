"""The servers that have hops, and what stands before them, as reports show them."""

from __future__ import annotations

from collections.abc import Iterable

from lint502.behaviour.fronts import ways
from lint502.nginx.hops import Hop
from lint502.nginx.servers import Listen, VirtualServer
from lint502.nginx.tree import Context
from lint502.report_model import FrontReport, ServerReport
from lint502.site import Site

_SAID = ("ssl", "http2", "quic", "udp", "proxy_protocol")
"""Parameters of ``listen`` that tell what connections it takes."""


def server_reports(site: Site) -> list[ServerReport]:
    """The servers of a root that have hops, in the order of its hops."""
    fronts: dict[VirtualServer, dict[str, None]] = {}
    for way in ways(site):
        fronts.setdefault(way.server, {})[way.front.name] = None
    known: dict[Context | None, VirtualServer] = {
        server.context: server for area in site.servers for server in area.servers
    }
    grouped: dict[Context | None, list[Hop]] = {}
    for hop in site.every_hop:
        grouped.setdefault(hop.context.enclosing("server"), []).append(hop)
    reports = []
    for context, hops in grouped.items():
        server = known.get(context)
        reports.append(
            ServerReport(
                hops[0].server,
                () if server is None else tuple(dict.fromkeys(map(_written, server.listens))),
                () if server is None else tuple(fronts.get(server, ())),
                tuple(hop.id for hop in hops),
                site.tree.name,
            )
        )
    return reports


def front_reports(sites: Iterable[Site]) -> list[FrontReport]:
    """What is declared to stand before nginx, in any of the roots."""
    found = (
        FrontReport(front.name, None if front.kind is None else front.kind.value)
        for site in sites
        for front in site.spec.fronts
    )
    return list(dict.fromkeys(found))


def _written(listen: Listen) -> str:
    """A ``listen`` with what tells which connections it takes: ``"*:443 ssl"``."""
    return " ".join((str(listen), *(word for word in _SAID if word in listen.parameters)))
