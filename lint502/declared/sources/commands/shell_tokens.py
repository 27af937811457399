"""Words and operators of a shell text, as POSIX reads them; nothing is run.

Source: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from lint502.patterns import regex

MAX_TOKENS = 50_000

_OPERATORS = ("&&", "||", ";;&", ";;", ";&", "&", "|", ";", "(", ")")
_REDIRECTION = regex(r"(?:\d{0,2}|&|\{\w+\})(?:<<-|<<<|<<|>>|>\||<>|>&|<&|>|<)")
_NAME = regex(r"[A-Za-z_]\w*|[0-9@*#?$!-]", re.ASCII)
_BLANK = " \t\r"


class Part(Struct, frozen=True):
    """A piece of a word: a text, a variable (``PORT:-8000``), or what cannot be known here.

    ``quoted``: it makes no words of its own.
    """

    kind: Literal["text", "variable", "unknown"]
    text: str
    quoted: bool


class Token(Struct, frozen=True):
    """A word with its parts, or an operator; a line end is the operator ``"\\n"``."""

    line: int
    parts: tuple[Part, ...] = ()
    operator: str = ""

    @property
    def bare(self) -> str:
        """The text of a word without quotes and variables, "" of any other."""
        if len(self.parts) == 1 and self.parts[0].kind == "text" and not self.parts[0].quoted:
            return self.parts[0].text
        return ""


class ShellError(Exception):
    """A text that is no shell text, or too long a one."""


def tokens(text: str) -> list[Token]:
    """The tokens of a text, without comments, redirections and the bodies of here-documents.

    Raises :class:`ShellError`.
    """
    return _Lexer(text).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._found: list[Token] = []
        self._documents: list[tuple[str, bool]] = []

    def run(self) -> list[Token]:
        text = self._text
        while self._at < len(text):
            if len(self._found) > MAX_TOKENS:
                raise ShellError("is too long a shell script")
            character = text[self._at]
            if text.startswith("\\\n", self._at) or text.startswith("\\\r\n", self._at):
                self._at = text.index("\n", self._at) + 1
                self._line += 1
            elif character == "\n":
                self._end_line()
            elif character in _BLANK:
                self._at += 1
            elif character == "#":
                self._at = self._until("\n")
            elif text.startswith(("<(", ">("), self._at):
                self._closed("(", ")", self._at + 2)
                self._found.append(Token(self._line, (Part("unknown", "", True),)))
            elif match := _REDIRECTION.match(text, self._at):
                self._redirection(match)
            elif operator := next((o for o in _OPERATORS if text.startswith(o, self._at)), None):
                self._found.append(Token(self._line, operator=operator))
                self._at += len(operator)
            else:
                self._found.append(self._word())
        return self._found

    def _until(self, end: str) -> int:
        found = self._text.find(end, self._at)
        return len(self._text) if found == -1 else found

    def _end_line(self) -> None:
        self._found.append(Token(self._line, operator="\n"))
        self._at += 1
        self._line += 1
        for end, tabs in self._documents:
            while self._at < len(self._text):
                stop = self._until("\n")
                line = self._text[self._at : stop].rstrip("\r")
                self._at = stop + 1
                self._line += 1
                if (line.lstrip("\t") if tabs else line) == end:
                    break
        self._documents.clear()

    def _redirection(self, match: re.Match[str]) -> None:
        operator = re.sub(r"^(?:\d+|\{\w+\})", "", match[0])
        self._at = match.end()
        while self._at < len(self._text) and self._text[self._at] in _BLANK:
            self._at += 1
        if self._text.startswith(("<(", ">("), self._at):
            self._closed("(", ")", self._at + 2)
            return
        if self._at < len(self._text) and self._text[self._at] not in "\n;&|()":
            target = self._word()
            if operator in ("<<", "<<-"):
                end = "".join(part.text for part in target.parts)
                self._documents.append((end, operator == "<<-"))

    def _word(self) -> Token:
        line, text = self._line, self._text
        parts: list[Part] = []
        plain: list[str] = []

        def flush() -> None:
            if plain:
                parts.append(Part("text", "".join(plain), False))
                plain.clear()

        while self._at < len(text):
            character = text[self._at]
            if character in " \t\r\n;&|()<>":
                break
            if character == "\\":
                escaped = text[self._at + 1 : self._at + 2]
                self._at += 2
                if escaped == "\n":
                    self._line += 1
                elif escaped:
                    flush()
                    parts.append(Part("text", escaped, True))
            elif character == "'":
                flush()
                self._at += 1
                stop = self._until("'")
                if stop == len(text):
                    raise ShellError("has a quote that nothing closes")
                self._take(parts, stop)
                self._at = stop + 1
            elif character == '"':
                flush()
                self._at += 1
                self._double(parts)
            elif character in "$`":
                flush()
                parts.append(self._expansion(False))
            else:
                plain.append(character)
                self._at += 1
        flush()
        return Token(line, tuple(parts))

    def _take(self, parts: list[Part], stop: int) -> None:
        taken = self._text[self._at : stop]
        self._line += taken.count("\n")
        parts.append(Part("text", taken, True))

    def _double(self, parts: list[Part]) -> None:
        text, plain = self._text, [""]
        start = len(parts)
        while True:
            character = text[self._at : self._at + 1]
            if not character:
                raise ShellError("has a quote that nothing closes")
            if character == '"':
                self._at += 1
                break
            if character == "\\" and text[self._at + 1 : self._at + 2] in ("$", "`", '"', "\\"):
                plain.append(text[self._at + 1])
                self._at += 2
            elif text.startswith("\\\n", self._at):
                self._at += 2
                self._line += 1
            elif character in "$`":
                parts.append(Part("text", "".join(plain), True))
                plain.clear()
                parts.append(self._expansion(True))
            else:
                self._line += character == "\n"
                plain.append(character)
                self._at += 1
        if plain or len(parts) == start:
            parts.append(Part("text", "".join(plain), True))

    def _expansion(self, quoted: bool) -> Part:
        """What ``$`` or a backtick begins."""
        text = self._text
        if text[self._at] == "`":
            self._at += 1
            stop = self._until("`")
            self._line += text.count("\n", self._at, stop)
            self._at = stop + 1
            return Part("unknown", "", quoted)
        if text.startswith("${", self._at):
            inner = self._closed("{", "}", self._at + 2)
            return Part("variable", inner, quoted)
        if text.startswith("$(", self._at):
            self._closed("(", ")", self._at + 2)
            return Part("unknown", "", quoted)
        match = _NAME.match(text, self._at + 1)
        if match is None:
            self._at += 1
            return Part("text", "$", quoted)
        self._at = match.end()
        return Part("variable", match[0], quoted)

    def _closed(self, opening: str, closing: str, start: int) -> str:
        """The text up to the bracket that closes, over nested ones and quotes."""
        text, depth, at = self._text, 1, start
        while at < len(text):
            character = text[at]
            if character == "\\":
                at += 1
            elif character == "'":
                found = text.find("'", at + 1)
                at = len(text) if found == -1 else found
            elif character == opening:
                depth += 1
            elif character == closing:
                depth -= 1
                if depth == 0:
                    self._line += text.count("\n", start, at)
                    self._at = at + 1
                    return text[start:at]
            at += 1
        raise ShellError("has a bracket that nothing closes")
