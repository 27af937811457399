"""loopback-in-container: nginx looks on its own loopback for an upstream that runs elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from lint502.behaviour.loops import itself
from lint502.behaviour.mismatches import at_one_address
from lint502.declared.listeners import Listener
from lint502.declared.nearest import NEAREST
from lint502.deployment.viewpoint import Viewpoint
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx.addresses import is_loopback
from lint502.nginx.hops import Target
from lint502.pairing import Mismatch, Pair
from lint502.places import Place
from lint502.rule import Rule
from lint502.site import Site
from lint502.standing import Standing
from lint502.wording import address_place, declared, listed, nothing_listens, replacement

_REMEMBERED = 8  # targets that mean the same follow each other


def check(site: Site) -> Iterator[Disagreement]:
    """One for each loopback address whose port is that of upstreams on other machines."""
    if not any(map(_elsewhere, site.each_pair())):
        return
    view = site.spec.viewpoint
    own, reached = itself(site), _reached(site)  # what nginx itself listens on does not refuse
    found = (pair for pair in site.each_pair() if _elsewhere(pair) and not own(pair))
    for pairs in at_one_address(found):
        target, mismatch = pairs[0].target, pairs[0].mismatch
        assert mismatch is not None, "that is what fails"
        certain = mismatch.certain or (
            not mismatch.guessed and reached.isdisjoint(mismatch.upstreams)
        )
        status, log = nothing_listens(pairs[0].hop.datagrams)
        message = _guess(target, mismatch) if mismatch.guessed else _message(target, mismatch)
        related = tuple(map(_stated, mismatch.nearest[:NEAREST]))
        cause = None
        if view is not None and mismatch.certain:
            message = _in_deployment(target, mismatch, view)
            related = tuple(_seen_from(view, mismatch))
            cause = related[0]
        if not certain and not mismatch.guessed:
            message += f", unless something that is not declared listens on {target.address}"
        disagreement = RULE.disagreement(
            pairs[0],
            "address",
            certain=certain,
            status=status,
            message=message,
            place=target.place(f"nginx connects to {target.address}, in its own container"),
            related=related,
            upstream=mismatch.upstream,
            log=log,
            cause=cause,
            fix=_fix(target, mismatch),
        )
        yield from disagreement.at(pairs)


def _elsewhere(pair: Pair) -> bool:
    return pair.mismatch is not None and pair.mismatch.elsewhere


def _reached(site: Site) -> frozenset[str]:
    """The upstreams that some hop does reach: where nginx has the right address of one elsewhere,
    the same port on the loopback may be something else."""
    return frozenset(
        pair.listener.upstream for pair in site.each_pair() if pair.listener is not None
    )


def _message(target: Target, mismatch: Mismatch) -> str:
    who = _who(mismatch)
    runs = "runs" if mismatch.upstream is not None else "run"
    return (
        f"nginx connects to {target.address}, in its own container or machine, but {who} {runs} "
        "in another one"
    )


def _guess(target: Target, mismatch: Mismatch) -> str:
    """Where only the hosts say that the upstream is somewhere else."""
    first = mismatch.nearest[0]
    who = _who(mismatch)
    return (
        f"nginx connects to {target.address}, on its own loopback, where nothing is declared; "
        f"{who}, with that port, is declared at {listed(first.hosts)} alone: if that is another "
        "container, nobody answers here, and if it runs where nginx runs, declare same_host = true"
    )


def _in_deployment(target: Target, mismatch: Mismatch, view: Viewpoint) -> str:
    """Where the deployment says what runs in nginx's container."""
    where = "on the machine" if view.on_machine else f"in its own container ({view.nginx})"
    message = f"nginx connects to {target.address}, {where}, where nothing listens on that port"
    port = target.address.port or 0
    known = _known(mismatch)
    if port in known.listening:
        return f"{message}; {listed(known.listening[port])} does, in another container"
    if port in known.published:
        ways = listed(known.published[port])
        return f"{message}; it is published on the machine, for those outside: connect to {ways}"
    ways = known.ways
    return f"{message}; other containers are reached by their names: {ways}" if ways else message


@lru_cache(_REMEMBERED)
def _who(mismatch: Mismatch) -> str:
    return listed(mismatch.upstreams)


class _Known(Struct, frozen=True):
    """The upstreams of the listeners elsewhere by their ports, by what nginx reaches those that are
    published by theirs, and words on all."""

    listening: Mapping[int, Collection[str]]
    published: Mapping[int, Collection[str]]
    ways: str


@lru_cache(_REMEMBERED)
def _known(mismatch: Mismatch) -> _Known:
    listening: dict[int, dict[str, None]] = {}
    published: dict[int, dict[str, None]] = {}
    for item in mismatch.nearest:
        if item.port is not None:
            listening.setdefault(item.port.value, {})[item.upstream] = None
        for port in item.published.value if item.published is not None else ():
            published.setdefault(port, {})[_way(item)] = None
    return _Known(listening, published, listed(map(_way, mismatch.nearest)))


def _way(listener: Listener) -> str:
    """By what nginx reaches a listener."""
    host = _host(listener) or listener.upstream
    return host if listener.port is None else f"{host}:{listener.port.value}"


def _seen_from(view: Viewpoint, mismatch: Mismatch) -> Iterator[Place]:
    """Where nginx runs, and where those are that may be meant: that nothing listens in its own
    container is certain, whatever is known of the others."""
    note = f"nginx runs here, in a container of its own ({view.deployment})"
    yield replace(view.place, note=note, standing=Standing.STATED)
    for listener in mismatch.nearest[:NEAREST]:
        yield replace(address_place(listener), standing=None)


def _stated(listener: Listener) -> Place:
    if listener.same_host is None:
        return address_place(listener)
    return declared(listener.same_host, f"{listener.upstream} does not run where nginx runs")


def _host(listener: Listener) -> str | None:
    """The first host by which a listener is declared to be reached."""
    return next((host for host in listener.hosts if not is_loopback(host.strip("[]"))), None)


def _fix(target: Target, mismatch: Mismatch) -> Fix | None:
    """The host by which it is declared; it is not safe, for nginx may not find that name."""
    if mismatch.upstream is None:
        return None
    line, host = target.written, _host(mismatch.nearest[0])
    literal = line.name == "server" or line.name.endswith("_pass")
    if host is None or not literal or "$" in line.args[target.arg]:  # a name needs a resolver there
        return None
    host = f"[{host.strip('[]')}]" if ":" in host else host
    old = target.address.host
    old = f"[{old}]" if ":" in old else old
    port = mismatch.nearest[0].port
    if port is not None and target.address.port_written and port.value != target.address.port:
        old, host = f"{old}:{target.address.port}", f"{host}:{port.value}"
    return replacement(target.written, target.arg, old, host, safe=False)


RULE = Rule("loopback-in-container", check, "usual.once")
