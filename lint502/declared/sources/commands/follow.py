"""From the first words of a container to the servers that it ends in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands import registry
from lint502.declared.sources.commands.calls import (
    Call,
    Facts,
    Next,
    Result,
    ShellText,
    Surroundings,
)
from lint502.declared.sources.commands.facts import placed
from lint502.declared.sources.commands.hints import hinted
from lint502.declared.sources.commands.script import runs
from lint502.declared.sources.commands.scripts import script_of
from lint502.declared.sources.commands.shell_tokens import ShellError
from lint502.declared.sources.commands.words import UNKNOWN, Word, narrowed
from lint502.deployment.containers import Program
from lint502.deployment.filesystem import ContainerFiles
from lint502.deployment.texts import Unread
from lint502.places import Place
from lint502.quoting import quote
from lint502.standing import Standing

MAX_CALLS = 300
MAX_DEPTH = 25
MAX_LISTENERS = 200


class Started(Struct, frozen=True):
    """What a program states of where it listens, once it runs.

    Each listener has its facts by the keys of ``upstreams.toml``; one without port and socket
    listens at an address that is not known. ``whole``: nothing else can listen, for everything that
    is started was followed. ``programs`` are the names of what is recognised: ``"gunicorn"``,
    ``"nginx"``.
    """

    listeners: tuple[Facts, ...] = ()
    whole: bool = False
    programs: frozenset[str] = frozenset()
    unread: tuple[Unread, ...] = ()


def started(program: Program, files: ContainerFiles) -> Started:
    """What a program starts, and what is known of where that listens."""
    words = program.words
    if words is None or not words.words:
        return Started()
    image = None if program.image is None else program.image.value
    surroundings = Surroundings(files, program.workdir, program.folder, image, program.built)
    variables = {
        name: Word(text.value, text.place, _standing(text))
        for name, text in program.environment.items()
    }
    variables |= dict.fromkeys(program.unknown, Word(UNKNOWN, words.place))
    standing = _standing(words)
    call = Call(
        tuple(Word(text, narrowed(words.place, text), standing) for text in words.words),
        variables,
        program.workdir,
        surroundings,
    )
    follower = _Follower()
    follower.call(call, True, True, 0)
    return follower.result()


def _standing(text: Any) -> Standing:
    return Standing.HINTED if getattr(text, "example", False) else Standing.STATED


class _Follower:
    def __init__(self) -> None:
        self._listeners: list[Facts] = []
        self._programs: set[str] = set()
        self._unread: dict[tuple[str, int, str], Unread] = {}
        self._whole = True
        self._calls = 0

    def result(self) -> Started:
        """What was found."""
        listeners = _merged(self._listeners)
        whole = self._whole and all(map(placed, listeners))
        return Started(listeners, whole, frozenset(self._programs), tuple(self._unread.values()))

    def call(self, call: Call, certain: bool, lasting: bool, depth: int) -> None:
        """Follow a program. ``certain``: it is run; ``lasting``: nobody waits for its end."""
        self._calls += 1
        if self._calls > MAX_CALLS or depth > MAX_DEPTH:
            self._unknown(call.place, "starts more programs than lint502 follows")
            return
        if not call.words[0].known or not call.words[0].text:
            if lasting:
                self._unknown(call.place, "which program is run here is not known")
            return
        if call.words[0].text.startswith("-"):
            self._unknown(call.place, "which program these options are for is not known")
            return
        found = registry.look_up(call)
        if found is None:
            found = script_of(call)
        if isinstance(found, Call):
            self.call(found, certain, lasting, depth + 1)
        elif isinstance(found, Result):
            if lasting or found.whole or found.stays:
                self._add(_without_guesses(call, found), certain)
        elif isinstance(found, Next):
            self._next(found, certain, lasting, depth)
        elif lasting:
            self._add(Result(listeners=hinted(call)), certain)
            self._unknown(call.place, f"what {quote(call.name)} listens at is not known")

    def _next(self, found: Next, certain: bool, lasting: bool, depth: int) -> None:
        self._programs.update(found.programs)
        for unread in found.unread:
            self._note(unread)
        if not found.known and lasting:
            self._whole = False
        if found.listeners:
            self._add(Result(listeners=found.listeners), certain)
        for call in found.calls:
            self.call(call, certain, lasting, depth + 1)
        for text in found.texts:
            self._shell(text, certain, lasting, depth + 1)

    def _shell(self, text: ShellText, certain: bool, lasting: bool, depth: int) -> None:
        try:
            found = runs(text)
        except ShellError as error:
            if lasting:
                self._unknown(text.place, f"this {error}")
            return
        for run in found:
            self.call(run.call, certain and run.certain, lasting and run.lasting, depth + 1)

    def _add(self, result: Result, certain: bool) -> None:
        self._programs.update(result.programs)
        for unread in result.unread:
            self._note(unread)
        room = MAX_LISTENERS - len(self._listeners)
        self._listeners += result.listeners[:room]
        if not result.whole or (result.listeners and not certain) or len(result.listeners) > room:
            self._whole = False

    def _unknown(self, place: Place, why: str) -> None:
        self._whole = False
        self._note(Unread(place, why))

    def _note(self, unread: Unread) -> None:
        self._unread.setdefault((unread.place.file, unread.place.line, unread.why), unread)


def _without_guesses(call: Call, found: Result) -> Result:
    """What a program listens at where one of its arguments is not known, which may be any option:
    only what its command states holds then."""
    unsure = any(
        word.text.startswith(UNKNOWN) and not last.text.startswith("-")
        for last, word in pairwise(call.words)
    )
    if not unsure or not found.listeners:
        return found
    left = tuple(
        {
            key: fact
            for key, fact in facts.items()
            if fact.standing not in (Standing.ASSUMED, Standing.DEFAULT)
            and key not in ("server", "tls")
        }
        for facts in found.listeners
    )
    return replace(found, listeners=left, whole=False)


def _merged(listeners: Sequence[Facts]) -> tuple[Facts, ...]:
    """Listeners at one address as one: in one of several ways it is started. What they state
    differently is not known."""
    found: dict[tuple[str, Any], dict[str, Fact[Any]]] = {}
    for number, facts in enumerate(listeners):
        key: tuple[str, Any] = ("", number)
        if "socket" in facts:
            key = ("socket", facts["socket"].value)
        elif "port" in facts:
            key = ("port", facts["port"].value)
        known = found.get(key)
        found[key] = dict(facts) if known is None else _agreed(known, facts)
    return tuple(found.values())


def _agreed(one: Mapping[str, Fact[Any]], another: Mapping[str, Fact[Any]]) -> dict[str, Fact[Any]]:
    return {
        key: max(fact, another[key], key=lambda each: each.standing)
        for key, fact in one.items()
        if key in another and another[key].value == fact.value
    }
