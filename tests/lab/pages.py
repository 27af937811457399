"""The blocks of a page as a little site, and what a real nginx does with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lab.written import as_written
from lint502.findings import Finding, Severity
from lint502.lab.behind import routes
from lint502.lab.nginx import Nginx
from lint502.lab.play import Played, play
from lint502.lab.shows import experiment
from lint502.lab.shows.case import Case, cases_of
from lint502.lab.shows.usual import once
from lint502.lint import Examined, Options, examine
from lint502.nginx.hops import Hop
from lint502.pages import Page

_FILES = {"nginx": "nginx.conf", "toml": "upstreams.toml"}


def examined(shown: Page, heading: str, nginx: Nginx, folder: Path) -> Examined:
    """What lint502 finds in the blocks below a heading, for the version of this nginx."""
    for language, file in _FILES.items():
        (text,) = shown.blocks(heading, language)
        (folder / file).write_text(text, encoding="utf-8")
    options = Options(folder, (str(folder / "nginx.conf"),), version=nginx.version)
    result = examine(options, lambda: b"")
    assert result.report.problems == ()
    return result


def played_as_written(finding: Finding, found: Examined, nginx: Nginx, folder: Path) -> Played:
    """What comes of the requests that show a finding, with the file as it is written."""
    (site,) = found.sites
    hop = next(hop for hop in site.hops if hop.id in finding.hops)
    case, *_ = cases_of(finding, site, hop, routes(hop, site.pairs[hop.id]), nginx.version)
    return _played(replace(case, path=_path(hop)), nginx, folder)


def every_hop_played(shown: Page, found: Examined, nginx: Nginx, folder: Path) -> Iterator[Played]:
    """What comes of the rule's requests at every hop of a file that is said to be well."""
    (site,) = found.sites
    for hop in site.hops:
        for route in routes(hop, site.pairs[hop.id]):
            case = Case(shown.name, None, site, route, route.pairs, nginx.version, _path(hop))
            yield _played(case, nginx, folder, usual=shown.severity is Severity.INFO)


def _path(hop: Hop) -> str:
    """Where a request gets to a hop of the page's own text."""
    return hop.location if hop.location.startswith("/") else "/"


def _played(case: Case, nginx: Nginx, folder: Path, *, usual: bool = False) -> Played:
    shown = once(case) if usual else experiment(case)
    text = (folder / "nginx.conf").read_text(encoding="utf-8")
    plan = as_written(shown.plan, text, case.site.tree, case.site.every_hop)
    return play(nginx, plan, shown.script, shown.setting)
