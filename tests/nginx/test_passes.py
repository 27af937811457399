"""The passes of a configuration, each read once."""

from __future__ import annotations

from pathlib import Path

from lint502.nginx.addresses import Address, Url
from lint502.nginx.passes import passes
from tests.support.sites import http, load, stream


def found(tmp_path: Path, text: str) -> list[tuple[object, ...]]:
    tree = load(tmp_path, {"nginx.conf": text})
    area = tree.main.children[-1]
    assert passes(area) is passes(area)
    return [
        (one.context.name, one.kind, str(one.directive.args[0]), one.url, one.refusal)
        for one in passes(area)
    ]


def test_passes_of_http(tmp_path: Path) -> None:
    text = http(
        "server { location / { proxy_pass https://a/b; if ($x) { proxy_pass http://$y; } }"
        " location /f { fastcgi_pass a:0; } location /g { grpc_pass unix:/g; } }"
        " upstream a { server b; }"
    )
    assert found(tmp_path, text) == [
        ("location", "proxy", "https://a/b", Url("https", Address("a", 443), "/b"), None),
        ("if", "proxy", "http://$y", None, None),
        ("location", "fastcgi", "a:0", None, "invalid port"),
        ("location", "grpc", "unix:/g", Url("", Address(socket="/g"), ""), None),
    ]


def test_passes_of_stream(tmp_path: Path) -> None:
    text = stream("server { listen 1; proxy_pass a:2; } server { listen 3; proxy_pass b; }")
    assert found(tmp_path, text) == [
        ("server", "stream", "a:2", Url("", Address("a", 2, port_written=True), ""), None),
        ("server", "stream", "b", Url("", Address("b"), ""), None),
    ]
