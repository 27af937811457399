"""bind-loopback: nginx connects to another machine from an address of its own loopback.

Source: ``__mkroute_output()`` in Linux's ``net/ipv4/route.c``, which refuses such a source address
with EINVAL, and ``ngx_event_connect_peer()`` in ``src/event/ngx_event_connect.c``.
"""

from __future__ import annotations

from collections.abc import Iterator

from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx.addresses import literal_ip
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.symbols import UNKNOWN
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import declared


def check(site: Site) -> Iterator[Disagreement]:
    """One for each target on another machine of a hop that binds its own loopback."""
    own = {socket.host for servers in site.servers for socket in servers.sockets}
    for hop in site.hops:
        line, bound = _bound(hop)
        if line is None:
            continue
        for pair in site.pairs[hop.id]:
            elsewhere = _is_elsewhere(pair)
            if elsewhere is None or pair.target.address.host in own:
                continue
            address, listener = pair.target.address, pair.meant
            message = (
                f"nginx connects to {address} from {bound}, an address of its own loopback, from "
                "which no other machine can be reached"
            )
            if not elsewhere:
                message += f", unless {address.host} is an address of this machine"
            related = [pair.target.place(f"nginx connects to {address}")]
            if listener is not None and listener.same_host is not None:
                note = f"{listener.upstream} does not run where nginx runs"
                related.append(declared(listener.same_host, note))
            yield RULE.disagreement(
                pair,
                "connect",
                certain=elsewhere,
                place=line.arg_place(0, f"from {bound}"),
                message=message,
                related=tuple(related),
                fix=Fix(f"leave {line.name} away, or name an address that leads to {address.host}"),
            )


def _bound(hop: Hop) -> tuple[Directive | None, str]:
    """The line by which a hop connects from IPv4's loopback, and that address; None if it does not,
    or that is not known."""
    family = "proxy" if hop.kind == "stream" else hop.kind
    setting = hop.scope.setting(f"{family}_bind")
    if setting is None or not setting.directives:
        return None, ""
    texts = hop.variables.expand(setting.value, hop.context)
    if texts is None or len(texts) != 1 or UNKNOWN in texts[0].text.partition(":")[0]:
        return None, ""
    host = texts[0].text.partition(":")[0]
    ip = literal_ip(host)
    if ip is None or ip.version != 4 or not ip.is_loopback:
        return None, ""
    return setting.directives[-1], host


def _is_elsewhere(pair: Pair) -> bool | None:
    """Whether a target is on another machine; False: it seems so; None: it is not, or that is not
    known."""
    address, listener = pair.target.address, pair.meant
    if address.socket is not None or address.is_loopback:
        return None
    if listener is not None and listener.same_host is not None:
        return None if listener.same_host.value else True
    ip = address.ip
    return False if ip is not None and ip.version == 4 and not ip.is_unspecified else None


RULE = Rule("bind-loopback", check, "usual.from_its_own_loopback")
