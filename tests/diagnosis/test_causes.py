"""The table of causes: none is forgotten, all of its words mean something, and it tells apart what
real servers, real nginxes and reports of real 502s have shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import fields

from lint502 import pages
from lint502.behaviour import protocol_table
from lint502.diagnosis import causes as module
from lint502.diagnosis.addresses import filled
from lint502.diagnosis.causes import UNKNOWN, About, Candidate, Cause, cause_of, causes, spelt
from lint502.diagnosis.known import Known
from lint502.diagnosis.statements import Statement
from lint502.nginx import error_log
from lint502.nginx.error_log import Phase, line
from lint502.rule_names import RULES

MESSAGES = {message.name: message for message in error_log.messages()}
CAUSES = causes()
FACTS = {field.name for field in fields(Known)} | {
    name for name, value in vars(Known).items() if isinstance(value, property)
}


def said(
    name: str,
    upstream: str | None = None,
    request: str | None = None,
    phase: Phase | None = None,
    **given: str,
) -> Statement:
    """A statement that is a message of ``error_log.toml``."""
    text = line(name, version=None, phase=phase, **given)
    return Statement("error", text, request=request, upstream=upstream)


def all_candidates() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, row in CAUSES.items():
        for candidate in row["candidate"]:
            yield name, candidate


def all_conditions() -> Iterator[Mapping[str, Any]]:
    for row in CAUSES.values():
        yield row.get("when", {})
        for candidate in row["candidate"]:
            yield from (candidate.get(key, {}) for key in ("when", "raised", "settled"))


def rules_of(cause: Cause) -> set[str]:
    return {rule for candidate in cause.candidates for rule in candidate.rules}


# --- the table ---------------------------------------------------------------------------------


def test_every_message_has_a_cause_whatever_else_its_line_says() -> None:
    always = [
        name for row in CAUSES.values() if "when" not in row for name in row.get("messages", ())
    ]
    assert sorted(always) == sorted(MESSAGES)
    assert {name for row in CAUSES.values() for name in row.get("messages", ())} <= set(MESSAGES)


@pytest.mark.parametrize("message", MESSAGES)
def test_the_cause_keeps_what_the_message_says_of_status_and_failure(message: str) -> None:
    words = {"reading": "recv", "writing": "writev"}
    given = {name: word for name, word in words.items() if f"{{{name}}}" in MESSAGES[message].text}
    for phase in MESSAGES[message].phases:
        cause = cause_of(said(message, "http://127.0.0.1:8000/", phase=phase, **given))
        row = CAUSES[cause.name]
        assert cause.message == message
        assert cause.status == row.get("status", MESSAGES[message].status)
        assert cause.failure is row.get("failure", MESSAGES[message].failure)
        assert cause.candidates


def test_its_keys_are_those_that_its_head_explains() -> None:
    text = Path(module.__file__ or "").with_name("causes.toml").read_text(encoding="utf-8")
    explained = set(re.findall(r"^#   (\w+)  ", text, re.MULTILINE))
    conditions = {key for condition in all_conditions() for key in condition}
    keys = {key for row in CAUSES.values() for key in row} - {"candidate"}
    keys |= {key for _, candidate in all_candidates() for key in candidate}
    assert keys | conditions <= explained
    assert explained - keys - conditions <= {"phases", "none"}


def test_its_words_mean_something() -> None:
    words = set(module._data()["upstream"]) | {"none"}
    for condition in all_conditions():
        assert set(condition.get("upstream", ())) | set(condition.get("without", ())) <= words
        assert set(condition.get("phases", ())) <= set(get_args(Phase))
        assert set(condition.get("known", ())) <= FACTS
    for name, row in CAUSES.items():
        assert re.fullmatch(r"[a-z]+[0-9]*(-[a-z0-9]+)*", name)
        assert row.get("about", "upstream") in get_args(About)
        assert "known" not in row.get("when", {}), name
        assert row.get("messages") or row.get("patterns"), name
    for _, candidate in all_candidates():
        assert set(candidate.get("rules", ())) <= set(RULES)
        for text in (candidate["text"], candidate["tell"], *candidate["run"]):
            assert re.search(r"\{[a-z]+\}", filled(text, "http://10.0.0.1:80/")) is None, text


def test_its_sentences_are_sentences() -> None:
    titles = [row["title"] for row in CAUSES.values()]
    assert len(set(titles)) == len(titles)
    for text in titles + [one[key] for _, one in all_candidates() for key in ("text", "tell")]:
        assert len(text) < 260, text
        assert text.endswith((".", '."')), text
    for name, row in CAUSES.items():
        texts = [candidate["text"] for candidate in row["candidate"]]
        assert len(set(texts)) == len(texts), name


def test_its_expressions_are_those_that_other_engines_have_too() -> None:
    texts = [text for row in CAUSES.values() for text in row.get("patterns", ())]
    texts += [condition["says"] for condition in all_conditions() if "says" in condition]
    texts += module._data()["upstream"].values()
    for text in texts:
        re.compile(text)
        assert not re.search(r"\(\?[=!<]|\\[1-9]", text), text


def test_what_a_number_spells_is_what_its_bytes_say() -> None:
    for number, words in module._data()["hex"].items():
        size = 1 if int(number) < 256 else 3
        data = int(number).to_bytes(size, "big")
        if quoted := re.match(r'"([^"]+)"', words):
            assert quoted[1].encode() == data
    assert spelt("4740180") == '"HTT" of "HTTP/": the port speaks HTTP/1'
    assert spelt("5") is None


@pytest.mark.parametrize("rule", [rule for rule in RULES if pages.facts(rule).log])
def test_a_rule_is_a_candidate_of_the_line_on_its_page(rule: str) -> None:
    log = pages.facts(rule).log or ""
    assert rule in rules_of(cause_of(Statement("error", log, cut=True)))


# --- what was measured of real servers ---------------------------------------------------------

_SPOKEN = {
    "http": ("http", False),
    "https": ("http", True),
    "h2c": ("grpc", False),
    "h2": ("grpc", True),
}
_PASSED = {
    "https": ("http", True),
    "https/2": ("http/2", True),
    "grpcs": ("grpc", True),
    "suwsgi": ("uwsgi", True),
}


def measured() -> Iterator[tuple[str, Statement, Known]]:
    """Each line that a real server made a real nginx write, and what is known of the two."""
    for server, endpoints in protocol_table.load().rows.items():
        for speaks, rows in endpoints.items():
            protocol, listens_tls = _SPOKEN.get(speaks, (speaks, False))
            for passed, row in rows.items():
                kind, tls = _PASSED.get(passed, (passed, False))
                known = Known(
                    kind=kind,
                    tls=tls,
                    protocol=protocol,
                    listens_tls=listens_tls,
                    http_versions_differ=kind == "http/2" and protocol == "http",
                )
                upstream = f"{passed.partition('/')[0]}://127.0.0.1:9000/"
                for _, endings in row.by_version:
                    for ending in endings:
                        for outcome in (ending.outcome, ending.later):
                            if outcome is not None and outcome.log:
                                statement = Statement("error", outcome.log, upstream=upstream)
                                yield f"{server} {speaks} {passed}", statement, known


def test_what_is_known_of_both_sides_settles_what_was_measured() -> None:
    unsettled = set()
    for what, statement, known in measured():
        cause = cause_of(statement, known)
        first = cause.candidates[0]
        by_rule = {"protocol-mismatch", "tls-mismatch", "http-version-mismatch"} & set(first.rules)
        if not (first.settled and by_rule):
            unsettled.add((cause.name, what))
    assert {name for name, _ in unsettled} == {"alert-protocol-version", "http2-rejected"}
    assert {what.split()[0] for _, what in unsettled} == {"granian", "grpcio"}
    assert len(list(measured())) > 400


# --- traps -------------------------------------------------------------------------------------

RESET = "recv() failed (104: Connection reset by peer) while reading response header from upstream"


def first(statement: Statement, **facts: Any) -> tuple[str, ...]:
    """The rules of the likeliest candidate."""
    return cause_of(statement, Known(**facts)).candidates[0].rules


def test_a_reset_is_a_wrong_protocol_a_published_port_or_a_pool() -> None:
    reset = Statement("error", RESET, request="POST / HTTP/1.1", upstream="http://127.0.0.1:9000/")
    assert first(reset, kind="http", protocol="fastcgi") == (
        "protocol-mismatch",
        "two-protocols",
        "handler-overridden",
    )
    assert first(reset, kind="http", protocol="http", published=True) == (
        "port-mismatch",
        "bind-mismatch",
    )
    assert first(reset, kind="http", protocol="http", pool=True) == (
        "keepalive-race",
        "keepalive-unsupported",
    )
    never = cause_of(reset, Known(kind="http", protocol="http", pool=False, published=False))
    assert not {"keepalive-race", "port-mismatch"} & rules_of(never)


def test_a_body_limit_needs_a_body() -> None:
    for method, there in (("GET", False), ("POST", True)):
        one = Statement(
            "error", RESET, request=f"{method} / HTTP/1.1", upstream="http://10.0.0.1:80/"
        )
        assert ("request-body-limit" in rules_of(cause_of(one))) is there
    assert "request-body-limit" in rules_of(cause_of(Statement("error", RESET)))


def test_wrong_version_number_may_be_a_proxy_header() -> None:
    wrong = said("wrong-version-number", "https://10.0.0.1:443/")
    assert first(wrong)[0] == "tls-mismatch"
    expected = {"listens_tls": True, "expects_proxy_header": True, "sends_proxy_header": False}
    assert first(wrong, **expected) == ("proxy-protocol-mismatch",)


def test_a_missing_client_certificate_is_alert_40_or_116() -> None:
    facts = {"sends_name": True, "sends_certificate": False, "needs_certificate": True}
    for name in ("alert-handshake-failure", "alert-certificate-required"):
        assert first(said(name, "https://10.0.0.1:443/"), **facts) == (
            "client-certificate-missing",
        )
    assert cause_of(said("late-alert-certificate-required")).name == "client-certificate-required"
    assert first(said("alert-handshake-failure", "https://10.0.0.1:443/"), sends_name=False) == (
        "sni-missing",
    )


@pytest.mark.parametrize(
    ("upstream", "name"),
    [
        ("fastcgi://unix:/run/php/php-fpm.sock:", "socket-permission"),
        ("http://10.0.0.1:8081/", "connect-denied"),
        (None, "socket-permission"),
    ],
)
def test_who_denies_is_told_by_the_address(upstream: str | None, name: str) -> None:
    address = "unix:/run/php/php-fpm.sock" if upstream is None else upstream.partition("//")[2]
    statement = said("permission-denied", upstream, address=address)
    assert cause_of(statement).name == name


@pytest.mark.parametrize(
    ("upstream", "name"),
    [
        ("http://127.0.0.1:3000/", "refused"),
        ("http://[::1]:3000/", "refused-ipv6"),
        ("http://unix:/run/app.sock:/", "socket-refused"),
        ("10.0.0.7:5432", "refused"),
        ("unix:/run/db.sock", "socket-refused"),
    ],
)
def test_a_refusal_depends_on_the_address(upstream: str, name: str) -> None:
    assert cause_of(said("connection-refused", upstream)).name == name


def test_numbers_tell_what_the_other_side_spoke() -> None:
    found = {}
    for number in ("72", "83", "21", "0"):
        one = said("fastcgi-unsupported-version", "fastcgi://127.0.0.1:9000", number=number)
        found[number] = cause_of(one).candidates[0].text[:30]
    assert found == {
        "72": "An HTTP server has the port (7",
        "83": "The socket is that of an SCGI ",
        "21": "The port speaks TLS (21 begins",
        "0": "The server does not cope with ",
    }
    frame = said("http2-frame-too-large", "grpc://127.0.0.1:50051", number="4740180")
    assert first(frame) == ("protocol-mismatch", "http-version-mismatch")


def test_a_line_may_name_an_upstream_that_did_nothing_wrong() -> None:
    upstream = "fastcgi://unix:/run/php.sock:"
    innocent = ("buffered-to-file", "server-disabled", "client-gone", "file-missing")
    for name in (*innocent, "fastcgi-stderr", "duplicate-header-ignored"):
        assert not cause_of(said(name, upstream)).at_fault, name
    database = Statement(
        "error",
        'FastCGI sent in stderr: "PHP message: PDOException: connect() failed (111: Connection '
        'refused)" while reading response header from upstream',
        upstream=upstream,
    )
    assert cause_of(database).name == "application-stderr"
    script = database._replace(
        message='FastCGI sent in stderr: "Primary script unknown" while reading response header '
        "from upstream"
    )
    assert (cause_of(script).name, cause_of(script).status) == ("script-not-found", 404)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("connect() failed (111: Connection refused)", "lua-socket"),
        ("lua tcp socket connect timed out, when connecting to 10.0.0.1:6379", "lua-socket"),
        ("lua tcp socket read timed out", "lua-socket"),
        ("[lua] balancer.lua:12: no server is up", "lua-said"),
        ("lua entry thread aborted: runtime error: access.lua:3: boom", "lua-failed"),
        ("lua balancer: no peer set", "lua-no-peer"),
        ("check time out with peer: 10.0.0.1:80 ", "health-check"),
        ("disable check peer: 10.0.0.1:80 ", "health-check"),
    ],
)
def test_what_lua_and_modules_write_is_none_of_nginx_s_upstreams(message: str, name: str) -> None:
    cause = cause_of(Statement("error", message, server="a", request="GET / HTTP/1.1"))
    assert (cause.name, cause.at_fault) == (name, False)


def test_what_is_no_known_line_is_unknown() -> None:
    for message in ("", "hello", "open() failed", "connect() succeeded", "\x1b[31m\0"):
        assert cause_of(Statement("error", message)) == UNKNOWN


def test_settled_stands_before_raised_and_raised_before_the_others() -> None:
    closed = said("closed-early", "http://10.0.0.1:8000/", "GET / HTTP/1.1")
    plain = cause_of(closed)
    assert [one.settled for one in plain.candidates] == [False] * len(plain.candidates)
    facts = Known(tls=False, pool_outlives=True, listens_tls=True, pool=True)
    rules = [one.rules for one in cause_of(closed, facts).candidates]
    assert rules[:2] == [("tls-mismatch",), ("keepalive-race", "keepalive-unsupported")]
    assert sorted(rules) == sorted(one.rules for one in plain.candidates)


def test_a_whole_cause() -> None:
    known = Known(upstream="pages", kind="memcached", protocol="http")
    statement = said(
        "memcached-invalid-response", "memcached://10.0.0.1:11211", response='"HTTP/1.1 400"'
    )
    assert cause_of(statement, known) == Cause(
        name="memcached-answered-otherwise",
        title="What came back is no answer of memcached.",
        candidates=(
            Candidate(
                text="The port speaks another protocol, or the key has characters that memcached "
                "does not take.",
                tell='The line quotes the answer: "HTTP/1.1 400" is a web server.',
                run=(r"printf 'version\r\n' | nc -w 2 10.0.0.1 11211",),
                rules=("protocol-mismatch",),
                settled=True,
            ),
        ),
        status=502,
        failure=True,
        about="upstream",
        message="memcached-invalid-response",
    )


# --- facts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "differ"),
    [
        ({"kind": "http", "protocol": "fastcgi"}, True),
        ({"kind": "http/2", "protocol": "http"}, False),
        ({"kind": "grpc", "protocol": "grpc"}, False),
        ({"kind": "tcp", "protocol": "http"}, None),
        ({"kind": "http"}, None),
        ({}, None),
    ],
)
def test_protocols_differ(facts: dict[str, Any], differ: bool | None) -> None:
    assert Known(**facts).protocols_differ is differ


def test_what_is_on_the_wire_differs_by_any_of_its_parts() -> None:
    assert Known(tls=True, listens_tls=False).wire_differs is True
    assert Known(tls=True, listens_tls=True).wire_differs is None
    same = Known(
        kind="http",
        protocol="http",
        tls=True,
        listens_tls=True,
        sends_proxy_header=False,
        expects_proxy_header=False,
    )
    assert same.wire_differs is False


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("service http of a.example could not be resolved (2: Server failure)", "dns-failed"),
        (
            "a.example could not be resolved (110: Operation timed out) while resolving service "
            "http of b.example",
            "dns-timed-out",
        ),
        ("service http of a.example could not be resolved (3: Host not found)", "host-not-found"),
        ("no A or CNAME types in DNS response", "dns-answer-strange"),
        (
            "no resolver defined to resolve ocsp.example while requesting certificate status, "
            "responder: ocsp.example",
            "certificate-status",
        ),
        (
            'cannot load certificate key "/etc/a.key": PEM_read_bio_PrivateKey() failed (SSL: '
            "error:1C800064:Provider routines::bad decrypt) while proxying connection",
            "tls-setup-failed",
        ),
        (
            'cannot load certificate "/etc/a.crt": BIO_new_file() failed (SSL: '
            "error:10000080:BIO routines::no such file) while SSL handshaking",
            "front-certificate",
        ),
        (
            'cannot load certificate "/etc/a.crt": BIO_new_file() failed (SSL: '
            "error:10000080:BIO routines::no such file)",
            "not-started",
        ),
        (
            'open() "/srv/part.html" failed (2: No such file or directory) while sending to client',
            "file-missing",
        ),
        (
            'open() "/tmp/proxy/1/00/0000000001" failed (2: No such file or directory) while '
            "reading upstream",
            "temporary-file-failed",
        ),
        (
            'mkdir() "/tmp/proxy/1" failed (13: Permission denied) while reading upstream',
            "temporary-file-failed",
        ),
    ],
)
def test_lines_that_begin_alike_are_told_apart(text: str, cause: str) -> None:
    assert cause_of(Statement("error", text)).name == cause


@pytest.mark.parametrize(
    ("upstream", "rules"),
    [("http://[fe80::1]:8080/", ()), ("http://10.0.0.1:8080/", ("bind-loopback",))],
)
def test_a_link_local_address_is_no_matter_of_a_bind(upstream: str, rules: tuple[str, ...]) -> None:
    cause = cause_of(said("invalid-argument", upstream))
    assert [candidate.rules for candidate in cause.candidates] == [rules]
