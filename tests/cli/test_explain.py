"""``lint502 explain`` of a line and of a status: whole outputs, and that no text is too much."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.cli import Run

LINE = (
    "2026/11/29 02:45:11 [crit] 7#7: *4 connect() to unix:/run/app/app.sock failed (13: Permission "
    'denied) while connecting to upstream, client: 127.0.0.1, server: shop.example, request: "GET '
    '/ HTTP/1.1", upstream: "http://unix:/run/app/app.sock:/", host: "shop.example"'
)
EXPLAINED = """\
2026/11/29 02:45:11 [crit] 7#7: *4 connect() to unix:/run/app/app.sock failed
(13: Permission denied) while connecting to upstream, client: 127.0.0.1, server:
shop.example, request: "GET / HTTP/1.1", upstream:
"http://unix:/run/app/app.sock:/", host: "shop.example"

  nginx's workers may not connect to the unix socket.
  The client gets a 502, unless another server of the block answers.

  1. The socket's mode leaves nginx's user out: it needs the right to write.
       tell  namei shows the owner, group and mode of the socket in its last
             line.
       run   namei -l /run/app/app.sock
             ps -o user,group,args -C nginx
       more  lint502 explain socket-permission
  2. A folder above the socket is closed to nginx's user, often a home folder.
       tell  namei shows a folder without x for others, or for nginx's group.
       run   namei -l /run/app/app.sock
       more  lint502 explain socket-permission
  3. SELinux or AppArmor denies it.
       tell  The modes let nginx in, and the audit log has a denial for nginx.
       run   ausearch -m avc -c nginx -ts recent
             getenforce
             journalctl -k --grep apparmor
"""
STATUS = """\
499
  The client closed the connection before nginx answered: nobody saw this
  status.

  Client
    Somebody left, or what stands before nginx gave up first: its timeout is
    shorter than the answer takes. A load balancer then shows 504 (or 460, 524).
    tell  $request_time is near one round number for all of them: that is the
          front's timeout. Various times: people who leave.
    run   awk '$9 == 499' /var/log/nginx/access.log | tail
    more  lint502 explain front-read-timeout read-timeout
    see   nginx: src/http/ngx_http_request.h NGX_HTTP_CLIENT_CLOSED_REQUEST

  Azure Application Gateway
    The client ended the request before the gateway had an answer of its
    backend.
    tell  httpStatus is 499 in the gateway's access log.
    see   https://learn.microsoft.com/azure/application-gateway/http-response-codes

  Lines of nginx's error log that come with it:
    client prematurely closed connection
      The client went away or failed, and nginx let go of the upstream: 499, and
      no failure of the upstream.
"""
CUT = """\
upstream prematurely closed connection

  It is not whole, so that it may be one of several lines. The likeliest:

  The upstream took the request and closed the connection without an answer.
  The client gets a 502, unless another server of the block answers.

"""
CUT_END = """\

  Or:

  The upstream ended the connection in the middle of the response: the client
  has the status, and a body cut short.
"""


@pytest.fixture(autouse=True)
def _columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_line(run: Run) -> None:
    assert run("explain", LINE) == (0, EXPLAINED, "")


def test_a_line_whose_quotes_the_shell_ate(run: Run) -> None:
    code, out, err = run("explain", *LINE.replace('"', "").split(" "))
    assert (code, err) == (0, "")
    assert out.partition("\n\n")[2] == EXPLAINED.partition("\n\n")[2]


def test_a_line_that_is_not_whole(run: Run) -> None:
    code, out, err = run("explain", "upstream prematurely closed connection")
    assert (code, err) == (0, "")
    assert out.startswith(CUT)
    assert out.endswith(CUT_END)


def test_a_status(run: Run) -> None:
    assert run("explain", "499") == (0, STATUS, "")
    assert run("explain", "HTTP/1.1 499") == (0, STATUS, "")
    named = run("explain", "502 Bad Gateway")
    assert named == run("explain", "502")
    assert (named.code, named.out.splitlines()[0]) == (0, "502")


def test_several_names(run: Run) -> None:
    both = run("explain", "499", "460")
    assert both == (0, STATUS + run("explain", "460").out, "")


def test_a_line_of_an_access_log(run: Run) -> None:
    line = '1.2.3.4 - - [29/Nov/2026:02:45:11 +0000] "GET / HTTP/1.1" 499 0 "-" "curl/8"'
    note = "note: this is a line of an access log; what its status means:\n"
    assert run("explain", line) == (0, STATUS, note)


def test_what_is_unknown_is_said_to_be(run: Run) -> None:
    unknown = 'unknown: "hello world" is no line of an upstream that lint502 knows\n'
    assert run("explain", "hello", "world") == (2, "", unknown)
    two = f"{LINE}\n2026/11/29 02:45:12 [notice] 7#7: exiting"
    assert run("explain", two) == (
        0,
        EXPLAINED,
        'unknown: "2026/11/29 02:45:12 [notice] 7#7: exiting" is no line of an upstream that '
        "lint502 knows\n",
    )


def test_what_is_left_out_is_said(run: Run) -> None:
    note = "note: no more than 20 different lines are explained, of the first 64,000 characters\n"
    many = "\n".join(LINE.replace("*4", f"*{number}") for number in range(30))
    code, out, err = run("explain", many)
    assert (code, err) == (0, note)
    assert out.count("nginx's workers may not connect") == 20
    assert run("explain", f"{LINE}{' ' * 64_000}") == (0, EXPLAINED, note)


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given = SimpleNamespace(buffer=io.BytesIO(f"{LINE}\n\xff\n".encode("latin-1")))
    monkeypatch.setattr(sys, "stdin", given)
    code, out, _ = run("explain", "-")
    assert (code, out.partition("\n\n")[2]) == (0, EXPLAINED.partition("\n\n")[2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["418"], "Invalid value for STATUS: nothing is known of 418; there are 000, 009, 400,"),
        (["5022"], 'Invalid value for RULE: "5022" is no status, and no rule; "lint502 rules"'),
        (["port-missmatch"], 'Invalid value for RULE: there is no rule "port-missmatch"; did you'),
        (
            ["port-mismatch", "--format", "json"],
            "Invalid value for --format: the page of a rule is",
        ),
        ([" "], "error: there is no line to explain"),
    ],
)
def test_what_is_nothing(run: Run, arguments: list[str], message: str) -> None:
    code, out, err = run("explain", *arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].removeprefix("Error: ").startswith(message)


def test_a_line_for_programs(run: Run) -> None:
    code, out, err = run("explain", LINE, "--format", "json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    ((one,),) = [data.pop("lines")]
    assert data == {"schema_version": 1}
    (cause,) = one.pop("causes")
    assert one == {"line": LINE}
    first, *_ = cause.pop("candidates")
    assert cause == {
        "name": "socket-permission",
        "title": "nginx's workers may not connect to the unix socket.",
        "status": 502,
        "failure": True,
        "about": "upstream",
        "message": "permission-denied",
    }
    assert first == {
        "text": "The socket's mode leaves nginx's user out: it needs the right to write.",
        "tell": "namei shows the owner, group and mode of the socket in its last line.",
        "run": ["namei -l /run/app/app.sock", "ps -o user,group,args -C nginx"],
        "rules": ["socket-permission"],
        "settled": False,
    }


def test_a_status_for_programs(run: Run) -> None:
    code, out, _ = run("explain", "499", "--format", "json")
    data = json.loads(out)["status"]
    assert code == 0
    assert [data["number"], [layer["by"] for layer in data["layers"]]] == [
        "499",
        ["client", "Azure Application Gateway"],
    ]
    assert [line["text"] for line in data["lines"]] == ["client prematurely closed connection"]


def test_colour(run: Run) -> None:
    code, out, _ = run("explain", LINE, "--color", "always")
    plain = run("explain", LINE).out
    assert code == 0
    assert "\x1b[1m" in out
    assert (
        out.replace("\x1b[1m", "")
        .replace("\x1b[2m", "")
        .replace("\x1b[36m", "")
        .replace("\x1b[0m", "")
        == plain
    )


def test_what_steers_a_terminal_is_escaped(run: Run) -> None:
    code, out, err = run("explain", f"\x1b]0;x\x07{LINE}", "--color", "never")
    assert (code, err) == (0, "")
    hostile = LINE.replace("GET /", "GET /\x1b[2J\u202e")
    code, out, err = run("explain", hostile)
    assert (code, err) == (0, "")
    assert "GET /\\x1b[2J\\u202e HTTP/1.1" in out.replace("\n", " ")


@given(st.lists(st.text(max_size=60), min_size=1, max_size=3))
@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_text_is_too_much(run: Run, words: list[str]) -> None:
    code, out, err = run("explain", "--", *words)
    assert code in (0, 2)
    for text in (out, err):
        assert "Traceback" not in text
        assert all(character.isprintable() or character == "\n" for character in text)
