"""How long what stands before nginx waits for a response."""

from __future__ import annotations

from lint502.declared.listeners import Fact, Front

_WAITS_AS_LONG = frozenset(("aws-alb",))
"""Kinds of fronts whose idle timeout counts while they wait, too: an ALB then answers 504.

Source: https://repost.aws/knowledge-center/eks-http-504-errors
"""


def waits(front: Front) -> Fact[int] | None:
    """The time in milliseconds; None where it is not known."""
    if front.read_timeout is not None:
        return front.read_timeout
    if front.kind is not None and front.kind.value in _WAITS_AS_LONG:
        return front.idle_timeout
    return None
