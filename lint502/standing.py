"""How far a fact is to be trusted."""

from __future__ import annotations

from enum import IntEnum


class Standing(IntEnum):
    """How far a fact is to be trusted; of several for one key the highest counts."""

    HINTED = 1
    """Something only suggests it."""
    ASSUMED = 2
    """A default that nothing says is not in force: of an image, or of a server that was derived and
    whose own code can set another one."""
    DEFAULT = 3
    """The documented default of a server, or of a kind of front."""
    STATED = 4
    """What binds or sets it says so: a command, a variable, a server's own configuration."""
    OBSERVED = 5
    """A probe saw it at the upstream that runs."""
    DECLARED = 6
    """``upstreams.toml`` says so."""

    @property
    def firm(self) -> bool:
        """Whether a rule may call a finding an error that rests on it."""
        return self >= Standing.DEFAULT

    @property
    def word(self) -> str:
        """How reports call it."""
        return ("hinted", "default", "default", "stated", "observed", "declared")[self - 1]
