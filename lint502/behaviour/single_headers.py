"""Headers that a request may have once only, and that nginx sends twice.

``proxy_set_header`` adds a line for each of its lines, also where two have one name, in any case;
a line whose value is empty sends nothing (``ngx_http_proxy_create_request()``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from lint502.behaviour.http2 import speaks_http2
from lint502.behaviour.refusals import Refusal, What, refusal
from lint502.declared.listeners import Listener
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.nginx.setting_lines import SettingLines, called, once_for_lines
from lint502.nginx.symbols import UNKNOWN
from lint502.patterns import regex
from lint502.wording import server_of

_SINGLE: Mapping[str, What] = {
    "host": "host-twice",
    "content-length": "content-length-twice",
    "content-type": "content-type-twice",
    "authorization": "authorization-twice",
}

_NEVER_EMPTY = regex(r"\$\{?(host|http_host|proxy_host|hostname|remote_addr)\}?")
"""Variables that hold something in every request of HTTP/1.1 and HTTP/2."""

_WITH_A_BODY = regex(r"\$\{?(content_length|http_content_length)\}?")


class Twice(Struct, frozen=True):
    """The lines that send one header more than once; those of ``perhaps`` may have nothing to send.
    ``always``: they are sent with every request, not only with those that have a body."""

    header: str
    what: What
    lines: tuple[Directive, ...]
    perhaps: tuple[Directive, ...]
    always: bool

    @property
    def certain(self) -> bool:
        """Whether two of them are sent in any case."""
        return len(self.lines) - len(self.perhaps) > 1


def sent_twice(hop: Hop) -> Iterator[Twice]:
    """The headers that a hop sends twice to an upstream with HTTP/1."""
    headers = hop.scope.setting("proxy_set_header") if hop.kind == "proxy" else None
    if headers is None or not _repeats(headers.lines) or speaks_http2(hop) is not False:
        return
    for name, what in _SINGLE.items():
        several = [line for line in headers.directives_named(name) if len(line.args) == 2]
        if len(several) < 2:
            continue
        each = ((line, _sent(hop, line.args[1])) for line in several)
        sent = [(line, how) for line, how in each if how != "never"]
        lines = [line for line, _ in sent]
        if len(lines) > 1:
            yield Twice(
                str(lines[0].args[0]),
                what,
                tuple(lines),
                tuple(line for line, how in sent if how == "perhaps"),
                always=all(how != "with a body" for _, how in sent),
            )


@once_for_lines
def _repeats(lines: SettingLines) -> bool:
    return any(len(alike) > 1 for alike in called(lines).values())


def refused(twice: Twice, listener: Listener) -> Refusal | None:
    """What a listener's server does with such a request, where that is known."""
    _, _, version = (listener.server.value if listener.server else "").partition("/")
    return refusal(twice.what, server_of(listener), version)


def _sent(hop: Hop, value: str) -> str:
    """Whether a value is sent: "always", "never", "perhaps", or with requests "with a body"."""
    if _WITH_A_BODY.fullmatch(value):
        return "with a body"
    texts = hop.variables.expand(value, hop.context)
    if texts and not any(text.text for text in texts):
        return "never"
    certain = texts is not None and all(text.text.strip(UNKNOWN) for text in texts)
    return "always" if certain or _NEVER_EMPTY.search(value) else "perhaps"
