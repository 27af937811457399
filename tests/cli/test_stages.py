"""``check --verbose``, ``--quiet``, ``--profile`` and what a long run shows."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from lint502.cli import output
from lint502.cli.stages import Stages
from tests.support.cli import Run

NGINX = "events {} http { include conf.d/*.conf; include mime.types; }\n"
SITE = "server { location / { proxy_pass http://api:3000; } }\n"


@pytest.fixture
def site(run: Run) -> None:
    Path("nginx.conf").write_text(NGINX)
    Path("conf.d").mkdir()
    Path("conf.d/a.conf").write_text(SITE)
    Path("upstreams.toml").write_text('[upstream.api]\nport = 3000\nprotocol = "http"\n')


NOTE = "note: stock files that are not here were passed over: mime.types\n"


def test_verbose(run: Run, site: None) -> None:
    assert run("check", "-v", "--format", "concise") == (0, "", (
        "root: nginx.conf\n"
        "read: nginx.conf\n"
        "read: conf.d/a.conf\n"
        "spec: upstreams.toml\n"
        "nginx: 1.31.6 (newest)\n"
        f"{NOTE}"
    ))  # fmt: skip


def test_quiet(run: Run, site: None) -> None:
    assert run("check", "--format", "concise").err == NOTE
    assert run("check", "--quiet", "--format", "concise") == (0, "", "")
    Path("nginx.conf").write_text(f"{NGINX} include missing.conf;")
    result = run("check", "-q", "--format", "concise")
    assert (result.code, result.err[:40]) == (2, "error: nginx.conf:2: include missing.con")


def test_profile_names_stages_and_rules(
    run: Run, site: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    lines = run("check", "-q", "--profile", "--format", "concise").err.splitlines()
    assert all(re.fullmatch(r" +\d+\.\d{3}s  \S.*", line) for line in lines)
    stages = {line.split("s  ", 1)[1] for line in lines}
    assert {"rule protocol-mismatch", "rule two-protocols", "rule unused-upstream"} < stages
    assert stages.isdisjoint(("rule front-sni-rejected", "rule tls-mismatch"))  # neither is there
    assert {"reading nginx's files", "reading what is declared", "finding the hops"} < stages
    assert lines[-1].endswith("s  all")


def test_what_takes_no_time_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0, 2.0001, 2.0002])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    stages = Stages()
    for name in ("a", "b", "c"):
        stages(name)
    assert stages.table() == (
        "    2.000s  starting\n    0.000s  2 more\n    2.000s  all"
    )  # fmt: skip


def test_progress_is_shown_to_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(output, "progress", shown.append)
    clock = iter([0.0, 0.5, 1.5, 1.6])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    stages = Stages()
    stages("a")
    stages("b")
    stages.end()
    assert shown == ["b", "", ""]


def test_flags_of_scripts(run: Run, site: None) -> None:
    """Only --prove does several things at once."""
    assert run("check", "--jobs", "2", "-q", "--format", "concise") == (0, "", "")
    assert run("check", "--jobs", "0").code == 2
