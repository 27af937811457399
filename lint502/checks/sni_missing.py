"""sni-missing: the upstream wants to be named in the TLS handshake, and nginx does not."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.public_names import unnamed_in_public, unnamed_on_request
from lint502.behaviour.tls import (
    asked,
    can_be_sent,
    family,
    has_name,
    names_to_ask_for,
    sends_name,
)
from lint502.behaviour.tls_failures import Unnamed, unnamed
from lint502.behaviour.unset import unset
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.edits.propose import in_place_of, set_to
from lint502.findings import Finding, Fix, Severity
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Setting
from lint502.pairing import Pair
from lint502.places import Place
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import by_profile, declared


def check(site: Site) -> Iterator[Disagreement | Finding]:
    """One for each hop that does not name a listener which requires it, or a public server."""
    yield from _declared(site)
    for pair in site.each_pair():
        found = unnamed_in_public(pair)
        if found is not None:
            host = pair.target.address.host
            yield RULE.disagreement(
                pair,
                "handshake",
                certain=False,
                message=_doubt(host, found),
                place=(found.line or pair.hop.directive).place(f"nginx {found.clause}"),
                cause=_cause(pair.hop),
                fix=_fix_in_public(pair.hop, host if found.names else None),
            )
    for hop in site.hops:
        found = unnamed_on_request(hop)
        if found is not None:
            yield RULE.finding(
                severity=Severity.WARNING,
                frequency="sometimes",
                message=_doubt("the host of the request", found),
                place=(found.line or hop.directive).place(f"nginx {found.clause}"),
                hops=(hop.id,),
                cause=_cause(hop),
                fix=_fix_in_public(hop, None),
            )


def _cause(hop: Hop) -> Place | None:
    """Where one line would have nginx send names at this hop and others."""
    sends = sends_name(hop)
    return None if sends is None or sends.value else unset(hop, sends.setting)


def _doubt(host: str, found: Unnamed) -> str:
    return (
        f"nginx does not name {host} in the TLS handshake (SNI): it {found.clause}; public servers "
        "that share an address with others, as at a CDN, refuse that"
    )


def _fix_in_public(hop: Hop, name: str | None) -> Fix:
    """To send the name of the pass, or one that a block does not have."""
    setting = f"{family(hop)}_ssl_{'server_name' if name is None else 'name'}"
    found = hop.scope.setting(setting)
    word = "on" if name is None else name
    where = in_place_of(_lines(found), None)
    return Fix(f"{setting} {word};{where}", False, set_to(hop, [(found, word)]))


def _declared(site: Site) -> Iterator[Disagreement]:
    """One for each hop that does not name a listener which requires it."""
    for pair in site.each_pair():
        found, listener, hop = unnamed(pair), pair.meant, pair.hop
        required = listener.tls_sni if listener is not None else None
        if found is None or listener is None or required is None:
            continue
        message = (
            f"{listener.upstream} requires the server's name in the TLS handshake (SNI)"
            f"{by_profile(required)}, and nginx {found.clause}"
        )
        if not found.certain:
            message += ": a server that requires a name refuses those that it does not know"
        yield RULE.disagreement(
            pair,
            "handshake",
            certain=found.certain,
            frequency="always" if found.certain and found.always else "sometimes",
            message=message,
            place=(found.line or hop.directive).place(f"nginx {found.clause}"),
            related=(declared(required, f"{listener.upstream} requires the name"),),
            log=error_log.line("handshake-failed"),
            cause=_cause(hop),
            fix=_fix(pair, listener, found.line),
        )


def _lines(setting: Setting | None) -> tuple[Directive, ...]:
    """The lines of a setting that stand at the level of the hop."""
    return setting.directives if setting is not None and setting.origin == "written" else ()


def _fix(pair: Pair, listener: Listener, unnamed_line: Directive | None) -> Fix:
    """To send the name that it has; where that is what nginx asks for anyway, to send it."""
    family_of, sends, found = family(pair.hop), sends_name(pair.hop), asked(pair)
    turned_on = sends is not None and sends.value
    sending = pair.hop.scope.setting(f"{family_of}_ssl_server_name")
    names = listener.tls_names
    name = next(iter(names_to_ask_for(names.value)), "NAME") if names else "NAME"
    if found is not None and found.complete and all(map(can_be_sent, found.names)):
        known = names is None or all(has_name(names.value, asked_for) for asked_for in found.names)
        if known and not turned_on:
            edits = set_to(pair.hop, [(sending, "on")])
            where = in_place_of(_lines(sending), unnamed_line)
            return Fix(f"{family_of}_ssl_server_name on;{where}", True, edits)
    settings = [] if turned_on else [(sending, "on")]
    settings.append((pair.hop.scope.setting(f"{family_of}_ssl_name"), name))
    old = [line for setting, _ in settings for line in _lines(setting)]
    inherited = any(one is not None and one.origin == "inherited" for one, _ in settings)
    where = f" beside {pair.hop.directive.name}" if inherited else ""
    line = f"{family_of}_ssl_name {name};{where}{in_place_of(old, unnamed_line)}"
    return Fix(
        line if turned_on else f"{family_of}_ssl_server_name on; {line}",
        edits=() if name == "NAME" else set_to(pair.hop, settings, here=True),
    )


RULE = Rule("sni-missing", check, "handshake.unknown_name")
