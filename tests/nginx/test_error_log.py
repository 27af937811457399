"""The table of nginx's messages: true of what real nginxes wrote, and none takes another's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from lint502 import pages
from lint502.behaviour import protocol_table
from lint502.nginx import error_log
from lint502.nginx.error_log import Level, Message, Phase, UnknownMessageError, find, line
from lint502.nginx.log_text import Vocabulary, parse
from lint502.nginx.version import NEWEST, OLDEST, Version
from tests.support.sites import http, write

HERE = Path(__file__).parent
PACKAGE = Path(error_log.__file__).parents[1]
MESSAGES = list(error_log.messages())
NAMES = [message.name for message in MESSAGES]

_PREFIX = re.compile(r"\S+ \S+ \[(\w+)\] \d+#\d+: (?:\*\d+ )?")
_REST = re.compile(r", (?:(?:udp )?client|resolver): ")


class Logged(NamedTuple):
    """A line that some nginx wrote: its version, level and text, and the message that it has."""

    version: Version
    level: str
    text: str
    name: str


def logged() -> Iterator[Logged]:
    """Every line of ``error_log_lines.toml``."""
    text = (HERE / "error_log_lines.toml").read_text(encoding="utf-8")
    for version, by_name in tomli.loads(text).items():
        for name, lines in by_name.items():
            for one in lines:
                prefix = _PREFIX.match(one)
                assert prefix is not None, one
                said = _REST.split(one[prefix.end() :])[0]
                yield Logged(Version.parse(version), prefix[1], said, name)


def named(text: str) -> str | None:
    """The name of the message that a line says."""
    found = find(text)
    return None if found is None else found.message.name


# --- real lines --------------------------------------------------------------------------------


def test_every_line_that_an_nginx_wrote_is_found_as_its_message() -> None:
    lines = list(logged())
    wrong = [(one.text, one.name, named(one.text)) for one in lines if named(one.text) != one.name]
    assert wrong == []
    assert len({one.name for one in lines}) > 140
    assert len({one.version for one in lines}) == 4


def test_the_first_line_is_enough_where_a_message_has_several() -> None:
    several = [one for one in logged() if "\n" in one.text]
    assert {named(one.text.split("\n")[0]) for one in several} == {
        "fastcgi-stderr",
        "front-proxy-header-broken",
    }


def test_every_line_has_the_level_that_the_table_says_for_its_version() -> None:
    wrong = [
        (one.version, one.name, one.level)
        for one in logged()
        if error_log.message(one.name).level(one.version) != one.level
    ]
    assert wrong == []


def test_fields_are_read_as_they_stand_in_the_line() -> None:
    found = {
        (one.name, tuple(match.fields.items()))
        for one in logged()
        if (match := find(one.text)) is not None and match.fields
    }
    assert found >= {
        ("certificate-name-mismatch", (("host", "shop.example"),)),
        ("connection-refused", (("address", "unix:/run/lab/stale.sock"),)),
        ("dns-server-refused", (("call", "recv"),)),
        ("duplicate-header", (("header", "Content-Length: 2"), ("previous", "Content-Length: 2"))),
        ("fastcgi-unsupported-version", (("number", "72"),)),
        ("handshake-closed", (("errno", "104: Connection reset by peer"),)),
        ("host-not-found", (("host", "nxdomain"),)),
        ("invalid-address", (("problem", "invalid port"), ("address", "127.0.0.1:99999"))),
        ("http2-frame-too-large", (("number", "4740180"),)),
        ("invalid-header", (("header", r"X\x20..."),)),
        ("reset-in-body", (("reading", "readv"),)),
    }


@pytest.mark.parametrize(
    ("text", "name", "phase"),
    [
        ("upstream timed out (110: Connection timed out)", "body-timed-out", "reading upstream"),
        (
            "upstream timed out (110: Connection timed out)",
            "send-timed-out",
            "sending request to upstream",
        ),
        (
            "upstream timed out (110: Connection timed out)",
            "response-timed-out",
            "reading response header from upstream",
        ),
        ("upstream prematurely closed connection", "closed-in-body", "sending to client"),
        ("recv() failed (104: Connection reset by peer)", "reset-in-body", "sending to client"),
        ("writev() failed (32: Broken pipe)", "client-send-failed", "sending to client"),
        ("writev() failed (32: Broken pipe)", "pipe-broken", "sending request to upstream"),
        ("recv() failed (111: Connection refused)", "dns-server-refused", "resolving"),
        (
            "recv() failed (111: Connection refused)",
            "session-refused",
            "proxying and reading from upstream",
        ),
        ("512 worker_connections are not enough", "connections-used-up", "resolving"),
    ],
)
def test_what_nginx_was_doing_tells_equal_messages_apart(text: str, name: str, phase: str) -> None:
    assert named(f"{text} while {phase}") == name


@pytest.mark.parametrize(
    "text",
    [
        "recv() failed (104: Connection reset by peer) while waiting for request",
        "recv() failed (104: Connection reset by peer) while reading client request line",
        "SSL_do_handshake() failed (SSL: error:0A00009C:SSL routines::http request) while SSL "
        "handshaking",
        "peer closed connection in SSL handshake while SSL handshaking",
        "client timed out (110: Connection timed out) while waiting for request",
        "connect() failed (111: Connection refused)",  # of a timer of Lua
        'stat() "/var/www/favicon.ico" failed (13: Permission denied)',
        'access forbidden by rule, "upstream timed out (110: Connection timed out)"',
        "upstream",
        "",
    ],
)
def test_what_a_client_did_and_what_is_no_message_is_not_found(text: str) -> None:
    assert find(text) is None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("connect() failed (110: Operation timed out)", "connection-gave-up"),
        ("upstream timed out (110: Operation timed out)", "connection-timed-out"),
        ("connect() failed (113: Host is unreachable)", "no-route-to-host"),
        ("connect() to [::1]:80 failed (99: Address not available)", "cannot-assign-address"),
        ("socket() failed (24: No file descriptors available)", "out-of-files"),
        (
            "kevent() reported that connect() failed (61: Connection refused)",
            "connection-refused",
        ),
        ("upstream timed out (60: Operation timed out)", "connection-timed-out"),
        ("connect() to 10.0.0.1:80 failed (12: Cannot allocate memory)", "connect-failed"),
    ],
)
def test_errors_are_known_in_the_words_of_each_system(words: str, name: str) -> None:
    assert named(f"{words} while connecting to upstream") == name


# --- the table ---------------------------------------------------------------------------------


def test_names_are_sorted_in_each_phase_and_unique() -> None:
    by_phase: dict[str, list[str]] = {}
    for message in MESSAGES:
        by_phase.setdefault(message.phase, []).append(message.name)
    assert {phase: names for phase, names in by_phase.items() if names != sorted(names)} == {}
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
    assert [name for name in NAMES if not re.fullmatch(r"[a-z]+[0-9]*(-[a-z0-9]+)*", name)] == []


def test_every_phase_has_messages_and_the_file_has_no_other_ones() -> None:
    data = tomli.loads((PACKAGE / "nginx" / "error_log.toml").read_text(encoding="utf-8"))
    sections = [name for name in data if name not in ("errnos", "fields", "phases")]
    assert sections == list(data["phases"]) == list(get_args(Phase))
    assert sum(len(data[phase]) for phase in sections) == len(MESSAGES)
    known = {"text", "or", "before", "also", "level", "status", "failure", "areas", "since"}
    keys = {key for phase in sections for row in data[phase].values() for key in row}
    assert keys == known | {"source"}


@pytest.mark.parametrize("message", MESSAGES, ids=NAMES)
def test_facts_are_of_their_kinds(message: Message) -> None:
    assert re.fullmatch(
        r"src/[\w/]+\.c ngx_\w+\(\)|openssl: [\w/]+\.(?:c|txt) (?:SSL_R|X509_V_ERR)_[A-Z0-9_]+",
        message.source,
    )
    assert set(message.phases) <= set(get_args(Phase))
    assert message.areas <= {"http", "stream"}
    assert message.areas
    assert message.status in (None, 9, 404, 500, 502, 504)
    assert {level for _, level in message.levels} <= set(get_args(Level))
    assert [since for since, _ in message.levels] == sorted({since for since, _ in message.levels})
    assert OLDEST <= message.since <= NEWEST
    assert message.levels[0][0] == OLDEST
    for until, _ in message.before:
        assert re.fullmatch(r"OpenSSL \d+\.\d+(\.\d+)?", until) or Version.parse(until) > OLDEST


def test_a_line_that_is_no_failure_costs_no_status_but_for_what_memcached_has_not() -> None:
    assert {
        message.name for message in MESSAGES if not message.failure and message.status is not None
    } == {"memcached-not-found"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("connection-refused", 502),
        ("connection-timed-out", 504),
        ("connection-gave-up", 502),
        ("connections-used-up", 500),
        ("no-live-upstreams", 502),
        ("invalid-address", 500),
        ("host-not-found", 502),
        ("closed-in-body", None),
        ("server-disabled", None),
        ("no-status-line", 9),
    ],
)
def test_the_status_is_that_of_the_phase_unless_the_message_has_its_own(
    name: str, status: int | None
) -> None:
    assert error_log.message(name).status == status


def test_every_error_of_a_system_in_a_text_is_one_that_the_table_has() -> None:
    """``EPIPE`` for its words; a name that is not in the table would be taken as it stands."""
    left = [
        (message.name, word)
        for message in MESSAGES
        for wording in message.wordings()
        for word in re.findall(r"\b(E[A-Z]{4,})\b", wording)
        if word in line(message.name)
    ]
    assert left == []


# --- a message's own text ----------------------------------------------------------------------


@pytest.mark.parametrize("message", MESSAGES, ids=NAMES)
def test_a_message_s_own_line_is_found_as_it_in_each_of_its_phases(message: Message) -> None:
    values = {"call": "ioctl", "reading": "recv", "writing": "send"}
    for phase in message.phases:
        fields = {name: value for name, value in values.items() if f"{{{name}}}" in message.text}
        text = line(message.name, phase=phase, **fields)
        found = find(text)
        assert found is not None, text
        assert found.message.name == message.name
        assert found.phase == (message.phase if text.endswith("…") else phase)
        for name, value in fields.items():
            assert found.fields[name] == value


_WORDS = st.text("abcdefghijklmnopqrstuvwxyzXYZ0123456789.:/-", min_size=1, max_size=20)
_VALUES = {
    "call": st.from_regex(r"[a-z]{9}", fullmatch=True),
    "errno": st.from_regex(r"2\d\d: [A-Z][a-z ]{1,20}", fullmatch=True),
    "family": st.sampled_from(("proxy", "fastcgi")),
    "frame": st.sampled_from(("settings", "rst stream")),
    "option": st.sampled_from(("TCP_NODELAY", "SO_RCVBUF, 4096")),
    "part": st.sampled_from((" name length: 5", "URI", "high")),
    "problem": st.sampled_from(("invalid port", "no host")),
    "protocol": st.sampled_from(("UDP", "HTTP/2", "scgi")),
    "reading": st.sampled_from(("recv", "readv", "SSL_read")),
    "setup": st.sampled_from(("SSL_new", "SSL_set_fd", "SSL_use_PrivateKey")),
    "side": st.sampled_from(("client", "upstream")),
    "temporary": st.integers(1, 99999).map("{:010}".format),
    "writing": st.sampled_from(("send", "writev", "sendfile", "SSL_write")),
    **dict.fromkeys(
        ("most", "needed", "number", "size", "window"), st.integers(1000, 99999).map(str)
    ),
}


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_no_message_takes_the_lines_of_another_whatever_its_fields_are(data: st.DataObject) -> None:
    for message in MESSAGES:
        for wording in message.wordings():
            template = error_log._template(wording)
            values = {
                name: data.draw(_VALUES.get(name, _WORDS), label=f"{message.name}: {name}")
                for name in template.fields()
            }
            for phase in message.phases:
                doing = error_log._suffix(phase)
                found = find(template.filled(values) + doing)
                assert found is not None, template.filled(values) + doing
                assert (found.message.name, found.fields) == (message.name, values)
                assert found.phase == phase or not doing


def test_expressions_find_what_is_found() -> None:
    expressions = [(one, re.compile(one.pattern, re.DOTALL)) for one in error_log.expressions()]
    assert sum(len(message.wordings()) for message in MESSAGES) == len(expressions)
    texts = [one.text for one in logged()] + ["connect() failed", "bind(a) failed (1: b)"]
    for text in texts:
        found = next((one for one, pattern in expressions if pattern.fullmatch(text)), None)
        assert (found and found.message.name) == named(text)
        assert found is None or found.part in text


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_at_all_is_looked_at_without_an_error(text: str) -> None:
    found = find(text)
    assert found is None or found.message.name in NAMES


def test_fields_that_are_not_given_are_any_and_optional_parts_are_left_out() -> None:
    refused = "(111: Connection refused) while connecting to upstream"
    assert line("connection-refused") == f"connect() failed {refused}"
    assert (
        line("connection-refused", address="unix:/run/api.sock")
        == f"connect() to unix:/run/api.sock failed {refused}"
    )
    assert line("connection-refused", address="…") == f"connect() to … failed {refused}"
    assert line("not-resolved", host="api.internal") == "api.internal could not be resolved (…)"
    assert line("front-proxy-header-broken") == 'broken header: "…'
    assert error_log.anything("handshake") == "… while SSL handshaking to upstream"


def test_a_message_of_several_phases_is_worded_for_the_one_that_is_asked_for() -> None:
    late = "SSL_read() failed (SSL: …SSL alert number 116) while "
    name = "late-alert-certificate-required"
    assert line(name) == f"{late}reading response header from upstream"
    assert line(name, phase="session") == f"{late}proxying and reading from upstream"


def test_words_and_levels_are_those_of_the_version_that_is_asked_for() -> None:
    old, new = Version(1, 18, 0), Version(1, 22, 1)
    reading = " while reading response header from upstream"
    assert line("invalid-header", version=old) == f"upstream sent invalid header{reading}"
    assert (
        line("invalid-header", version=new, header="X\\x20...")
        == f'upstream sent invalid header: "X\\x20..."{reading}'
    )
    late = "dns-response-unexpected"
    assert line(late, version=old) == "unexpected response for …"
    assert line(late, version=Version(1, 19, 2)) == "unexpected response for …"
    assert line(late, version=Version(1, 19, 3)) == "unexpected DNS response for …"
    assert line(late) == "unexpected DNS response for …"
    assert "self-signed" in line("certificate-self-signed", version=old)  # OpenSSL's, not nginx's
    name = error_log.message("alert-unrecognized-name")
    assert [name.level(old), name.level(Version(1, 30, 6)), name.level()] == [
        "crit",
        "error",
        "error",
    ]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (
            lambda: error_log.message("closed-earl"),
            "no message 'closed-earl'; is it 'closed-early'?",
        ),
        (lambda: error_log.message("zzz"), "no message 'zzz'"),
        (lambda: line("no-resolver", hots="x"), "no field 'hots'; is it 'host'?"),
        (lambda: line("no-resolver", phase="send"), "no phase 'send'"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_what_may_be_meant(ask: object, said: str) -> None:
    assert callable(ask)
    with pytest.raises(UnknownMessageError, match=re.escape(said)):
        ask()


# --- fits and texts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text", "does"),
    [
        ("a…c", "abc", True),
        ("a…c", "ac", True),
        ("a…c", "ab\nc", True),
        ("a…c", "abcd", False),
        ("a(1)", "a(1)", True),
        ("a.c", "abc", False),
        ("…", "", True),
        ("a", "A", False),
    ],
)
def test_an_ellipsis_stands_for_any_text_and_for_none(pattern: str, text: str, does: bool) -> None:
    assert error_log.fits(pattern, text) is does


@pytest.mark.parametrize("text", ["a [b", "a b]"])
def test_a_bracket_without_its_other_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="without a"):
        parse(text, Vocabulary({}, {}))


# --- who uses it -------------------------------------------------------------------------------


def test_the_log_line_of_every_page_is_a_message() -> None:
    stated = {path.stem: pages.page(path.stem).log for path in pages.folder().glob("*.md")}
    assert {rule: log for rule, log in stated.items() if log and named(log) is None} == {}
    assert sum(log is not None for log in stated.values()) > 30


def test_every_line_of_the_table_of_protocols_is_a_message() -> None:
    logs = protocol_table.load().logs
    assert {name: text for name, text in logs.items() if named(text) is None} == {}
    assert named(logs["handshake-closed"]) == "handshake-closed"
    assert named(logs["invalid-header"]) == "invalid-header"
    assert named(logs["alert-70"]) == "alert-protocol-version"


def test_every_name_that_is_asked_for_is_there_and_no_rule_spells_a_message_by_itself() -> None:
    asked = re.compile(r'error_log\.line\(\s*"([\w-]+)"|\bsays\("([\w-]+)"')
    doing = re.compile(r'["\'].*while (?:connecting to|reading|SSL handshaking|sending|proxying)')
    names, spelt = set(), []
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        names |= {first or second for first, second in asked.findall(text)}
        if file.parent.name != "nginx":
            spelt += [f"{file.name}: {match[0]}" for match in doing.finditer(text)]
    assert names - set(NAMES) == set()
    assert len(names) > 20
    assert spelt == []


def test_a_run_without_findings_does_not_read_the_table(tmp_path: Path) -> None:
    """In a process of its own: here the table has been read."""
    hop = "location / { proxy_pass http://127.0.0.1:3000; }"
    write(
        tmp_path,
        {
            "nginx.conf": http(f"server {{ {hop} }}"),
            "upstreams.toml": '[upstream.api]\nport = 3000\nprotocol = "http"\ntls = false\n',
        },
    )
    code = """
from pathlib import Path
from lint502.nginx import error_log
from lint502.options import Options
from lint502.run import run
found = run([Options(Path("."), ("nginx.conf",))], lambda: b"").report
print(len(found.hops), len(found.findings), error_log._data.cache_info().misses)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1 0 0\n", "")
