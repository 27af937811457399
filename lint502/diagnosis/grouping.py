"""Which group a statement belongs to: its cause, its upstream and its hop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from lint502.diagnosis.causes import UNKNOWN, Cause, cause_of
from lint502.diagnosis.statements import Place, Statement
from lint502.nginx import error_log
from lint502.patterns import regex

if TYPE_CHECKING:
    from lint502.diagnosis.facts import Facts

_NO_CONFIGURATION = Place(None)
_MOST_KEYS = 5000
"""Groups that are told apart; what a hostile client can make up is not bounded."""

_MOST_REMEMBERED = 1 << 13
_MOST_KINDS = 100
_LONGEST_KIND = 120
_FAILING = ("error", "crit", "alert", "emerg")

_VARIABLE = regex(r'"[^"]*"?|\d+(?:\.\d+)*')
ADDRESS = regex(r"(?:[A-Za-z][\w+.-]*://)?(?:unix:[^:]*|[^/?]*)", re.DOTALL)


class Key:
    """What tells a group from others, with what it is about. Two are equal where cause, upstream,
    hop and form of the message are."""

    __slots__ = ("_hash", "_id", "cause", "kind", "place", "upstream")

    def __init__(self, cause: Cause, upstream: str, place: Place, kind: str = "") -> None:
        self.cause = cause
        self.upstream = upstream
        self.place = place
        self.kind = kind
        self._id = (cause.name, cause.failure, upstream, place.hop, place.hops, kind)
        self._hash = hash(self._id)

    def __reduce__(self) -> tuple[type[Key], tuple[Cause, str, Place, str]]:
        return Key, (self.cause, self.upstream, self.place, self.kind)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self._id == other._id


class Places(Protocol):
    """Finds the hops of records."""

    def place(self, statement: Statement) -> Place:
        """The hop of a statement, or why nobody can tell."""


class Grouping:
    """Gives statements their keys; None to those that bear on no upstream.

    ``places`` finds the hops, and ``facts`` what is known of them; without a configuration there
    are none.
    """

    def __init__(self, places: Places | None = None, facts: Facts | None = None) -> None:
        self._places = places
        self._facts = facts
        self._keys: dict[Key, Key] = {}
        self._causes: dict[tuple[str, str, str, str | None, str, bool], Cause] = {}
        self._kinds: set[str] = set()

    def __call__(self, statement: Statement) -> Key | None:
        """The key of a statement."""
        place = _NO_CONFIGURATION if self._places is None else self._places.place(statement)
        upstream = upstream_of(statement)
        cause = self._cause(statement, upstream, place.hop)
        kind = ""
        if cause.name == UNKNOWN.name:
            if statement.upstream is None:
                return None
            cause = replace(cause, failure=statement.level in _FAILING)
            kind = self._kind(statement.message)
        key = Key(cause, upstream, place, kind)
        found = self._keys.get(key)
        if found is not None:
            return found
        if len(self._keys) >= _MOST_KEYS:
            return Key(cause, "", Place(None, "there are too many groups to tell apart"), kind)
        self._keys[key] = key
        return key

    def _cause(self, statement: Statement, upstream: str, hop: str | None) -> Cause:
        """The cause of a statement: the same wherever what it is told by is the same."""
        request = statement.subrequest or statement.request or ""
        method = request[: request.find(" ")]
        key = (statement.message, statement.level, upstream, hop, method, statement.cut)
        found = self._causes.get(key)
        if found is None:
            known = None
            if self._facts is not None and hop is not None:
                known = self._facts.of(hop, upstream.partition("://")[2] or upstream)
            found = cause_of(statement, known)
            if len(self._causes) >= _MOST_REMEMBERED:
                self._causes.clear()
            self._causes[key] = found
        return found

    def _kind(self, message: str) -> str:
        """The form of a message: without numbers and what is quoted."""
        text = _VARIABLE.sub("…", message[: 4 * _LONGEST_KIND])[:_LONGEST_KIND]
        if text not in self._kinds:
            if len(self._kinds) >= _MOST_KINDS:
                return "…"
            self._kinds.add(text)
        return text


def upstream_of(statement: Statement) -> str:
    """The upstream that a statement names, as nginx writes it, without the URI:
    ``http://127.0.0.1:3000``; that of the message where it has no field for it; "" where it names
    none."""
    if statement.upstream is not None:
        match = ADDRESS.match(statement.upstream)
        return match[0] if match is not None else ""
    found = error_log.find(statement.message)
    if found is None:
        return ""
    return found.fields.get("address") or found.fields.get("host") or ""
