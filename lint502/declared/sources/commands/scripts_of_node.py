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
from lint502.places import Place, SourceFile

MAX_CHARACTERS = 200_000

_COMMENT = re.compile(r"(?<![:\"'])//[^\n]*")
_LISTEN = re.compile(
    r"(?:\.listen|\b(?:Bun|Deno)\.serve)\s*\(\s*(?:\{[^{}]{0,200}?\bport\s*:\s*)?((?:\([^()]*\)|[^,;(){}\n]){1,200})"
)
_OTHER_KINDS = re.compile(
    r"\b(?:https|http2|net|tls|dgram)\s*\.\s*create|createSecureServer|[\"'](?:node:)?(?:https|http2|tls)[\"']"
)
_FRAMEWORKS = (
    (re.compile(r"\bNestFactory\b"), "nest"),
    (re.compile(r"\b[Ff]astify\s*\("), "fastify"),
    (re.compile(r"\bexpress\s*\("), "express"),
    (re.compile(r"\bhttp\.createServer\b|\bnew Koa\b"), "node"),
)
_TIMES = re.compile(r"keepAliveTimeout|headersTimeout")
_NUMBER = re.compile(r"\d{1,5}")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_VARIABLE = re.compile(r"(?:process\.env|Bun\.env)(?:\.(\w+)|\[['\"](\w+)['\"]\])")
_WRAPPED = re.compile(r"(?:Number|parseInt|Number\.parseInt|\+)\s*\(?\s*(.*?)(?:,\s*10\s*)?\)?$")
_CONVERTED = re.compile(
    r"(?:Number(?:\.parseInt)?|parseInt|\+)\s*\(?\s*(process\.env\.\w+|[A-Za-z_$][\w$]*)\s*(?:,\s*10\s*)?\)?(?=\s|$)"
)
_OTHER = re.compile(r"^\s*(?:\|\||\?\?)\s*['\"]?(\d{1,5})['\"]?$")


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
    word = _port(call, source, text, found[0][1].strip(), found[0].start(1), 0)
    facts = {} if word is None else port_fact(word)
    if not facts:
        return None
    profile = next((name for form, name in _FRAMEWORKS if form.search(text)), None)
    if profile is None or _OTHER_KINDS.search(text):
        return facts
    return facts | speaks("http", call.place, None if _TIMES.search(text) else profile)


def _port(
    call: Call, source: SourceFile, text: str, written: str, at: int, depth: int
) -> Word | None:
    """The word that an expression is: a number, a variable of the environment or what stands in
    for it, a constant of the file."""
    place = _place(source, text, at, len(written))
    written = _CONVERTED.sub(r"\1", written).strip()
    if _NUMBER.fullmatch(written.strip("'\"")):
        return Word(written.strip("'\""), place)
    if match := _VARIABLE.match(written):
        name = match[1] or match[2]
        rest = written[match.end() :]
        variable = call.variables.get(name)
        if variable is not None and variable.text:
            return variable
        other = _OTHER.match(rest)
        return None if other is None else Word(other[1], place)
    if depth < 3 and _NAME.fullmatch(written):
        pattern = rf"(?:const|let|var)\s+{re.escape(written)}\b(?:\s*:\s*[\w |]+)?\s*=\s*"
        assigned = list(re.finditer(pattern + r"([^;\n]{1,200})", text))
        if len(assigned) == 1:
            match = assigned[0]
            return _port(call, source, text, match[1].strip(), match.start(1), depth + 1)
        return None
    if depth < 3 and (wrapped := _WRAPPED.fullmatch(written)):
        return _port(call, source, text, wrapped[1], at + wrapped.start(1), depth + 1)
    return None


def _place(source: SourceFile, text: str, at: int, length: int) -> Place:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return Place(source.name, line, column, column + max(length, 1), source.line(line))
