"""A record is read back as it was written, or counts as cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lint502.diagnosis import fields
from lint502.diagnosis.statements import Statement
from tests.diagnosis.nginx_writes import HEAD, cut, http, statement, stream

REFUSED = b"connect() failed (111: Connection refused) while connecting to upstream"
FIELDS = [
    b'", upstream: "http://6.6.6.6/", host: "forged',
    b'", host: "forged',
    b'", referrer: "forged',
    b'", subrequest: "/forged',
    b", client: 6.6.6.6, server: forged",
    b', request: "GET /forged HTTP/1.1',
    b" HTTP/1.1",
    b' HTTP/1.1", upstream: "http://6.6.6.6/',
    b' HTTP/2.0", upstream: "http://6.6.6.6/',
    b'",upstream:"http://6.6.6.6/',
    b'"',
    b" while ",
]
PIECES = st.one_of(
    st.sampled_from([*FIELDS, b"/a", b"?q=1", b"\xff", b"\xc3\xa4", b"'", b"\\", b",", b":"]),
    st.binary(max_size=5).filter(lambda data: not re.search(rb"[\0\r\n]", data)),
)
ANY = st.lists(PIECES, max_size=6).map(b"".join)


def without_blanks(data: bytes) -> bytes:
    return re.sub(rb"[\0-\x20\x7f]", b"", data)


def escaped(data: bytes) -> bytes:
    """As a client writes a path that is to be this, decoded."""
    return b"".join(
        b"%%%02X" % one if one in b' "%?#' or one < 33 else bytes([one]) for one in data
    )


PATH = ANY.map(lambda data: b"/" + without_blanks(data))
NEW = PATH.map(lambda path: b"GET %b HTTP/1.1" % path)
OLD = ANY.map(lambda path: b"GET /%b HTTP/1.1" % re.sub(rb" +H", b"h", path))
"""Up to 1.21.0 a path may have blanks, but no " H"."""

OLD_HTTP_2 = ANY.map(lambda path: b"GET /%b HTTP/2.0" % path)
HOST = st.sampled_from([b"shop.example.com", b"shop.example.com:8080", b"[::1]"])
UPSTREAM = st.builds(
    lambda name, path: name + path,
    st.sampled_from([b"http://10.0.0.7:3000", b"fastcgi://unix:/run/php.sock:", b"grpc://[::1]:9"]),
    PATH,
)


@given(
    request=NEW | OLD | OLD_HTTP_2,
    upstream=st.none() | UPSTREAM,
    host=HOST,
    referrer=st.none() | ANY,
    size=st.sampled_from([100_000, 2048]),
    padding=st.sampled_from([0, 1500, 1700, 1750, 1800]),
)
@example(
    request=b'GET /a HTTP/1.1", upstream: "http://6.6.6.6/", host: "f HTTP/2.0',
    upstream=b"http://10.0.0.7:3000/",
    host=b"h",
    referrer=None,
    size=100_000,
    padding=0,
)
@settings(max_examples=300, deadline=None)
def test_what_a_client_sends_cannot_be_taken_for_another_field(
    request: bytes,
    upstream: bytes | None,
    host: bytes,
    referrer: bytes | None,
    size: int,
    padding: int,
) -> None:
    request = request.replace(b"/", b"/" + b"x" * padding, 1)
    record = cut(
        http(REFUSED, request=request, upstream=upstream, host=host, referrer=referrer), size
    )
    found = fields.read(record)
    assert found is not None
    wanted = statement(REFUSED, b"shop.example.com", request=request, upstream=upstream, host=host)
    if not found.statement.cut:
        assert found == (b"2026/07/20 08:00:00", wanted, "192.0.2.7")
    elif request.count(b" HTTP/") == 1:  # of more, the one that ends it may be cut off
        agrees(found.statement, wanted)


def agrees(found: Statement, wanted: Statement) -> None:
    """What is there of a statement that is cut is true, as far as it goes."""
    assert found.message == wanted.message
    for name in ("server", "request", "upstream", "host"):
        there, whole = getattr(found, name), getattr(wanted, name)
        assert there is None or encoded(whole or "").startswith(encoded(there)), name


def encoded(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


@given(path=ANY, upstream=st.none() | UPSTREAM)
@settings(max_examples=300, deadline=None)
def test_what_is_decoded_from_a_path_cannot_be_taken_for_a_field(
    path: bytes, upstream: bytes | None
) -> None:
    """The name of a file, the URI of a slice's subrequest: whatever the path was, decoded."""
    request = b"GET /%b HTTP/1.1" % escaped(path)
    for message in (b'open() "/srv/%b" failed (2: No such file or directory)' % path, REFUSED):
        subrequest = b"/" + path if message is REFUSED else None
        record = http(message, request=request, subrequest=subrequest, upstream=upstream, host=b"h")
        found = fields.read(record)
        assert found is not None
        wanted = statement(
            message,
            b"shop.example.com",
            request=request,
            subrequest=subrequest,
            upstream=upstream,
            host=b"h",
        )
        assert found.statement == wanted or found.statement.cut


@given(
    message=st.just(REFUSED), upstream=st.sampled_from([None, b"10.0.0.7:5432"]), udp=st.booleans()
)
def test_a_record_of_a_session(message: bytes, upstream: bytes | None, udp: bool) -> None:
    found = fields.read(stream(message, upstream=upstream, udp=udp))
    assert found is not None
    assert found.statement == statement(message, b"0.0.0.0:5432", upstream=upstream)
    assert found.client == "192.0.2.7"


@pytest.mark.parametrize("over", range(0, 130))
def test_wherever_a_record_is_cut_what_is_left_is_true(over: int) -> None:
    upstream, host = b"http://10.0.0.7:3000/a", b"shop.example.com:8080"
    for size in (2048, 4096):
        request = b"GET /a HTTP/1.1"
        whole = http(REFUSED, request=request, upstream=upstream, host=host)
        request = b"GET /%b HTTP/1.1" % (b"a" * (size + over - len(whole) + 1))
        whole = http(REFUSED, request=request, upstream=upstream, host=host)
        found = fields.read(cut(whole, size))
        assert found is not None
        assert len(whole) == size + over
        wanted = statement(
            REFUSED, b"shop.example.com", request=request, upstream=upstream, host=host
        )
        assert found.statement.cut
        agrees(found.statement, wanted)
        assert found.statement.server == wanted.server
        if over < 66:
            assert found.statement.request == wanted.request


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            b"shop could not be resolved (3: Host not found), resolver: 127.0.0.1:53",
            Statement("error", "shop could not be resolved (3: Host not found)"),
        ),
        (
            b"connect() failed (111: Connection refused), context: ngx.timer, "
            b"client: 192.0.2.7, server: 0.0.0.0:80",
            Statement("error", "connect() failed (111: Connection refused)", "0.0.0.0:80"),
        ),
        (
            b"peer closed connection in SSL handshake while SSL handshaking, "
            b"client: 192.0.2.7, server: 0.0.0.0:443",
            Statement(
                "error",
                "peer closed connection in SSL handshake while SSL handshaking",
                "0.0.0.0:443",
            ),
        ),
        (
            b'x, client: unix:, server: ~^(a|b),"c$, request: "GET / HTTP/1.1", host: "h"',
            Statement("error", "x", '~^(a|b),"c$', "GET / HTTP/1.1", host="h"),
        ),
        (
            b'x, client: "192.0.2.7", server: "shop", request_line: "GET / HTTP/1.1", '
            b'upstream: "http://10.0.0.7:3000/", host: "h", referrer: "r"',
            Statement(
                "error",
                "x",
                "shop",
                "GET / HTTP/1.1",
                upstream="http://10.0.0.7:3000/",
                host="h",
            ),
        ),
        (
            b'x, client: "192.0.2.7", server: "0.0.0.0:80", protocol: "tcp", '
            b'upstream: "10.0.0.7:90", bytes_from_client: 0, bytes_to_client: 0',
            Statement("error", "x", "0.0.0.0:80", upstream="10.0.0.7:90"),
        ),
        (
            b'x, client: 192.0.2.7, server: , request: "GET /a"',
            Statement("error", "x", "", "GET /a"),
        ),
    ],
)
def test_other_records(body: bytes, wanted: Statement) -> None:
    found = fields.read(HEAD + body)
    assert found is not None
    assert found.statement == wanted


def test_what_nginx_says_while_it_starts_has_no_time() -> None:
    found = fields.read(b'nginx: [emerg] host not found in upstream "api" in /etc/nginx.conf:3')
    said = 'host not found in upstream "api" in /etc/nginx.conf:3'
    assert found == (None, Statement("emerg", said), "")
