"""What the commands of RUN do to files, as far as their words say it.

A command that writes to a file in a way that is not followed makes that file unknown, no more.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from lint502.deployment.dockerfile import packages
from lint502.deployment.dockerfile.heredocs import heredoc
from lint502.deployment.dockerfile.instructions import Instruction
from lint502.deployment.dockerfile.state import State, absolute
from lint502.deployment.dockerfile.writing import Run, effects
from lint502.deployment.shell import (
    UNKNOWN,
    ShellSyntaxError,
    SimpleCommand,
    commands,
    expand,
    fields,
)
from lint502.patterns import regex
from lint502.places import Place

MAX_NESTED = 3
"""Of ``sh -c`` in ``sh -c``."""

SHELLS = frozenset(("sh", "bash", "ash", "dash"))
_ASSIGNMENT = regex(r"[A-Za-z_]\w*=")
_WRAPPERS = frozenset(("sudo", "env", "command", "time", "nice", "nohup", "builtin", "exec"))


class _Script(Struct, frozen=True, dict=True):
    """A text for a shell, and where its characters stand; ``text`` begins at ``index`` of an
    instruction's text, or on ``line``."""

    text: str
    instruction: Instruction
    index: int | None
    line: int

    @cached_property
    def _ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    def place(self, start: int) -> Place:
        """The place of a character."""
        instruction = self.instruction
        if self.index is not None and start < len(instruction.rest):
            return instruction.at(self.index + start)
        line = self.line + bisect_right(self._ends, start - 1)
        written = instruction.source.line(line)
        return Place(instruction.source.name, line, 1, max(len(written) + 1, 2), written)


def run(state: State, instruction: Instruction) -> None:
    """Take a RUN."""
    state.runs = True
    script = _script(state, instruction)
    if script is None:
        return
    try:
        found = commands(script.text)
    except ShellSyntaxError as error:
        state.not_known(instruction.place, f"it runs a text that {error}")
        return
    Taking(state, dict(state.variables)).take(found, script.place, state.path("."))


def _script(state: State, instruction: Instruction) -> _Script | None:
    """The text that a shell is given; None where it is another program's."""
    words, heredocs = instruction.words, instruction.heredocs
    if instruction.json:
        return _Script(shlex.join(words), instruction, None, instruction.line)
    if posixpath.basename(state.shell[0] if state.shell else "") not in SHELLS:
        return None
    if len(heredocs) == 1 and heredoc(instruction.rest) is not None:
        text = heredocs[0].content
        first = text.partition("\n")[0].split()
        if text.startswith("#!") and not any(posixpath.basename(one) in SHELLS for one in first):
            return None
        return _Script(text, instruction, None, heredocs[0].line)
    text = instruction.rest
    for one in heredocs:
        text += f"\n{one.text}{one.name}"
    index = instruction.text.rfind(instruction.rest) if instruction.rest else 0
    line = heredocs[0].line - 1 if heredocs else instruction.line
    return _Script(text + "\n", instruction, index, line)


class Taking:
    """The commands of a RUN, one after the other."""

    def __init__(self, state: State, variables: dict[str, str | None]) -> None:
        self._state = state
        self._variables = variables

    def take(
        self,
        found: Sequence[SimpleCommand],
        place_of: Callable[[int], Place],
        folder: str | None,
        nested: int = 0,
        conditional: bool = False,
    ) -> None:
        """Take commands that begin in a folder, None where it is not known."""
        folders: list[tuple[tuple[int, ...], str | None]] = [((), folder)]
        before: Run | None = None
        runs: list[Run] = []
        for command in found:
            inside = command.subshells
            while folders[-1][0] != inside[: len(folders[-1][0])]:
                folders.pop()
            words = tuple(
                _unwrapped([text for one in command.words for text in fields(one, self._variables)])
            )
            if not command.words:
                self._assign(command)
            here = Run(
                words,
                command,
                folders[-1][1],
                place_of(command.start),
                self._variables,
                conditional or command.conditional,
            )
            if command.compound:
                here = replace(here, inner=_inside(command, runs))
            runs.append(here)
            if words[:1] in (("cd",), ("pushd",)):
                entered = (inside, _entered(here))
                folders[-1:] = [entered] if folders[-1][0] == inside else [folders[-1], entered]
            elif (inner := _inner(here)) is not None and nested < MAX_NESTED:
                self._nested(inner, here, nested)
            else:
                self._do(here, before if command.before == "|" else None)
            before = here

    def _assign(self, command: SimpleCommand) -> None:
        for name, value in command.assignments:
            text = expand(value, self._variables)
            unknown = UNKNOWN in text or command.conditional
            self._variables[name] = None if unknown else text

    def _nested(self, text: str, outer: Run, nested: int) -> None:
        try:
            found = commands(text)
        except ShellSyntaxError as error:
            self._state.not_known(outer.place, f"it runs a text that {error}")
            return
        self.take(found, lambda _: outer.place, outer.folder, nested + 1, outer.conditional)

    def _do(self, here: Run, before: Run | None) -> None:
        if here.words:
            names = packages.installed(here.words)
            self._state.installed.update(name for name in names if UNKNOWN not in name)
        for layer in effects(self._state, here, before):
            self._state.put(layer)


def _inside(compound: SimpleCommand, runs: Sequence[Run]) -> tuple[Run, ...]:
    """The last of some commands that are part of a compound one."""
    found: list[Run] = []
    for one in reversed(runs):
        if one.command.start < compound.start:
            break
        found.append(one)
    return tuple(reversed(found))


def _entered(run: Run) -> str | None:
    """The folder that ``cd`` leads to."""
    to = run.words[1] if len(run.words) > 1 else "~"
    if run.conditional or UNKNOWN in to or to.startswith(("~", "-")):
        return None
    if not to.startswith("/") and run.folder is None:
        return None
    return absolute(run.folder or "/", to)


def _inner(run: Run) -> str | None:
    """The text that a shell is given to run."""
    if not run.words or posixpath.basename(run.words[0]) not in SHELLS:
        return None
    for position, word in enumerate(run.words[1:], 1):
        if not word.startswith("-"):
            return None
        if word.endswith("c") and not word.startswith("--"):
            return run.words[position + 1] if position + 1 < len(run.words) else None
    bodies = [one.body for one in run.command.redirections if one.body is not None]
    return expand(bodies[-1], run.variables) if bodies else None


def _unwrapped(words: list[str]) -> list[str]:
    """The words of the program that ``sudo``, ``env`` and their like run."""
    while len(words) > 1 and words[0] in _WRAPPERS:
        words = words[1:]
        while len(words) > 1 and (words[0].startswith("-") or _ASSIGNMENT.match(words[0])):
            words = words[1:]
    return words
