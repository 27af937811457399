"""The blocks of a page as a little site, and what a real nginx does with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from lint502.behaviour.fronts import ways
from lint502.checks import rule_of
from lint502.evidence import Proof, Step
from lint502.findings import Finding
from lint502.lab.behind import routes, servers_of
from lint502.lab.binary import Nginx
from lint502.lab.demonstrations import of_front, of_hop
from lint502.lab.demonstrations.before_nginx import trouble
from lint502.lab.demonstrations.case import Case, Experiment, cases_of
from lint502.lab.demonstrations.usual import once
from lint502.lab.plan import Plan
from lint502.lab.play import Played, play
from lint502.lab.proof import Prover, contradiction
from lint502.nginx.error_log import fits
from lint502.nginx.hops import Hop
from lint502.nginx.version import Version
from lint502.pages import Page
from lint502.run import Result
from lint502.site import Site
from lint502.workspace import CheckRequest, Workspace
from tests.support.written import as_written

TRIES = 3
"""A request has to meet a moment, and the machine may be busy."""

_FILES = {"nginx": "nginx.conf", "toml": "upstreams.toml", "yaml": "compose.yaml"}
"""What the blocks of a page are; not every page has a Compose file."""


def shown_by(rule: str) -> str:
    """The demonstration of a rule that has one."""
    found = rule_of(rule).shown_by
    assert found is not None
    return found


def is_about_fronts(rule: str) -> bool:
    """Whether a rule is about what stands before nginx."""
    return (rule_of(rule).shown_by or "").startswith("before_nginx.")


def prove(finding: Finding, sites: Sequence[Site], nginx: Nginx, hop: str = "") -> Proof:
    """A proof of one finding."""
    return Prover(sites, nginx, {finding.rule: rule_of(finding.rule).shown_by}).prove(finding, hop)


def examined(shown: Page, heading: str, nginx: Nginx, folder: Path) -> Result:
    """What lint502 finds in the blocks below a heading, for the version of this nginx."""
    for language, file in _FILES.items():
        for text in shown.blocks(heading, language):
            (folder / file).write_text(text, encoding="utf-8")
    request = CheckRequest(("nginx.conf",), nginx_version=str(nginx.version))
    result = Workspace.at(folder).job(request).run()
    assert result.report.problems == ()
    return result


def played_as_written(finding: Finding, found: Result, nginx: Nginx, folder: Path) -> Played:
    """What comes of the requests that show a finding, with the file as it is written."""
    (site,) = found.sites
    if finding.front is not None:
        about = trouble(finding, site)
        assert about is not None
        shown = of_front(shown_by(finding.rule))(about.ways[0], site, about.line)
        return _played(shown, site, nginx, folder)
    hop = next(hop for hop in site.hops if hop.id in finding.hops)
    case, *_ = cases_of(finding, site, hop, routes(hop, site.pairs[hop.id]), nginx.version)
    return _played(
        of_hop(rule_of(finding.rule).shown_by)(replace(case, path=_path(hop))), site, nginx, folder
    )


def example_steps(
    finding: Finding, shown: Page, found: Result, nginx: Nginx, folder: Path
) -> tuple[Step, ...]:
    """What came of the requests that show a finding of a page's example: of the first try in which
    it was what the page states, or else of the last one."""
    for _ in range(TRIES):
        steps = played_as_written(finding, found, nginx, folder).steps
        if says_as_much(shown, nginx.version, steps):
            break
    return steps


def says_as_much(shown: Page, version: Version, steps: tuple[Step, ...]) -> bool:
    """Whether what came back is what the page states: status, how often, and the log line."""
    stated = contradiction(shown.status, shown.frequency_in(version), steps) is None
    lines = [line for step in steps for line in step.log]
    return stated and (shown.log is None or any(fits(shown.log, line) for line in lines))


def all_steps(shown: Page, heading: str, nginx: Nginx, folder: Path) -> list[Step]:
    """What came of the rule's requests at every hop of the blocks below a heading."""
    found = examined(shown, heading, nginx, folder)
    return [step for one in all_played(shown, found, nginx, folder) for step in one.steps]


def all_played(shown: Page, found: Result, nginx: Nginx, folder: Path) -> Iterator[Played]:
    """What comes of the rule's requests at every hop, or from every front, of a file that is said
    to be well."""
    (site,) = found.sites
    if is_about_fronts(shown.name):
        for way in ways(site):
            yield _played(of_front(shown_by(shown.name))(way, site, None), site, nginx, folder)
        return
    for hop in site.hops:
        for route in routes(hop, site.pairs[hop.id]):
            case = Case(shown.name, None, site, route, route.pairs, nginx.version, _path(hop))
            usual = shown.status is None
            yield _played(
                once(case) if usual else of_hop(rule_of(shown.name).shown_by)(case),
                site,
                nginx,
                folder,
            )


def _path(hop: Hop) -> str:
    """Where a request gets to a hop of the page's own text."""
    return hop.location if hop.location.startswith("/") else "/"


def _played(shown: Experiment, site: Site, nginx: Nginx, folder: Path) -> Played:
    text = (folder / "nginx.conf").read_text(encoding="utf-8")
    plan = as_written(
        _with_servers(shown.plan, site), text, site.tree, site.every_hop, nginx.version
    )
    return play(nginx, plan, shown.script, shown.setting)


def _with_servers(plan: Plan, site: Site) -> Plan:
    """A plan with the servers behind all hops, where it has none: it is about what is before."""
    if plan.servers:
        return plan
    found = [
        server
        for hop in site.hops
        for route in routes(hop, site.pairs[hop.id])
        for server in servers_of(route, set(), 1.0)[0]
    ]
    return replace(plan, servers=tuple({server.address: server for server in found}.values()))
