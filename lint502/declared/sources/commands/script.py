"""Which programs a shell text runs, as far as that can be said without running it.

Conditions are decided where all that they ask is known; else what is in any branch may run.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from lint502.declared.sources.commands.calls import Call, ShellText
from lint502.declared.sources.commands.expansion import value_of, words_of
from lint502.declared.sources.commands.shell_syntax import (
    Case,
    Command,
    Function,
    Group,
    If,
    Loop,
    Simple,
    Steps,
    parsed,
)
from lint502.declared.sources.commands.shell_tests import holds_of
from lint502.declared.sources.commands.shell_tokens import Part, ShellError, Token
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.places import Place

MAX_RUN = 2_000
_DEPTH = 20


class Run(Struct):
    """A program that a text runs. ``certain``: no condition decides over it that is not known.
    ``lasting``: the text does not wait for its end, or ends with it."""

    call: Call
    certain: bool
    lasting: bool


Status = Literal["yes", "no", "likely", "unknown"]
"""How a command ends: a program that nothing is known of is likely to succeed."""

_TURNED: dict[Status, Status] = {
    "yes": "no",
    "no": "yes",
    "likely": "unknown",
    "unknown": "unknown",
}


class _Ended(Exception):
    """``exec`` or ``exit``: nothing after it is run."""


class _Returned(Exception):
    """``return``: nothing after it is run in a function."""


def runs(text: ShellText) -> list[Run]:
    """The programs, in their order. Raises :class:`~...shell_tokens.ShellError`."""
    steps = parsed(text.text)
    shell = _Shell(text)
    last = shell.all(steps)
    for run in last:
        run.lasting = True
    return shell.found


class _Shell:
    def __init__(self, text: ShellText) -> None:
        self.found: list[Run] = []
        self._text = text
        self._source = text.source
        self._call = text.call
        self._variables = dict(text.call.variables)
        self._exported = set(self._variables)
        self._export_all = False
        self._parameters = tuple(text.parameters)
        self._folder = text.call.folder
        self._functions: dict[str, Steps] = {}
        self._certain = True
        self._depth = 0
        self._steps = 0

    def all(self, steps: Steps) -> list[Run]:
        """Run through everything; the programs with which it ends."""
        try:
            return self._sequence(steps)
        except (_Ended, _Returned):
            return []

    def _sequence(self, steps: Steps) -> list[Run]:
        last: list[Run] = []
        for chain in steps.chains:
            start = len(self.found)
            if not chain.background:
                last = self._chain(chain.links)
                continue
            with suppress(_Ended):  # of the shell in the background
                last = self._chain(chain.links)
            for run in self.found[start:]:
                run.lasting = True
        return last

    def _chain(self, links: Sequence[tuple[str, bool, tuple[Command, ...]]]) -> list[Run]:
        status: Status = "yes"
        outer = self._certain
        last: list[Run] = []
        for number, (operator, negated, commands) in enumerate(links):
            sure = ("yes", "likely") if operator != "||" else ("no",)
            if number and status == ("yes" if operator == "||" else "no"):
                continue
            self._certain = outer and (number == 0 or status in sure)
            kept = last if operator == "||" else []
            try:
                status, last = self._pipeline(commands)
            finally:
                self._certain = outer
            last = kept + last
            status = _TURNED[status] if negated else status
        return last

    def _pipeline(self, commands: tuple[Command, ...]) -> tuple[Status, list[Run]]:
        last: list[Run] = []
        status: Status = "unknown"
        for command in commands:
            status, ended = self._command(command)
            last += ended
        return "likely" if len(commands) > 1 else status, last

    def _command(self, command: Command) -> tuple[Status, list[Run]]:
        """How it ends, and the programs with which it does."""
        self._steps += 1
        if self._steps > MAX_RUN:
            raise ShellError("runs more commands than lint502 follows")
        if isinstance(command, Simple):
            return self._simple(command)
        if isinstance(command, If):
            return "likely", self._if(command)
        if isinstance(command, Case):
            return "likely", self._case(command)
        if isinstance(command, Loop):
            self._sequence(command.condition)
            if command.name:
                self._variables[command.name] = Word(UNKNOWN, self._text.place)
            return "likely", self._sequence(command.body)
        if isinstance(command, Function):
            self._functions[command.name] = command.body
            return "yes", []
        return self._group(command)

    def _group(self, group: Group) -> tuple[Status, list[Run]]:
        if not group.apart:
            return "likely", self._sequence(group.body)
        variables, folder = dict(self._variables), self._folder
        try:
            return "likely", self._sequence(group.body)
        except _Ended:
            return "likely", []
        finally:
            self._variables, self._folder = variables, folder

    def _if(self, command: If) -> list[Run]:
        outer, last = self._certain, []
        try:
            for condition, body in command.clauses:
                holds = True if condition is None else self._holds(condition)
                if holds is False:
                    continue
                if holds is None:
                    self._certain = False
                last += self._sequence(body)
                if holds:
                    break
        finally:
            self._certain = outer
        return last

    def _holds(self, condition: Steps) -> bool | None:
        status: Status = "yes"
        for chain in condition.chains:
            status = self._joined(chain.links)
        return {"yes": True, "no": False}.get(status)

    def _joined(self, links: Sequence[tuple[str, bool, tuple[Command, ...]]]) -> Status:
        """How a condition ends; what it runs is not what the text ends with."""
        status: Status = "yes"
        for number, (operator, negated, commands) in enumerate(links):
            if number and status == ("yes" if operator == "||" else "no"):
                continue
            one, _ = self._pipeline(commands)
            one = _TURNED[one] if negated else one
            status = one if number == 0 or status in ("yes", "no") else "unknown"
        return status

    def _case(self, command: Case) -> list[Run]:
        word = self._value(command.word)
        outer, last = self._certain, []
        try:
            for patterns, body in command.branches:
                holds = self._matches(word, patterns)
                if holds is False:
                    continue
                if holds is None:
                    self._certain = False
                last += self._sequence(body)
                if holds:
                    break
        finally:
            self._certain = outer
        return last

    def _matches(self, word: Word, patterns: Sequence[Token]) -> bool | None:
        made = [self._value(pattern) for pattern in patterns]
        if any(pattern.text == "*" for pattern in made):
            return True
        if not word.known or not all(pattern.known for pattern in made):
            return None
        return any(fnmatchcase(word.text, pattern.text) for pattern in made)

    def _simple(self, command: Simple) -> tuple[Status, list[Run]]:
        tokens = list(command.words)
        own: dict[str, Word] = {}
        while tokens and (assigned := _assignment(tokens[0])) is not None:
            name, value = assigned
            own[name] = self._value(value)
            tokens.pop(0)
        if tokens and tokens[0].bare == "[[":
            return self._test(tokens[1:]), []
        words = [
            word
            for token in tokens
            for word in words_of(token, self._variables, self._parameters, self._place(token))
        ]
        if not words:
            self._assign(own)
            return "yes", []
        name = words[0].text
        if name in ("[", "test"):
            return self._test(tokens[1:]), []
        if name in self._functions:
            return self._function(name, words[1:])
        return self._program(words, own)

    def _program(self, words: list[Word], own: dict[str, Word]) -> tuple[Status, list[Run]]:
        name, arguments = words[0].text, words[1:]
        if name in ("exec", "command", "builtin", "nohup") and arguments:
            if name == "exec":
                arguments = _without_exec_options(arguments)
            found = self._program(arguments, own) if arguments else ("yes", [])
            for run in found[1]:
                run.lasting |= name == "exec"
            if name == "exec" and self._certain and found[1]:
                raise _Ended
            return found
        if name in ("exit", "return"):
            if self._certain:
                raise _Ended if name == "exit" else _Returned
            return "likely", []
        if self._builtin(name, arguments):
            return "yes", []
        if name in (".", "source") and arguments:
            return self._included(arguments)
        if name == "eval" and arguments:
            return self._evaluated(arguments)
        variables = {n: v for n, v in self._variables.items() if n in self._exported} | own
        call = replace(self._call, words=tuple(words), variables=variables, folder=self._folder)
        run = Run(call, self._certain, False)
        self.found.append(run)
        return "likely", [run]

    def _builtin(self, name: str, arguments: list[Word]) -> bool:
        """Whether it is a command of the shell that this follows."""
        if name in (":", "true"):
            return True
        if name == "cd":
            folder = arguments[-1].text if arguments else UNKNOWN
            self._folder = posixpath.normpath(posixpath.join(self._folder, folder))
        elif name == "set":
            self._set(arguments)
        elif name == "shift":
            self._parameters = self._parameters[1:]
        elif name in ("export", "local", "declare", "typeset", "readonly"):
            for argument in arguments:
                variable, equals, value = argument.text.partition("=")
                if equals:
                    self._assign({variable: argument.cut(value)})
                if name == "export":
                    self._exported.add(variable)
        elif name == "unset":
            for argument in arguments:
                self._variables.pop(argument.text, None)
        elif name == "read":
            for argument in arguments:
                self._variables[argument.text] = Word(UNKNOWN, argument.place)
        else:
            return False
        return True

    def _set(self, arguments: list[Word]) -> None:
        for number, argument in enumerate(arguments):
            if argument.text == "--":
                self._parameters = tuple(arguments[number + 1 :])
                return
            if not argument.text.startswith(("-", "+")):
                if number == 0 or arguments[number - 1].text != "-o":
                    self._parameters = tuple(arguments[number:])
                    return
            elif argument.text.startswith("-") and "a" in argument.text:
                self._export_all = True

    def _assign(self, own: dict[str, Word]) -> None:
        for name, value in own.items():
            known = self._variables.get(name)
            if not self._certain and (known is None or known.text != value.text):
                value = value.cut(UNKNOWN)
            self._variables[name] = value
            if self._export_all:
                self._exported.add(name)

    def _function(self, name: str, arguments: list[Word]) -> tuple[Status, list[Run]]:
        if self._depth > _DEPTH:
            raise ShellError("calls its functions too deeply")
        parameters, self._parameters = self._parameters, tuple(arguments)
        self._depth += 1
        try:
            return "likely", self._sequence(self._functions[name])
        except _Returned:
            return "likely", []
        finally:
            self._depth -= 1
            self._parameters = parameters

    def _included(self, arguments: list[Word]) -> tuple[Status, list[Run]]:
        """A script that is run as part of this one."""
        path = posixpath.normpath(posixpath.join(self._folder, arguments[0].text))
        source = self._call.surroundings.source(path)
        if source is None or self._depth > _DEPTH:
            return "likely", []
        outer, self._source = self._source, source
        self._depth += 1
        try:
            return "likely", self._sequence(parsed(source.text))
        except _Returned:
            return "likely", []
        finally:
            self._depth -= 1
            self._source = outer

    def _evaluated(self, arguments: list[Word]) -> tuple[Status, list[Run]]:
        if self._depth > _DEPTH:
            raise ShellError("evaluates texts too deeply")
        self._depth += 1
        try:
            return "likely", self._sequence(parsed(" ".join(word.text for word in arguments)))
        finally:
            self._depth -= 1

    def _test(self, tokens: Sequence[Token]) -> Status:
        if any(token.operator for token in tokens):
            return "unknown"
        texts = [self._value(token).text for token in tokens]
        if texts and texts[-1] in ("]", "]]"):
            texts.pop()
        holds = holds_of(texts)
        return "unknown" if holds is None else "yes" if holds else "no"

    def _value(self, token: Token) -> Word:
        return value_of(token, self._variables, self._parameters, self._place(token))

    def _place(self, token: Token) -> Place:
        if self._source is None:
            return self._text.place
        line = self._source.line(token.line)
        return Place(self._source.name, token.line, 1, len(line) + 1, line)


def _assignment(token: Token) -> tuple[str, Token] | None:
    """``NAME=value`` as name and value."""
    if not token.parts or token.parts[0].kind != "text" or token.parts[0].quoted:
        return None
    name, equals, rest = token.parts[0].text.partition("=")
    if not equals or not name.isidentifier() or not name.isascii():
        return None
    first = (Part("text", rest, False),) if rest else ()
    return name, replace(token, parts=(*first, *token.parts[1:]))


def _without_exec_options(words: list[Word]) -> list[Word]:
    while words and words[0].text in ("-c", "-l", "-a"):
        words = words[2:] if words[0].text == "-a" else words[1:]
    return words
