"""What a run has found, as reports show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.findings import Finding, Note, Problem, Severity, UnknownDirective
from lint502.nginx.version import NEWEST_PATCH, OLDEST, Version
from lint502.places import Place

if TYPE_CHECKING:
    from lint502.evidence import Proof

State = Literal["passed", "failed", "undeclared", "undecidable"]


VersionOrigin = Literal["option", "config", "binary", "deployment", "newest"]


class TargetReport(Struct, frozen=True):
    """One target of a hop: its address, and the upstream that it reaches (None: undeclared).
    ``compared_with`` are the places of what is known of that: ``"compose.yaml:14"``."""

    address: str
    upstream: str | None
    compared_with: tuple[str, ...] = ()


class HopReport(Struct, frozen=True):
    """A hop as reports show it. ``place`` is its pass directive; ``reason`` says why it is
    undecidable, or was not looked at by the rules, if so."""

    id: str
    place: Place
    directive: str
    value: str
    server: str
    location: str
    state: State
    targets: tuple[TargetReport, ...]
    reason: str | None = None

    @property
    def request(self) -> str:
        """Its server and its location: "shop.example /api/"; "" where it has neither."""
        return " ".join(part for part in (self.server, self.location) if part)

    @property
    def label(self) -> str:
        """Its server, its location, and where it passes requests to."""
        passes = f"{self.directive} {self.value}"
        return f"{self.request} → {passes}" if self.request else passes


class DeploymentReport(Struct, frozen=True):
    """A deployment as reports show it: its name (``"compose.yaml"``), its kind, the container in
    which nginx runs, and the roots that it reads there."""

    name: str
    kind: str
    nginx: str
    roots: tuple[str, ...]


class FrontReport(Struct, frozen=True):
    """What stands before nginx as reports show it: its name, and its kind (``"aws-alb"``), if that
    is declared."""

    name: str
    kind: str | None = None


class ServerReport(Struct, frozen=True):
    """A ``server {}`` that has hops as reports show it: what it is called, where it listens
    (``"*:443 ssl"``), the names of the fronts that send to it, the ids of its hops, and its
    root."""

    name: str
    listens: tuple[str, ...]
    fronts: tuple[str, ...]
    hops: tuple[str, ...]
    root: str


class Older(Struct, frozen=True):
    """What would be found besides in the versions of nginx from ``first`` to ``last``."""

    finding: Finding
    first: Version
    last: Version

    @property
    def versions(self) -> str:
        """These versions: "before 1.23.4", "from 1.19.1 up to before 1.23.4"."""
        before = f"before {self.last.successor()}"
        if self.last.patch == NEWEST_PATCH:
            before = f"up to {self.last}"
        return before if self.first <= OLDEST else f"from {self.first} on, {before}"


class Report(Struct, frozen=True):
    """All that a run found; ``roots`` and ``specs`` by the names that reports show. ``hidden`` are
    the findings that others hide: they count nowhere. ``suppressed``
    counts the findings that comments and settings ignore, ``known`` those of the baseline.
    ``proofs`` has what was observed of a finding, where somebody asked for that. ``root_versions``
    has the version that each root was checked for, where that is not the same for all. ``older`` is
    what older versions would bring, where nobody says which one runs. ``servers`` are those that
    have hops, ``fronts`` what is declared to stand before nginx. No module is known that has the
    ``unknown_directives``."""

    version: Version
    version_origin: VersionOrigin
    version_source: str | None
    roots: tuple[str, ...]
    specs: tuple[str, ...]
    hops: tuple[HopReport, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    hidden: tuple[Finding, ...] = ()
    suppressed: int = 0
    known: int = 0
    proofs: Mapping[Finding, Proof] = field(default_factory=dict)
    root_versions: Mapping[str, Version] = field(default_factory=dict)
    older: tuple[Older, ...] = ()
    deployments: tuple[DeploymentReport, ...] = ()
    servers: tuple[ServerReport, ...] = ()
    fronts: tuple[FrontReport, ...] = ()
    unknown_directives: tuple[UnknownDirective, ...] = ()

    @property
    def compared(self) -> int:
        """How many hops were compared with something."""
        return sum(any(target.compared_with for target in hop.targets) for hop in self.hops)

    @property
    def compared_with(self) -> tuple[str, ...]:
        """The files that hops were compared with, those first that most were."""
        counts: dict[str, int] = {}
        known: dict[int, frozenset[str]] = {}  # hops share targets, and targets their places
        for hop in self.hops:
            if id(hop.targets) not in known:
                each = {id(target.compared_with): target.compared_with for target in hop.targets}
                for key, places in each.items():
                    if key not in known:
                        known[key] = frozenset(place.rpartition(":")[0] for place in places)
                known[id(hop.targets)] = frozenset[str]().union(*(known[key] for key in each))
            for file in known[id(hop.targets)]:
                counts[file] = counts.get(file, 0) + 1
        return tuple(sorted(counts, key=lambda file: (-counts[file], file)))

    def changed(self, change: Callable[[Finding], Finding]) -> Report:
        """The report with something else in the place of each finding, which keeps its proof."""
        findings = {finding: change(finding) for finding in self.findings}
        return replace(
            self,
            findings=tuple(findings[finding] for finding in self.findings),
            hidden=tuple(map(change, self.hidden)),
            proofs={findings[finding]: proof for finding, proof in self.proofs.items()},
        )

    def count(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def hop_states(self) -> dict[State, int]:
        """How many hops are in each state."""
        states: dict[State, int] = {"passed": 0, "failed": 0, "undeclared": 0, "undecidable": 0}
        for hop in self.hops:
            states[hop.state] += 1
        return states
