"""Facts as they are observed, compared with what is claimed of them."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from lint502.declared.agreement import agree
from lint502.declared.listeners import Fact
from lint502.declared.profiles import names, parse_server
from lint502.declared.written import written

Agreement = Literal["agrees", "differs", "not claimed", "not seen"]


class Seen(Struct, frozen=True):
    """What was observed of a fact: its ``value`` as in
    :class:`~lint502.declared.listeners.Listener`, None where that is not known; ``words`` where the
    value does not say it all, ``why`` what is not known, or what it comes from. ``at_least``: the
    value is a bound, for more was not tried. ``wrong``: whatever is claimed, nginx fails at it."""

    key: str
    value: Any = None
    words: str = ""
    why: str = ""
    at_least: bool = False
    wrong: bool = False

    @property
    def text(self) -> str:
        """It in words."""
        if self.words or self.value is None:
            return self.words
        return f"{'more than ' if self.at_least else ''}{written(self.key, self.value)}"


class Answer(Struct, frozen=True):
    """A fact: what is claimed, what was observed, and whether the two agree."""

    seen: Seen
    claimed: Fact[Any] | None
    agreement: Agreement

    @property
    def key(self) -> str:
        """The fact's key in ``upstreams.toml``, or what it is called."""
        return self.seen.key


def answer(seen: Seen, claimed: Fact[Any] | None) -> Answer:
    """What was observed beside what is claimed."""
    if seen.wrong:
        return Answer(seen, claimed, "differs")
    if seen.value is None:
        return Answer(seen, claimed, "not seen" if not seen.words or claimed else "not claimed")
    if claimed is None:
        return Answer(seen, None, "not claimed")
    if seen.at_least:
        if seen.value <= claimed.value:
            why = seen.why or "the claim lies beyond what was tried"
            return Answer(Seen(seen.key, None, seen.text, why), claimed, "not seen")
        return Answer(seen, claimed, "differs")
    same = agree(seen.key, claimed.value, seen.value)
    return Answer(seen, claimed, "agrees" if same else "differs")


def known_server(header: str) -> str | None:
    """The server of a profile that a Server field names, as ``upstreams.toml`` writes it."""
    product, _, version = header.split(" ")[0].lower().partition("/")
    product = {"tornadoserver": "tornado", "jetty": "jetty", "apache-coyote": "tomcat"}.get(
        product.partition("(")[0], product.partition("(")[0]
    )
    if product not in names():
        return None
    try:
        parse_server(f"{product}/{version}")
    except ValueError:
        return product
    return f"{product}/{version}" if version else product
