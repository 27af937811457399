"""The exit codes of ``lint502 prove``; what it shows of a real nginx is in ``tests/lab``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lint502.cli import prove
from lint502.lab.binary import Nginx
from lint502.nginx.version import Version
from lint502.report_model import Report
from lint502.run import Result
from tests.support.cli import Run
from tests.support.sites import OLD

SPEC = 'complete = true\n[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\nprotocol = "http"\n'
BOTH = "server 127.0.0.1:3000; server 127.0.0.1:3001;"


@pytest.fixture(autouse=True)
def _no_nginx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is run, and nothing proved."""

    def with_proofs(result: Result, *_: Any) -> Report:
        return result.report

    nginx = Nginx(("nginx",), Version.parse(OLD), None)
    monkeypatch.setattr(prove, "usable_nginx", lambda _: nginx)
    monkeypatch.setattr(prove, "with_proofs", with_proofs)


@pytest.mark.parametrize(
    ("servers", "more", "severities", "code"),
    [
        ("server 127.0.0.1:3000;", "", set(), 0),
        (BOTH, "", {"warning"}, 0),
        ("server 127.0.0.1:3001;", "", {"error"}, 1),
        (BOTH, "location /x { proxy_pass http://127.0.0.1:3002; }", {"error", "warning"}, 1),
        # what could not be checked
        (BOTH, "include gone.conf;", {"warning"}, 2),
        ("server 127.0.0.1:3001;", "include gone.conf;", {"error"}, 2),
    ],
)
def test_exit_codes(servers: str, more: str, severities: set[str], code: int, run: Run) -> None:
    text = (
        f"events {{}} http {{ upstream api {{ {servers} }}\n"
        f"server {{ location / {{ proxy_pass http://api; }} {more} }} }}\n"
    )
    Path("nginx.conf").write_text(text)
    Path("upstreams.toml").write_text(SPEC)
    ran = run("prove", "--format", "json")
    assert ran.code == code
    assert {finding["severity"] for finding in json.loads(ran.out)["findings"]} == severities
    assert ("gone.conf" in ran.err) is (code == 2)
