"""implicit-port-80: a ``server`` line without a port is port 80, also behind ``https://``."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.mismatches import port_left_out
from lint502.disagreements import Disagreement
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, replacement


def check(site: Site) -> Iterator[Disagreement]:
    """One for each ``server`` line whose missing port cannot mean 80."""
    for pair in filter(port_left_out, site.each_pair()):
        target, hop = pair.target, pair.hop
        mismatch = pair.mismatch
        nearest = mismatch.nearest if mismatch is not None and mismatch.certain else ()
        ports = {item.port.value for item in nearest if item.port is not None}
        sole = len(ports) == 1 and mismatch is not None and mismatch.total == len(nearest)
        port = ports.pop() if sole else 443 if target.tls else None
        written = target.written.args[target.arg]
        asked = "TLS" if target.tls else hop.directive.name.removesuffix("_pass")
        message = (
            f"this server has no port, so nginx speaks {asked} to its port 80: a server in an "
            f"upstream block is on port 80 unless it says otherwise, also behind {_asked(hop)}"
        )
        yield RULE.disagreement(
            pair,
            "address",
            message=message,
            place=target.place(f"nginx connects to {target.address}"),
            related=tuple(
                declared(item.port, f"{item.upstream} listens on port {item.port.value}")
                for item in nearest[:1]
                if item.port is not None
            ),
            upstream=mismatch.upstream if mismatch is not None else None,
            log=(
                error_log.line("wrong-version-number")
                if target.tls and hop.kind != "uwsgi" and not nearest
                else error_log.line("connection-refused")
            ),
            fix=None
            if port is None
            else replacement(target.written, target.arg, written, f"{written}:{port}"),
        )


def _asked(hop: Hop) -> str:
    scheme, separator, _ = hop.value.partition("://")
    return f"{scheme.lower()}://" if separator else hop.directive.name


RULE = Rule("implicit-port-80", check, "usual.once")
