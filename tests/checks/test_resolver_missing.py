from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, check, found, stream

RULE = "resolver-missing"
SPEC = '[upstream.api]\nport = 80\nhosts = ["h", "i", "127.0.0.1"]\n'
ALWAYS = [Found(3, "error", 502, "always", RULE, None)]
SOMETIMES = [Found(3, "error", 502, "sometimes", RULE, None)]
PERHAPS = [Found(3, "warning", 502, "sometimes", RULE, None)]


def rows(
    lint: Lint, directive: str, around: str = "", server: str = "", spec: str = SPEC
) -> list[Found]:
    """The findings of this rule and of those that it may be mixed up with."""
    body = f"{around}\nserver {{ listen 81; {server} location / {{\n{directive};\n}} }}"
    return lint(body, spec)


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("proxy_pass http://h", []),
        ("proxy_pass http://h/x", []),
        # a literal host with a variable path is looked up at run time
        ("proxy_pass http://h$request_uri", ALWAYS),
        ("proxy_pass http://h/$arg_x", ALWAYS),
        ("proxy_pass http://$h", ALWAYS),
        ("proxy_pass http://$ip", []),
        ("proxy_pass http://localhost:80/$arg_x", ALWAYS),
        ("proxy_pass http://127.0.0.1:80/$arg_x", []),
        ("proxy_pass http://[::1]:80/$arg_x", []),
        ("# proxy_pass http://h$uri;\nreturn 204", []),
    ],
)
def test_a_name(lint: Lint, directive: str, expected: list[Found]) -> None:
    server = "set $h h; set $ip 127.0.0.1;"
    found_here = rows(lint, directive, server=server)
    assert [row for row in found_here if row.rule == RULE] == expected
    assert {row.rule for row in found_here} <= {RULE, "unused-upstream"}


@pytest.mark.parametrize(
    ("around", "server", "directive"),
    [
        ("resolver ::1;", "", "proxy_pass http://h$request_uri"),
        ("", "resolver ::1;", "proxy_pass http://h$request_uri"),
        ("", "", "resolver ::1; proxy_pass http://h$request_uri"),
        # an upstream of the same host and port needs none
        ("server { location / { proxy_pass http://h; } }", "", "proxy_pass http://h$request_uri"),
        ("upstream h { server 127.0.0.1:80; }", "", "proxy_pass http://h$request_uri"),
        ("upstream H { server 127.0.0.1:80; }", "set $b h;", "proxy_pass http://$b"),
        # a map whose values are all blocks
        ("upstream a { server h:80; } upstream b { server i:80; } "
         "map $host $up { default a; x b; }", "", "proxy_pass http://$up"),
        ("upstream a { server h:80; } map $host $up { default a; x 127.0.0.1:80; }", "",
         "proxy_pass http://$up"),
    ],
)  # fmt: skip
def test_what_needs_none(lint: Lint, around: str, server: str, directive: str) -> None:
    assert rows(lint, directive, around, server) == []


@pytest.mark.parametrize(
    ("around", "directive", "expected"),
    [
        ("upstream a { server h:80; } map $host $up { default a; x i; }",
         "proxy_pass http://$up", SOMETIMES),
        # an implicit upstream on another port does not count
        ("server { location / { proxy_pass https://h:81; } }", "proxy_pass http://h$request_uri",
         ALWAYS),
        # nor does a block, where the variable has a port
        ("upstream h { server 127.0.0.1:80; }", "proxy_pass http://h:80$request_uri", ALWAYS),
        # two ports of one name
        ("map $host $up { default h:80; x h:8080; }", "proxy_pass http://$up", ALWAYS),
        # a value that comes from the request as well
        ("map $host $up { default h:80; x $arg_x; }", "proxy_pass http://$up", SOMETIMES),
        ("map $host $up { default h; x i; }", "proxy_pass http://$up", ALWAYS),
    ],
)  # fmt: skip
def test_among_other_values(lint: Lint, around: str, directive: str, expected: list[Found]) -> None:
    spec = SPEC + '[[upstream.more]]\nport = 8080\nhosts = ["h"]\n[[upstream.more]]\n' \
        'port = 81\nhosts = ["h"]\n'  # fmt: skip
    mine = [row for row in rows(lint, directive, around, spec=spec) if row.rule == RULE]
    assert mine == expected


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("proxy_pass http://$host", PERHAPS),
        ("proxy_pass http://${http_host}:8080", PERHAPS),
        # what else comes from the request may be an address
        ("proxy_pass http://$arg_x", []),
        ("proxy_pass http://$upstream_from_lua", []),
        ("proxy_pass http://$hostname_of_mine", []),
    ],
)
def test_the_host_that_was_asked_for(lint: Lint, directive: str, expected: list[Found]) -> None:
    assert rows(lint, directive, spec="") == expected
    assert rows(lint, directive, "resolver ::1;", spec="") == []


BELOW = "proxy_pass http://$arg_x.example.com"


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        (BELOW, ALWAYS),
        ("proxy_pass http://${arg_x}.example.com:8080/y", ALWAYS),
        ("proxy_pass http://$host.example.com", ALWAYS),
        ("proxy_pass $scheme://$arg_x.example.com./", ALWAYS),
        ("proxy_pass $scheme://$arg_x.$host/", PERHAPS),
        # these may be addresses, or names that are known
        ("proxy_pass http://$arg_x.0.0.1", []),
        ("proxy_pass http://10.0.0.$arg_x", []),
        ("proxy_pass http://${arg_x}example", []),
        ("proxy_pass http://$arg_x/a.b", []),
        ("proxy_pass http://$arg_x:a.b", []),
    ],
)
def test_a_domain_that_is_written_out(lint: Lint, directive: str, expected: list[Found]) -> None:
    assert rows(lint, directive, spec="") == expected
    assert rows(lint, directive, "resolver ::1;", spec="") == []


def test_some_values_of_it_known(lint: Lint) -> None:
    around = "map $host $up { default $arg_x; y h; }"
    mine = rows(lint, "proxy_pass http://$up.example.com", around, spec="")
    assert [row for row in mine if row.rule == RULE] == ALWAYS


@pytest.mark.parametrize(
    "around",
    [
        "upstream a.example.com { server 127.0.0.1:80; }",
        "upstream A.Example.com { server 127.0.0.1:80; }",
        "server { location / { proxy_pass http://a.example.com; } }",
    ],
)
def test_names_below_it_that_need_none(lint: Lint, around: str) -> None:
    mine = [row for row in rows(lint, BELOW, around, spec="") if row.rule == RULE]
    assert mine == PERHAPS
    other = around.replace("example.com", "example.org").replace("Example.com", "example.org")
    assert [row for row in rows(lint, BELOW, other, spec="") if row.rule == RULE] == ALWAYS


def test_nothing_is_said_where_one_may_be_set_unseen(lint: Lint) -> None:
    missing = {"allow_missing": ("gone",)}
    body = "\n{} server {{ {} location / {{ {} proxy_pass http://h$request_uri; }} }}"
    for inside in (("include gone;", "", ""), ("", "include gone;", ""), ("", "", "include gone;")):
        assert RULE not in {row.rule for row in lint(body.format(*inside), SPEC, **missing)}


def test_nor_in_a_fragment(tmp_path: object) -> None:
    files = {"a.conf": "server { location / { proxy_pass http://h:80$request_uri; } }"}
    report = check(tmp_path, files, "a.conf")  # type: ignore[arg-type]
    assert [found(one).rule for one in report.findings] == ["undeclared-upstream"]


def test_stream_answers_nothing(lint: Lint) -> None:
    body = (
        "\nmap $ssl_preread_server_name $up { default h:80; }\nserver { listen 1; proxy_pass $up; }"
    )
    assert lint(body, SPEC, wrap=stream) == [Found(3, "error", 500, "always", RULE, None)]


def test_what_it_says(findings: Findings) -> None:
    body = (
        "map $host $up { default h:80; x h:8080; } server { location / { proxy_pass http://$up; } }"
    )
    (finding,) = (one for one in findings(body, SPEC) if one.rule == RULE)
    assert finding.message == (
        "proxy_pass holds a variable, so nginx looks h up for each request, but no resolver is set"
    )
    assert finding.log == "no resolver defined to resolve h"


def test_what_it_says_of_a_domain(findings: Findings) -> None:
    body = "server { location / { proxy_pass http://$arg_x.example.com:80/y; } }"
    (finding,) = findings(body)
    assert finding.message == (
        "proxy_pass holds a variable, so nginx looks $arg_x.example.com up for each request, but "
        "no resolver is set"
    )
    assert finding.log == "no resolver defined to resolve …"
