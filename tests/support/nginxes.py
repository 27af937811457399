"""The versions of nginx that the tests run: those of four releases of Debian."""

from __future__ import annotations

import os
import socket
from functools import cache
from typing import NoReturn

import pytest

from lint502.lab.binary import Nginx, described, found
from tools.measure.debian import RELEASES, NotAvailable, unpacked

__all__ = ["RELEASES", "in_ci", "lacks", "needs_ipv6", "nginx_of"]


_IN_CI = bool(os.environ.get("CI"))


def in_ci() -> bool:
    """Whether this run decides on a change; a test may have taken the variable away since."""
    return _IN_CI


def lacks(what: object) -> NoReturn:
    """Skip a test for what the machine lacks; in CI nothing is skipped, and it fails."""
    if in_ci():
        pytest.fail(str(what))
    pytest.skip(str(what))


def needs_ipv6() -> None:
    """For a test that connects to ``::1``, which many containers do not have."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        lacks(f"the loopback interface has no IPv6: {error.strerror}")


@cache
def nginx_of(release: str) -> Nginx:
    """The nginx of a release. Where it cannot be had, the machine's own stands in for the first
    of them, and tests of the others are skipped; in CI they fail."""
    try:
        package = unpacked(release)
    except NotAvailable as error:
        own = found()
        if own is not None and release == RELEASES[0] and not in_ci():
            return own
        lacks(error)
    return described(package.command, package.environment, package.modules)
