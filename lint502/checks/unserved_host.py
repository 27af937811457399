"""unserved-host: nginx asks for a Host on which the upstream closes the connection."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.sent_hosts import SentHosts, Served, sent_hosts
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.edits.headers import with_headers
from lint502.findings import Fix
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared, listed


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop with a Host that its upstream does not serve, and closes on."""
    known: dict[int, Served] = {}
    unserved: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for pair in site.each_pair():
        listener = pair.meant
        if listener is None or listener.virtual_hosts is None or listener.unknown_host is None:
            continue
        sent = sent_hosts(pair) if listener.unknown_host.value == "close" else None
        if sent is None:
            continue
        served = listener.virtual_hosts.value
        if id(listener) not in known:
            known[id(listener)] = Served(served)
        hosts = known[id(listener)]
        asked = (id(listener), sent.hosts)
        if asked not in unserved:
            unserved[asked] = [host for host in sent.hosts if host not in hosts]
        wrong = unserved[asked]
        if not wrong:
            continue
        default = "" if sent.line is not None else " by default"
        yield RULE.disagreement(
            pair,
            "send",
            frequency="always" if len(wrong) == len(sent.hosts) else "sometimes",
            message=(
                f"nginx asks {listener.upstream} for the Host {listed(wrong)}{default}, but it "
                f"serves {listed(served)}, and closes the connection on any other"
            ),
            place=(sent.line or pair.hop.directive).place(f"the Host is {listed(wrong)}"),
            related=(
                declared(listener.virtual_hosts, f"{listener.upstream} serves {listed(served)}"),
                declared(listener.unknown_host, "any other is closed on"),
            ),
            fix=_fix(pair, sent, listener, hosts),
        )


def _fix(pair: Pair, sent: SentHosts, listener: Listener, hosts: Served) -> Fix | None:
    """A Host that is served: the client's own where that is one."""
    assert listener.virtual_hosts is not None, "they are what differs"
    served = listener.virtual_hosts.value
    plain = next((host for host in served if not host.startswith(("*", "."))), None)
    value = "$host" if pair.hop.server.lower() in hosts else plain
    if value is None or (sent.line is not None and sent.line.args[1] == value):
        return None
    name = f"{pair.hop.kind}_set_header"
    return Fix(f"{name} Host {value};", edits=with_headers(pair.hop, {"Host": value}))


RULE = Rule("unserved-host", check, "protocols.wrong_host")
