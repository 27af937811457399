"""Asks one address everything that was planned, one connection at a time."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.declared.listeners import Fact
from lint502.nginx.addresses import literal_ip
from lint502.probing import encrypted, measuring, socket_files, spoken, web
from lint502.probing.answers import Answer, Seen, answer
from lint502.probing.handshakes import Offer, handshake
from lint502.probing.http1 import Response
from lint502.probing.listening import listening
from lint502.probing.networks import Resolved, UnresolvedError, is_here, resolve, strays
from lint502.probing.plan import MOST_RESOLVED, Question, Wanted, plan, total
from lint502.probing.spoken import Spoken, Way
from lint502.probing.subjects import Subject
from lint502.probing.talk import GoneError, Talk
from lint502.probing.wire import Dialer, NotConnectedError

_OF_THIS_MACHINE = frozenset(
    (errno.EACCES, errno.EPERM, errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EMFILE, errno.ENFILE)
)
"""Errors that say nothing of the upstream."""

_HTTP_ALONE = ("http_versions", "websocket", "unknown_host")
_NOT_ASKED = {
    "timeouts.request": "only a request that takes as long would show it",
    "timeouts.response": "only the slowest answer would show it",
    "limits.response_headers": "only the largest answer would show it",
    "dynamic_address": "one look does not show it",
    "resolvers": "the servers of names are not asked",
    "virtual_hosts": "what a Host gets does not tell that it is served",
    "allowed_clients": "only other clients would show it",
    "same_host": "it is no matter of what answers",
    "published": "the ports of the machine are not asked",
    "bind": "it runs on another machine, or nothing of its process can be seen",
}
_MEASURED = (
    "keepalive.idle_timeout",
    "keepalive.max_requests",
    "keepalive.announces_close",
    "limits.request_headers",
    "limits.request_body",
    "limits.overflow",
)


class Asked(Struct, frozen=True):
    """What came of an address: the answers; ``reached`` tells whether anything could be asked.
    ``connections`` were opened, of ``planned`` at most. ``refused`` says why it was not asked."""

    subject: Subject
    answers: tuple[Answer, ...] = ()
    reached: bool = False
    connections: int = 0
    planned: int = 0
    refused: str | None = None


class _Asking(Struct):
    subject: Subject
    wanted: Wanted
    claims: Mapping[str, Fact[Any]]
    questions: Mapping[str, Question]
    progress: Callable[[str], None]
    seen: dict[str, Seen] = field(default_factory=dict)

    @property
    def connected(self) -> bool:
        """Whether a connection was taken."""
        return "connects" in self.seen and self.seen["connects"].words.startswith("yes")

    def see(self, *facts: Seen) -> None:
        """Note facts; what is known of one stays, where nothing more is known now."""
        for fact in facts:
            known = self.seen.get(fact.key)
            if known is None or fact.value is not None or known.value is None:
                self.seen[fact.key] = fact

    def allows(self, name: str, dialer: Dialer) -> bool:
        """Whether a question was planned; then it may open its connections."""
        question = self.questions.get(name)
        if question is None:
            return False
        self.progress(f"{self.subject.upstream}: {question.what}")
        dialer.allow(question.connections)
        return True


def ask(
    subject: Subject, wanted: Wanted, progress: Callable[[str], None] = lambda _: None
) -> Asked:
    """Everything that was planned for an address, compared with what is claimed."""
    questions = plan(subject, wanted)
    claims = subject.claims()
    asking = _Asking(subject, wanted, claims, {one.name: one for one in questions}, progress)
    try:
        found = resolve(subject.address, wanted.seconds)
    except UnresolvedError as error:
        asking.see(Seen("resolves", words=str(error), wrong=True))
        return Asked(subject, tuple(_answers(asking)), True, 0, total(questions))
    why = next((why for one in found if (why := strays(subject.address, one.ip))), None)
    if why is not None and not wanted.strangers:
        return Asked(
            subject, refused=f"{why}; --yes asks it all the same", planned=total(questions)
        )
    if found[0].ip and literal_ip(subject.address.host) is None:
        asking.see(Seen("resolves", words=", ".join(dict.fromkeys(one.ip for one in found))))
    opened = 0
    for where in found[:MOST_RESOLVED]:
        dialer = Dialer(where.family, where.address, wanted.seconds)
        try:
            _ask(asking, dialer, where)
        except (NotConnectedError, GoneError) as error:
            if isinstance(error, NotConnectedError) and "protocol" not in asking.seen:
                _unreachable(asking, where, error)
                opened += dialer.opened
                continue  # nginx tries the next one, too
            asking.seen["connects"] = Seen("connects", words=f"not always: {error}", wrong=True)
        opened += dialer.opened
        break
    connects = asking.seen.get("connects")
    reached = asking.connected or (connects is not None and connects.wrong)
    return Asked(subject, tuple(_answers(asking)), reached, opened, total(questions))


def _ask(asking: _Asking, dialer: Dialer, where: Resolved) -> None:
    if isinstance(where.address, str):
        asking.see(*socket_files.facts(where.address))
    claims = asking.claims
    host = _host(asking)
    offer = Offer(_server_name(asking))
    if asking.allows("connect", dialer):
        with dialer.connect():
            pass
        for fact in _connected(asking, where):
            asking.seen[fact.key] = fact
        if asking.allows("tls", dialer):
            shown = handshake(dialer, offer)
            asking.see(Seen("tls", shown.answered))
            if shown.answered:
                asking.see(*encrypted.facts(dialer, offer, shown, host))
        return
    asking.allows("spoken", dialer)
    found = spoken.spoken(dialer, _claimed_way(claims), offer, host)
    for fact in _connected(asking, where):
        asking.seen[fact.key] = fact
    asking.see(*_spoken(found, claimed="protocol" in claims))
    met = found.handshake
    if met is not None and met.answered and asking.allows("tls", dialer):
        proxied = found.way is not None and found.way.proxy
        sent = replace(offer, prelude=spoken.PROXY if proxied else b"")
        asking.see(*encrypted.facts(dialer, sent, met, host))
    if found.way is None:
        return
    talk = Talk(dialer, found.way, offer, host)
    if found.way.protocol == "http":
        _ask_web(asking, talk, found.response)
    if asking.wanted.measure:
        _measure(asking, talk)


def _claimed_way(claims: Mapping[str, Fact[Any]]) -> Way:
    def value(key: str, otherwise: Any) -> Any:
        return claims[key].value if key in claims else otherwise

    protocol = value("protocol", "http")
    versions = value("http_versions", ("1.1",))
    http2 = protocol == "grpc" or (protocol == "http" and set(versions) == {"2"})
    return Way(protocol, bool(value("tls", False)), bool(value("proxy_protocol", False)), http2)


def _host(asking: _Asking) -> str:
    """The Host to ask for: one that is claimed to be served, or else where it is."""
    hosts = asking.claims.get("virtual_hosts")
    if hosts is not None:
        named = [one for one in hosts.value if "*" not in one]
        if named:
            return str(named[0])
    return "localhost" if asking.subject.address.socket else str(asking.subject.address)


def _server_name(asking: _Asking) -> str | None:
    """The name to send in a handshake: one that its certificate is claimed to have, or its host."""
    names = asking.claims.get("tls.names")
    hosts = (*(names.value if names is not None else ()), asking.subject.address.host)
    fitting = (one for one in hosts if one and "*" not in one and literal_ip(one) is None)
    return next(fitting, None)


def _connected(asking: _Asking, where: Resolved) -> Iterator[Seen]:
    """That it takes connections, and who listens there, where that can be seen."""
    port = asking.subject.address.port
    if port is None or asking.subject.published or not is_here(where.ip):
        yield Seen("connects", words="yes")
        return
    there = [one for one in listening() if one.port == port]
    named = next((one for one in there if one.pid is not None), next(iter(there), None))
    yield Seen("connects", words="yes" if named is None else f"yes, {named}")
    server = asking.claims.get("server")
    if named is not None and server is not None:
        program = server.value.partition("/")[0]
        if any(program in word.lower() for word in named.name.split()):
            yield Seen("server", program, named.name)
    if there:
        claimed = asking.claims.get("bind")
        bound = tuple(dict.fromkeys(one.ip for one in there))
        plain = ("0.0.0.0", "::", "*")
        if claimed is not None and set(claimed.value) & set(plain) and set(bound) & set(plain):
            bound = tuple(claimed.value)
        yield Seen("bind", bound)


def _unreachable(asking: _Asking, where: Resolved, error: NotConnectedError) -> None:
    """Nobody took the connection: who might have, on this machine."""
    address = asking.subject.address
    why = ""
    if address.port is not None and is_here(where.ip) and not asking.subject.published:
        why = _who_instead(asking, address.port)
    here = error.number in _OF_THIS_MACHINE
    if here:
        why = "that is a matter of this machine or this user, not of what listens there"
    asking.seen["connects"] = Seen("connects", words=str(error), why=why, wrong=not here)


def _who_instead(asking: _Asking, port: int) -> str:
    found = listening()
    there = [one for one in found if one.port == port]
    if there:
        bound = ", ".join(dict.fromkeys(f"{one.ip}: {one}" for one in there))
        return f"port {port} is bound at other addresses: {bound}"
    server = asking.claims.get("server")
    name = "" if server is None else server.value.partition("/")[0]
    alike = [one for one in found if name and name.split("-")[0] in one.name.lower()]
    if alike:
        return "nothing listens there; " + "; ".join(
            f"{one} listens on {one.ip}:{one.port}" for one in alike[:3]
        )
    others = sorted({one.port for one in found if abs(one.port - port) <= 10})
    near = f"; the nearest ports are {', '.join(map(str, others[:5]))}" if others else ""
    return f"nothing listens there{near}"


def _spoken(found: Spoken, *, claimed: bool) -> Iterator[Seen]:
    way, shown = found.way, found.handshake
    if way is None:
        why = "; ".join(found.failed[:3]) or "nothing that was tried got an answer"
        if shown is not None and shown.answered:
            yield Seen("tls", True)
            why = "nothing that was said over TLS got an answer"
        unanswered = claimed and not found.secret
        words = "none that was tried" if unanswered else ""
        yield Seen("protocol", None, words, why, wrong=unanswered)
        return
    yield Seen("protocol", way.protocol, f"{way.protocol}, {found.words}" if found.words else "")
    yield Seen("tls", way.tls)
    if found.doubtful:
        why = "without the header it closes, and with it, it refuses the request"
        yield Seen("proxy_protocol", why=why)
    else:
        yield Seen("proxy_protocol", way.proxy)
    if way.protocol == "memcached" and found.words:
        yield Seen("server", f"memcached/{found.words}")


def _ask_web(asking: _Asking, talk: Talk, first: Response | None) -> None:
    claims, dialer = asking.claims, talk.dialer
    if asking.allows("versions", dialer):
        asking.see(web.versions(talk, first))
    versions = asking.seen["http_versions"].value or ()
    if (
        "2" in versions
        and (talk.way.http2 or _claims_grpc(claims))
        and asking.allows("grpc", dialer)
    ):
        _ask_grpc(asking, talk)
    if not {"1.0", "1.1"}.isdisjoint(versions) and not talk.way.http2:
        if asking.allows("reuse", dialer):
            asking.see(*web.reuse(talk))
        if asking.allows("websocket", dialer):
            asking.see(*web.websockets(talk, claims["websocket"].value))
        if asking.allows("unknown_host", dialer):
            asking.see(web.unknown_host(talk))


def _claims_grpc(claims: Mapping[str, Fact[Any]]) -> bool:
    return "protocol" in claims and claims["protocol"].value == "grpc"


def _ask_grpc(asking: _Asking, talk: Talk) -> None:
    from lint502 import installation

    try:
        is_grpc = web.is_grpc(talk)
    except ModuleNotFoundError:
        why = f"whether it is gRPC takes h2: {installation.command('h2')}"
        asking.seen["protocol"] = Seen("protocol", None, "HTTP/2", why)
        return
    if is_grpc is None:
        why = "a HEAD does not show whether it is gRPC"
        asking.seen["protocol"] = Seen("protocol", None, "HTTP/2", why)
    elif is_grpc:
        asking.seen["protocol"] = Seen("protocol", "grpc")


def _measure(asking: _Asking, talk: Talk) -> None:
    claims, dialer = asking.claims, talk.dialer

    def claimed(key: str) -> Any:
        return claims[key].value if key in claims else None

    http1 = talk.way.protocol == "http" and not talk.way.http2
    kept = asking.seen.get("keepalive")
    keeps = http1 and not (kept is not None and kept.value is False)
    pooled = keeps or talk.way.http2 or talk.way.protocol in ("memcached", "fastcgi")
    sized = http1 or talk.way.protocol in ("uwsgi", "scgi")
    limits: list[Seen] = []
    if sized and asking.allows("head", dialer):
        limits += measuring.head(talk, claimed("limits.request_headers"))
    if http1 and asking.allows("body", dialer):
        limits += measuring.body(talk, claimed("limits.request_body"))
    asking.see(*limits)
    ways = [one.value for one in limits if one.key == "limits.overflow" and one.value]
    if len(set(ways)) > 1:
        said = f"a head: {ways[0]}, a body: {ways[1]}"
        asking.seen["limits.overflow"] = Seen("limits.overflow", words=said, why="it depends")
    if keeps and asking.allows("requests", dialer):
        asking.see(*measuring.requests(talk, claimed("keepalive.max_requests")))
    if pooled and asking.allows("idle", dialer):
        asking.see(measuring.idle(talk, asking.wanted.longest, asking.wanted.seconds))


_ORDER = ("resolves", "connects", "socket", "protocol", "tls", "proxy_protocol", "http_versions")


def _answers(asking: _Asking) -> Iterator[Answer]:
    """Everything that was seen beside what is claimed, and what else is claimed."""
    claims = asking.claims
    keys = dict.fromkeys((*_ORDER, *asking.seen, *claims))
    address = claims.get("port") or claims.get("socket")
    for key in keys:
        if key in ("port", "published", "same_host", "limits.request_headers_status"):
            continue
        seen = asking.seen.get(key)
        if seen is None:
            if key in claims:
                yield answer(Seen(key, why=_why_not(asking, key)), claims[key])
            continue
        claim = claims.get(key)
        if key in ("resolves", "connects") and address is not None:
            claim = address
        unknown = key == "connects" and not asking.connected
        if key in ("resolves", "connects", "framing") and not seen.wrong and not unknown:
            kind = "agrees" if claim is not None else "not claimed"
            yield Answer(seen, claim, kind)  # type: ignore[arg-type]
            continue
        yield answer(seen, claim)


def _why_not(asking: _Asking, key: str) -> str:
    """Why nothing is known of a fact that is claimed."""
    if "protocol" not in asking.seen and "connects" not in asking.seen:
        return "it was not reached"
    connects = asking.seen.get("connects")
    if connects is not None and not asking.connected:
        return "it was not reached"
    if key in _NOT_ASKED:
        return _NOT_ASKED[key]
    if key in _MEASURED and not asking.wanted.measure:
        return "only --measure shows it"
    if key in _MEASURED:
        kept = asking.seen.get("keepalive")
        closed = key.startswith("keepalive.") and kept is not None and kept.value is False
        return "it closes after each answer" if closed else "it could not be measured here"
    if key.startswith("tls."):
        tls = asking.seen.get("tls")
        return "it speaks no TLS" if tls is not None and tls.value is False else "TLS was not seen"
    if key in _HTTP_ALONE:
        return "it does not speak HTTP/1"
    return "its protocol does not show it"
