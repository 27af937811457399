"""Demonstrations: the requests that show what a rule claims.

A rule names its own: ``"usual.once"`` is the function ``once`` of the module ``usual`` here. One
about hops is given a :class:`~lint502.lab.demonstrations.case.Case`; one about what stands before
nginx, in ``before_nginx``, a way to a server, its site, and the line at fault.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from lint502.behaviour.fronts import Way
from lint502.lab.demonstrations.case import CannotShowError, Case, Experiment
from lint502.nginx.parse import Directive
from lint502.site import Site

OfHop = Callable[[Case], Experiment]
OfFront = Callable[[Way, Site, Directive | None], Experiment]


def of_hop(shown_by: str | None) -> OfHop:
    """The demonstration of a rule about hops, which raises :class:`CannotShowError` where there is
    nothing to see."""
    if shown_by is None:
        return _nothing
    found: OfHop = _named(shown_by)
    return found


def of_front(shown_by: str) -> OfFront:
    """The demonstration of a rule about what stands before nginx."""
    found: OfFront = _named(shown_by)
    return found


def _named(shown_by: str) -> Callable[..., Experiment]:
    module, _, name = shown_by.partition(".")
    found: Callable[..., Experiment] = getattr(import_module(f"{__name__}.{module}"), name)
    return found


def _nothing(case: Case) -> Experiment:
    raise CannotShowError("it claims nothing that a client would see")
