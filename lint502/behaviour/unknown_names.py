"""Names that nothing on the networks of nginx has."""

from __future__ import annotations

from lint502.deployment.viewpoint import Viewpoint
from lint502.pairing import Pair


def is_nobody(pair: Pair, view: Viewpoint | None) -> bool:
    """Whether a target is a name that nothing in the deployment of nginx has."""
    address = pair.target.address
    if view is None or not pair.undeclared:
        return False
    if address.socket is not None or address.ip is not None or address.is_loopback:
        return False
    return view.resolves(address.host) is False
