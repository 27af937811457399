from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, check, http

SOCKET = '[upstream.app]\nsocket = "/run/app.sock"\nprotocol = "uwsgi"\n'
UWSGI, PROXY = "uwsgi_pass unix:/run/app.sock;", "proxy_pass http://unix:/run/app.sock;"
NEITHER = Found(3, "warning", 502, "sometimes", "handler-overridden", None)
WELL = NEITHER._replace(status=None, frequency=None)
MISMATCH = Found(4, "error", 502, "always", "protocol-mismatch", "app")


def body(*lines: str) -> str:
    """A location whose lines start on line 3."""
    return "\n".join(["\nserver { location / {", *lines, "} }"])


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((UWSGI, PROXY), [NEITHER, MISMATCH]),
        ((PROXY, UWSGI), [WELL]),
        ((UWSGI, "stub_status;"), [WELL]),
        (("stub_status;", UWSGI), [WELL]),
        (("stub_status;", PROXY), [NEITHER, MISMATCH]),
        (("stub_status;", "empty_gif;"), []),  # no pass has to do with it
        ((UWSGI, "return 204;", PROXY), []),  # nobody gets to either
        ((UWSGI, f"if ($arg_x) {{ {PROXY} }}"), [MISMATCH]),  # for other requests
        ((UWSGI,), []),
        (("include gone.conf;", UWSGI), []),
    ],
)
def test_what_never_runs(lint: Lint, lines: tuple[str, ...], found: list[Found]) -> None:
    rows = lint(body(*lines), SOCKET, files={"unused": ""})
    assert [row for row in rows if row.rule != "unused-upstream"] == found


def test_a_pass_to_nobody_knows_whom_is_in_doubt(lint: Lint) -> None:
    rows = lint(body(UWSGI, "proxy_pass http://10.0.0.1;"), SOCKET)
    assert NEITHER in rows
    assert WELL not in rows


def test_its_words(findings: Findings) -> None:
    finding = findings(body(UWSGI, PROXY), SOCKET)[0]
    assert finding.message == (
        "uwsgi_pass unix:/run/app.sock never runs: of several content handlers in one location "
        "the last one does, which is proxy_pass http://unix:/run/app.sock"
    )
    assert [(place.line, place.note) for place in finding.related] == [
        (4, "this runs in its place")
    ]
    assert finding.fix is not None
    assert finding.fix.description == "leave either uwsgi_pass or proxy_pass away"


def test_hops_say_what_runs_in_their_place(tmp_path: Path) -> None:
    files = {"nginx.conf": http(body(UWSGI, PROXY)), "upstreams.toml": SOCKET}
    over, runs = check(tmp_path, files).hops
    assert (over.state, over.reason) == ("failed", "proxy_pass (nginx.conf:4) runs in its place")
    assert (runs.state, runs.reason) == ("failed", None)


def test_a_line_that_two_locations_include_is_two_mistakes(lint: Lint) -> None:
    text = "\nserver { location /a { include app.conf;\n stub_status; }\n" + (
        "location /b { include app.conf; } }"
    )
    rows = lint(text, SOCKET, files={"app.conf": f"{UWSGI}\n"})
    assert rows == [WELL._replace(line=1, file="app.conf")]
