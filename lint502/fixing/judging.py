"""What speaks against edited texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from lint502.findings import Finding
from lint502.fixing.view import Key, View
from lint502.nginx.directives import directive as directive_info
from lint502.nginx.tree import Context
from lint502.report_model import HopReport

INSTEAD = "would be found instead"


class Objection(Struct, frozen=True):
    """Why edited texts are not to be kept: at each of the hops (by number) where that is known.
    ``appeared`` are the findings that were not there before, where nothing else is wrong."""

    reason: str
    at: Mapping[int, str] = field(default_factory=dict)
    appeared: tuple[Finding, ...] = ()


def all_of(reasons: Iterable[str]) -> str:
    """Several reasons in one, each once."""
    return "; ".join(dict.fromkeys(reasons))


def judged(before: View, after: View, required: Sequence[Key]) -> Objection | None:
    """What speaks against edited texts, if anything does."""
    report = after.result.report
    if report.problems:
        return Objection(f"the file could not be read any more: {report.problems[0].message}")
    if len(before.hops) != len(after.hops) or len(before.contexts) != len(after.contexts):
        return Objection("the file would be read in another way")
    refused = _refused_by_nginx(before, after) or _wildcard_asked_for(before, after)
    found = _would_be_found(before, after, required)
    if refused is None or found is None:
        return refused or found
    return Objection(all_of((refused.reason, found.reason)))


def _would_be_found(before: View, after: View, required: Sequence[Key]) -> Objection | None:
    """The findings that would still be there, or that were not there before."""
    allowed = Counter(before.counts)
    allowed.subtract(required)
    wrong = {
        key
        for key, count in after.counts.items()
        if count > allowed[key] or after.worst[key] < before.worst.get(key, 99)
    }
    if not wrong:
        return None
    staying = wrong.intersection(required)
    found = [
        finding
        for finding in after.every_finding
        if any(key in (staying or wrong) for key in after.keys(finding))
    ]
    if not staying:
        return objection_of(after, found, found, INSTEAD)
    return objection_of(after, found, [], "would still be found")


def objection_of(
    after: View, findings: Sequence[Finding], appeared: Sequence[Finding], what: str
) -> Objection:
    """What findings say against edited texts, at each of their hops; ``appeared`` are those that
    were not there before, ``what`` is the verb."""
    at: dict[int, str] = {}
    reasons: list[str] = []
    for finding in findings:
        where = f"({finding.place.file}:{finding.place.line})"
        for hop in sorted(after.hop_numbers(finding)):
            named = "" if appeared else _named(after.hops[hop])
            reasons.append(f"{finding.rule} {what}{named} {where}")
            at[hop] = all_of((at[hop], reasons[-1])) if hop in at else reasons[-1]
        if not finding.hops:
            reasons.append(f"{finding.rule} {what} {where}")
    return Objection(all_of(reasons), at, tuple(appeared))


def _named(hop: HopReport) -> str:
    where = " ".join(part for part in (hop.server, hop.location) if part)
    return f" at {where}" if where else ""


def _refused_by_nginx(before: View, after: View) -> Objection | None:
    """What ``nginx -t`` would refuse that it has taken before: a directive that stands twice, and
    buffers that do not go together."""
    said: list[str] = []
    for old, new in zip(before.contexts, after.contexts, strict=True):
        if old.name != new.name:
            return Objection("the file would be read in another way")
        for name, lines in new.by_name.items():
            if 1 < len(lines) > len(old.by_name.get(name, ())) and _once(new, name):
                said.append(f"{name} would stand twice in one block")
    said += (
        f"nginx would refuse {refused}"
        for level, refused in after.refused.items()
        if level not in before.refused
    )
    return Objection(all_of(said)) if said else None


def _wildcard_asked_for(before: View, after: View) -> Objection | None:
    """A certificate's wildcard that nginx would now take for the name of a server. OpenSSL lets it
    pass (``wildcard_match()``: the star may match a literal one), but no server is called so."""
    for old, new in zip(before.contexts, after.contexts, strict=True):
        for name, lines in new.by_name.items():
            if not name.endswith("_ssl_name"):
                continue
            known = {line.args for line in old.by_name.get(name, ())}
            for line in lines:
                if line.args not in known and any("*" in arg for arg in line.args):
                    return Objection(f"{name} would be a wildcard, {line.args[0]}")
    return None


def _once(context: Context, name: str) -> bool:
    """Whether a directive may stand only once in a context."""
    if context.name == "upstream":
        area = "stream_upstream" if context.enclosing("stream") else "upstream"
    else:
        area = "stream" if context.enclosing("stream") else "http"
    info = directive_info(area, name)
    return info is not None and info.inherit == "value" and info.type not in ("list", "mask")
