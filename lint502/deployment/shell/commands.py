"""The commands of a shell's text, one by one, each with what is known of whether it runs.

https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html, section 2.10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.deployment.shell.simple import Redirection, SimpleCommand
from lint502.deployment.shell.words import (
    Literal,
    ShellSyntaxError,
    Word,
    read_text,
    read_word,
    skip,
)
from lint502.patterns import regex

MAX_COMMANDS = 50_000
MAX_OPEN = 200
"""Of ``if``, ``for``, parentheses and their like that stand in each other."""

_REDIRECTION = regex(r"(\d*)(<<<|<<-|<<|<>|<&|<|>>|>&|>\||>)|(&>>|&>)")
_OPERATOR = regex(r"\|\||\|&|\||&&|;;&|;;|;&|;|&|\(|\)|\n")
_BLANKS = regex(r"(?:[ \t\r]|\\\r?\n)+")
_ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
_NO_ARGUMENTS = regex(r"[ \t]*\([ \t]*\)")
_TEST_END = regex(r"(?<=\s)\]\](?=[\s;&|)]|$)")
_TESTS = frozenset(
    ("[", "[[", "test", "grep", "egrep", "command", "which", "hash", "type", "false")
)
"""Commands that are run to see whether they fail."""

_OPENING = {"if": "if", "while": "loop", "until": "loop", "for": "loop", "select": "loop"}
_CLOSING = {"fi": "if", "done": "loop", "esac": "case", "}": "{"}
_BODIES = {"then": "if", "else": "if", "elif": "if", "do": "loop"}


def commands(text: str) -> list[SimpleCommand]:
    """The commands of a text, in their order. Raises :class:`ShellSyntaxError`."""
    return _Reading(text).read()


class _Open(Struct):
    """What is begun and not ended: an ``if``, a loop, ``case``, braces, parentheses."""

    kind: str
    conditional: bool
    function: str | None
    subshells: tuple[int, ...]
    start: int
    before: str
    tested: bool
    patterns: bool = False
    """Whether the next words are patterns of a ``case``."""


class _Heredoc(Struct):
    """A heredoc whose lines are still to come; ``index`` is that of its redirection."""

    command: int
    index: int
    end: str
    quoted: bool
    tabs: bool


class _Pending(Struct):
    """The command that is being read."""

    start: int
    words: list[Word] = field(default_factory=list)
    assignments: list[tuple[str, Word]] = field(default_factory=list)
    redirections: list[Redirection] = field(default_factory=list)
    compound: bool = False
    header: bool = False
    """Whether it is the beginning of a loop or ``case``, which is no command."""

    @property
    def empty(self) -> bool:
        return not (self.words or self.assignments or self.redirections or self.compound)


class _Reading:
    """The commands of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: list[SimpleCommand] = []
        self._open: list[_Open] = []
        self._heredocs: list[_Heredoc] = []
        self._pending = _Pending(0)
        self._before = ";"
        self._tested = False
        self._function: str | None = None

    def read(self) -> list[SimpleCommand]:
        text = self._text
        while True:
            blanks = _BLANKS.match(text, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at >= len(text):
                break
            if text[self._at] == "#":
                end = text.find("\n", self._at)
                self._at = len(text) if end == -1 else end
                continue
            redirection = _REDIRECTION.match(text, self._at)
            if redirection is not None and not text.startswith("(", redirection.end()):
                self._redirect(redirection)
                continue
            operator = _OPERATOR.match(text, self._at)
            if operator is not None:
                self._at = operator.end()
                self._operate(operator[0])
            else:
                self._word()
        self._end(";")
        if self._heredocs:
            raise ShellSyntaxError(f"has a heredoc that no {self._heredocs[0].end!r} ends")
        if self._open:
            raise ShellSyntaxError(f"has {_named(self._open[-1].kind)} that nothing ends")
        return self._found

    def _operate(self, operator: str) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and top.patterns:
            if operator == ")":
                top.patterns = False
                self._pending = _Pending(self._at)
            elif operator == "\n":
                self._bodies()
            return
        if operator == "\n" and self._pending.header and top is not None and top.kind == "case":
            return
        if operator == "(":
            self._parenthesis()
            return
        if operator == ")":
            self._end(";")
            self._close("(")
            return
        if operator in (";;", ";&", ";;&"):
            self._end(";")
            if top is None or top.kind != "case":
                raise ShellSyntaxError(f"has {operator} outside of a case")
            top.patterns = True
            return
        if operator == "\n":
            if not self._pending.empty:  # behind && and | a list goes on
                self._end(";")
            self._bodies()
            return
        self._end(operator)

    def _parenthesis(self) -> None:
        pending = self._pending
        if len(pending.words) == 1 and not pending.assignments and not pending.compound:
            name = pending.words[0].bare
            closing = _BLANKS.match(self._text, self._at)
            at = closing.end() if closing else self._at
            if name is not None and self._text.startswith(")", at):
                self._at = at + 1
                self._function = name
                self._pending = _Pending(self._at)
                return
        if pending.header:
            self._at = skip(self._text, self._at, ")")
            return
        if pending.words and self._text.endswith("=", 0, self._at - 1):  # declare -a NAME=(…)
            self._at = skip(self._text, self._at, ")")
            return
        if not pending.empty:
            raise ShellSyntaxError("has a ( where none can stand")
        if self._text.startswith("(", self._at):
            self._at = skip(self._text, self._at, ")")
            pending.compound = self._tested = True
            return
        self._begin("(")

    def _word(self) -> None:
        start = self._at
        word, self._at = read_word(self._text, start)
        if self._at == start:
            raise ShellSyntaxError(f"has a {self._text[start]} where none can stand")
        pending, bare = self._pending, word.bare
        top = self._open[-1] if self._open else None
        if top is not None and top.patterns:
            if bare == "esac":
                self._close("case")
            return
        if pending.header:
            if bare == "in" and top is not None and top.kind == "case":
                top.patterns = True
                self._pending = _Pending(self._at)
            elif bare == "do" and top is not None and top.kind == "loop":
                self._pending = _Pending(self._at)
                top.conditional = True
            return
        if pending.empty:
            pending.start = start
            if bare is not None and self._reserved(bare):
                return
        elif pending.compound:
            if bare is None or not self._reserved(bare):
                raise ShellSyntaxError("has a word where a command has ended")
            return
        if not pending.words and self._assigned(word):
            return
        if bare == "[[" and not pending.words:
            self._test()
        pending.words.append(word)

    def _reserved(self, word: str) -> bool:
        """Take a word that means something where a command can begin."""
        if word in ("!", "time"):
            if word == "!":
                self._tested = True
        elif word in _OPENING or word == "case":
            self._begin(_OPENING.get(word, word))
            self._pending.header = word in ("for", "select", "case")
        elif word == "{":
            self._begin("{")
        elif word in _BODIES:
            self._end(";")
            top = self._open[-1] if self._open else None
            if top is None or top.kind != _BODIES[word]:
                raise ShellSyntaxError(f"has a {word} of nothing")
            top.conditional = True
        elif word in _CLOSING:
            self._end(";")
            self._close(_CLOSING[word])
        elif word == "function":
            blanks = _BLANKS.match(self._text, self._at)
            name, self._at = read_word(self._text, blanks.end() if blanks else self._at)
            self._function = name.bare or ""
            empty = _NO_ARGUMENTS.match(self._text, self._at)
            self._at = empty.end() if empty else self._at
        else:
            return False
        return True

    def _assigned(self, word: Word) -> bool:
        match = _ASSIGNMENT.match(self._text, word.start)
        if match is None or match.end() > self._at:
            return False
        value, end = read_word(self._text, match.end())
        if end == match.end() and self._text.startswith("(", end):
            end = skip(self._text, end + 1, ")")
            value = read_text("$(array)")
        elif match[2]:
            value = read_text("$(appended)")
        self._at = end
        self._pending.assignments.append((match[1], value))
        return True

    def _test(self) -> None:
        """Pass over ``[[ … ]]``, in which parentheses and < mean something else."""
        end = _TEST_END.search(self._text, self._at)
        if end is None:
            raise ShellSyntaxError("has a [[ that nothing ends")
        self._at = end.end()

    def _redirect(self, match: re.Match[str]) -> None:
        operator = match[2] or match[3]
        blanks = _BLANKS.match(self._text, match.end())
        target, self._at = read_word(self._text, blanks.end() if blanks else match.end())
        if not target.parts:
            raise ShellSyntaxError(f"has a {operator} without a file")
        if self._pending.empty:
            self._pending.start = match.start()
        if operator in ("<<", "<<-"):
            end = target.literal or self._text[target.start : self._at]
            quoted = target.bare is None
            index = len(self._pending.redirections)
            self._heredocs.append(_Heredoc(-1, index, end, quoted, operator == "<<-"))
        descriptor = int(match[1]) if match[1] and len(match[1]) < 4 else None
        self._pending.redirections.append(Redirection(operator, target, descriptor))

    def _bodies(self) -> None:
        """Read the heredocs of the line that has ended."""
        filled: dict[int, list[Redirection]] = {}
        for heredoc in self._heredocs:
            text = self._body(heredoc)
            body = Word((Literal(text, True),)) if heredoc.quoted else read_text(text)
            number = heredoc.command
            own = filled.setdefault(number, list(self._found[number].redirections))
            own[heredoc.index] = replace(own[heredoc.index], body=body)
        for number, redirections in filled.items():
            self._found[number] = replace(self._found[number], redirections=tuple(redirections))
        self._heredocs = []

    def _body(self, heredoc: _Heredoc) -> str:
        lines: list[str] = []
        while True:
            if self._at >= len(self._text):
                raise ShellSyntaxError(f"has a heredoc that no {heredoc.end!r} ends")
            end = self._text.find("\n", self._at)
            end = len(self._text) if end == -1 else end
            line = self._text[self._at : end]
            self._at = min(end + 1, len(self._text))
            if heredoc.tabs:
                line = line.lstrip("\t")
            if line.rstrip("\r") == heredoc.end:
                return "".join(lines)
            lines.append(line + "\n")

    def _begin(self, kind: str) -> None:
        if len(self._open) >= MAX_OPEN:
            raise ShellSyntaxError(f"is nested more than {MAX_OPEN} deep")
        outer = self._open[-1] if self._open else None
        named = self._function
        conditional = self._is_conditional() or named is not None or kind == "case"
        function = named if named is not None else (outer.function if outer else None)
        subshells = outer.subshells if outer else ()
        if kind == "(":
            subshells = (*subshells[-8:], self._at)
        self._open.append(
            _Open(kind, conditional, function, subshells, self._at - 1, self._before, self._tested)
        )
        self._function = None
        self._before, self._tested = ";", False
        self._pending = _Pending(self._at)

    def _close(self, kind: str) -> None:
        if not self._open or self._open[-1].kind != kind:
            raise ShellSyntaxError(f"ends {_named(kind)} that nothing begins")
        closed = self._open.pop()
        self._before, self._tested = closed.before, closed.tested
        self._pending = _Pending(closed.start, compound=True)

    def _is_conditional(self) -> bool:
        outer = bool(self._open) and self._open[-1].conditional
        return outer or self._before == "||" or (self._before == "&&" and self._tested)

    def _end(self, operator: str) -> None:
        """End the command that is being read, with what joins it to the next."""
        pending = self._pending
        self._pending = _Pending(self._at)
        if pending.header or pending.empty:
            return
        if not pending.compound or pending.redirections or operator == "|":
            self._add(pending)
        self._tested = operator in ("&&", "||", "|") and (self._tested or self._is_test(pending))
        self._before = operator

    def _is_test(self, pending: _Pending) -> bool:
        return bool(pending.words) and pending.words[0].literal in _TESTS

    def _add(self, pending: _Pending) -> None:
        if len(self._found) >= MAX_COMMANDS:
            raise ShellSyntaxError(f"has more than {MAX_COMMANDS} commands")
        words = pending.words
        replaces = bool(words) and words[0].literal == "exec"
        if replaces:
            words = list(_without_options(words[1:]))
        top = self._open[-1] if self._open else None
        self._found.append(
            SimpleCommand(
                tuple(words),
                tuple(pending.assignments),
                tuple(pending.redirections),
                pending.start,
                self._before,
                self._is_conditional(),
                top.function if top else None,
                top.subshells if top else (),
                replaces,
                pending.compound,
            )
        )
        for heredoc in self._heredocs:
            if heredoc.command == -1:
                heredoc.command = len(self._found) - 1


def _without_options(words: list[Word]) -> Iterator[Word]:
    """The words behind ``exec`` and its options."""
    rest = iter(words)
    for word in rest:
        text = word.literal or ""
        if text in ("-c", "-l", "-cl", "--"):
            continue
        if text == "-a":
            next(rest, None)
            continue
        yield word
        break
    yield from rest


def _named(kind: str) -> str:
    return {"(": "a (", "{": "a {", "if": "an if", "loop": "a loop"}.get(kind, f"a {kind}")
