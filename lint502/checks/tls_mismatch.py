"""tls-mismatch: one side speaks TLS, the other does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from lint502.behaviour.passes import apart, fitting_pass
from lint502.behaviour.protocol_outcomes import consequence
from lint502.disagreements import Disagreement
from lint502.edits.propose import beside, in_place_of, set_to
from lint502.findings import Fix
from lint502.nginx.addresses import split_scheme
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.pairing import Pair
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared, listens, replacement

_WITH = {"http": "https", "grpc": "grpcs", "uwsgi": "suwsgi"}
_OF_TLS = "443"
"""How the ports end on which TLS is usual: 443, 8443, 9443 and so on."""

_WITHOUT = {tls: plain for plain, tls in _WITH.items()}


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop that speaks TLS to a listener without it, or the reverse; a doubt where
    nothing says whether it does."""
    sharing: dict[Directive, list[Pair]] = {}
    for pair in site.each_pair():
        sharing.setdefault(pair.hop.directive, []).append(pair)
    for pair in site.each_pair():
        tls_to_plain = _tls_to_plain(pair)
        if tls_to_plain is not None:
            others = sharing[pair.hop.directive]
            yield _disagreement(pair, others, tls_to_plain=tls_to_plain)
        elif _is_doubtful(pair):
            yield _doubt(pair)


def _disagreement(pair: Pair, sharing: Sequence[Pair], *, tls_to_plain: bool) -> Disagreement:
    listener, target, hop = pair.meant, pair.target, pair.hop
    assert listener is not None and listener.tls is not None
    outcome = consequence(pair)
    if tls_to_plain:
        text = f"nginx speaks TLS to {listener.upstream}, which does not"
    else:
        text = f"nginx does not speak TLS to {listener.upstream}, which wants it"
    text += by_profile(listener.tls)
    if outcome.clause:
        text += f": {outcome.clause}"
    wants = "wants TLS" if listener.tls.value else "does not speak TLS"
    return RULE.disagreement(
        pair,
        "handshake" if tls_to_plain else "plaintext",
        status=outcome.status,
        message=text,
        place=hop.directive.place("nginx speaks TLS" if target.tls else "nginx does not speak TLS"),
        related=(declared(listener.tls, f"{listener.upstream} {wants}"),),
        log=outcome.log,
        fix=_fix(pair, sharing),
    )


def _tls_to_plain(pair: Pair) -> bool | None:
    """True: nginx speaks TLS to a plain listener; False: the reverse; None: they agree."""
    listener, target = pair.meant, pair.target
    if listener is None or listener.tls is None or target.tls is None:
        return None
    if listener.tls.value == target.tls:
        return None
    if pair.hop.kind == "stream" and not target.tls:
        return None  # the client's own TLS passes through
    if pair.hop.kind in ("fastcgi", "scgi", "memcached") and not target.tls:
        return None  # these cannot speak TLS: the declaration is about another protocol
    return target.tls


def _is_doubtful(pair: Pair) -> bool:
    """Whether a hop speaks TLS to a listener of which nothing but its protocol is stated, at a
    place where TLS is not usual."""
    listener = pair.meant
    if listener is None or listener.tls is not None or not pair.target.tls:
        return False
    if listener.protocol is None or listener.protocol.value in ("tcp", "udp"):
        return False
    port = pair.target.address.port if listener.port is None else listener.port.value
    return listener.socket is not None or not f"{port}".endswith(_OF_TLS)


def _doubt(pair: Pair) -> Disagreement:
    listener, outcome = pair.meant, consequence(pair)
    assert listener is not None and listener.protocol is not None
    name = listener.upstream
    return RULE.disagreement(
        pair,
        "handshake",
        certain=False,
        status=outcome.status,
        message=(
            f"nginx speaks TLS to {name}, and nothing says that {name} does, on "
            f"{listens(listener)}; if it does not, this is a {outcome.status}"
        ),
        place=pair.hop.directive.place("nginx speaks TLS"),
        related=(declared(listener.protocol, f"{name} is declared without tls"),),
        log=outcome.log,
        fix=Fix(f"declare tls = true of {name}, or tls = false"),
    )


def _fix(pair: Pair, sharing: Sequence[Pair]) -> Fix | None:
    """The other scheme, where the value has one. It is not safe where a server that the line leads
    to may not want it; where one of the hop's own is known not to, they need a pass each."""
    wanted = not pair.target.tls
    fix = _other_scheme(pair)
    if fix is None:
        return None
    if (not wanted) in _wants(one for one in sharing if one.hop is pair.hop):
        return Fix(apart(pair, "no TLS" if wanted else "TLS"))
    if None not in _wants(sharing):
        return fix
    text = f"{fix.description} once all of its servers speak {'TLS' if wanted else 'no TLS'}"
    return replace(fix, description=text, safe=False)


def _wants(pairs: Iterable[Pair]) -> set[bool | None]:
    """Whether listeners want TLS; None for those of which it is not known."""
    return {
        None if one.meant is None or one.meant.tls is None else one.meant.tls.value for one in pairs
    }


def _other_scheme(pair: Pair) -> Fix | None:
    target, hop, listener = pair.target, pair.hop, pair.meant
    if hop.kind == "stream":
        word = "off" if target.tls else "on"
        setting = hop.scope.setting("proxy_ssl")
        lines = () if setting is None else setting.directives
        where = "" if setting is None else beside(hop, setting) or in_place_of(lines)
        return Fix(f"proxy_ssl {word};{where}", True, set_to(hop, [(setting, word)], here=True))
    spoken = listener.protocol if listener is not None else None
    if listener is not None and spoken is not None and not _fits(hop, spoken.value):
        fitting = fitting_pass(hop, listener)
        return None if fitting is None else Fix(f"{fitting} in the place of {hop.directive.name}")
    scheme, rest = split_scheme(hop.value)
    other = (_WITHOUT if target.tls else _WITH).get(scheme or hop.kind)
    if hop.value.startswith("$"):
        return _in_a_variable(pair)
    if other is None:
        return None
    return _rewritten(pair, hop.value[: len(hop.value) - len(rest)], f"{other}://")


def _in_a_variable(pair: Pair) -> Fix | None:
    """The scheme where a ``set`` or a ``map`` has it, if it is there once."""
    hop = pair.hop
    prefix, separator, _ = hop.value.partition("://")
    texts = hop.variables.expand(prefix, hop.context)
    if texts is None or len(texts) != 1 or texts[0].directive is None:
        return None
    (text,) = texts
    line = text.directive
    scheme, _ = split_scheme(text.text) if not separator else (text.text.lower(), "")
    other = (_WITHOUT if pair.target.tls else _WITH).get(scheme)
    if line is None or other is None:
        return None
    fix = replacement(line, text.arg, scheme, other, safe=False)
    return fix and replace(fix, description=f"{fix.description}{in_place_of([line])}")


def _fits(hop: Hop, protocol: str) -> bool:
    return protocol == ("http" if hop.kind == "proxy" else hop.kind)


def _rewritten(pair: Pair, old: str, new: str) -> Fix | None:
    """The pass with another scheme; with its port where that is the old scheme's."""
    target, hop = pair.target, pair.hop
    rest = hop.value[len(old) :]
    host = re.split(r"[/?]", rest, maxsplit=1)[0]
    default = target.block is None and target.address.socket is None
    if hop.kind == "proxy" and default and not target.address.port_written and not pair.mismatch:
        return replacement(
            hop.directive, 0, old + host, f"{new}{host}:{target.address.port}", safe="$" not in host
        )
    return replacement(hop.directive, 0, old or rest, new if old else new + rest)


RULE = Rule("tls-mismatch", check, "protocols.wrong_protocol")
