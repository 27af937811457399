"""What nginx does in the TLS handshake: versions, names, certificates."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lint502.behaviour.tls import (
    asked,
    can_be_sent,
    commands,
    covers,
    family,
    gives_certificate,
    names_to_ask_for,
    sends_name,
    speaks_tls,
    unfit,
    verifies,
)
from lint502.nginx.addresses import literal_ip
from lint502.nginx.hops import Hop
from tests.support.openssl import matches_host
from tests.support.pairs import TOO_MANY, UNSEEN, pair_of, pairs_of
from tests.support.sites import hop_of, http, stream


@pytest.mark.parametrize(
    ("pattern", "name", "good"),
    [
        ("api.internal", "api.internal", True),
        ("api.internal", "API.Internal", True),
        ("API.Internal", "api.internal", True),
        ("api.internal", "api.internal.", False),
        ("api.internal", "", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "*.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "a_b.example.com", False),
        ("*.example.com", "xn--bcher-kva.example.com", True),
        # a star alone above a top-level domain is none
        ("*.internal", "api.internal", False),
        ("*", "api", False),
        # a part of the first label
        ("a*.example.com", "a1.example.com", True),
        ("a*.example.com", "a.example.com", True),
        ("*a.example.com", "1a.example.com", True),
        ("*a.example.com", "a.example.com", True),
        ("*a.example.com", "1b.example.com", False),
        ("*a.example.com", "xn--a.example.com", False),
        ("a*z.example.com", "a1z.example.com", False),
        ("xn--*.example.com", "xn--bcher-kva.example.com", False),
        ("a*.example.com", "b1.example.com", False),
        ("x*.example.com", "xn--bcher-kva.example.com", False),
        ("a.*.example.com", "a.b.example.com", False),
        ("*.*.example.com", "a.b.example.com", False),
        ("**.example.com", "a.example.com", False),
        # labels of letters, digits and hyphens, the latter within them
        ("*.my_app.internal", "a.my_app.internal", False),
        ("a.my_app.internal", "a.my_app.internal", True),
        ("*.app-.internal", "a.app-.internal", False),
        ("-*.example.com", "-a.example.com", False),
        ("*.example.com.", "a.example.com.", False),
        ("*..com", "a..com", False),
        # an address in a certificate is no name
        ("10.0.0.1", "10.0.0.1", False),
        ("::1", "::1", False),
    ],
)
def test_names_of_a_certificate(pattern: str, name: str, good: bool) -> None:
    assert covers(pattern, name) is good


@pytest.mark.parametrize(
    ("name", "sent"),
    [("api", True), ("my_block", True), ("/run/api.sock", True), ("", False)]
    + [(address, False) for address in ("10.0.0.1", "[::1]", "::1")],
)
def test_names_that_can_be_sent(name: str, sent: bool) -> None:
    assert can_be_sent(name) is sent


def test_names_that_nginx_can_ask_for() -> None:
    """No wildcard is the name of a server, and no address can be sent."""
    names = ("*.example.com", "10.0.0.1", "b.example.com", "a*.example.com", "::1", "a.example.com")
    assert names_to_ask_for(names) == ("b.example.com", "a.example.com")
    assert names_to_ask_for(names[:2]) == ()


LABELS = st.text("abx-_1*", max_size=3) | st.sampled_from(("xn--a", "xn--", "example", "com", "*"))
PATTERNS = st.lists(LABELS, min_size=1, max_size=4).map(".".join).filter(bool)


@st.composite
def patterns_with_names(draw: st.DrawFn) -> tuple[str, str]:
    """A pattern, and a name that is anything, or like it but for what a star stands for."""
    pattern = draw(PATTERNS)
    filled = draw(st.text("abx-_1.", max_size=4) | st.sampled_from(("xn--a", "*")))
    name = draw(st.sampled_from((pattern, pattern.replace("*", filled, 1))) | PATTERNS)
    return pattern, draw(st.sampled_from((name, name.upper())))


@given(patterns_with_names())
@example(("*.example.com", "a.example.com"))
@example(("a*.example.com", "a.example.com"))
@example(("*.example.com", "*.example.com"))
def test_names_as_openssl_has_them(pair: tuple[str, str]) -> None:
    pattern, name = pair
    assume(name and not name.startswith(".") and literal_ip(pattern) is None)
    assert covers(pattern, name) is matches_host(pattern, name)


def located(folder: Path, settings: str, passed: str = "proxy_pass https://up:1;") -> Hop:
    return hop_of(folder, http(f"server {{ location / {{ {settings} {passed} }} }}"))


SESSION = "server {{ listen 1; {} proxy_pass up:1; }}"
GRPC, UWSGI = "grpc_pass grpcs://up:1;", "uwsgi_pass suwsgi://up:1;"


def test_whose_settings_count(tmp_path: Path) -> None:
    assert family(located(tmp_path, "")) == "proxy"
    assert family(located(tmp_path, "", GRPC)) == "grpc"
    assert family(located(tmp_path, "", UWSGI)) == "uwsgi"
    assert family(hop_of(tmp_path, stream(SESSION.format("")))) == "proxy"


@pytest.mark.parametrize(
    ("passed", "facts", "expected"),
    [
        ("proxy_pass https://up:1;", "tls = true", True),
        ("proxy_pass https://up:1;", "", True),
        ("proxy_pass https://up:1;", "tls = false", False),
        # it has to, so that the certificate matters once the scheme is right
        ("proxy_pass http://up:1;", "tls = true", True),
        ("proxy_pass http://up:1;", "tls = false", False),
        ("proxy_pass http://up:1;", "", False),
        (GRPC, "", True),
        ("grpc_pass up:1;", "tls = true", True),
        ("uwsgi_pass up:1;", "tls = true", True),
        ("grpc_pass up:1;", "", False),
        # a pass that knows no TLS
        ("fastcgi_pass up:1;", "tls = true", False),
        ("memcached_pass up:1;", "tls = true", False),
        # the scheme is not known
        ("proxy_pass $arg_scheme://up:1;", "tls = true", False),
        ("proxy_pass https://other:1;", "tls = true", False),
    ],
)
def test_who_speaks_tls(passed: str, facts: str, expected: bool, tmp_path: Path) -> None:
    body = f"server {{ location / {{ {passed} }} }}"
    found = pairs_of(tmp_path, http(body), f"[upstream.up]\nport = 1\n{facts}\n")
    assert any(map(speaks_tls, found)) is expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [("proxy_ssl on;", True), ("", False), ("proxy_ssl off;", False), (UNSEEN, False)],
)
def test_who_speaks_tls_in_stream(settings: str, expected: bool, tmp_path: Path) -> None:
    spec = '[upstream.up]\nport = 1\nprotocol = "tcp"\ntls = true\n'
    pair = pair_of(tmp_path, stream(SESSION.format(settings)), spec)
    assert speaks_tls(pair) is expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", False),
        ("proxy_ssl_conf_command Options a;", False),
        ("proxy_ssl_conf_command Options a; proxy_ssl_conf_command CHAINFILE b;", True),
        ("proxy_ssl_conf_command Certificate a; proxy_ssl_conf_command Options b;", True),
        ("grpc_ssl_conf_command Certificate a;", False),
        (UNSEEN, None),
        (f"proxy_ssl_conf_command Options a; {UNSEEN}", None),
        (f"proxy_ssl_conf_command Certificate a; {UNSEEN}", True),
    ],
)
def test_commands(settings: str, expected: bool | None, tmp_path: Path) -> None:
    assert commands(located(tmp_path, settings), "certificate", "chainfile") is expected


@pytest.mark.parametrize(
    ("settings", "passed", "sends", "verified"),
    [
        ("", "proxy_pass https://up:1;", False, False),
        ("proxy_ssl_server_name on;", "proxy_pass https://up:1;", True, False),
        ("proxy_ssl_verify on;", "proxy_pass https://up:1;", False, True),
        (UNSEEN, "proxy_pass https://up:1;", None, None),
        ("proxy_ssl_server_name on; proxy_ssl_verify on;", GRPC, False, False),
        ("grpc_ssl_server_name on; grpc_ssl_verify on;", GRPC, True, True),
        ("uwsgi_ssl_server_name on; uwsgi_ssl_verify on;", UWSGI, True, True),
    ],
)
def test_the_flags(
    settings: str, passed: str, sends: bool | None, verified: bool | None, tmp_path: Path
) -> None:
    hop = located(tmp_path, settings, passed)
    found = sends_name(hop)
    assert (None if found is None else found.value) is sends
    assert verifies(hop) is verified


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", False),
        ("proxy_ssl_certificate /a.pem;", True),
        ('proxy_ssl_certificate "";', False),
        ("grpc_ssl_certificate /a.pem;", False),
        ("proxy_ssl_conf_command Certificate /a.pem;", None),
        ("proxy_ssl_conf_command ChainFile /a.pem;", None),
        (UNSEEN, None),
        # by a variable
        ("set $c /a.pem; proxy_ssl_certificate $c;", True),
        ('set $c ""; proxy_ssl_certificate $c;', False),
        ('set $c ""; if ($arg_a) { set $c /a.pem; } proxy_ssl_certificate $c;', None),
        ("proxy_ssl_certificate $arg_c;", None),
        ("set $c /a.pem; if ($arg_a) { set $c /b.pem; } proxy_ssl_certificate $c;", True),
        ("set $c /a.pem; if ($arg_a) { set $c $arg_c; } proxy_ssl_certificate $c;", None),
        ("proxy_ssl_certificate $many_a$many_b;", None),
    ],
)
def test_a_certificate_of_nginx_itself(
    settings: str, expected: bool | None, tmp_path: Path
) -> None:
    body = f"{TOO_MANY} server {{ location / {{ {settings} proxy_pass https://up:1; }} }}"
    assert gives_certificate(hop_of(tmp_path, http(body))) is expected


def names(folder: Path, settings: str, passed: str, *, around: str = "") -> tuple[set[str], bool]:
    """The names that nginx asks for, and whether these are all."""
    body = f"{around} resolver 10.0.0.2; server {{ location / {{ {settings} {passed} }} }}"
    found = asked(pairs_of(folder, http(body))[0])
    assert found is not None
    assert (found.directive is None) is ("ssl_name" not in settings)
    return set(found.names), found.complete


@pytest.mark.parametrize(
    ("settings", "passed", "expected"),
    [
        # the host, without its port, and the name of a block as it is spelled
        ("", "proxy_pass https://Up.Example:8443;", "up.example"),
        ("", "proxy_pass https://10.0.0.1:1;", "10.0.0.1"),
        ("", "proxy_pass https://[::1]:1;", "[::1]"),
        ("", "proxy_pass https://BLOCK;", "Block"),
        ("", "proxy_pass https://unix:/run/up.sock:/;", "/run/up.sock"),
        ("", "grpc_pass grpcs://up:1;", "up"),
        # another name
        ("proxy_ssl_name a.example;", "proxy_pass https://up:1;", "a.example"),
        ("proxy_ssl_name a.example:443;", "proxy_pass https://up:1;", "a.example"),
        ("proxy_ssl_name [::2]:443;", "proxy_pass https://up:1;", "[::2]"),
        ("proxy_ssl_name [::2];", "proxy_pass https://up:1;", "[::2]"),
        ("proxy_ssl_name [a:1;", "proxy_pass https://up:1;", "[a"),
        ("proxy_ssl_name :443;", "proxy_pass https://up:1;", ""),
        ('proxy_ssl_name "";', "proxy_pass https://up:1;", ""),
        ("proxy_ssl_name a.example;", "grpc_pass grpcs://up:1;", None),
        ("grpc_ssl_name a.example;", "grpc_pass grpcs://up:1;", "a.example"),
        # what stands for the host
        ("proxy_ssl_name $proxy_host;", "proxy_pass https://up:1;", "up"),
        ("proxy_ssl_name ${proxy_host}.example;", "proxy_pass https://up:1;", "up.example"),
        ("proxy_ssl_name $proxy_host;", "proxy_pass https://[::1]:1;", "[::1]"),
        ("proxy_ssl_name $proxy_host;", "proxy_pass https://BLOCK;", "Block"),
        ("proxy_ssl_name $proxy_host;", "proxy_pass https://unix:/run/up.sock:/;", "localhost"),
    ],
)
def test_the_name_that_nginx_asks_for(
    settings: str, passed: str, expected: str | None, tmp_path: Path
) -> None:
    if expected is None:  # the setting of another family
        found = asked(
            pairs_of(tmp_path, http(f"server {{ location / {{ {settings} {passed} }} }}"))[0]
        )
        assert found is not None
        assert (found.names, found.complete, found.directive) == (("up",), True, None)
        return
    around = "upstream Block { server unix:/run/block.sock; }"
    assert names(tmp_path, settings, passed, around=around) == ({expected}, True)


def test_names_that_depend_on_the_request(tmp_path: Path) -> None:
    around = "map $uri $n { default a.example; /b b.example:1; /c $host; }"
    passed = "proxy_pass https://up:1;"
    assert names(tmp_path, "proxy_ssl_name $n;", passed, around=around) == (
        {"a.example", "b.example"}, False,
    )  # fmt: skip
    around = "map $uri $n { default a.example; /b b.example; }"
    both = {"a.example", "b.example"}
    assert names(tmp_path, "proxy_ssl_name $n;", passed, around=around) == (both, True)
    assert names(tmp_path, "proxy_ssl_name $host;", passed) == (set(), False)
    for settings in (UNSEEN, "proxy_ssl_name $many_a$many_b;"):
        body = f"{TOO_MANY} server {{ location / {{ {settings} {passed} }} }}"
        assert asked(pair_of(tmp_path, http(body))) is None


def test_names_that_do_not_do(tmp_path: Path) -> None:
    """Where the pass and the name depend on variables, it counts only if none of the names does."""
    around = (
        "map $uri $n { default a.example; /b b.example; /x $host; }\n"
        "map $uri $m { default a.example; /b b.example; }\n"
        "map $uri $p { default up:1; /b other:1; } resolver 10.0.0.2;"
    )

    def misfits(name: str, passed: str, *fit: str) -> tuple[tuple[str, ...], bool] | None:
        body = f"{around} server {{ location / {{ proxy_ssl_name {name}; proxy_pass {passed}; }} }}"
        found = unfit(pairs_of(tmp_path, http(body))[0], lambda one: one in fit)
        return None if found is None else (found.names, found.always)

    both = ("a.example", "b.example")
    assert misfits("$m", "https://up:1") == (both, True)
    assert misfits("$m", "https://up:1", "a.example") == (("b.example",), False)
    assert misfits("$m", "https://up:1", *both) is None
    assert misfits("$n", "https://up:1") == (both, False)
    assert misfits("$m", "https://$p") == (both, True)
    assert misfits("$m", "https://$p", "a.example") is None
    assert misfits("$n", "https://$p") is None
    assert misfits("c.example", "https://$p") == (("c.example",), True)
    body = f"server {{ location / {{ {UNSEEN} proxy_pass https://up:1; }} }}"
    assert unfit(pair_of(tmp_path, http(body)), lambda _: False) is None
