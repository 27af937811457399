"""The versions of nginx that the tests run: those of four releases of Debian."""

from __future__ import annotations

import os
from functools import cache

import pytest

from lint502.lab.debian import RELEASES, NotAvailable, unpacked
from lint502.lab.nginx import Nginx, described, found

__all__ = ["RELEASES", "nginx_of"]


@cache
def nginx_of(release: str) -> Nginx:
    """The nginx of a release. Where it cannot be had, the machine's own stands in for the first
    of them, and tests of the others are skipped; in CI they fail."""
    try:
        package = unpacked(release)
    except NotAvailable as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        own = found()
        if own is not None and release == RELEASES[0]:
            return own
        pytest.skip(str(error))
    return described(package.command, package.environment, package.modules)
