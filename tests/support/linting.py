from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lint502.findings import Finding
from tests.support.sites import OLD, Found, check, found, http

Lint = Callable[..., list[Found]]
Findings = Callable[..., tuple[Finding, ...]]


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    """Everything found in one ``nginx.conf`` (the inside of ``http{}``) beside one spec."""

    def lint(
        body: str,
        spec: str = "",
        *,
        version: str = OLD,
        wrap: Callable[[str], str] = http,
        files: dict[str, str] | None = None,
        **options: Any,
    ) -> tuple[Finding, ...]:
        site = {"nginx.conf": wrap(body), "upstreams.toml": spec, **(files or {})}
        report = check(tmp_path, site, version=version, **options)
        assert files or report.problems == ()
        return report.findings

    return lint


@pytest.fixture
def lint(findings: Findings) -> Lint:
    """The findings of every rule, in short; the line is the one in ``body``, from 1."""

    def in_short(body: str, spec: str = "", **options: Any) -> list[Found]:
        return [found(finding) for finding in findings(body, spec, **options)]

    return in_short
