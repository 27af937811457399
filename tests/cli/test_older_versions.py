"""What the command says of older versions of nginx, where nobody says which one runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import Run

NGINX = """\
events {}
http {
    server {
        listen 80;
        location / { proxy_pass https://api:8443; }
    }
}
"""
SPEC = """\
[upstream.api]
port = 8443
protocol = "http"
tls = { versions = ["TLSv1.3"] }
"""


@pytest.fixture(autouse=True)
def site(run: Run) -> None:
    Path("nginx.conf").write_text(NGINX)
    Path("upstreams.toml").write_text(SPEC)


def test_each_is_said_with_verbose(run: Run) -> None:
    code, out, err = run("check", "--verbose", "--format", "concise")
    assert code == 0
    assert out.startswith("nginx.conf:5:22: warning: no nginx version is stated")
    assert out.endswith("[unstated-version]\n")
    assert err.splitlines()[-1] == (
        "nginx before 1.23.4: nginx.conf:5 error tls-version-mismatch: nginx offers TLSv1, TLSv1.1 "
        "and TLSv1.2 by default to api, which accepts only TLSv1.3: the handshake fails"
    )


def test_programs_get_them_too(run: Run) -> None:
    shown = json.loads(run("check", "--format", "json").out)
    (older,) = shown["older"]
    (hop,) = shown["hops"]
    assert (older["versions"], older["finding"]["rule"]) == (
        "before 1.23.4",
        "tls-version-mismatch",
    )
    assert (older["finding"]["hops"], older["finding"]["roots"]) == ([hop["id"]], ["nginx.conf"])
    assert shown["findings"][0]["roots"] == ["nginx.conf"]
    assert (hop["state"], shown["summary"]["warnings"]) == ("passed", 1)
    stated = json.loads(run("check", "--format", "json", "--nginx-version", "1.30").out)
    assert (stated["older"], stated["findings"]) == ([], [])


def test_a_baseline_knows_it(run: Run) -> None:
    run("check", "--write-baseline", "known.json")
    code, out, _ = run("check", "--baseline", "known.json", "--fail-on", "warning")
    assert (code, "unstated-version" in out) == (0, False)
    assert run("check", "--fail-on", "warning").code == 1


def test_a_fix_is_judged_by_the_version_that_counts(run: Run) -> None:
    """What it brings in older ones is said once it is written."""
    Path("nginx.conf").write_text(NGINX.replace("https:", "http:"))
    code, out, err = run("check", "--fix", "--format", "concise")
    assert (code, err) == (0, "fixed 1 finding in 1 file\n")
    assert Path("nginx.conf").read_text() == NGINX
    assert out.endswith("[unstated-version]\n")
