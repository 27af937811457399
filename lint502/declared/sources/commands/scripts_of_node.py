"""JavaScript files that listen: ``app.listen(3000)``, ``process.env.PORT``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import Call
from lint502.declared.sources.commands.comments import blanked
from lint502.declared.sources.commands.facts import port_fact, speaks
from lint502.declared.sources.commands.words import Word
from lint502.patterns import regex
from lint502.places import Place, SourceFile

MAX_CHARACTERS = 200_000

_COMMENT = regex(r"(?<![:\"'])//[^\n]*")
_LISTEN = regex(
    r"(?:\.listen|\b(?:Bun|Deno)\.serve)\s*\(\s*(?:\{[^{}]{0,200}?\bport\s*:\s*)?((?:\([^()]{0,100}\)|[^,;(){}\n]){1,200})"
)
_OTHER_KINDS = regex(
    r"\b(?:https|http2|net|tls|dgram)\s*\.\s*create|createSecureServer|[\"'](?:node:)?(?:https|http2|tls)[\"']"
)
_FRAMEWORKS = (
    (re.compile(r"\bNestFactory\b"), "nest"),
    (re.compile(r"\b[Ff]astify\s*\("), "fastify"),
    (re.compile(r"\bexpress\s*\("), "express"),
    (re.compile(r"\bhttp\.createServer\b|\bnew Koa\b"), "node"),
)
_TIMES = regex(r"keepAliveTimeout|headersTimeout")
_NUMBER = regex(r"['\"]?(\d{1,5})['\"]?")
_NAME = r"[A-Za-z_$][\w$]*"
_VARIABLE = regex(
    r"(?:process\.env|Bun\.env)(?:\.(\w+)|\[['\"](\w+)['\"]\])|Deno\.env\.get\(['\"](\w+)['\"]\)"
)
_CALLED = regex(
    r"(?:(?:Number\.)?parseInt|Number|String|normalizePort)\s*\((.*?)(?:,\s*10\s*)?\)", re.DOTALL
)
"""A function that makes a number of its argument; the last one is in what Express generates."""
_GOT = regex(rf"{_NAME}\.get\(['\"]port['\"]\)")
_OTHER = regex(r"(.+?)\s*(?:\|\||\?\?)\s*(.+)", re.DOTALL)
_CONSTANT = r"(?:const|let|var)\s+{}\b(?:\s*:\s*[\w |]{{1,60}})?\s*=(?!=)\s*([^;\n]{{1,200}})"
_FROM = r"\b{}\b\s*=[^;\n]{{0,40}}process\.env"
_TAKEN = (
    r"\{{[^{{}}]{{0,200}}\b{}\b(?:\s*=\s*['\"]?(\d{{1,5}}))?[^{{}}]{{0,200}}\}}"
    r"\s*=\s*process\.env\b"
)
_DEPTH = 6


def listens(call: Call, source: SourceFile) -> Mapping[str, Fact[Any]] | None:
    """The facts of the one call of ``listen`` in a file; None where there is none or several, or
    its port cannot be told."""
    if len(source.text) > MAX_CHARACTERS:
        return None
    text = blanked(source.text, "/*", "*/")
    text = _COMMENT.sub(lambda match: " " * len(match[0]), text)
    found = list(_LISTEN.finditer(text))
    if len(found) != 1:
        return None
    word = _Reader(call, source, text).word(found[0][1], found[0].start(1), 0)
    facts = {} if word is None else port_fact(word)
    if not facts:
        return None
    profile = next((name for form, name in _FRAMEWORKS if form.search(text)), None)
    if profile is None or _OTHER_KINDS.search(text):
        return facts
    return facts | speaks("http", call.place, None if _TIMES.search(text) else profile)


class _Reader:
    """Finds the word that an expression is: a number, a variable of the environment or what stands
    in for it, a constant of the file."""

    def __init__(self, call: Call, source: SourceFile, text: str) -> None:
        self._call = call
        self._source = source
        self._text = text

    def word(self, written: str, at: int, depth: int) -> Word | None:
        """The word; None where it cannot be told. ``at`` is where the expression stands."""
        written = written.strip().lstrip("+").strip()
        if depth > _DEPTH:
            return None
        if match := _NUMBER.fullmatch(written):
            return Word(match[1], _place(self._source, self._text, at, len(written)))
        if match := _VARIABLE.fullmatch(written):
            variable = self._call.variables.get(match[1] or match[2] or match[3])
            return variable if variable is not None and variable.text else None
        if _GOT.fullmatch(written):
            return self._assigned(r"\.set\(['\"]port['\"],\s*([^;\n]{1,200})\)", depth)
        if re.fullmatch(_NAME, written):
            return self._constant(written, depth)
        match = _CALLED.fullmatch(written)
        if match is not None and _is_balanced(match[1]):
            return self.word(match[1], at, depth + 1)
        if match := _OTHER.fullmatch(written):
            first = self.word(match[1], at, depth + 1)
            return first or self.word(match[2], at, depth + 1) if self._may(match[1]) else first
        return None

    def _may(self, written: str) -> bool:
        """Whether an expression is a variable of the environment that nothing sets, so that the
        other one counts."""
        names = re.findall(_NAME, written)
        bare = _VARIABLE.search(written) is not None
        return bare or any(self._of_environment(name) for name in names)

    def _of_environment(self, name: str) -> bool:
        return any(re.search(one.format(re.escape(name)), self._text) for one in (_FROM, _TAKEN))

    def _constant(self, name: str, depth: int) -> Word | None:
        escaped = re.escape(name)
        found = self._assigned(_CONSTANT.format(escaped), depth)
        if found is not None:
            return found
        match = re.search(_TAKEN.format(escaped), self._text)
        if match is None:
            return None
        variable = self._call.variables.get(name)
        if variable is not None and variable.text:
            return variable
        if match[1] is None:
            return None
        return Word(match[1], _place(self._source, self._text, match.start(1), len(match[1])))

    def _assigned(self, pattern: str, depth: int) -> Word | None:
        """The word of what is assigned once."""
        found = list(re.finditer(pattern, self._text))
        if len(found) != 1:
            return None
        return self.word(found[0][1], found[0].start(1), depth + 1)


def _is_balanced(text: str) -> bool:
    """Whether no bracket closes that was opened before the text."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def _place(source: SourceFile, text: str, at: int, length: int) -> Place:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return Place(source.name, line, column, column + max(length, 1), source.line(line))
