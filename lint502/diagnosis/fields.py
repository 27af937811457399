"""A record of an error log in its parts, as nginx puts it together.

A client chooses much of a record: its path, its ``Host``, its ``Referer``, and with the path
sometimes the message and the URI that goes upstream. So a field is taken only where all readings
of the record agree on it; else the statement counts as cut. nginx: src/core/ngx_log.c
ngx_log_error_core(), src/http/ngx_http_request.c ngx_http_log_error_handler(),
src/stream/ngx_stream_handler.c ngx_stream_log_error().
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from lint502.diagnosis.statements import Statement
from lint502.patterns import regex

LONGEST = 4095
"""Bytes of the longest record: OpenResty cuts there."""

SHORTEST_CUT = 2047
"""Bytes of a record that nginx cuts off."""

_LIMITS = (SHORTEST_CUT, LONGEST)

HEAD = regex(
    rb"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) "
    rb"\[(emerg|alert|crit|error|warn|notice|info|debug)\] \d+#\d+: (?:\*\d+ )?"
)
"""What each record begins with; the groups are its time and its level."""

STARTING = regex(rb"nginx: \[(emerg|alert|crit|error|warn)\] ")
"""What nginx says on its standard error while it starts."""

_CLIENT = regex(rb", (?:udp )?client: ([^\s,\"]*), server: ")
CLIENT_ALONE = regex(rb", (?:udp )?client: ([^\s,\"]*)\Z")
OTHER_FIELDS = regex(
    rb", (?:context: [\w.*]+|resolver: \S+|responder: \S+|server: [^\s,\"]+|"
    rb"certificate: \"[^\"]*\")(?:, peer: \S+|, certificate: \"[^\"]*\")*\Z"
)
CONTEXT = regex(rb", context: [\w.*]+\Z")
_MOST_CLIENTS = 20

_ANGIE = regex(
    rb', client: "([^\s"]*)", server: "([^"]*)"(?:, protocol: "(?:tcp|udp)")?(, request_line: ")?'
)
"""The same fields as Angie writes them after 1.12 (src/http/ngx_http.h NGX_HTTP_LOG_PROP_LIST)."""

_REQUEST = b', request: "'
_SERVER = regex(rb'(?:(?!, (?:udp )?client: ).)*?(?=, request: "|\Z)', re.DOTALL)
_PLAIN_SERVER = regex(rb"[^\s,\"]*")
REQUEST_END = regex(rb' HTTP/\d+\.\d+ *(?="(?:, \w+: "|\Z))')
LATER_END = regex(rb' HTTP/[23]\.0"(?:, \w+: "|\Z)')
_CUT_REQUEST = regex(rb' HTTP/\d+\.\d+ *(?="(?:,|\Z))')

_FIELDS = (
    ("subrequest", b', subrequest: "', re.compile(rb'[^"]*')),
    (
        "upstream",
        b', upstream: "',
        re.compile(rb'[^ ]*?(?="(?:, host: "|, referrer: "|,? ?[a-z]*:? ?\Z))'),
    ),
    ("host", b', host: "', re.compile(rb'[^ "]*')),
)
_REFERRER = b', referrer: "'
FORGED = regex(rb'", (?:upstream|host|referrer): "[^\s"]*')
STREAM = regex(
    rb'(?:, upstream: "([^"\s]*)")?, (?:bytes from/to client:|(?:bytes|packets)_from_client: )'
    rb"|, login: "
)
CUT_STREAM = regex(rb', upstream: "?[^"\s]*"?(?:, b[a-z /]*)?\Z|, b[a-z /]*\Z')
ADDRESS = regex(rb"[a-z]+://(?:unix:[^:]+:|\[[^\]]+\](?::\d+)?/|[^/:]+(?::\d+)?/)")
"""An address that is there as a whole, for the URI has begun."""

FREE = regex(rb'"|\blua\b|\[lua\]')
"""A message that has words of others in it: a file's name, the standard error of FastCGI."""


class Record(NamedTuple):
    """A record: ``time`` as it stands there, None where nginx is just starting; what it says, and
    to whom."""

    time: bytes | None
    statement: Statement
    client: str


def text(data: bytes) -> str:
    """Bytes as text; a byte that is not UTF-8 becomes a lone surrogate."""
    return data.decode("utf-8", "surrogateescape")


def read(record: bytes) -> Record | None:
    """The parts of a record without the end of its line; None where it is none.

    A statement is ``cut`` where fields are missing at its end, or where what a client sent leaves
    several readings: then the fields that they do not share are None.
    """
    record = record[:LONGEST]
    head = HEAD.match(record)
    if head is None:
        head = STARTING.match(record)
        if head is None:
            return None
        return Record(None, Statement(text(head[1]), text(record[head.end() :])), "")
    level = text(head[2])
    statement, client = _statement(level, record[head.end() :], len(record) in _LIMITS)
    return Record(head[1], statement, client)


def _statement(level: str, body: bytes, full: bool) -> tuple[Statement, str]:
    if b', client: "' in body:
        body = _ANGIE.sub(_as_nginx, body)
    found = []
    for match in _CLIENT.finditer(body):
        tail = _tail(body[match.end() :], full)
        if tail is not None:
            found.append((match, tail))
        if len(found) == _MOST_CLIENTS:
            break
    if not found:
        return _without_request(level, body, full)
    match, tail = found[0]
    message = body[: match.start()]
    context = CONTEXT.search(message)
    if context is not None:
        message = message[: context.start()]
    if (len(found) > 1 or full) and FREE.search(message):
        return Statement(level, text(message), cut=True), ""
    return Statement(level, text(message), *tail), text(match[1])


def _as_nginx(match: re.Match[bytes]) -> bytes:
    return b", client: %b, server: %b%b" % (match[1], match[2], _REQUEST if match[3] else b"")


def _without_request(level: str, body: bytes, full: bool) -> tuple[Statement, str]:
    """A record of no request and no session: of a timer, a resolver, or of nginx itself."""
    alone = CLIENT_ALONE.search(body)
    if alone is not None:
        return Statement(level, text(body[: alone.start()]), cut=full), text(alone[1])
    if FREE.search(body) is None:
        other = OTHER_FIELDS.search(body)
        if other is not None:
            return Statement(level, text(body[: other.start()]), cut=full), ""
    client = body.find(b", client: ")
    if client != -1:
        return Statement(level, text(body[:client]), cut=True), ""
    return Statement(level, text(body), cut=full), ""


class _Tail(NamedTuple):
    """The fields of a statement from the server on."""

    server: str | None = None
    request: str | None = None
    subrequest: str | None = None
    upstream: str | None = None
    host: str | None = None
    cut: bool = False


def _tail(tail: bytes, full: bool) -> _Tail | None:
    """What follows ``server: ``; None where it is not what nginx writes."""
    plain = _PLAIN_SERVER.match(tail)
    assert plain is not None
    end = plain.end()
    server = text(tail[:end])
    if end == len(tail):
        return _Tail(cut=True) if full else _Tail(server)
    if tail.startswith(_REQUEST, end):
        return _request(_Tail(server), tail[end + len(_REQUEST) :], full)
    stream = STREAM.match(tail, end)
    if stream is not None:
        return _Tail(server, upstream=None if stream[1] is None else text(stream[1]))
    odd = _SERVER.match(tail)
    if odd is not None and odd.end() < len(tail):
        return _request(_Tail(text(odd[0])), tail[odd.end() + len(_REQUEST) :], full)
    if CUT_STREAM.match(tail, end) or _starts(tail[end:], _REQUEST):
        return _Tail(server, cut=True)
    return _Tail(cut=True) if odd is not None and full else None


def _starts(part: bytes, *fields: bytes) -> bool:
    """Whether it is the beginning of one of these."""
    return any(field.startswith(part) for field in fields)


def _request(tail: _Tail, rest: bytes, full: bool) -> _Tail:
    """The fields from the request on."""
    end = REQUEST_END.search(rest)
    if end is None:
        return _without_version(tail, rest, full)
    if LATER_END.search(rest, end.end() + 1) is not None:
        return tail._replace(cut=True)
    line = rest[: end.end()]
    after = rest[end.end() + 1 :]
    tail = tail._replace(request=text(line))
    if _repeated(line, after):
        return tail._replace(cut=True)
    return _quoted(tail, after, full)


def _without_version(tail: _Tail, rest: bytes, full: bool) -> _Tail:
    """A request line without a version: of HTTP/0.9, an invalid one, or one that is cut."""
    end = _CUT_REQUEST.search(rest)
    if end is not None:
        return tail._replace(request=text(rest[: end.end()]), cut=True)
    quote = rest.find(b'"')
    if quote == -1 or full:
        return tail._replace(request=text(rest), cut=True)
    if quote == len(rest) - 1:
        return tail._replace(request=text(rest[:quote]))
    return tail._replace(cut=True)


def _repeated(line: bytes, after: bytes) -> bool:
    """Whether the path, decoded, has fields that are in the rest of the record, too: it may be
    there once more, as the URI of a subrequest or of the upstream."""
    if b"%22" not in line:
        return False
    return any(match[0] in after for match in FORGED.finditer(unquote_to_bytes(line)))


def _quoted(tail: _Tail, rest: bytes, full: bool) -> _Tail:
    """The fields after the request."""
    found: dict[str, Any] = {}
    position = 0
    for name, before, pattern in _FIELDS:
        if not rest.startswith(before, position):
            continue
        start = position + len(before)
        match = pattern.match(rest, start)
        if match is not None and rest.startswith(b'"', match.end()):
            found[name] = text(match[0])
            position = match.end() + 1
        elif rest.find(b'"', start) != -1:
            return tail._replace(cut=True)
        else:
            if name == "upstream" and ADDRESS.match(rest, start):
                found[name] = text(rest[start:])
            return tail._replace(**found, cut=True)
    if rest.startswith(_REFERRER, position):
        return tail._replace(**found)
    left = rest[position:]
    if not left:
        return tail._replace(**found, cut=full and "host" not in found)
    if _starts(left, *(before for _, before, _ in _FIELDS), _REFERRER):
        return tail._replace(**found, cut=True)
    return tail._replace(cut=True)
