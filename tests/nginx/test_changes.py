from __future__ import annotations

from lint502.nginx.changelog import entries
from lint502.nginx.changes import _WHEN, CHANGES, changes, changes_between
from lint502.nginx.directives import directive
from lint502.nginx.version import NEWEST, OLDEST, Version
from lint502.rule_names import RULES


def test_the_table_is_in_order_and_names_what_exists() -> None:
    table = changes()
    assert [change.version for change in table] == sorted(change.version for change in table)
    assert [change for change in table if not OLDEST < change.version <= NEWEST] == []
    assert {rule for change in table for rule in change.rules} <= {
        *RULES,
        "tls-version-mismatch",
        "client-certificate-missing",
    }
    assert {change.when for change in table} == set(_WHEN)
    assert all(change.source.startswith("https://") for change in table)


def test_every_default_that_changes_at_a_hop_is_in_the_table() -> None:
    """The directive table knows when a default changed; nothing of it may be missing here."""
    hop_defaults = [
        ("http", "proxy_http_version"),
        ("http", "proxy_set_header"),
        ("http", "proxy_ssl_protocols"),
        ("http", "grpc_ssl_protocols"),
        ("http", "uwsgi_ssl_protocols"),
        ("stream", "proxy_ssl_protocols"),
        ("http", "fastcgi_param"),
        ("upstream", "keepalive"),
        ("upstream", "keepalive_requests"),
    ]
    known = {change.version for change in changes()}
    for area, name in hop_defaults:
        info = directive(area, name)
        assert info is not None
        changed = {start for start, _ in info.defaults if start > OLDEST}
        assert changed <= known, name


def test_between_two_versions() -> None:
    found = changes_between(Version(1, 26, 3), Version(1, 29, 0))
    assert [str(change.version) for change in found] == ["1.27.3", "1.29.0"]


def test_an_entry_is_a_quotation_of_the_list_of_changes() -> None:
    texts: dict[Version, list[str]] = {}
    for one in entries():
        texts.setdefault(one.version, []).append(one.text)
    missing = [
        change.entry
        for change in changes()
        if change.source == CHANGES
        and not any(change.entry in text for text in texts[change.version])
    ]
    assert missing == []
