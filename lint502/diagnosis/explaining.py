"""What is at the root of a group, as reports show it."""

from __future__ import annotations

from lint502.diagnosis.diagnosis import Root, RootPlace
from lint502.diagnosis.grouping import Key
from lint502.diagnosis.roots import UNEXPLAINED, Roots

_HIDDEN = "; lint502 check shows it once what hides it is fixed"


def root_of(key: Key, roots: Roots) -> Root | None:
    """The root of a group; None where its hop is not known, or nothing failed."""
    hop = key.place.hop
    found = None
    if hop is not None and key.cause.failure:
        found = roots.of(key.cause, hop, key.upstream or None)
    if found is None or hop is None:
        return None
    finding = found.finding
    if finding is None:
        return Root(None, message=UNEXPLAINED, look=found.look)
    places = (finding.place, *finding.related)
    return Root(
        finding.rule,
        finding.severity.value,
        finding.message + (_HIDDEN if found.behind else ""),
        tuple(RootPlace(one.file, one.line, one.text.strip(), one.note) for one in places),
        "" if finding.fix is None else finding.fix.description,
        finding.fingerprint_at(hop),
    )
