"""The words that the formats share."""

from __future__ import annotations

from lint502.ladder.model import Figure, Outcome
from lint502.places import Place
from lint502.reading import shown


def place_of(place: Place) -> str:
    """``nginx.conf:12``."""
    return f"{shown(place.file)}:{place.line}"


def where(figure: Figure, version: str) -> str:
    """Where a figure is set: a line, what it is inherited from, whose default it is."""
    if figure.origin == "unknown":
        return "an include that is not seen may set it"
    parts = [] if figure.place is None else [place_of(figure.place)]
    if figure.origin == "inherited":
        parts.append(f"inherited from {shown(figure.level)}")
    elif figure.place is None:
        parts.append(f"default of nginx {version}")
    elif figure.level:
        parts.append(shown(figure.level))
    if figure.origin == "hinted":
        parts.append("only hinted")
    return ", ".join(parts)


def ending(outcome: Outcome) -> str:
    """What the client gets: a status, or why it gets none."""
    if outcome.status is not None:
        return str(outcome.status)
    return outcome.instead or "unknown"
