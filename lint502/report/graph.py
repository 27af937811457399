"""What a picture of the hops shows: fronts, servers, locations and targets, with the state of each
and the findings beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from lint502.findings import Severity
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.findings import Finding
    from lint502.report_model import FrontReport, HopReport, Report, State

STATES: tuple[State, ...] = ("failed", "undecidable", "undeclared", "passed")
"""The states of hops, the worst first."""

SIGNS: dict[State, str] = {"failed": "✗", "undecidable": "?", "undeclared": "○", "passed": "✓"}
"""What tells the states apart where there is no colour."""


class HopNode(Struct, frozen=True):
    """A hop with the numbers of its findings among those of the :class:`Graph`, the worst first."""

    hop: HopReport
    findings: tuple[int, ...] = ()


class ServerNode(Struct, frozen=True):
    """A server with its hops, those in the worst state first. ``listens`` is where it listens,
    ``fronts`` are the numbers of the fronts that send to it."""

    name: str
    listens: tuple[str, ...]
    root: str
    fronts: tuple[int, ...]
    hops: tuple[HopNode, ...]

    @property
    def state(self) -> State:
        """The worst state of its hops."""
        return worst(node.hop.state for node in self.hops)


class FrontNode(Struct, frozen=True):
    """What stands before nginx, with the numbers of the findings that are about it."""

    name: str
    kind: str | None
    state: State
    findings: tuple[int, ...] = ()


class Graph(Struct, frozen=True):
    """The servers, those in the worst state first; ``findings`` are all of the report, those that
    others hide last, ``elsewhere`` the numbers of those that are at no hop and no front."""

    fronts: tuple[FrontNode, ...]
    servers: tuple[ServerNode, ...]
    findings: tuple[Finding, ...]
    elsewhere: tuple[int, ...] = ()


def graph_of(report: Report) -> Graph:
    """The picture of a report. Hops that no server of it has are put together by the names of
    theirs."""
    findings = (*report.findings, *report.hidden)
    order = sorted(range(len(findings)), key=lambda number: _rank(findings[number], number))
    at_hop: dict[str, list[int]] = {hop.id: [] for hop in report.hops}
    at_front: dict[str, list[int]] = {front.name: [] for front in report.fronts}
    elsewhere = []
    for number in order:
        finding = findings[number]
        hops = [hop for hop in dict.fromkeys(finding.hops) if hop in at_hop]
        for hop in hops:
            at_hop[hop].append(number)
        if finding.front in at_front:
            at_front[finding.front].append(number)
        elif not hops:
            elsewhere.append(number)
    nodes = {hop.id: HopNode(hop, tuple(at_hop[hop.id])) for hop in report.hops}
    fronts = tuple(_front(front, at_front[front.name], findings) for front in report.fronts)
    servers = sorted(_servers(report, nodes), key=lambda server: STATES.index(server.state))
    return Graph(fronts, tuple(servers), findings, tuple(elsewhere))


def worst(states: Iterable[State]) -> State:
    """The worst of some states; passed where there are none."""
    return min(states, key=STATES.index, default="passed")


def _rank(finding: Finding, number: int) -> tuple[bool, int, int]:
    return bool(finding.behind), finding.severity.rank, number


def _front(front: FrontReport, found: Sequence[int], findings: Sequence[Finding]) -> FrontNode:
    failed = any(_counts(findings[number]) for number in found)
    return FrontNode(front.name, front.kind, "failed" if failed else "passed", tuple(found))


def _counts(finding: Finding) -> bool:
    """Whether a finding makes that fail which it is about."""
    return finding.severity is not Severity.INFO and not finding.behind


def _servers(report: Report, nodes: dict[str, HopNode]) -> Iterable[ServerNode]:
    left = dict(nodes)
    numbers = {front.name: number for number, front in enumerate(report.fronts)}
    for server in report.servers:
        hops = [left.pop(hop) for hop in server.hops if hop in left]
        if hops:
            fronts = tuple(numbers[front] for front in server.fronts if front in numbers)
            yield ServerNode(server.name, server.listens, server.root, fronts, _worst_first(hops))
    others: dict[str, list[HopNode]] = {}
    for node in left.values():
        others.setdefault(node.hop.server, []).append(node)
    for name, hops in others.items():
        yield ServerNode(name, (), "", (), _worst_first(hops))


def _worst_first(nodes: Sequence[HopNode]) -> tuple[HopNode, ...]:
    return tuple(sorted(nodes, key=lambda node: STATES.index(node.hop.state)))


def headline(graph: Graph, node: HopNode) -> str:
    """What makes a hop fail, in a few words: "port-mismatch 502 and tls-mismatch 400"."""
    found = filter(_counts, (graph.findings[number] for number in node.findings))
    return listed(
        (f"{one.rule}{'' if one.status is None else f' {one.status}'}" for one in found), 2
    )
