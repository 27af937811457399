"""What a rule reports: findings, and what could not be checked: problems."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from operator import attrgetter
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from lint502.hashing import hex_digest
from lint502.places import Place
from lint502.standing import Standing
from lint502.values import Compared


class Severity(str, Enum):
    """How bad a finding is; compare with :meth:`at_least`."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for an error, then counting up."""
        return ("error", "warning", "info").index(self.value)

    def at_least(self, other: Severity) -> bool:
        """Whether this is as bad as ``other`` or worse."""
        return self.rank <= other.rank


Frequency = Literal["always", "sometimes"]


class Edit(Compared, frozen=True):
    """Replace the characters from ``column`` up to, not including, ``end_column`` by ``text``.

    Where the two are equal, ``text`` is inserted; it may hold whole lines, with the file's line
    end. A line of which nothing is left goes with its line end. ``file`` is the name that reports
    show. ``whole_line`` is the line as it is, for reports that count its bytes.
    """

    identity = attrgetter("file", "line", "column", "end_column", "text")

    file: str
    line: int
    column: int
    end_column: int
    text: str
    whole_line: str = ""


class Fix(Struct, frozen=True):
    """What to write instead; ``safe`` when it cannot change what the hop is meant to do."""

    description: str
    safe: bool = False
    edits: tuple[Edit, ...] = ()


class Finding(Compared, frozen=True):
    """A disagreement between an nginx configuration and an upstream, or within the former.

    ``status`` is what the client sees and ``frequency`` how often (both ``None`` for a finding of
    severity info). ``place`` is the primary place; ``related`` are the others, the declaration
    first. ``hops`` are the ids of the hops that it concerns, in the order of the configuration;
    ``roots`` are the roots in which it was found.
    ``upstream`` or ``front`` is the name of the one that it is about, if it is about one. ``log``
    is the line of nginx's error log by which one knows it. ``behind`` are the fingerprints of the
    findings that hide it: it shows once these are fixed, and does not count until then.

    One line can fail for several upstreams: ``pairs`` then has each hop with each of them, and
    ``upstream`` is the first one. ``aside`` is what the message says of the other servers of its
    hops. The one with the largest ``demand`` says what the line has to be.

    ``cause`` is the line that findings at many places have in common, with what is to be seen
    there: the block in which a setting would have to stand that is set nowhere, or the line that
    all inherit. None where the place itself is that line.
    """

    identity = attrgetter(
        *("rule", "severity", "status", "frequency", "message", "place", "related", "hops"),
        *("upstream", "log", "fix", "front", "roots", "behind", "pairs", "aside", "cause"),
    )

    rule: str
    severity: Severity
    status: int | None
    frequency: Frequency | None
    message: str
    place: Place
    related: tuple[Place, ...] = ()
    hops: tuple[str, ...] = ()
    upstream: str | None = None
    log: str | None = None
    fix: Fix | None = None
    front: str | None = None
    roots: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    aside: str = ""
    cause: Place | None = None
    demand: int = 0

    @property
    def about(self) -> str:
        """The upstream or the front that it is about; "" where it is about none."""
        return self.upstream or self.front or ""

    @property
    def standing(self) -> Standing | None:
        """That of the least of the facts that it rests on; None where it rests on none."""
        known = [place.standing for place in self.related if place.standing is not None]
        return min(known, default=None)

    @property
    def subjects(self) -> tuple[tuple[str, str], ...]:
        """Each of its hops with what it is about there."""
        return self.pairs or tuple((hop, self.about) for hop in self.hops)

    def only(self, subjects: Sequence[tuple[str, str]]) -> Finding:
        """The finding at some of its hops, for some of its upstreams."""
        hops = tuple(dict.fromkeys(hop for hop, _ in subjects))
        if not self.pairs:
            return replace(self, hops=hops)
        return replace(self, hops=hops, pairs=tuple(subjects), upstream=subjects[0][1])

    @property
    def fingerprint(self) -> str:
        """Names the finding from run to run: by rule, hop and upstream, not by line numbers."""
        return self.fingerprints[0]

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Those at each hop, for each upstream."""
        if not self.hops:
            return (digest(self.rule, self.place.file, self.about),)
        return tuple(digest(self.rule, hop, about) for hop, about in self.subjects)

    def fingerprint_at(self, hop: str) -> str:
        """Names the finding at one of its hops."""
        return digest(self.rule, hop, self.about)


class Problem(Compared, frozen=True):
    """Something that could not be checked; a run with problems ends with exit code 2. Line and
    column count from 1; None where it is about the whole file or line. One that is said of two
    columns of a line is said once."""

    identity = attrgetter("file", "line", "message")

    file: str
    line: int | None
    message: str
    column: int | None = None

    @property
    def fingerprint(self) -> str:
        """Names the problem from run to run, not by its line number."""
        return digest("", self.file, self.message)


class Note(Struct, frozen=True):
    """Something worth saying that changes no exit code.

    ``stock`` is the include of a stock file that is passed over; reports say these together.
    """

    file: str
    line: int | None
    message: str
    stock: str | None = None


class UnknownDirective(Struct, frozen=True):
    """A directive that no module has, the first of its ``lines`` lines, and what may be meant."""

    name: str
    place: Place
    lines: int
    meant: str | None = None


def digest(*parts: str) -> str:
    """A short name for some texts, the same in every run."""
    text = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hex_digest(text)[:32]


def unique_fingerprints(items: Iterable[Finding | Problem]) -> list[str]:
    """A fingerprint for each, told apart by a counter where several are equal."""
    return told_apart((item.fingerprint for item in items), "{}-{}")


def told_apart(names: Iterable[str], form: str) -> list[str]:
    """The names, all but the first of several equal ones with their number, as ``form`` says."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        count = seen[name] = seen.get(name, 0) + 1
        result.append(name if count == 1 else form.format(name, count))
    return result
