"""Puts the values of variables into the words of a shell text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from lint502.declared.sources.commands.shell_tokens import Part, ShellError, Token, tokens
from lint502.declared.sources.commands.words import (
    UNKNOWN,
    Variables,
    Word,
    bounded,
    narrowed,
)
from lint502.patterns import regex
from lint502.places import Place

_FORM = regex(r"([A-Za-z_]\w*|[0-9]{1,3}|[@*#?$!-])(?:(:?[-=+?])(.*))?", re.ASCII | re.DOTALL)
_OPTIONS = regex(r"^\w*(?:OPTS|OPTIONS|ARGS|ARGUMENTS|FLAGS|EXTRA|PARAMS)\w*$", re.IGNORECASE)
_SPLIT = regex(r"[ \t\n]+")
_DEPTH = 8


def words_of(
    token: Token, variables: Variables, parameters: Sequence[Word], place: Place
) -> list[Word]:
    """The words that one token of a text becomes: none, one, or several of a list.

    ``place`` is that of the line.
    """
    return _Expander(variables, parameters, place).words(token, 0)


def value_of(token: Token, variables: Variables, parameters: Sequence[Word], place: Place) -> Word:
    """A token as one word, as an assignment takes it."""
    made = words_of(
        replace(token, parts=tuple(replace(part, quoted=True) for part in token.parts)),
        variables,
        parameters,
        place,
    )
    if not made:
        return Word("", place)
    least = min(word.standing for word in made)
    return Word(bounded(" ".join(word.text for word in made)), made[0].place, least)


class _Expander:
    def __init__(self, variables: Variables, parameters: Sequence[Word], place: Place) -> None:
        self._variables = variables
        self._parameters = parameters
        self._place = place

    def words(self, token: Token, depth: int) -> list[Word]:
        if self._is_absent(token):
            return []
        found: list[Word] = []
        current: Word | None = None
        for part in token.parts:
            if part.kind == "variable" and part.text in ("@", "*"):
                if not self._parameters:
                    continue
                first, *others = self._parameters
                current = first if current is None else _joined(current, first)
                for other in others:
                    found.append(current)
                    current = other
                continue
            value = self._value(part, depth)
            if part.kind == "text" or part.quoted or UNKNOWN in value.text:
                current = value if current is None else _joined(current, value)
                continue
            pieces = _SPLIT.split(value.text)
            for number, piece in enumerate(pieces):
                if number and current is not None:
                    found.append(current)
                    current = None
                if piece:
                    cut = value.cut(piece)
                    current = cut if current is None else _joined(current, cut)
        if current is not None:
            found.append(current)
        return found

    def _is_absent(self, token: Token) -> bool:
        """Whether a word is but a variable for options that nothing sets, ``$JAVA_OPTS``."""
        if len(token.parts) != 1 or token.parts[0].kind != "variable" or token.parts[0].quoted:
            return False
        name = token.parts[0].text
        return _OPTIONS.search(name) is not None and name not in self._variables

    def _value(self, part: Part, depth: int) -> Word:
        if part.kind == "text":
            return Word(part.text, narrowed(self._place, part.text))
        if part.kind == "unknown":
            return Word(UNKNOWN, self._place)
        return self._variable(part.text, depth)

    def _variable(self, form: str, depth: int) -> Word:
        match = _FORM.fullmatch(form)
        if match is None or depth > _DEPTH:
            return Word(UNKNOWN, self._place)
        name, operator, other = match.groups()
        value = self._plain(name)
        if operator is None or operator[-1] == "?":
            missing = "" if name.isdigit() else UNKNOWN
            return value or Word(missing, self._place)
        if value is not None and not value.known:
            return value
        absent = value is None or (operator[0] == ":" and not value.text)
        if operator[-1] == "+":
            return Word("", self._place) if absent else self._other(other, depth)
        if not absent:
            assert value is not None
            return value
        return self._other(other, depth)

    def _other(self, text: str, depth: int) -> Word:
        """What stands behind ``:-``."""
        try:
            inner = tokens(text.replace("\n", " "))
        except ShellError:
            return Word(UNKNOWN, self._place)
        made = [word for token in inner for word in self.words(token, depth + 1)]
        if any(token.operator for token in inner):
            return Word(UNKNOWN, self._place)
        least = min((word.standing for word in made), default=None)
        value = Word(" ".join(word.text for word in made), narrowed(self._place, text))
        return value if least is None else replace(value, standing=least)

    def _plain(self, name: str) -> Word | None:
        """A variable or parameter; None where nothing sets it."""
        if name == "#":
            return Word(str(len(self._parameters)), self._place)
        if name.isdigit() and name != "0":
            number = int(name)
            if number > len(self._parameters):
                return None
            return self._parameters[number - 1]
        if name in ("@", "*"):
            joined = " ".join(word.text for word in self._parameters)
            return Word(joined, self._place) if self._parameters else None
        if name in self._variables:
            return self._variables[name]
        return None if re.fullmatch(r"[A-Za-z_]\w*", name) else Word(UNKNOWN, self._place)


def _joined(one: Word, another: Word) -> Word:
    """Two pieces of one word. The place is that of a variable that is part of it: there the value
    can be changed."""
    here, there = one.place, another.place
    place = there
    if (here.file, here.line) == (there.file, there.line):
        place = replace(
            here,
            column=min(here.column, there.column),
            end_column=max(here.end_column, there.end_column),
        )
    return Word(bounded(one.text + another.text), place, min(one.standing, another.standing))
