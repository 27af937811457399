"""A report on many virtual hosts, with what breaks lines: causes, long paths, wide characters,
tabs, long lines."""

from __future__ import annotations

from msgspec.structs import replace

from lint502.findings import Finding, Fix, Severity
from lint502.places import Place
from lint502.report_model import HopReport, Report, TargetReport
from tests.support.canned import CLEAN

_FOLDER = "deploy/environments/production/nginx/proxy-confs"
_PASS = "        proxy_pass $upstream_proto://$upstream_app:$upstream_port/api/v1;"
_NAMES = ("adguard", "audiobookshelf", "例え", "changedetection", "unifi-network-application")
_NO_RESOLVER = Place("deploy/nginx.conf", 27, 1, 5, "http {", "no resolver is set")


def _hop(name: str, location: str = "/") -> HopReport:
    place = Place(f"{_FOLDER}/{name}.subdomain.conf", 51, 9, len(_PASS), _PASS)
    value = "$upstream_proto://$upstream_app:$upstream_port/api/v1"
    target = TargetReport(f"{name}:8080", name, ("deploy/upstreams.toml:3",))
    return HopReport(
        f"hop-{name}{location}",
        place,
        "proxy_pass",
        value,
        f"{name}.*",
        location,
        "failed",
        (target,),
    )


def _without_resolver(hop: HopReport) -> Finding:
    name = hop.server.removesuffix(".*")
    return Finding(
        rule="resolver-missing",
        severity=Severity.ERROR,
        status=502,
        frequency="always",
        message=f"proxy_pass holds a variable, so nginx looks {name} up for each request, but no "
        "resolver is set",
        place=replace(hop.place, note=f"{name} is looked up at run time"),
        hops=(hop.id,),
        log=f"no resolver defined to resolve {name}",
        fix=Fix(f"resolver ADDRESS; with the DNS server that knows {name}"),
        cause=_NO_RESOLVER,
    )


def _race(name: str) -> Finding:
    place = Place("pools.conf", 3 + _NAMES.index(name), 2, 14, "\tupstream x {\t# 接続を保つ")
    return Finding(
        rule="keepalive-race",
        severity=Severity.ERROR,
        status=502,
        frequency="sometimes",
        message=f"{name} closes idle connections after 5s (the default of node), but nginx keeps "
        "them for up to 60s by default",
        place=replace(place, note="nginx keeps them for 60s"),
        related=(Place("upstreams.toml", 7, 1, 16, 'server = "node"', f"{name} closes them"),),
        hops=(f"hop-{name}/",),
        upstream=name,
    )


HOPS = (*map(_hop, _NAMES), _hop("adguard", r"~ ^(/[a-z0-9_-]{1,64}){1,8}\.(?:json|xml|html)$"))

_HIDDEN = replace(
    _race("adguard"),
    rule="response-header-buffer",
    behind=(_without_resolver(HOPS[0]).fingerprint,),
)

_LONG = "    proxy_set_header X-Long " + "abcdefghij" * 40 + ";  proxy_pass http://api;"
_ALONE = Finding(
    rule="tls-mismatch",
    severity=Severity.WARNING,
    status=502,
    frequency="sometimes",
    message="nginx speaks TLS to changedetection, which does not",
    place=Place(
        f"{_FOLDER}/changedetection.subdomain.conf", 151, 432, 453, _LONG, "nginx speaks TLS"
    ),
    related=(
        Place("deploy/upstreams.toml", 9, 1, 12, "tls = false", "changedetection speaks no TLS"),
    ),
    hops=("hop-changedetection/",),
    upstream="changedetection",
)
_INFOS = tuple(
    Finding("undeclared-upstream", Severity.INFO, None, None, f"no upstream {n}", hop.place)
    for n, hop in enumerate(HOPS)
)

FLEET: Report = replace(
    CLEAN,
    roots=("deploy/nginx.conf",),
    hops=HOPS,
    findings=(
        *_INFOS,
        _ALONE,
        *map(_race, _NAMES),
        *map(_without_resolver, HOPS),
    ),
    hidden=(_HIDDEN,),
)
"""Six hops that fail for one cause, five for another, and one of its own."""
