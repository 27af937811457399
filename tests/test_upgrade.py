"""What an upgrade of nginx changes for a site: compared with what is known to come."""

from __future__ import annotations

from pathlib import Path

from lint502.nginx.version import Version
from lint502.options import Options
from lint502.upgrade import Upgrade, compare
from tests.support.sites import examine

NGINX = """\
events {}
http {
    upstream app { server 127.0.0.1:8000; }
    upstream node { server 127.0.0.1:3000; keepalive 8; least_conn; }
    server {
        location / { proxy_pass http://app; }
        location /node { proxy_pass http://node; }
        location /implicit { proxy_pass http://127.0.0.1:3000; }
        location /set {
            proxy_pass https://127.0.0.1:3443;
            proxy_http_version 1.0;
            proxy_set_header Connection close;
            proxy_ssl_protocols TLSv1.2;
        }
        location /tls { proxy_pass https://127.0.0.1:3443; }
        location /rpc { grpc_pass grpc://app; }
    }
}
"""
SPEC = """\
[upstream.app]
port = 8000
server = "gunicorn-gthread"

[upstream.node]
port = 3000
server = "node"

[upstream.tls]
port = 3443
protocol = "http"
tls = true
"""


def upgraded(folder: Path, old: str, new: str, nginx: str = NGINX, spec: str = SPEC) -> Upgrade:
    (folder / "nginx.conf").write_text(nginx)
    (folder / "upstreams.toml").write_text(spec)
    before, after = (
        examine(
            Options(folder, (str(folder / "nginx.conf"),), version=Version.parse(version)),
            lambda: b"",
        )
        for version in (old, new)
    )
    assert before.report.problems == ()
    return compare(before, after)


def findings(upgrade: Upgrade) -> dict[str, list[tuple[str, str, int, list[str]]]]:
    """Rule, severity and line of what comes and goes, with the versions that bring it about."""
    return {
        name: [
            (
                item.finding.rule,
                item.finding.severity.value,
                item.finding.place.line,
                [str(changed.change.version) for changed in item.changes],
            )
            for item in items
        ]
        for name, items in (("appear", upgrade.appear), ("vanish", upgrade.vanish))
    }


def silent(upgrade: Upgrade) -> list[tuple[str, str, str | None, list[str]]]:
    """What becomes different without a finding, at which locations."""
    locations = {hop.id: hop.location for hop in upgrade.after.hops}
    return [
        (
            str(changed.change.version),
            changed.what,
            changed.keep,
            [locations[hop] for hop in changed.hops],
        )
        for changed in upgrade.changes
        if not changed.change.in_general
    ]


def test_pools_come_to_life_with_1_30(tmp_path: Path) -> None:
    found = upgraded(tmp_path, "1.26", "1.30", NGINX.replace("location /rpc", "#"))
    assert findings(found) == {
        "appear": [
            ("keepalive-race", "error", 3, ["1.29.7", "1.29.7", "1.29.7"]),
            ("keepalive-race", "error", 4, ["1.29.7", "1.29.7", "1.29.7"]),
        ],
        "vanish": [("keepalive-order", "warning", 4, ["1.29.7"])],
    }
    assert found.has_errors
    assert silent(found) == [
        (
            "1.27.3",
            "TLS 1.0 and 1.1 are no longer offered to the upstream",
            "proxy_ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;",
            ["/tls"],
        ),
        (
            "1.29.7",
            "HTTP/1.0 becomes HTTP/1.1",
            "proxy_http_version 1.0;",
            ["/implicit", "/tls"],
        ),
        (
            "1.29.7",
            '"Connection: close" is no longer sent',
            "proxy_set_header Connection close;",
            ["/implicit", "/tls"],
        ),
    ]


def test_a_way_to_keep_what_was_brings_no_finding(tmp_path: Path) -> None:
    """Each line that is said to keep today's behaviour does so."""
    for keep, where in (
        ("proxy_http_version 1.0;", "location / {"),
        ("proxy_set_header Connection close;", "location / {"),
        ("keepalive 0;", "upstream app {"),
    ):
        nginx = NGINX.replace("location /rpc", "#").replace(where, f"{where} {keep}")
        found = upgraded(tmp_path, "1.26", "1.30", nginx)
        assert [item.finding.place.line for item in found.appear] == [4], keep


def test_grpc_keeps_connections_by_default_too(tmp_path: Path) -> None:
    nginx = (
        "events {}\nhttp { upstream rpc { server a:1; } server { location / { grpc_pass rpc; } } }"
    )
    spec = '[upstream.rpc]\nport = 1\nprotocol = "grpc"\nkeepalive = { idle_timeout = "5s" }\n'
    found = upgraded(tmp_path, "1.26", "1.30", nginx, spec)
    assert findings(found)["appear"] == [("keepalive-race", "error", 2, ["1.29.7"])]


def test_an_upgrade_within_what_is_the_same_changes_nothing(tmp_path: Path) -> None:
    found = upgraded(tmp_path, "1.24.0", "1.26.3")
    assert (found.appear, found.vanish, found.changes, found.has_errors) == ((), (), (), False)


def test_what_depends_on_the_answer_is_said_once(tmp_path: Path) -> None:
    found = upgraded(tmp_path, "1.22.1", "1.23.0")
    (changed,) = found.changes
    assert changed.change.in_general
    assert len(changed.hops) == 6


def test_locations_come_to_life_with_1_31_5(tmp_path: Path) -> None:
    nginx = (
        "events {}\nhttp { server { location $api { proxy_pass http://127.0.0.1:8000; }\n"
        f"location /a {{ fastcgi_param {'A' * 127} b; fastcgi_pass 127.0.0.1:9000; }}\n"
        f"location /b {{ fastcgi_param {'A' * 128} b; fastcgi_pass 127.0.0.1:9000; }}\n"
        f"location /c {{ uwsgi_param {'A' * 255} b; uwsgi_pass 127.0.0.1:9000; }}\n"
        f"location /d {{ uwsgi_param {'A' * 256} b; uwsgi_pass 127.0.0.1:9000; }} }} }}"
    )
    found = upgraded(tmp_path, "1.31.4", "1.31.6", nginx, "")
    assert findings(found) == {
        "appear": [("undeclared-upstream", "info", 2, [])],
        "vanish": [("unreached-hop", "info", 2, ["1.31.5"])],
    }
    assert [(version, hops) for version, _, _, hops in silent(found)] == [
        ("1.31.5", ["$api"]),
        ("1.31.5", ["/b", "/d"]),
    ]


def test_what_else_changes_in_nginx(tmp_path: Path) -> None:
    found = upgraded(tmp_path, "1.31.1", "1.31.3")
    assert [(str(one.version), one.text) for one in found.others] == [
        ("1.31.2", "now the $request_id variable uses SipHash-2-4."),
        (
            "1.31.3",
            "loading of external entities is now disabled in the ngx_http_xslt_filter_module. "
            "Thanks to Maxim Dounin.",
        ),
    ]
    assert upgraded(tmp_path, "1.29.6", "1.29.8").others == ()
