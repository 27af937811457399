"""The commands of a shell text, with the ``if``, ``case``, loops and functions that they are in."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from lint502.declared.sources.commands.shell_tokens import ShellError, Token, tokens

_DEPTH = 40
_SEPARATORS = (";", "&", "\n")


class Simple(Struct, frozen=True):
    """A program with its words, and the assignments before it."""

    words: tuple[Token, ...]


class If(Struct, frozen=True):
    """Conditions with what is run where they hold; the last one may have no condition."""

    clauses: tuple[tuple[Steps | None, Steps], ...]


class Case(Struct, frozen=True):
    """``case``: a word, and what is run for patterns of it."""

    word: Token
    branches: tuple[tuple[tuple[Token, ...], Steps], ...]


class Loop(Struct, frozen=True):
    """``for``, ``while`` and ``until``; ``name`` is the variable of the first one."""

    condition: Steps
    body: Steps
    name: str = ""


class Function(Struct, frozen=True):
    """A function that is defined."""

    name: str
    body: Steps


class Group(Struct, frozen=True):
    """Commands in brackets; in a shell of their own where the brackets are round."""

    body: Steps
    apart: bool


Command = Simple | If | Case | Loop | Function | Group


class Chain(Struct, frozen=True):
    """Pipelines that ``&&`` and ``||`` join: each with the operator before it, and whether ``!``
    turns its status round."""

    links: tuple[tuple[str, bool, tuple[Command, ...]], ...]
    background: bool


class Steps(Struct, frozen=True):
    """Chains that are run one after the other."""

    chains: tuple[Chain, ...]


def parsed(text: str) -> Steps:
    """The commands of a text. Raises :class:`~...shell_tokens.ShellError`."""
    parser = _Parser(tokens(text))
    found = parser.sequence((), 0)
    if not parser.at_end:
        raise ShellError("is no shell script that lint502 can read")
    return found


class _Parser:
    def __init__(self, found: Sequence[Token]) -> None:
        self._tokens = found
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def sequence(self, ends: tuple[str, ...], depth: int) -> Steps:
        """Chains up to one of the words or operators ``ends``, which is not taken."""
        if depth > _DEPTH:
            raise ShellError("has commands nested too deeply")
        chains: list[Chain] = []
        while True:
            while self._operator() in _SEPARATORS:
                self._at += 1
            if self.at_end or self._reserved() in ends or self._operator() in ends:
                return Steps(tuple(chains))
            chains.append(self._chain(depth))

    def _chain(self, depth: int) -> Chain:
        links, operator = [], ""
        while True:
            negated = False
            while self._reserved() == "!":
                negated, self._at = not negated, self._at + 1
            commands = [self._command(depth)]
            while self._operator() == "|":
                self._at += 1
                self._lines()
                commands.append(self._command(depth))
            links.append((operator, negated, tuple(commands)))
            operator = self._operator()
            if operator not in ("&&", "||"):
                break
            self._at += 1
            self._lines()
        background = operator == "&"
        if background:
            self._at += 1
        return Chain(tuple(links), background)

    def _command(self, depth: int) -> Command:
        word = self._reserved()
        if word == "if":
            return self._if(depth + 1)
        if word == "case":
            return self._case(depth + 1)
        if word in ("while", "until"):
            self._at += 1
            condition = self.sequence(("do",), depth + 1)
            return Loop(condition, self._do(depth + 1))
        if word in ("for", "select"):
            return self._for(depth + 1)
        if word == "{":
            self._at += 1
            body = self.sequence(("}",), depth + 1)
            self._take("}")
            return Group(body, False)
        if self._operator() == "(":
            self._at += 1
            body = self.sequence((")",), depth + 1)
            self._take(")")
            return Group(body, True)
        return self._simple(depth)

    def _if(self, depth: int) -> If:
        clauses: list[tuple[Steps | None, Steps]] = []
        while True:
            self._at += 1
            condition = self.sequence(("then",), depth)
            self._take("then")
            clauses.append((condition, self.sequence(("elif", "else", "fi"), depth)))
            if self._reserved() != "elif":
                break
        if self._reserved() == "else":
            self._at += 1
            clauses.append((None, self.sequence(("fi",), depth)))
        self._take("fi")
        return If(tuple(clauses))

    def _case(self, depth: int) -> Case:
        self._at += 1
        word = self._word()
        self._lines()
        self._take("in")
        branches = []
        while True:
            while self._operator() in ("\n", ";"):
                self._at += 1
            if self._reserved() == "esac" or self.at_end:
                break
            if self._operator() == "(":
                self._at += 1
            patterns = [self._word()]
            while self._operator() == "|":
                self._at += 1
                patterns.append(self._word())
            self._take(")")
            body = self.sequence((";;", ";&", ";;&", "esac"), depth)
            branches.append((tuple(patterns), body))
            if self._operator() in (";;", ";&", ";;&"):
                self._at += 1
        self._take("esac")
        return Case(word, tuple(branches))

    def _for(self, depth: int) -> Loop:
        self._at += 1
        name = ""
        while not self.at_end and self._reserved() != "do":
            name = name or self._tokens[self._at].bare
            self._at += 1
        return Loop(Steps(()), self._do(depth), name)

    def _do(self, depth: int) -> Steps:
        self._take("do")
        body = self.sequence(("done",), depth)
        self._take("done")
        return body

    def _simple(self, depth: int) -> Command:
        words: list[Token] = []
        if self._reserved() == "function":
            self._at += 1
            name = self._word().bare
            if self._operator() == "(":
                self._at += 1
                self._take(")")
            self._lines()
            return self._function(name, depth)
        if self._reserved() == "[[":
            while not self.at_end and self._reserved() != "]]":
                words.append(self._tokens[self._at])
                self._at += 1
        while not self.at_end and not self._operator():
            words.append(self._tokens[self._at])
            self._at += 1
            if self._operator() == "(" and len(words) == 1:
                if not words[0].bare.endswith("="):
                    self._at += 1
                    self._take(")")
                    self._lines()
                    return self._function(words[0].bare, depth)
                self._array()
                words.pop()
        if not words and self._operator() not in _SEPARATORS and not self.at_end:
            raise ShellError("is no shell script that lint502 can read")
        return Simple(tuple(words))

    def _array(self) -> None:
        """The values of an array, ``a=(b c)``, which is not followed."""
        while not self.at_end and self._operator() != ")":
            self._at += 1
        self._take(")")

    def _function(self, name: str, depth: int) -> Function:
        body = self._command(depth + 1)
        return Function(name, Steps((Chain((("", False, (body,)),), False),)))

    def _word(self) -> Token:
        if self.at_end or self._operator():
            raise ShellError("is no shell script that lint502 can read")
        self._at += 1
        return self._tokens[self._at - 1]

    def _lines(self) -> None:
        while self._operator() == "\n":
            self._at += 1

    def _take(self, expected: str) -> None:
        if self._reserved() != expected and self._operator() != expected:
            raise ShellError("is no shell script that lint502 can read")
        self._at += 1

    def _operator(self) -> str:
        return "" if self.at_end else self._tokens[self._at].operator

    def _reserved(self) -> str:
        """The word that stands here, where it is written without quotes."""
        return "" if self.at_end else self._tokens[self._at].bare
