"""What nginx does in the TLS handshake with an upstream: versions, names, certificates.

Source: ``ngx_http_upstream_ssl_init_connection()`` and ``ngx_http_upstream_ssl_name()``, and their
like in the stream proxy module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from lint502.nginx.addresses import literal_ip
from lint502.nginx.hops import Hop
from lint502.nginx.known_values import Text
from lint502.nginx.parse import Directive
from lint502.nginx.scope import Value
from lint502.nginx.setting_lines import called
from lint502.nginx.symbols import UNKNOWN
from lint502.pairing import Pair
from lint502.patterns import regex

_WITH_TLS = frozenset(("proxy", "grpc", "uwsgi"))
"""The passes whose URL says whether they speak TLS."""

_REMEMBERED = 1 << 10  # many hops reach one listener

_PROXY_HOST = regex(r"\$(proxy_host\b|\{proxy_host\})")
_HOST = regex(r"\$(?:(?:http_)?host\b|\{(?:http_)?host\})")
"""What the client asks for; a port that it has is cut off."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_WILDCARD = regex(
    rf"(?:(?P<start>(?!xn--){_LABEL})?\*|\*(?P<end>[a-z0-9-]*[a-z0-9]))"
    rf"(?P<rest>(?:\.{_LABEL}){{2,}})"
)
"""A name of a certificate that stands for several, in lower case (OpenSSL's ``valid_star()``)."""

_OF_A_WILDCARD = regex(r"[a-z0-9-]*")


class AskedNames(Struct, frozen=True):
    """The names that nginx asks for, without a port, "" for none; one of them for a request.

    ``complete`` is False where it may ask for others too. ``directive`` is the line that gives
    them, None for the default: the name of the ``upstream{}`` block, or the host of the pass.
    """

    names: tuple[str, ...]
    complete: bool
    directive: Directive | None


def family(hop: Hop) -> str:
    """What the names of a hop's directives start with: ``"proxy"`` for stream too."""
    return "proxy" if hop.kind == "stream" else hop.kind


def speaks_tls(pair: Pair) -> bool:
    """Whether nginx speaks TLS to a listener that does not say that it has none, or has to."""
    listener = pair.meant
    if listener is None:
        return False
    if pair.target.tls:
        return listener.tls is None or listener.tls.value
    wanted = listener.tls is not None and listener.tls.value
    return wanted and pair.target.tls is False and pair.hop.kind in _WITH_TLS


def commands(hop: Hop, *wanted: str) -> bool | None:
    """Whether ``*_ssl_conf_command`` gives OpenSSL one of these commands, which are in lower case;
    None where that is not known."""
    setting = hop.scope.setting(f"{family(hop)}_ssl_conf_command")
    if setting is None:
        return None
    if not called(setting.lines).keys().isdisjoint(wanted):
        return True
    return False if setting.complete else None


def sends_name(hop: Hop) -> Value[bool] | None:
    """Whether nginx names the server that it wants (SNI); None where that is not known."""
    return hop.scope.flag(f"{family(hop)}_ssl_server_name")


def can_be_sent(name: str) -> bool:
    """Whether a name can be in the handshake: the literal address of a host cannot (RFC 6066)."""
    return bool(name) and not name.startswith("[") and literal_ip(name) is None


@lru_cache(_REMEMBERED)
def names_to_ask_for(certificate: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a certificate's names that are names of a server: a wildcard stands for several, and
    an address cannot be sent."""
    return tuple(name for name in certificate if "*" not in name and can_be_sent(name))


def asked(pair: Pair) -> AskedNames | None:
    """The names that nginx asks for at a target; None where it is not known."""
    hop, target = pair.hop, pair.target
    setting = hop.scope.setting(f"{family(hop)}_ssl_name")
    if setting is None:
        return None
    if setting.origin == "default" or not setting.lines:
        return AskedNames((_default_name(pair),), complete=True, directive=None)
    local = target.block is None and target.address.socket is not None
    host = "localhost" if local else _default_name(pair)
    template = _PROXY_HOST.sub(lambda _: host, setting.value)
    hosts, whole = hop.variables.hosts(hop.context) if _HOST.search(template) else ([], True)
    texts: list[Text] = []
    for one in [host.text.join(_HOST.split(template)) for host in hosts] or [template]:
        expanded = hop.variables.expand(one, hop.context)
        if expanded is None:
            return None
        texts += expanded
    known = [_without_port(text.text) for text in texts if UNKNOWN not in text.text]
    names = tuple(dict.fromkeys(known))
    return AskedNames(names, whole and len(known) == len(texts), setting.directives[-1])


def _default_name(pair: Pair) -> str:
    """The block's name, the host, or the path of a socket: that is what nginx takes."""
    target = pair.target
    if target.block is not None:
        return target.block.context.args[0]
    if target.address.socket is None and ":" in target.name:
        return f"[{target.name}]"
    return target.name


def _without_port(name: str) -> str:
    end = name.find("]") if name.startswith("[") else 0
    colon = name.find(":", max(end, 0))
    return name if colon == -1 else name[:colon]


class Unfit(Struct, frozen=True):
    """Names that do not do: ``always`` tells that nginx asks for no others."""

    names: tuple[str, ...]
    always: bool
    asked: AskedNames


def unfit(pair: Pair, fits: Callable[[str], bool]) -> Unfit | None:
    """Those of the names that nginx asks for at a target which do not do, if there are any.

    Where both the pass and the name depend on variables, they may go together: then it counts
    only if none of the names does.
    """
    found = asked(pair)
    if found is None:
        return None
    names = tuple(name for name in found.names if not fits(name))
    always = found.complete and len(names) == len(found.names)
    together = len({target.group for target in pair.hop.targets}) > 1
    return Unfit(names, always, found) if names and (always or not together) else None


def has_name(certificate: tuple[str, ...], name: str) -> bool:
    """Whether one of the names of a certificate is good for a host."""
    names, wildcards = _by_end(certificate)
    name = name.lower()
    if name in names:
        return True
    ends = (name[at:] for at, character in enumerate(name) if character == ".")
    return any(covers(one, name) for end in ends for one in wildcards.get(end, ()))


@lru_cache(_REMEMBERED)
def _by_end(certificate: tuple[str, ...]) -> tuple[frozenset[str], Mapping[str, Sequence[str]]]:
    """The names of a certificate that are no addresses, and those with a wildcard by what follows
    that label."""
    names = frozenset(one.lower() for one in certificate if literal_ip(one.lower()) is None)
    wildcards: dict[str, list[str]] = {}
    for name in names:
        wildcard = _WILDCARD.fullmatch(name)
        if wildcard is not None:
            wildcards.setdefault(wildcard["rest"], []).append(name)
    return names, wildcards


def covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate is good for a host, as OpenSSL's ``X509_check_host()`` has
    it: in any case, and with one ``*`` as the first label, or at its start or end, for letters,
    digits and hyphens. An address in a certificate is no name."""
    pattern, name = pattern.lower(), name.lower()
    if literal_ip(pattern) is not None:
        return False
    if pattern == name:
        return True
    wildcard = _WILDCARD.fullmatch(pattern)
    if wildcard is None or not name.endswith(wildcard["rest"]):
        return False
    label = name.removesuffix(wildcard["rest"])
    start, end = wildcard["start"] or "", wildcard["end"] or ""
    if (start or end) and label.startswith("xn--"):
        return False  # what is encoded there has no first letters
    if len(label) < max(1, len(start) + len(end)):
        return False
    if not label.startswith(start) or not label.endswith(end):
        return False
    return _OF_A_WILDCARD.fullmatch(label[len(start) : len(label) - len(end)]) is not None


def verifies(hop: Hop) -> bool | None:
    """Whether nginx checks the certificate; None where that is not known."""
    flag = hop.scope.flag(f"{family(hop)}_ssl_verify")
    return None if flag is None else flag.value


def gives_certificate(hop: Hop) -> bool | None:
    """Whether nginx has a certificate of its own to show; None where that is not known."""
    setting = hop.scope.setting(f"{family(hop)}_ssl_certificate")
    if setting is None or commands(hop, "certificate", "chainfile") is not False:
        return None
    if "$" not in setting.value:
        return bool(setting.value)
    texts = hop.variables.expand(setting.value, hop.context)
    if texts is None or any(UNKNOWN in text.text for text in texts):
        return None
    given = {bool(text.text) for text in texts}
    return given.pop() if len(given) == 1 else None
