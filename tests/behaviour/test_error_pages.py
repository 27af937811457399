"""What ``error_page`` hides from the client, by port-mismatch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lint502.behaviour.error_pages import (
    ITS_OWN,
    Instead,
    as_the_client_sees,
    fallback,
    replaced_statuses,
)
from lint502.findings import Finding, Severity
from lint502.places import Place
from tests.support.linting import Findings, Lint
from tests.support.pairs import UNSEEN
from tests.support.real_nginx import answer, running
from tests.support.sites import Found, hop_of, hops_of, http, stream

SPEC = "[upstream.api]\nport = 3000\n"


def body(settings: str, more: str = "") -> str:
    return f"""
upstream api {{
server 127.0.0.1:3001;
}}
server {{ location / {{ {settings} proxy_pass http://api; }}
location /static/ {{ root /srv; }} location @other {{ root /srv; }} {more} }}"""


@pytest.mark.parametrize(
    ("settings", "severity", "status"),
    [
        ("error_page 502 =200 /static/sorry;", "warning", 502),
        ("error_page 500 502 504 = @other;", "warning", 502),
        ("error_page 404 /static/x; error_page 502 =404 /static/y;", "warning", 502),
        ("error_page 502 =302 https://status.example;", "warning", 502),
        ("error_page 502 https://status.example/;", "warning", 502),
        # the status stays, or becomes one that is as bad
        ("error_page 502 /static/sorry;", "error", 502),
        ("error_page 502 @other;", "error", 502),
        ("error_page 502 =502 /static/sorry;", "error", 502),
        ("error_page 502 =503 /static/sorry;", "error", 503),
        ("error_page 504 =200 /static/sorry;", "error", 502),
    ],
)
def test_statuses(lint: Lint, settings: str, severity: str, status: int) -> None:
    frequency = "always" if severity == "error" else "sometimes"
    assert lint(body(settings), SPEC) == [
        Found(3, severity, status, frequency, "port-mismatch", "api")
    ]


def test_the_errors_of_an_error_page_are_not_handled_again(lint: Lint) -> None:
    dead = body("", "error_page 502 = @dead; location @dead { proxy_pass http://127.0.0.1:3002; }")
    spec = "complete = true\n" + SPEC
    assert lint(dead, spec) == [
        Found(3, "warning", 502, "sometimes", "port-mismatch", "api"),
        Found(6, "error", 502, "always", "port-mismatch", "api"),
    ]


def test_a_block_that_another_hop_reaches_too(findings: Findings) -> None:
    (finding,) = findings(
        body("error_page 502 =200 /static/x;", "location /b { proxy_pass http://api; }"), SPEC
    )
    assert (finding.severity.value, len(finding.hops)) == ("error", 2)


@pytest.mark.parametrize(
    ("asked", "more", "expected"),
    [
        ("auth_request /auth;", "internal;", ("error", 500, "always")),
        ("mirror /auth;", "internal;", ("warning", 502, "sometimes")),
        # with "internal", and without
        ("auth_request /auth;", "", ("error", 500, "always")),
        ("mirror /auth;", "", ("warning", 502, "sometimes")),
        ("auth_request /other;", "internal;", ("error", 502, "always")),
        ("auth_request off;", "internal;", ("error", 502, "always")),
    ],
)
def test_subrequests(lint: Lint, asked: str, more: str, expected: tuple[str, int, str]) -> None:
    text = f"""
server {{ location / {{ {asked} root /srv; }} location = /auth {{ {more}
proxy_pass http://127.0.0.1:3001; }} }}"""
    severity, status, frequency = expected
    assert lint(text, "complete = true\n" + SPEC) == [
        Found(3, severity, status, frequency, "port-mismatch", "api")
    ]


# what the functions say


OTHER = "location = /page { root /srv; } location @named { root /srv; }"


def replaced(
    folder: Path, settings: str, more: str = OTHER, around: str = ""
) -> dict[int, tuple[int, str]]:
    body = f"{around} server {{ location / {{ {settings} proxy_pass http://api:1; }} {more} }}"
    hop = hops_of(folder, http(body))[0][0]
    return {code: tuple(instead) for code, instead in replaced_statuses(hop).items()}


def by_page(**statuses: int) -> dict[int, tuple[int, str]]:
    """``_502=200``: 200 instead of 502."""
    return {int(code[1:]): (status, "error_page") for code, status in statuses.items()}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", {}),
        ("error_page 502 /page;", {}),
        ("error_page 502 @named;", {}),
        ("error_page 502 =200 /page;", by_page(_502=200)),
        ("error_page 502 =404 @named;", by_page(_502=404)),
        ("error_page 502 = /page;", by_page(_502=ITS_OWN)),
        ("error_page 500 502 504 =503 /page;", by_page(_500=503, _502=503, _504=503)),
        # what stays as it is
        ("error_page 500 502 =502 /page;", by_page(_500=502)),
        # nginx itself does not answer these
        ("error_page 404 501 503 =200 /page;", {}),
        # the first line for a status counts, also one that hides nothing
        ("error_page 502 =200 /page; error_page 502 =404 @named;", by_page(_502=200)),
        ("error_page 502 /page; error_page 502 =200 @named;", {}),
        ("error_page 502 =502 /page; error_page 502 =200 @named;", {}),
        ("error_page 502 /page; error_page 500 502 =200 @named;", by_page(_500=200)),
        # elsewhere: a redirect, whatever else is asked for
        ("error_page 502 https://a.example/;", by_page(_502=302)),
        ("error_page 502 HTTP://a.example/;", by_page(_502=302)),
        ("error_page 502 $scheme://a.example/;", by_page(_502=302)),
        ("error_page 502 ${scheme}://a.example/;", by_page(_502=302)),
        ("error_page 502 sorry.html;", by_page(_502=302)),
        ("error_page 502 =503 https://a.example/;", by_page(_502=302)),
        ("error_page 502 =502 https://a.example/;", by_page(_502=302)),
        ("error_page 502 = https://a.example/;", by_page(_502=302)),
        ("error_page 502 =301 https://a.example/;", by_page(_502=301)),
        ("error_page 502 =303 https://a.example/;", by_page(_502=303)),
        ("error_page 502 =307 https://a.example/;", by_page(_502=307)),
        ("error_page 502 =308 https://a.example/;", by_page(_502=308)),
        ("error_page 502 =304 https://a.example/;", by_page(_502=302)),
        # it may be anywhere
        ("error_page 502 $page;", {}),
        ("error_page 502 =200 $page;", by_page(_502=200)),
        # the hop itself makes the page
        ("error_page 502 =200 /sorry.html;", {}),
        ("error_page 502 =200 /;", {}),
        ("error_page 502 =200 /page?from=api;", by_page(_502=200)),
        # what nginx refuses
        ("error_page 502 =x /page;", by_page(_502=ITS_OWN)),
        # for others too
        (f"error_page 502 =200 /page; {UNSEEN}", by_page(_502=200)),
        (UNSEEN, {}),
    ],
)
def test_replaced_statuses(
    settings: str, expected: dict[int, tuple[int, str]], tmp_path: Path
) -> None:
    assert replaced(tmp_path, settings) == expected


def test_all_lines_of_a_level_or_none_are_taken_over(tmp_path: Path) -> None:
    around = "error_page 502 =200 /page; error_page 504 =200 /page;"
    assert replaced(tmp_path, "", around=around) == by_page(_502=200, _504=200)
    assert replaced(tmp_path, "error_page 500 =200 /page;", around=around) == by_page(_500=200)


@pytest.mark.parametrize(
    ("origin", "page", "expected"),
    [
        # nginx goes by the place of the first error
        ("", "", {}),
        ("recursive_error_pages on;", "", by_page(_502=200)),
        ("", "recursive_error_pages on;", {}),
        ("recursive_error_pages on;", "recursive_error_pages off;", by_page(_502=200)),
        (UNSEEN, "", {}),
    ],
)
def test_the_errors_of_an_error_page(
    origin: str, page: str, expected: dict[int, tuple[int, str]], tmp_path: Path
) -> None:
    text = http(
        f"server {{ location / {{ {origin} error_page 502 = @next; proxy_pass http://a:1; }}\n"
        f"location @next {{ {page} error_page 502 =200 /page; proxy_pass http://b:1; }} {OTHER} }}"
    )
    hop = hops_of(tmp_path, text)[0][1]
    assert {code: tuple(one) for code, one in replaced_statuses(hop).items()} == expected


def test_one_of_two_ways_to_an_error_page(tmp_path: Path) -> None:
    """Those that come from where pages are not recursive get its own error."""
    text = http(
        "server { location /a { recursive_error_pages on; error_page 502 = @next; }\n"
        "location /b { error_page 502 = @next; } location /c { try_files $uri @next; }\n"
        f"location @next {{ error_page 502 =200 /page; proxy_pass http://b:1; }} {OTHER} }}"
    )
    (hop,), _ = hops_of(tmp_path, text)
    assert replaced_statuses(hop) == {}
    text = text.replace("location /b { error_page 502 = @next; }", "")
    (hop,), _ = hops_of(tmp_path, text)
    assert replaced_statuses(hop) == {502: Instead(200, "error_page")}


def test_a_named_page_that_leads_to_itself(tmp_path: Path) -> None:
    text = http(
        "server { location / { try_files $uri @app; }\n"
        "location @app { error_page 502 =200 @app; proxy_pass http://b:1; } }"
    )
    assert replaced_statuses(hop_of(tmp_path, text)) == {}
    text = text.replace("error_page", "recursive_error_pages on; error_page")
    assert replaced_statuses(hop_of(tmp_path, text)) == {502: Instead(500, "error_page")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ("error_page 502 =200 /x;", 502),
        ("recursive_error_pages on; error_page 502 =200 /x;", 500),
        ("recursive_error_pages on; error_page 500 502 =200 /x;", 500),
        ("recursive_error_pages on; error_page 502 /x; error_page 500 =200 /ok;", 500),
        ("recursive_error_pages on; error_page 502 =200 /ok;", 200),
    ],
)
def test_a_page_that_the_failed_pass_makes_itself(
    settings: str, status: int, tmp_path: Path
) -> None:
    body = (
        f"location / {{ {settings} proxy_pass http://unix:SOCKETc:; }} "
        "location = /ok { return 200 ok; }"
    )
    hop = hop_of(tmp_path, http(f"server {{ {body.replace('SOCKET', '/run/s')} }}"))
    instead = replaced_statuses(hop).get(502)
    assert (502 if instead is None else instead.status) == status
    with running(f"server {{ listen unix:SOCKET; {body} }}".encode()) as path:
        assert answer(path, "/")[0] == status


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "status"), [("", 500), ("location = /ask { return 204; }", 502)])
def test_an_exact_location_is_asked_before_one_of_the_same_name(
    asked: str, status: int, tmp_path: Path
) -> None:
    body = (
        "auth_request /ask; location /ask { proxy_pass http://unix:SOCKETc:; } "
        f"{asked} location / {{ return 204; }}"
    )
    hop = hop_of(tmp_path, http(f"server {{ {body.replace('SOCKET', '/run/s')} }}"))
    assert replaced_statuses(hop) == (
        {} if asked else {code: Instead(500, "auth_request") for code in (502, 504)}
    )
    with running(f"server {{ listen unix:SOCKET; {body} }}".encode()) as path:
        assert answer(path, "/ask/x")[0] == status


def test_sessions_have_no_error_pages(tmp_path: Path) -> None:
    hop = hop_of(tmp_path, stream("server { listen 1; proxy_pass a:1; }"))
    assert replaced_statuses(hop) == {}
    assert fallback(hop) is None


AUTH = {502: (500, "auth_request"), 504: (500, "auth_request")}
MIRROR = dict.fromkeys((500, 502, 504), (ITS_OWN, "mirror"))


@pytest.mark.parametrize(
    ("asked", "location", "expected", "without"),
    [
        ("auth_request /auth;", "= /auth", AUTH, AUTH),
        ("auth_request /auth;", "/auth", AUTH, AUTH),
        ("auth_request /auth;", "^~ /auth", AUTH, AUTH),
        ("auth_request /auth?x=1;", "= /auth", AUTH, AUTH),
        ("mirror /auth;", "= /auth", MIRROR, MIRROR),
        ("auth_request /auth; mirror /auth;", "= /auth", AUTH, AUTH),
        ("auth_request /auth/x;", "= /auth", {}, {}),
        # clients get to the rest of it, if they may
        ("auth_request /auth/x;", "/auth", AUTH, {}),
        ("mirror /auth/x;", "~ ^/auth", MIRROR, {}),
    ],
)
def test_what_is_only_asked_beside_a_request(
    asked: str,
    location: str,
    expected: dict[int, tuple[int, str]],
    without: dict[int, tuple[int, str]],
    tmp_path: Path,
) -> None:
    inner = f"location {location} {{ internal; proxy_pass http://a:1; }}"
    text = http(f"server {{ location / {{ {asked} root /srv; }} {inner} }}")
    hop = hop_of(tmp_path, text)
    assert {code: tuple(one) for code, one in replaced_statuses(hop).items()} == expected
    assert replaced_statuses(hop_of(tmp_path, text.replace("internal; ", ""))) == without


DEAD = "proxy_pass http://127.0.0.1:1;"
FILE = "root /etc; try_files /hostname =404;"
PASS = f"location / {{ error_page 502 %s; {DEAD} }}"
ASKED = f"location / {{ auth_request /a; %s {FILE} }} location = /a {{ %s {DEAD} }}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "expected", "answered"),
    [
        # what a return makes of it
        (PASS % "= @x" + "location @x { return 503; }", 503, 503),
        (PASS % "@x" + "location @x { return 503; }", 503, 503),
        (PASS % "=200 @x" + "location @x { return 503; }", 503, 503),
        (PASS % "=200 @x" + "location @x { return 503 sorry; }", 200, 200),
        (PASS % "= @x" + "location @x { return 503 sorry; }", 503, 503),
        (PASS % "@x" + "location @x { return 503 sorry; }", None, 502),
        (PASS % "@x" + "location @x { return 200; }", None, 502),
        (PASS % "= @x" + "location @x { return 204; }", 204, 204),
        (PASS % "= @x" + "location @x { return 502; }", None, 502),
        (PASS % "@x" + "location @x { return 301 /x; }", 301, 301),
        (PASS % "=503 @x" + "location @x { return https://x/; }", 302, 302),
        (PASS % "@x" + "location @x { rewrite ^ /x permanent; }", 301, 301),
        (PASS % "/x" + "location = /x { return 503; }", 503, 503),
        (PASS % "= @x" + "location @x { if ($uri) { break; } return 503; }", ITS_OWN, 404),
        (
            PASS % "= @x" + "location @x { error_page 503 =200 @y; return 503; } "
            "location @y { return 200; }",
            503,
            503,
        ),
        (
            "recursive_error_pages on;" + PASS % "= @x" + "location @x { error_page 503 =200 @y; "
            "return 503; } location @y { return 200; }",
            ITS_OWN,
            200,
        ),
        # no such location
        (PASS % "= @x", 500, 500),
        (PASS % "@x", 500, 500),
        # what auth_request asks
        (ASKED % ("", ""), 500, 500),
        (ASKED % ("", "error_page 502 = @x;") + "location @x { return 204; }", 204, 200),
        (ASKED % ("", "error_page 502 @x;") + "location @x { return 204; }", 500, 500),
        (ASKED % ("", "error_page 502 =200 /x;") + "location = /x { return 200 a; }", 200, 200),
        (ASKED % ("", "error_page 502 =401 /x;") + "location = /x { return 200 a; }", 401, 401),
        (ASKED % ("", "error_page 502 = @x;") + "location @x { return 403; }", 403, 403),
        (ASKED % ("", "error_page 502 = @x;") + "location @x { return 503; }", 500, 500),
        (ASKED % ("", "error_page 502 https://x/;"), 500, 500),
        (ASKED % ("error_page 500 = @x;", "") + "location @x { return 200 guest; }", 200, 200),
        (ASKED % ("error_page 500 /x;", "") + "location = /x { return 200 a; }", 500, 500),
        (
            "error_page 500 502 503 504 = @x;" + ASKED % ("", "") + "location @x { return 200; }",
            200,
            200,
        ),
        # the page asks as well
        (
            f"auth_request /a; location / {{ error_page 500 = @x; {FILE} }} "
            f"location = /a {{ {DEAD} }} location @x {{ {FILE} }}",
            500,
            500,
        ),
        (
            f"auth_request /a; location / {{ error_page 500 = @x; {FILE} }} "
            f"location = /a {{ {DEAD} }} location @x {{ auth_request off; {FILE} }}",
            ITS_OWN,
            200,
        ),
        # several that ask
        (
            ASKED % ("error_page 500 = @x;", "") + f"location @x {{ return 204; }} "
            f"location /b {{ auth_request /a; {FILE} }}",
            500,
            204,
        ),
        (f"location / {{ mirror /m; {FILE} }} location /m {{ {DEAD} }}", ITS_OWN, 200),
    ],
)
def test_as_nginx_does(body: str, expected: int | None, answered: int, tmp_path: Path) -> None:
    (hop,) = hops_of(tmp_path, http(f"server {{ {body} }}"))[0]
    instead = replaced_statuses(hop).get(502)
    assert (instead and instead.status) == expected
    with running(f"server {{ listen unix:SOCKET; {body} }}".encode()) as path:
        assert answer(path, "/")[0] == answered


def fallback_of(folder: Path, body: str) -> tuple[list[str], set[int]] | None:
    """The levels and statuses of the hop to ``last``."""
    hops, _ = hops_of(folder, http(f"server {{ {body} }}"))
    found = fallback(next(hop for hop in hops if hop.value == "http://last:1"))
    if found is None:
        return None
    return sorted(" ".join(level.args) for level in found.levels), set(found.statuses)


LAST = "location @last { proxy_pass http://last:1; }"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"location / {{ error_page 502 504 = @last; }} {LAST}", (["/"], {502, 504})),
        (f"location / {{ error_page 500 503 =200 @last; }} {LAST}", (["/"], {500, 503})),
        (f"error_page 502 @last; {LAST}", ([""], {502})),
        (f"error_page 500 502 503 504 @last; {LAST}", ([""], {500, 502, 503, 504})),
        (
            f"location /a {{ error_page 502 @last; }} location /b {{ error_page 504 @last; }}"
            f"\n{LAST}",
            (["/a", "/b"], {502, 504}),
        ),
        # files before an application
        (f"location / {{ error_page 404 = @last; }} {LAST}", None),
        (f"location / {{ error_page 404 502 = @last; }} {LAST}", None),
        (f"location / {{ try_files $uri @last; error_page 502 @last; }} {LAST}", None),
        # a line answers with that status
        (f"return 503; error_page 503 @last; {LAST}", None),
        (f"location / {{ error_page 502 503 @last; if ($x) {{ return 503; }} }} {LAST}", None),
        (f"error_page 503 @last; location / {{ try_files $uri =503; }} {LAST}", None),
        (f"error_page 502 @last; location / {{ return 503; }} {LAST}", ([""], {502})),
        (f"error_page 503 @last; location / {{ return 503 text; }} {LAST}", ([""], {503})),
        # nothing leads there
        (LAST, None),
        # clients get there by themselves
        ("error_page 502 /last; location = /last { proxy_pass http://last:1; }", None),
        (
            "error_page 502 /last; location = /last { internal; proxy_pass http://last:1; }",
            ([""], {502}),
        ),
        ("error_page 502 /x; location = /last { internal; proxy_pass http://last:1; }", None),
    ],
)
def test_fallbacks(body: str, expected: tuple[list[str], set[int]] | None, tmp_path: Path) -> None:
    assert fallback_of(tmp_path, body) == expected


FINDING = Finding(
    "a-rule", Severity.ERROR, 502, "always", "it fails", Place("nginx.conf", 1, 1, 2),
    hops=("a", "b"),
)  # fmt: skip
SORRY, FAILED = Instead(200, "error_page"), Instead(503, "error_page")


def seen(
    a: dict[int, Instead], b: dict[int, Instead], **changes: Any
) -> tuple[str, int | None, str | None, str]:
    found = as_the_client_sees(replace(FINDING, **changes), {"a": a, "b": b})
    return found.severity.value, found.status, found.frequency, found.message


UNCHANGED = ("error", 502, "always", "it fails")
IN_ITS_PLACE = ("warning", 502, "sometimes", "it fails; error_page answers in its place")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ({}, {}, UNCHANGED),
        ({502: SORRY}, {}, UNCHANGED),
        ({}, {502: SORRY}, UNCHANGED),
        ({504: SORRY}, {504: SORRY}, UNCHANGED),
        ({502: SORRY}, {502: SORRY}, IN_ITS_PLACE),
        ({502: SORRY}, {502: Instead(302, "error_page")}, IN_ITS_PLACE),
        (
            {502: FAILED},
            {502: FAILED},
            ("error", 503, "always", "it fails; error_page makes 503 of it"),
        ),
        ({502: FAILED}, {502: SORRY}, IN_ITS_PLACE),
        # the first one is named
        ({502: SORRY}, {502: Instead(ITS_OWN, "mirror")}, IN_ITS_PLACE),
        ({502: Instead(499, "error_page")}, {502: Instead(499, "error_page")}, IN_ITS_PLACE),
        (
            {502: Instead(500, "auth_request")},
            {502: Instead(500, "auth_request")},
            ("error", 500, "always", "it fails; auth_request makes 500 of it"),
        ),
    ],
)
def test_as_the_client_sees(
    a: dict[int, Instead], b: dict[int, Instead], expected: tuple[str, int, str, str]
) -> None:
    assert seen(a, b) == expected


def test_what_the_client_sees_of_less_than_an_error() -> None:
    sorry, failed = {502: SORRY}, {502: FAILED}
    warning = seen(sorry, sorry, severity=Severity.WARNING, frequency="sometimes")
    assert warning == ("warning", 502, "sometimes", "it fails")
    warning = seen(failed, failed, severity=Severity.WARNING, frequency="sometimes")
    assert warning == ("warning", 503, "sometimes", "it fails; error_page makes 503 of it")
    info = seen(sorry, sorry, severity=Severity.INFO, status=None, frequency=None)
    assert info == ("info", None, None, "it fails")
    assert seen(sorry, sorry, hops=()) == UNCHANGED
    assert seen({}, sorry, hops=("b",)) == IN_ITS_PLACE
