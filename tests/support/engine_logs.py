"""A log that has everything the data name, and what makes a log hard to read: for the engines to
which ``lint502 diagnose --export`` writes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from hypothesis import Phase as Step
from hypothesis import find, settings
from hypothesis.strategies import characters, from_regex

from lint502.diagnosis.causes import causes
from lint502.nginx import error_log
from lint502.nginx.error_log import Message, Phase
from tests.diagnosis.nginx_writes import HEAD, SIZE, cut, http, stream
from tests.diagnosis.test_fields import FIELDS
from tests.diagnosis.test_reports import REPORTS

_UPSTREAMS = (
    None,
    b"http://127.0.0.1:3000/a?b=c",
    b"https://[::1]:8443/",
    b"fastcgi://unix:/run/php/fpm.sock:",
    b"grpc://10.0.0.7:50051",
)
_REFUSED = b"connect() failed (111: Connection refused) while connecting to upstream"
_MESSAGES = (
    _REFUSED,
    b'open() "/srv/www/50x.html" failed (2: No such file or directory)',
    b"nobody has ever seen this",
    b"lua tcp socket connect timed out, context: ngx.timer",
    b"upstream timed out (110: Connection timed out) while reading response header from upstream",
)
_FORGED = (
    *FIELDS,
    *(b"/a", b"?q=1", b"\xff", b"\xc3\xa4", b"'", b"\\", b",", b", c", b", udp client:", b"%22"),
    b', client: 6.6.6.6, server: f, request: "GET /f HTTP/1.1", upstream: "http://6.6.6.6/',
    b'%22,%20upstream:%20%22http://6.6.6.6/', b', upstream: "http://6.6.6.6/', b"%zz%2",
)  # fmt: skip


def log(seed: int = 0, size: int = 700) -> bytes:
    """All of it; ``size`` records are made up of what clients may send."""
    made_up = _made_up(random.Random(seed), size)
    records = (*messages(), *reports(), *odd(), *made_up)
    return b"".join(map(_at, range(len(records)), records))


def _at(second: int, record: bytes) -> bytes:
    """A record with a time of its own."""
    clock = b"2026/07/20 %02d:%02d:%02d" % (8 + second // 3600, second // 60 % 60, second % 60)
    return record.replace(b"2026/07/20 08:00:00", clock) + b"\n"


def messages() -> Iterator[bytes]:
    """Each wording of each message in each of its phases, and what each pattern is of."""
    for message in error_log.messages():
        for wording in message.wordings():
            for phase in message.phases:
                yield from _wordings(message, wording, phase)
    for row in causes().values():
        for pattern in row.get("patterns", ()):
            for level in (b"error", b"emerg"):
                text = _of(pattern).encode().rstrip(b"\n")
                yield http(text, upstream=_UPSTREAMS[1], head=HEAD.replace(b"error", level))
                yield b"nginx: [%b] %b" % (level, text)


def _wordings(message: Message, wording: str, phase: Phase) -> Iterator[bytes]:
    template = error_log._template(wording)
    vocabulary = error_log._data()["fields"]
    for number, upstream in enumerate(_UPSTREAMS):
        fields = {name: _field(name, vocabulary.get(name)) for name in template.fields()}
        if number % 2 and "[" in wording:
            fields = {name: value for name, value in fields.items() if value not in wording}
        for ending in error_log.endings(phase) or ("",):
            text = template.filled(fields) + (f" {ending}" if ending and not template.open else "")
            encoded = text.encode().replace("…".encode(), b"x")
            yield http(encoded, request=b"GET /a HTTP/1.1", upstream=upstream, host=b"shop")
    yield stream(encoded, upstream=b"10.0.0.7:5432")
    yield HEAD + encoded + b", context: ngx.timer"


def _field(name: str, pattern: str | None) -> str:
    if name in ("address", "host"):
        return "10.0.0.9:81"
    return "w" if pattern is None else _of(f"^(?:{pattern})$").strip("\n")


@cache
def _of(pattern: str) -> str:
    """A text that a regular expression finds."""
    letters = characters(codec="ascii", categories=("L", "N", "P", "S", "Zs"))
    chosen = settings(phases=[Step.generate], derandomize=True, database=None)
    return find(from_regex(pattern, alphabet=letters), lambda _: True, settings=chosen)


def reports() -> Iterator[bytes]:
    """The lines that public reports quote."""
    for one in REPORTS:
        upstream = None if one.upstream is None else one.upstream.encode()
        yield http(one.message.encode(), request=one.request.encode(), upstream=upstream)


def odd() -> Iterator[bytes]:
    """Records over several lines, lines of something else, and lines that are no text."""
    stderr = HEAD + b'FastCGI sent in stderr: "PHP message: Warning'
    fpm = b'" while reading response header from upstream'
    yield http(stderr[len(HEAD) :] + b"\nStack trace:\n\n#0 {main}" + fpm, upstream=_UPSTREAMS[3])
    yield stderr
    yield b'192.0.2.1 - - [20/Jul/2026:08:00:00 +0000] "GET / HTTP/1.1" 502 157 "-" "curl"'
    yield b"Primary script unknown" + http(fpm, upstream=_UPSTREAMS[3])[len(HEAD) :]
    yield stderr + b"\n" + b"y" * 3000 + b"\n" + b"z" * 3000
    yield fpm + b", client: 192.0.2.1, server: a"
    yield b'nginx: [emerg] host not found in upstream "app" in /etc/nginx/nginx.conf:7'
    yield b"nginx: configuration file /etc/nginx/nginx.conf test failed"
    yield HEAD.replace(b"*7 ", b"") + b"bind() to 0.0.0.0:80 failed (98: Address already in use)"
    yield HEAD.replace(b"error", b"nothing") + _REFUSED
    yield b"\xff\xfe\0\x1b[31m\x80"
    yield b""
    yield http(_REFUSED + b"\xff", request=b"GET /\xff HTTP/1.1", upstream=_UPSTREAMS[1])
    yield http(_REFUSED, request=b"GET / HTTP/1.1", upstream=b"http://unix:/run/\xc3\xa4.sock:/")
    yield http(_REFUSED, request=b"GET / HTTP/1.1", upstream=_UPSTREAMS[1]) + b"\r"
    yield http(_REFUSED, request=b"GET /%b HTTP/1.1" % (b"\xc3\xa4" * 40000))
    forged = b'/a", upstream: "http://6.6.6.6/", referrer: "'
    asked = b"GET %b HTTP/1.1" % forged.replace(b'"', b"%22").replace(b" ", b"%20")
    yield http(_REFUSED, request=asked, subrequest=forged, upstream=_UPSTREAMS[1])
    yield http(b"no such message", request=b"GET / HTTP/1.1", upstream=b"http://a:1/")
    yield http(b'limiting requests, excess: 1.2 by zone "a"', request=b"GET / HTTP/1.1")
    yield http(b"client intended to send too large body: 9 bytes", upstream=_UPSTREAMS[1])
    yield (
        HEAD + _REFUSED + b', client: "192.0.2.7", server: "shop", protocol: "tcp", request_line: '
        b'"GET / HTTP/1.1", upstream: "http://10.0.0.7:80/", host: "shop"'
    )


def _made_up(chosen: random.Random, size: int) -> Iterator[bytes]:
    def pieces(most: int) -> bytes:
        return b"".join(chosen.choices(_FORGED, k=chosen.randrange(most)))

    for _ in range(size):
        version = chosen.choice((b" HTTP/1.1", b" HTTP/2.0", b" HTTP/1.0 ", b"", b" HTTP/1.1"))
        padding = b"x" * chosen.choice((0, 0, 0, 1600, 1700, 1750, 1780, 1800, 1850, 2100, 3900))
        upstream = chosen.choice((None, _UPSTREAMS[1], b"fastcgi://unix:/run/a.sock:", b""))
        if upstream:
            upstream += pieces(2).replace(b" ", b"")
        record = http(
            chosen.choice(_MESSAGES) + (pieces(3) if chosen.random() < 0.2 else b""),
            server=chosen.choice((b"shop.example", b"~^(?<a>.+), \\w$", b"", b"a b")),
            request=b"GET /%b%b%b" % (padding, pieces(4), version),
            subrequest=chosen.choice((None, None, b"/auth" + pieces(2).replace(b'"', b""))),
            upstream=upstream,
            host=chosen.choice((None, b"shop", b"shop:8080", b"a b")),
            referrer=chosen.choice((None, b"http://x/" + pieces(3))),
            head=HEAD.replace(b"error", chosen.choice((b"error", b"warn", b"crit", b"info"))),
        )
        yield cut(record, chosen.choice((SIZE, SIZE, 4096, chosen.randrange(60, 600))))
