"""Which directives there are."""

from __future__ import annotations

import pytest

from lint502.nginx.known_directives import is_known, other_modules


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("content_by_lua_block", "lua"),
        ("more_set_headers", "headers-more"),
        ("vhost_traffic_status_zone", "vhost-traffic-status"),
        ("brotli", "brotli"),
        ("geoip2", "geoip2"),
        ("modsecurity_rules_file", "modsecurity"),
        ("auth_gss", "auth-spnego"),
        ("set_escape_uri", "set-misc"),
        ("fair", "fair"),
        ("js_import", "njs"),
        ("acme_issuer", "acme"),
        ("MainRule", "naxsi"),
        ("check_status", "Tengine"),
        ("docker_endpoint", "Angie"),
        ("health_check", "nginx's documentation"),
        ("otel_exporter", "otel"),
    ],
)
def test_directives_of_other_modules(name: str, module: str) -> None:
    assert name in other_modules()[module].names
    assert is_known(name)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("proxy_pass", True),
        ("client_body_early_read", True),
        ("spdy_pool_size", True),
        ("passenger_anything", True),
        ("proxy_pas", False),
        ("timefmt", False),
        ("", False),
    ],
)
def test_which_directives_there_are(name: str, known: bool) -> None:
    assert is_known(name) is known
