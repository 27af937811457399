"""The messages of nginx's error log that bear on upstreams, each by its name.

They stand in ``error_log.toml``, which says what each column means and where it is from. It is read
when the first message is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeAlias, get_args

from msgspec import Struct

from lint502.nginx.log_text import ANY, Template, Vocabulary, fits, parse
from lint502.nginx.version import OLDEST, Version
from lint502.packaged import table_of

__all__ = [
    "Expression",
    "Level",
    "Match",
    "Message",
    "Phase",
    "UnknownMessageError",
    "anything",
    "endings",
    "expressions",
    "find",
    "fits",
    "line",
    "message",
    "messages",
]

Phase: TypeAlias = Literal[
    "accept",
    "front",
    "prepare",
    "resolve",
    "ask",
    "choose",
    "connect",
    "handshake",
    "send",
    "head",
    "body",
    "upgraded",
    "session",
    "from-client",
    "to-client",
    "any",
]
"""Where in the life of a request a message is written, in its order; ``any``: anywhere."""

Level: TypeAlias = Literal["info", "warn", "error", "crit", "alert"]

Area: TypeAlias = Literal["http", "stream"]


class UnknownMessageError(LookupError):
    """There is no message of that name, or it has no field or phase of that name."""


class Message(Struct, frozen=True):
    """A message of nginx's error log: a row of ``error_log.toml``.

    ``text`` is what nginx writes in its newest version, without what it was doing. ``before`` has
    older words, each with the version up to which they hold, such as ``1.21.1`` or ``OpenSSL 3.0``;
    ``others`` are further words at the same time. ``phases`` begins with the phase that it is named
    for. ``status`` is what nginx answers where it tries no other server, None where that is not the
    message's doing; ``failure`` is False where nothing failed that the line is about.
    """

    name: str
    text: str
    phases: tuple[Phase, ...]
    levels: tuple[tuple[Version, Level], ...]
    areas: frozenset[Area]
    status: int | None
    failure: bool
    source: str
    since: Version = OLDEST
    before: tuple[tuple[str, str], ...] = ()
    others: tuple[str, ...] = ()

    @property
    def phase(self) -> Phase:
        """The phase that it is named for."""
        return self.phases[0]

    def level(self, version: Version | None = None) -> Level:
        """The level at a version of nginx, else at the newest."""
        levels = [level for since, level in self.levels if version is None or since <= version]
        return levels[-1] if levels else self.levels[0][1]

    def wording(self, version: Version | None = None) -> str:
        """The text at a version of nginx, else at the newest; with the newest OpenSSL."""
        for until, text in self.before:
            if version is not None and until[0].isdigit() and version < Version.parse(until):
                return text
        return self.text

    def wordings(self) -> tuple[str, ...]:
        """All texts: the newest one first, then the other ones."""
        return (self.text, *self.others, *(text for _, text in self.before))


class Match(Struct, frozen=True):
    """What a line says: the message, in which phase, and its fields."""

    message: Message
    phase: Phase
    fields: Mapping[str, str]


class Expression(Struct, frozen=True):
    """What all lines have that are of one wording of a message: ``part`` is in each of them, and
    each is wholly of ``pattern``, in which a group is named like its field, or ``_1``: that the
    line is of ``message.phases[1]``."""

    message: Message
    part: str
    pattern: str


@cache
def message(name: str) -> Message:
    """The message of a name, such as ``closed-early``.

    Raises :class:`UnknownMessageError` where there is none.
    """
    rows = _rows()
    if name not in rows:
        raise UnknownMessageError(f"there is no message {name!r}{_near(name, rows)}")
    phase, row = rows[name]
    facts = _data()["phases"][phase]
    levels: Any = row.get("level", "error")
    if isinstance(levels, str):
        levels = [[str(OLDEST), levels]]
    failure = row.get("failure", True)
    return Message(
        name=name,
        text=row["text"],
        phases=(phase, *row.get("also", ())),
        levels=tuple((Version.parse(since), level) for since, level in levels),
        areas=frozenset(row.get("areas", facts["areas"])),
        status=row.get("status", facts.get("status") if failure else None) or None,
        failure=failure,
        source=row["source"],
        since=Version.parse(row["since"]) if "since" in row else OLDEST,
        before=tuple(row.get("before", {}).items()),
        others=tuple(row.get("or", ())),
    )


def messages() -> Iterator[Message]:
    """All of them, in the order of the file."""
    return map(message, _rows())


def line(
    name: str, *, version: Version | None = None, phase: Phase | None = None, **fields: str
) -> str:
    """A message as it stands in the log, up to the client, such as ``connect() failed (111:
    Connection refused) while connecting to upstream``.

    A field that is not given is "…"; an optional part is there only where its field is given.
    ``version`` is that of nginx, else the newest one; ``phase`` one of the message's, else the one
    that it is named for. Raises :class:`UnknownMessageError` where there is no such message, field
    or phase.
    """
    found = message(name)
    phase = phase or found.phase
    if phase not in found.phases:
        raise UnknownMessageError(f"{name} has no phase {phase!r}{_near(phase, found.phases)}")
    text = _template(found.wording(version))
    known = list(text.fields())
    for field in fields:
        if field not in known:
            raise UnknownMessageError(f"{name} has no field {field!r}{_near(field, known)}")
    return text.filled(fields) + ("" if text.open else _suffix(phase))


def anything(phase: Phase) -> str:
    """Whatever nginx writes in a phase, such as ``… while SSL handshaking to upstream``."""
    return ANY + _suffix(phase)


def find(text: str, *, quoted: bool = True) -> Match | None:
    """What a line says; None where it is none of the messages.

    ``text`` is what follows the number of the connection, up to ``, client:`` or ``, resolver:``;
    it may be a text with ``…``, as :func:`line` gives it. Of several messages that it could be, the
    one with the most words in common is it. Not ``quoted``: a shell took its quotes away.
    """
    index = _index()
    for wording in index.get(text[:_HEAD], index[""]):
        if wording.needle not in text and (quoted or '"' not in wording.needle):
            continue
        match = _expression(wording, quoted).fullmatch(text)
        if match is not None:
            return _match(wording.message, match)
    return None


@cache
def windows_errors() -> Mapping[str, str]:
    """What Windows calls errors of sockets, by number: ``"10061"`` → ``"10061: No …"``."""
    every = (words.get("windows", "") for words in _data()["errnos"].values())
    return {words.partition(":")[0]: words for words in every if words}


def expressions() -> Iterator[Expression]:
    """One for each wording of each message, in the order in which :func:`find` asks: the first
    that a line is of is what it finds."""
    others = _index()[""]
    wordings = (wording for found in _index().values() for wording in found)
    keyed = [wording for wording in dict.fromkeys(wordings) if wording not in others]
    for one in sorted((*keyed, *others), key=_rank):
        yield Expression(one.message, one.needle, _expression(one, True).pattern)


def endings(phase: Phase) -> Sequence[str]:
    """What nginx writes at the end of messages of a phase, such as ``while reading upstream``."""
    return [f"while {doing}" for doing in _doing(phase)]


_WHATEVER = '[^"]*'
"""What nginx says it was doing where that is not bound to the message: what it did before."""

_HEAD = 4
"""The first characters of a text by which most messages are ruled out."""


class _Wording(Struct, frozen=True, eq=False):
    """One text of a message, and the longest part that is in every line that says it."""

    message: Message
    text: str
    needle: str


_Row: TypeAlias = Mapping[str, Any]


@cache
def _data() -> Mapping[str, Any]:
    return table_of("lint502.nginx", "error_log.toml")


@cache
def _rows() -> Mapping[str, tuple[Phase, _Row]]:
    """Name → the phase and the row, in the order of the file."""
    data = _data()
    phases: tuple[Phase, ...] = get_args(Phase)
    return {name: (phase, row) for phase in phases for name, row in data[phase].items()}


@cache
def _template(text: str) -> Template:
    return parse(text, _vocabulary())


@cache
def _vocabulary() -> Vocabulary:
    data = _data()
    errors = {name: tuple(dict.fromkeys(words.values())) for name, words in data["errnos"].items()}
    return Vocabulary(data["fields"], errors)


@cache
def _doing(phase: Phase) -> Sequence[str]:
    """What nginx says it was doing in a phase; nothing where it says nothing of its own."""
    doing: Sequence[str] = _data()["phases"][phase].get("while", ())
    return doing


def _suffix(phase: Phase) -> str:
    return f" while {_doing(phase)[0]}" if _doing(phase) else ""


@cache
def _index() -> Mapping[str, Sequence[_Wording]]:
    """The wordings that a text may have, by its first characters; "" for any other text.

    What is bound to a phase comes first, for the others may be followed by anything; then what is
    most specific.
    """
    found: dict[str, list[_Wording]] = {"": []}
    for one in messages():
        for text in one.wordings():
            template = _template(text)
            head = template.parts[0]
            key = head[:_HEAD] if isinstance(head, str) and len(head) >= _HEAD else ""
            needle = max(template.literals(), key=len)
            found.setdefault(key, []).append(_Wording(one, text, needle))

    others = found[""]
    return {
        key: sorted((*wordings, *(others if key else ())), key=_rank)
        for key, wordings in found.items()
    }


def _rank(wording: _Wording) -> tuple[bool, int]:
    return not _doing(wording.message.phase), -_template(wording.text).weight()


@cache
def _expression(wording: _Wording, quoted: bool) -> re.Pattern[str]:
    """All lines that have a wording; the group ``_0`` is what nginx did in the first phase."""
    template, phases = _template(wording.text), wording.message.phases
    doing = [
        f"(?P<_{number}>{'|'.join(map(re.escape, _doing(phase)))})"
        for number, phase in enumerate(phases)
        if _doing(phase)
    ]
    bound = len(doing) == len(phases)
    suffix = f" while (?:{'|'.join(doing if bound else (*doing, _WHATEVER))})"
    ends = bound and not template.open
    pattern = template.pattern() if quoted else template.pattern().replace('"', '"?')
    return re.compile(pattern + (suffix if ends else f"(?:{suffix})?"), re.DOTALL)


def _match(found: Message, match: re.Match[str]) -> Match:
    phase = next((phase for phase in found.phases if not _doing(phase)), found.phase)
    fields = {}
    for name, value in match.groupdict().items():
        if value is None:
            continue
        if name[0] == "_":
            phase = found.phases[int(name[1:])]
        else:
            fields[name] = value
    return Match(found, phase, fields)


def _near(name: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    from difflib import get_close_matches  # only where somebody errs

    near = get_close_matches(name, list(names), 1)
    return f"; is it {near[0]!r}?" if near else ""
