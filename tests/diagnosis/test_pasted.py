"""Lines as people paste them: wrapped, cut, unquoted, several at once, or none at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from lint502.diagnosis.causes import cause_of
from lint502.diagnosis.pasted import MOST_CHARACTERS, records
from lint502.diagnosis.statements import Statement
from lint502.nginx import error_log

LINES = Path(__file__).parents[1] / "nginx" / "error_log_lines.toml"
LINE = (
    "2026/11/29 02:45:11 [error] 30675#30675: *4 connect() failed (111: Connection refused) while "
    'connecting to upstream, client: 127.0.0.1, server: shop.example, request: "GET /a HTTP/1.1", '
    'upstream: "http://127.0.0.1:3000/a", host: "shop.example"'
)
WHOLE = Statement(
    "error",
    "connect() failed (111: Connection refused) while connecting to upstream",
    server="shop.example",
    request="GET /a HTTP/1.1",
    upstream="http://127.0.0.1:3000/a",
    host="shop.example",
)


def logged() -> Iterator[tuple[str, str]]:
    """Each line that some nginx wrote, with the name of its message."""
    for by_name in tomli.loads(LINES.read_text(encoding="utf-8")).values():
        for name, lines in by_name.items():
            for line in lines:
                yield line, name


def names(text: str) -> list[list[str]]:
    """The messages of each record that is in a text."""
    return [
        [
            "" if (found := error_log.find(one.message)) is None else found.message.name
            for one in record.statements
        ]
        for record in records(text)
    ]


def causes(text: str) -> list[list[str]]:
    """The causes of each record that is in a text."""
    return [[cause_of(one).name for one in record.statements] for record in records(text)]


def statement(text: str) -> Statement:
    ((one,),) = (record.statements for record in records(text))
    return one


# --- whole lines -------------------------------------------------------------------------------


def test_a_line_as_nginx_writes_it() -> None:
    assert [(one.text, one.statements) for one in records(LINE)] == [(LINE, (WHOLE,))]


def docker(line: str) -> str:
    return json.dumps({"log": f"{line}\n", "stream": "stderr", "time": "2026-11-29T02:45:11Z"})


def journald(line: str) -> str:
    return json.dumps({"MESSAGE": line, "_COMM": "nginx", "PRIORITY": "3"})


WRAPPINGS: dict[str, Callable[[str], str]] = {
    "bare": str,
    "compose": lambda line: f"nginx-1  | {line}",
    "compose in colour": lambda line: f"\x1b[36mnginx-1  | \x1b[0m{line}\x1b[0m",
    "docker": docker,
    "journald": journald,
    "journalctl": lambda line: f"Nov 29 02:45:11 web nginx[30675]: {line}",
    "rfc 5424": lambda line: f"<187>1 2026-11-29T02:45:11Z web nginx 30675 - - {line}",
    "kubernetes": lambda line: f"2026-11-29T02:45:11.123456789Z stderr F {line}",
    "syslog of nginx": lambda line: re.sub(r"^\S+ \S+ ", "<187>Nov 29 02:45:11 web nginx: ", line),
    "a web page": lambda line: line.replace('"', "&quot;"),
    "a text of a blog": lambda line: re.sub(r'"([^"]*)"', "\u201c\\1\u201d", line),
    "a program's text": lambda line: line.replace('"', r"\""),
    "a quote in Markdown": lambda line: f"> `{line}`",
    "grep -n": lambda line: f"/var/log/nginx/error.log:17:{line}",
    "without the time": lambda line: re.sub(r"^\S+ \S+ ", "", line),
}


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_every_line_that_an_nginx_wrote_is_known_in_every_wrapping(
    wrap: Callable[[str], str],
) -> None:
    wrong = []
    for line, name in logged():
        if "\n" not in line and names(wrap(line)) != [[name]]:
            wrong.append((line, name, names(wrap(line))))
    assert wrong == []


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_no_wrapping_changes_what_a_line_says(wrap: Callable[[str], str]) -> None:
    assert statement(wrap(LINE)) == WHOLE


def test_a_message_of_several_lines() -> None:
    several = [(line, name) for line, name in logged() if "\n" in line]
    assert len(several) > 1
    assert [names(line) for line, _ in several] == [[[name]] for _, name in several]


def test_fields_that_are_forged() -> None:
    forged = LINE.replace("GET /a HTTP/1.1", 'GET /",upstream:"http://6.6.6.6:6/ HTTP/1.1')
    referrer = f'{LINE}, referrer: "x", upstream: "http://6.6.6.6:6/", host: "evil"'
    assert statement(forged).upstream == WHOLE.upstream
    assert statement(referrer) == WHOLE


# --- parts of lines ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LINE[44:], [["connection-refused"]]),
        (LINE[60:], [["connection-refused"]]),  # "(111: Connection refused) while …"
        (LINE[: LINE.index(", client")], [["connection-refused"]]),
        (LINE[: LINE.index(", client") + 5], [["connection-refused"]]),
        (LINE[: LINE.index("g to upstream")], [["connection-refused"]]),
        ("upstream sent too big header", [["header-too-big"]]),
        ("upstream sent too big header while", [["header-too-big"]]),
        ("prematurely closed connection while reading response header", [["closed-early"]]),
        ("the log says: no live upstreams while connecting to upstream", [["no-live-upstreams"]]),
        ("SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number)",
         [["wrong-version-number"]]),
        ("upstream prematurely closed connection", [["closed-early", "closed-in-body"]]),
    ],
)  # fmt: skip
def test_a_part_of_a_line(text: str, expected: list[list[str]]) -> None:
    assert names(text) == expected


def test_a_message_alone_may_be_of_several_phases() -> None:
    assert names("upstream timed out (110: Connection timed out)") == [
        [
            "connection-timed-out",
            "handshake-timed-out",
            "send-timed-out",
            "response-timed-out",
            "body-timed-out",
            "upgraded-timed-out",
            "datagram-unanswered",
        ]
    ]


def test_a_line_that_a_terminal_has_broken() -> None:
    assert statement(f"{LINE[:70]}\n{LINE[70:]}").upstream == WHOLE.upstream
    broken = (
        "connect() failed (111: Connection\nrefused) while connecting to\nupstream, client: 1.1"
    )
    assert names(broken) == [["connection-refused"]]


def test_quotes_that_a_shell_took_away() -> None:
    one = statement(LINE.replace('"', ""))
    assert one == WHOLE._replace(cut=True)
    for line, name in logged():
        if '"' in line and name in ("certificate-name-mismatch", "duplicate-header"):
            assert names(line.replace('"', "")) == [[name]]


def test_what_is_cut_is_known_to_be() -> None:
    assert [statement(LINE).cut, statement(LINE[:-40]).cut] == [False, True]
    lua = "connect() failed (111: Connection refused), client: 1.1.1.1, server: a, request: "
    assert causes(f'{lua}"GET / HTTP/1.1", host: "a"') == [["lua-socket"]]


# --- several lines, and none -------------------------------------------------------------------


def test_several_lines_each_once() -> None:
    other = LINE.replace("111: Connection refused", "113: No route to host")
    text = f"{docker(LINE)}\n{docker(LINE)}\n{docker(other)}\n"
    assert causes(text) == [["refused"], ["unreachable"]]
    compose = f"web  | {LINE}\nweb  | {other}\nweb  | exited with code 1\n"
    assert causes(compose) == [["refused"], ["unreachable"]]


@pytest.mark.parametrize(
    "text",
    [
        "hello world",
        "reading response header from upstream",
        "2026/11/29 02:45:11 [notice] 1#1: signal process started",
        "2026/11/29 02:45:11 [error] 1#1: *1 hello, client: 1.1.1.1, server: a",
        '{"log": 5}',
        "{",
        '{"a":' * 2000,
    ],
)
def test_what_is_unknown_says_nothing(text: str) -> None:
    assert [record.statements for record in records(text)] == [()]


def test_nothing_has_no_record() -> None:
    assert records(" \n\t\n") == ()


def test_what_is_very_long_is_looked_at_in_part() -> None:
    assert records("a " * MOST_CHARACTERS)[0].statements == ()
    assert len(records("\n".join(map(str, range(1000))))) == 1
    assert len(records("\n".join(f"[error] {number}" for number in range(1000)))) == 20


@given(st.text(max_size=300))
@settings(deadline=None)
def test_no_text_is_too_much(text: str) -> None:
    for record in records(text):
        for one in record.statements:
            cause_of(one)


@given(st.data())
@settings(deadline=None)
def test_no_part_of_a_line_is_too_much(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(LINE)))
    end = data.draw(st.integers(start, len(LINE)))
    middle = data.draw(st.text(max_size=5))
    for record in records(f"{LINE[:start]}{middle}{LINE[end:]}"):
        for one in record.statements:
            cause_of(one)
