"""Whatever is fixed, nginx still starts: sites in which much disagrees, on the versions of four
releases."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.fixing import fix
from lint502.options import Options
from tests.support.nginxes import RELEASES, nginx_of
from tests.support.random_sites import random_site
from tests.support.real_nginx import HTTP, MAIN, check_all
from tests.support.sites import examine, write

SITES = range(40)


@pytest.mark.slow
@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("release", RELEASES)
def test_nginx_takes_what_is_fixed(release: str, unsafe: bool, tmp_path: Path) -> None:
    nginx = nginx_of(release)
    sites = [random_site(number) for number in SITES]
    before = [f"{MAIN}http {{{HTTP}{body}}}\n" for body, _ in sites]
    starts = [verdict.accepted for verdict in check_all([one.encode() for one in before], nginx)]
    after: list[str] = []
    fixed = 0
    for text, (_, spec), accepted in zip(before, sites, starts, strict=True):
        if not accepted:
            continue
        write(tmp_path, {"nginx.conf": text, "upstreams.toml": spec})
        options = Options(tmp_path, ("nginx.conf",), version=nginx.version)
        first = examine(options)
        assert first.report.problems == ()
        done = fix(
            first,
            lambda overlay, own=options: examine(replace(own, overlay=overlay)),
            unsafe=unsafe,
        )
        assert done.refused == () and all(item.reason for item in done.unfixed)
        fixed += done.fixed
        after += done.texts.values()
    verdicts = check_all([text.encode() for text in after], nginx)
    assert [verdict for verdict in verdicts if not verdict.accepted] == []
    assert len(after) > 20 and fixed > 60
