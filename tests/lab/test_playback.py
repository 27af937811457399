"""What the lab plays back of real servers gives the outcomes that were measured with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lint502.behaviour.protocol_table import Ending, load
from lint502.declared import profiles
from lint502.lab.binary import Nginx
from lint502.nginx.error_log import fits
from lint502.options import Options
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.sites import examine, http, write

PASSES = {
    "http": "proxy_pass http://127.0.0.1:3000;",
    "https": "proxy_pass https://127.0.0.1:3000;",
    "fastcgi": "fastcgi_pass 127.0.0.1:3000;",
    "uwsgi": "uwsgi_pass 127.0.0.1:3000;",
    "suwsgi": "uwsgi_pass suwsgi://127.0.0.1:3000;",
    "scgi": "scgi_pass 127.0.0.1:3000;",
    "grpc": "grpc_pass grpc://127.0.0.1:3000;",
    "grpcs": "grpc_pass grpcs://127.0.0.1:3000;",
    "memcached": "memcached_pass 127.0.0.1:3000;",
}
SPEAKS = {
    "http": 'protocol = "http"\ntls = false\nhttp_versions = ["1.0", "1.1"]\n',
    "https": 'protocol = "http"\ntls = true\nhttp_versions = ["1.0", "1.1"]\n',
    "h2c": 'protocol = "http"\ntls = false\nhttp_versions = ["2"]\n',
    "h2": 'protocol = "http"\ntls = true\nhttp_versions = ["2"]\n',
    "fastcgi": 'protocol = "fastcgi"\n',
    "uwsgi": 'protocol = "uwsgi"\n',
    "scgi": 'protocol = "scgi"\n',
    "memcached": 'protocol = "memcached"\n',
}


class Cell(NamedTuple):
    """A server that was measured, what it speaks, and how nginx passes requests to it."""

    server: str
    speaks: str
    passed: str


Kind = tuple[str, str, tuple[Ending, ...]]

CANNOT_BE_PLAYED = "bad extension"
"""A server that agrees to an application protocol which nobody offered."""


def cells(nginx: Nginx, seen: set[Kind]) -> Iterator[Cell]:
    """One cell of each kind: those with the same outcome are played back alike."""
    for server, endpoints in load().rows.items():
        if server not in profiles.names():
            continue
        for speaks, rows in endpoints.items():
            for passed in PASSES:
                row = rows.get(passed)
                if row is None or speaks not in SPEAKS:
                    continue
                kind = (speaks, passed, row.at(nginx.version))
                if kind not in seen:
                    seen.add(kind)
                    yield Cell(server, speaks, passed)


_TRIES = 3
"""Now and then a reset comes while nginx still sends, and its log names another call."""


def test_each_outcome_is_played_back(tmp_path: Path) -> None:
    seen: set[Kind] = set()
    number, wrong = 0, []
    for nginx in map(nginx_of, RELEASES):
        for cell in cells(nginx, seen):
            pass_, speaks = PASSES[cell.passed], SPEAKS[cell.speaks]
            files = {
                "nginx.conf": http(f"server {{ location / {{ {pass_} }} }}"),
                "upstreams.toml": f'[upstream.up]\nport = 3000\nserver = "{cell.server}"\n{speaks}',
            }
            write(tmp_path, files)
            options = Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version)
            found = examine(options, lambda: b"")
            for finding in found.report.findings:
                number += 1
                log = finding.log or ""
                for _ in range(_TRIES):
                    proof = prove(finding, found.sites, nginx)
                    same = not log or CANNOT_BE_PLAYED in log or fits(log, proof.log or "")
                    if proof.verdict == "confirmed" and same:
                        break
                else:
                    wrong.append((cell, nginx.version, finding.rule, finding.status, log, proof))
    assert wrong == []
    assert number > 100
