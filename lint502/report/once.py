"""Each fact once: what the notes beside the source lines say, or the sentence below them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec.structs import replace

from lint502.patterns import regex
from lint502.places import Place

_WORD = regex(r"[\w$/@*][\w.:/$@*=~-]*")
_REMEMBERED = 16  # of a long line many findings are shown one after the other
_FILLING = frozenset(
    """a an and are as at be but by for from has have here in is it its nginx of on only so than
    that the them there these they this to up what where which while with""".split()  # noqa: SIM905
)


def said_once(message: str, places: Sequence[Place]) -> tuple[str | None, list[Place]]:
    """The message, or None where the notes of the places say all of it; and the places, without
    notes of which the message says all.

    "nginx connects to 3001, but api listens on 3000" adds nothing to the notes "nginx connects to
    3001" and "api listens on 3000".
    """
    sentence = _words(message)
    notes = [_words(place.note) for place in places]
    said = frozenset[str]().union(*notes)
    if not sentence.isdisjoint(said):
        texts = [_words(place.text) for place in places]
        if all(any(word in text for text in texts) for word in sentence - said):
            return None, list(places)
    return message, [
        replace(place, note="") if note and has_text(place) and note <= sentence else place
        for place, note in zip(places, notes, strict=True)
    ]


def has_text(place: Place) -> bool:
    """Whether there is anything to see in the line of a place."""
    return bool(place.text) and not place.text.isspace()


@lru_cache(_REMEMBERED)
def _words(text: str) -> frozenset[str]:
    found = (word.rstrip(".:").lower() for word in _WORD.findall(text))
    return frozenset(word for word in found if word not in _FILLING)
