"""The versions of nginx that the tests run: those of four releases of Debian."""

from __future__ import annotations

import os
from functools import cache

import pytest

from lint502.lab.debian import RELEASES, NotAvailable, unpacked
from lint502.lab.nginx import Nginx, described

__all__ = ["RELEASES", "nginx_of"]


@cache
def nginx_of(release: str) -> Nginx:
    """The nginx of a release. Where it cannot be had, the test is skipped; in CI it fails."""
    try:
        found = unpacked(release)
    except NotAvailable as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    return described(found.command, found.environment, found.modules)
