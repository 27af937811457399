"""unknown-host: nginx connects to a name that nothing on its networks has."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from msgspec.structs import replace

from lint502.behaviour.mismatches import at_one_address
from lint502.behaviour.resolving import looked_up
from lint502.behaviour.unknown_names import is_nobody
from lint502.deployment.viewpoint import Viewpoint
from lint502.disagreements import Disagreement
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Target
from lint502.places import Place
from lint502.rule import Rule
from lint502.site import Site
from lint502.standing import Standing
from lint502.wording import listed, replacement

_ALIKE = 0.75
"""From here on one name may be a misspelling of another."""


def check(site: Site) -> Iterator[Disagreement]:
    """One for each name without an address in the deployment of this nginx."""
    view = site.spec.viewpoint
    if view is None:
        return
    found = (pair for pair in site.each_pair() if is_nobody(pair, view))
    for pairs in at_one_address(found):
        target = pairs[0].target
        asked = looked_up(target, site.version)
        disagreement = RULE.disagreement(
            pairs[0],
            "absent",
            message=_message(target, view, asked=asked),
            place=target.place(f"nginx connects to {target.address}"),
            related=(_where(target, view),),
            upstream=None,
            status=502 if asked else None,
            log=_log(target, asked=asked),
            fix=_fix(target, view),
        )
        yield from disagreement.at(pairs)


def _message(target: Target, view: Viewpoint, *, asked: bool) -> str:
    host = target.address.host
    place = view.absent.get(host.lower())
    nobody = f"nothing that {view.nginx} can reach in {view.deployment} is called {host}"
    why = f": {place.note} ({place.file}:{place.line})" if place is not None else ""
    if not (why or _alike(target, view)):
        why = f"; it can reach {listed(view.others, 5)}" if view.others else ""
    elif not why:
        why = f"; {listed(_alike(target, view))} is"
    starts = "" if asked else "; nginx does not start with such a name"
    return f"{nobody}{why}{starts}"


def _log(target: Target, *, asked: bool) -> str:
    host = target.address.host
    if asked:
        return error_log.line("host-not-found", host=host)
    return f'host not found in upstream "{host}"'


def _where(target: Target, view: Viewpoint) -> Place:
    """What says that there is no such name: where it stands all the same, or where nginx runs."""
    place = view.absent.get(target.address.host.lower())
    if place is None:
        place = replace(view.place, note=f"nginx runs here, and sees {_seen(view)}")
    return replace(place, standing=Standing.STATED)


def _seen(view: Viewpoint) -> str:
    return listed(view.others, 5) or "no other container"


def _alike(target: Target, view: Viewpoint) -> list[str]:
    host = target.address.host.lower()
    others = view.others[:_MOST_OTHERS]
    near = get_close_matches(host, others, 1, _ALIKE)
    return near or [name for name in others if _differ_little(host, name)][:1]


def _differ_little(one: str, other: str) -> bool:
    """Whether two short names differ in one letter, that is another, or is there or not."""
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 3:
        return False
    same = (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    start = next(same, min(len(one), len(other)))
    rests = one[start:], other[start:]
    return rests[0][1:] == rests[1][1:] or rests[0][1:] == rests[1] or rests[0] == rests[1][1:]


def _fix(target: Target, view: Viewpoint) -> Fix | None:
    """The one name that is like it."""
    names = _alike(target, view)
    if not names:
        return None
    return replacement(target.written, target.arg, target.address.host, names[0], safe=False)


RULE = Rule("unknown-host", check, "names.unknown_names")

_MOST_OTHERS = 200
"""Of so many containers the names are compared."""
