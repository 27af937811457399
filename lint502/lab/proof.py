"""Proofs: for a finding, what a real nginx does with the requests that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct
from msgspec.structs import replace

from lint502.behaviour.error_pages import LEAST_ERROR, fallback, replaced_statuses
from lint502.evidence import Proof, Step, got
from lint502.findings import Finding, Frequency, Severity
from lint502.lab.behind import routes
from lint502.lab.bench import LabError
from lint502.lab.binary import Nginx
from lint502.lab.demonstrations import of_front, of_hop
from lint502.lab.demonstrations.before_nginx import trouble
from lint502.lab.demonstrations.case import CannotShowError, Experiment, cases_of
from lint502.lab.play import play
from lint502.lab.surroundings import surroundings
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.site import Site
from lint502.wording import listed

_MOST_ROUTES = 4
_TRIES = 3
"""How often something that depends on the moment is tried."""


class Prover(Struct, frozen=True):
    """Observes findings of some sites on an nginx. ``shown_by`` names the demonstration of each
    rule, None where it claims nothing that a client would see."""

    sites: Sequence[Site]
    nginx: Nginx
    shown_by: Mapping[str, str | None]

    def prove(self, finding: Finding, hop_id: str = "") -> Proof:
        """Observe a finding at its hop of that id, or at the first one that it concerns."""
        if finding.front is not None:
            return self._prove_before(finding)
        wanted = [hop_id] if hop_id in finding.hops else finding.hops
        for site in self.sites:
            for hop in site.hops:
                if hop.id in wanted:
                    return self._prove(finding, site, hop)
        reason = "it claims nothing that a client would see"
        if finding.hops:
            reason = "its hop is gone"
        return Proof("cannot be shown here", reason, "", self.nginx.version)

    def _prove_before(self, finding: Finding) -> Proof:
        """Observe what a finding says of what stands before nginx."""
        shown_by = self.shown_by[finding.rule]
        for site in self.sites:
            found = trouble(finding, site)
            if found is None or shown_by is None:
                continue
            try:
                shown = of_front(shown_by)(found.ways[0], site, found.line)
                return _observed(finding, None, shown, self.nginx)
            except (CannotShowError, LabError) as error:
                return _not_shown(str(error), None, self.nginx)
        return _not_shown("the server is gone", None, self.nginx)

    def _prove(self, finding: Finding, site: Site, hop: Hop) -> Proof:
        """Observe what a finding may say of a hop, until it is confirmed."""
        nginx = self.nginx
        if finding.status is None:
            return _not_shown("it claims nothing that a client would see", hop, nginx)
        own = _own_status(finding, hop)
        ways = routes(hop, site.pairs[hop.id])
        if own is not None and own != finding.status:
            around = surroundings(hop, own)
            ways = [replace(route, around=around) for route in ways]
        demonstration = of_hop(self.shown_by[finding.rule])
        cases = cases_of(replace(finding, status=own), site, hop, ways, nginx.version)
        first: Proof | None = None
        for case in cases[:_MOST_ROUTES]:
            try:
                proof = _shown(finding, hop, demonstration(case), nginx)
            except (CannotShowError, LabError) as error:
                proof = _not_shown(str(error), hop, nginx)
            if proof.verdict == "confirmed":
                return proof
            first = first or proof
        return first or _not_shown(f"{hop.unknown}", hop, nginx)


def prove_all(
    findings: Sequence[Finding],
    prover: Prover,
    hop_ids: frozenset[str] = frozenset(),
    progress: Callable[[int], None] = lambda _: None,
    at_once: int = 4,
) -> dict[Finding, Proof]:
    """Observe each finding, at one of the hops of these ids, if it concerns one, some ``at_once``,
    for most of it is waiting.

    Where one is not confirmed, it says whether another finding is in front of it. ``progress`` is
    called with the number of each finding that is waited for, from 1.
    """

    def observe(finding: Finding) -> Proof:
        wanted = next((hop for hop in finding.hops if hop in hop_ids), "")
        return prover.prove(finding, wanted)

    proofs: dict[Finding, Proof] = {}
    pool = ThreadPoolExecutor(at_once)
    try:
        futures = [(finding, pool.submit(observe, finding)) for finding in findings]
        for number, (finding, future) in enumerate(futures, 1):
            progress(number)
            proofs[finding] = future.result()
    finally:  # after Ctrl-C nobody waits: what runs is cleared up by its keeper
        pool.shutdown(wait=False, cancel_futures=True)
    first: dict[str, list[Finding]] = {}
    for finding, proof in proofs.items():
        if proof.verdict == "confirmed" and finding.frequency == "always":
            for where in finding.hops or (f"{finding.front}",):
                first.setdefault(where, []).append(finding)
    return {
        finding: replace(
            proof, why=_with_others(proof, first.get(proof.hop or f"{finding.front}", ()))
        )
        if proof.verdict == "not confirmed"
        else proof
        for finding, proof in proofs.items()
    }


def _with_others(proof: Proof, others: Sequence[Finding]) -> str:
    if not others:
        return proof.why
    rules = listed(other.rule for other in others)
    return f"{proof.why}, for {rules} is in the way; fix that, and try again"


def _own_status(finding: Finding, hop: Hop) -> int | None:
    """The status that nginx itself gives, where the finding has what another directive makes of
    it."""
    own = [
        status
        for status, instead in replaced_statuses(hop).items()
        if instead.status == finding.status and instead.status >= LEAST_ERROR
    ]
    if not own:
        return finding.status
    said = error_log.find(finding.log or "")
    return 502 if said is None or said.message.status is None else said.message.status


def _not_shown(why: str, hop: Hop | None, nginx: Nginx) -> Proof:
    return Proof("cannot be shown here", why, hop.id if hop is not None else "", nginx.version)


def _shown(finding: Finding, hop: Hop, shown: Experiment, nginx: Nginx) -> Proof:
    """Play an experiment, and once more without the servers that may hide what a finding says."""
    proof = _observed(finding, hop, shown, nginx)
    if proof.verdict == "not confirmed" and _others_may_hide(finding, shown):
        again = replace(shown, setting=replace(shown.setting, alone=True))
        alone = _observed(finding, hop, again, nginx)
        if alone.verdict == "confirmed":
            clause = "while the other servers of the block are down"
            return replace(alone, conditions=(*alone.conditions, clause))
    return proof


def _observed(finding: Finding, hop: Hop | None, shown: Experiment, nginx: Nginx) -> Proof:
    timed = shown.setting.round_trip_matters
    for _ in range(_TRIES if timed else 1):
        played = play(nginx, shown.plan, shown.script, shown.setting)
        why = contradiction(finding.status, finding.frequency, played.steps)
        if why is None:
            break
    conditions = [*shown.plan.conditions, *shown.conditions]
    if hop is not None:
        conditions += _left_out(finding, hop)
    return Proof(
        "confirmed" if why is None else "not confirmed",
        why or "",
        hop.id if hop is not None else "",
        nginx.version,
        played.configuration,
        played.steps,
        shown.plan.factor,
        tuple(dict.fromkeys(conditions)),
        logged(finding, played.steps),
    )


def _left_out(finding: Finding, hop: Hop) -> Iterator[str]:
    """Clauses on what stands around a hop and is not there in the lab."""
    instead = replaced_statuses(hop).get(finding.status or 0)
    if instead is not None and _own_status(finding, hop) == finding.status:
        yield f"before {instead.by} makes something else of it"
    if fallback(hop) is not None:
        yield "for requests that come here since another pass has failed"


def _others_may_hide(finding: Finding, shown: Experiment) -> bool:
    healthy = any(not server.failing for server in shown.plan.servers)
    return finding.severity is Severity.WARNING and healthy and not shown.setting.isolated


def contradiction(
    status: int | None, frequency: Frequency | None, steps: Iterable[Step]
) -> str | None:
    """How what the client got differs from a stated status; None where it does not."""
    steps = list(steps)
    harmed = [step for step in steps if step.opening and step.status != 200]
    if harmed:
        return f"a request that does no harm already gets {got(harmed[:1])}"
    counted = [step for step in steps if not step.opening and not step.cause]
    as_stated = [_is_as_stated(status, step) for step in counted]
    enough = all(as_stated) if frequency == "always" else any(as_stated)
    if counted and enough:
        return None
    return f"the client got {got(counted)}" if counted else "no request was made"


def _is_as_stated(status: int | None, step: Step) -> bool:
    if status == 200:  # what nginx passes on is no HTTP, or cut short
        return step.status is None or (step.status == 200 and not step.whole)
    return step.status == status


def logged(finding: Finding, steps: Iterable[Step]) -> str | None:
    """The line of the log that a finding names, else the first one that there is."""
    lines = [line for step in steps for line in step.log]
    stated = (
        [] if finding.log is None else [line for line in lines if error_log.fits(finding.log, line)]
    )
    return next(iter(stated or lines), None)
