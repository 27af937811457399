"""What decides over a hop's failures stands around it in the lab too, and what the client gets is
compared exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.evidence import Proof
from lint502.findings import Severity
from lint502.options import Options
from tests.support.nginxes import nginx_of
from tests.support.pages import prove
from tests.support.sites import examine, http, write

SPEC = 'complete = true\n[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\n%s\n'
DEAD = "proxy_pass http://127.0.0.1:3001;"
LIVE = "proxy_pass http://127.0.0.1:3000;"


def proofs(folder: Path, body: str, facts: str = "", claims: int | None = None) -> list[Proof]:
    """The proofs of the errors and warnings at a site, as if they claimed another status where one
    is given."""
    nginx = nginx_of("bookworm")
    write(folder, {"nginx.conf": http(f"server {{ {body} }}"), "upstreams.toml": SPEC % facts})
    options = Options(folder, (str(folder / "nginx.conf"),), version=nginx.version)
    found = examine(options)
    findings = [one for one in found.report.findings if one.severity is not Severity.INFO]
    if claims is not None:
        findings = [replace(one, status=claims) for one in findings]
    return [prove(finding, found.sites, nginx) for finding in findings]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (f"location / {{ error_page 502 = @x; {DEAD} }} location @x {{ return 503; }}", 503),
        (f"location / {{ error_page 502 =503 /x; {DEAD} }} location = /x {{ root /srv; }}", 503),
        (f"location / {{ error_page 502 504 @none; {DEAD} }}", 500),
        (f"location / {{ auth_request /a; {LIVE} }} location = /a {{ {DEAD} }}", 500),
        (
            f"location / {{ auth_request /a; error_page 500 =504 /x; {LIVE} }} "
            f"location = /x {{ root /srv; }} location = /a {{ {DEAD} }}",
            504,
        ),
    ],
)
def test_the_status_that_the_surroundings_make(body: str, status: int, tmp_path: Path) -> None:
    (proof,) = proofs(tmp_path, body)
    assert proof.verdict == "confirmed"
    assert [step.status for step in proof.steps] == [status]
    assert not any("before" in clause for clause in proof.conditions)
    (other,) = proofs(tmp_path, body, claims=501)
    assert other.verdict == "not confirmed"


def test_times_too(tmp_path: Path) -> None:
    body = f"location / {{ auth_request /a; root /srv; }} location = /a {{ {LIVE} }}"
    (proof,) = proofs(tmp_path, body, 'timeouts = { response = "90s" }')
    assert (proof.verdict, proof.steps[-1].status) == ("confirmed", 500)


@pytest.mark.parametrize(
    ("body", "clause"),
    [
        (
            f"location / {{ error_page 502 =200 /x; {DEAD} }} location = /x {{ root /srv; }}",
            "before error_page makes something else of it",
        ),
        (
            f"location / {{ mirror /m; {LIVE} }} location = /m {{ {DEAD} }}",
            "before mirror makes something else of it",
        ),
        (
            f"location / {{ error_page 502 = @x; {LIVE} }} location @x {{ {DEAD} }}",
            "for requests that come here since another pass has failed",
        ),
    ],
)
def test_what_is_left_out_is_said(body: str, clause: str, tmp_path: Path) -> None:
    (proof,) = proofs(tmp_path, body)
    assert (proof.verdict, clause in proof.conditions) == ("confirmed", True)


def test_grpc_to_a_server_of_http(tmp_path: Path) -> None:
    body = "location / { grpc_pass 127.0.0.1:3000; }"
    (proof,) = proofs(tmp_path, body, 'protocol = "http"')
    assert (proof.verdict, proof.steps[-1].status) == ("confirmed", 502)
