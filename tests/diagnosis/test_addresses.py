"""Commands name the upstream of a line, and nothing that somebody else wrote into it."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lint502.diagnosis.addresses import filled

ALL = (
    "ss {listen}; curl {curl} {curls}; s_client {connect}; {address} {host} {port} {socket} {name}"
)


@pytest.mark.parametrize(
    ("upstream", "expected"),
    [
        (
            "http://127.0.0.1:3000/a?b",
            "ss -ltnp 'sport = :3000'; curl http://127.0.0.1:3000/ https://127.0.0.1:3000/; "
            "s_client -connect 127.0.0.1:3000; 127.0.0.1:3000 127.0.0.1 3000 SOCKET NAME",
        ),
        (
            "grpcs://[2001:db8::1]:443",
            "ss -ltnp 'sport = :443'; curl http://[2001:db8::1]:443/ https://[2001:db8::1]:443/; "
            "s_client -connect [2001:db8::1]:443; [2001:db8::1]:443 2001:db8::1 443 SOCKET NAME",
        ),
        (
            "fastcgi://unix:/run/php/php-fpm.sock:",
            "ss -lxp | grep -F /run/php/php-fpm.sock; "
            "curl --unix-socket /run/php/php-fpm.sock http://localhost/ "
            "--unix-socket /run/php/php-fpm.sock https://localhost/; "
            "s_client -unix /run/php/php-fpm.sock; "
            "unix:/run/php/php-fpm.sock HOST PORT /run/php/php-fpm.sock NAME",
        ),
        (
            "http://backend/a",
            "ss -ltnp 'sport = :PORT'; curl http://ADDRESS:PORT/ https://ADDRESS:PORT/; "
            "s_client -connect ADDRESS:PORT; ADDRESS:PORT backend PORT SOCKET NAME",
        ),
    ],
)
def test_what_a_line_names(upstream: str, expected: str) -> None:
    assert filled(ALL, upstream) == expected


def test_the_upstream_s_own_name() -> None:
    assert filled("lint502 probe {name}", None, "api") == "lint502 probe api"
    assert filled("lint502 probe {name}", None, "a; rm -rf /") == "lint502 probe NAME"


@pytest.mark.parametrize(
    ("upstream", "family"),
    [
        ("https://10.0.0.1:443/", "proxy"),
        ("fastcgi://unix:/run/php.sock:", "fastcgi"),
        ("grpcs://10.0.0.1:443", "grpc"),
        ("suwsgi://10.0.0.1:443", "uwsgi"),
        ("10.0.0.1:443", "proxy"),
        (None, "proxy"),
    ],
)
def test_directives_are_of_the_family_of_the_pass(upstream: str | None, family: str) -> None:
    assert filled("{family}_read_timeout", upstream) == f"{family}_read_timeout"


def test_what_is_no_hole_stays() -> None:
    assert filled("curl -w '%{time_total}' {port}", None) == "curl -w '%{time_total}' PORT"


@given(st.text(max_size=40))
def test_nothing_that_is_in_a_line_becomes_a_filled(text: str) -> None:
    for upstream in (text, f"http://{text}:80/", f"http://unix:/run/{text}:/", f"http://a:{text}/"):
        words = shlex.split(filled("nc {host} {port} {socket}", upstream))
        assert len(words) == 4
        assert words[0] == "nc"
        assert filled("{socket}", upstream).isprintable()
