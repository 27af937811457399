"""What nginx sees of its deployment from where it runs: names, and its own loopback."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from lint502.patterns import regex
from lint502.places import Place

_GENERATED = regex(r"[-_]\d+$")


class Viewpoint(Struct, frozen=True):
    """The network of one nginx of a deployment.

    ``deployment`` is its name (``"compose.yaml"``), ``nginx`` that of the container. ``names`` are
    the hosts that resolve there, in small letters. ``closed``: a name without a dot that is not
    among them is nobody's. ``absent`` has the names that the files of the deployment have, but that
    do not resolve there; the notes of the places say why. ``loopback_known``: besides nginx's own
    servers nothing listens in its network namespace but what is declared to. ``on_machine``: that
    is the namespace of the machine, where published ports are. ``published`` has the ports of the
    machine that lead to nginx itself. ``others`` are the containers that it reaches.
    """

    deployment: str
    nginx: str
    place: Place
    names: frozenset[str] = frozenset()
    closed: bool = False
    absent: Mapping[str, Place] = field(default_factory=dict)
    loopback_known: bool = False
    on_machine: bool = False
    published: Mapping[int, Place] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def resolves(self, host: str) -> bool | None:
        """Whether a host name resolves; None where that is not known."""
        name = host.lower().rstrip(".")
        if name in self.names:
            return True
        # Compose calls containers PROJECT_SERVICE_1, and what the project is called may differ
        known = self.closed and "." not in name and not _GENERATED.search(name)
        return False if known else None
