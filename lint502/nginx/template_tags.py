"""The tags of template languages, as ``{{ x }}``, ``{% if x %}``, ``<%= x %>``: where they stand in
a file, and what each does to the text around it.

Jinja, Go's templates (Helm, consul-template, confd), Handlebars and Mustache, ERB, EJS, PHP and
Terraform's ``%{ if }`` are told apart tag by tag, not file by file: they share their brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from lint502.patterns import regex

Role = Literal["open", "always", "hidden", "middle", "close"]
"""What a tag does to what follows: opens a block that is rendered or not, one that is rendered as
it stands, or one that is rendered elsewhere; goes on with the other branch; closes a block."""


class Tag(Struct, frozen=True):
    """A tag, by offsets. ``expression`` is what it puts out, None where it puts out nothing."""

    start: int
    end: int
    expression: str | None = None
    roles: tuple[Role, ...] = ()


_START = regex(
    r"\$?\{\{\{|\{\{!--|\$?\{\{|\{%|\{#|<%|<\?(?:=|php\b)|%\{(?=~?\s*(?:if|for|else|endif|endfor)\b)"
)
_ENDS = {"{{{": "}}}", "{{!--": "--}}", "{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>", "%{": "}"}
_END_OF_RAW = regex(r"\{%[-+]?\s*end(?:raw|verbatim)\s*[-+]?%\}")
_WORD = regex(r"\w+")

_JINJA_OPEN = frozenset(("if", "for", "unless", "case"))
_JINJA_ALWAYS = frozenset(
    ("block", "with", "filter", "raw", "verbatim", "autoescape", "trans", "call")
)
_JINJA_HIDDEN = frozenset(("macro", "comment", "capture"))
_JINJA_MIDDLE = frozenset(("else", "elif", "elseif", "elsif", "when"))
_JINJA_OTHER_FILES = frozenset(("include", "extends"))
_GO_BLOCK = regex(r"(if|range|with|define|block)[\s(]+\S")
_GO_ASSIGNMENT = regex(r"\$\w*\s*(?:,\s*\$\w+\s*)?:?=")
_RUBY_OPEN = regex(
    r"(?:if|unless|case|while|until|for|begin)\b|.*\bdo\s*(?:\|[^|]*\|)?$", re.DOTALL
)
_RUBY_MIDDLE = regex(r"(?:else|elsif|when|in|rescue|ensure)\b")
_RUBY_STATEMENT = regex(r"\||end\b|@?\w+\s*(?:\|\|)?=[^=~>]|require\b|include\b")
_PHP_OPEN = regex(r"(?:if|foreach|for|while|switch)\b.*:\s*$", re.DOTALL)
_PHP_MIDDLE = regex(r"(?:else|elseif|else if|case|default)\b.*:\s*$", re.DOTALL)
_PHP_CLOSE = regex(r"end(?:if|foreach|for|while|switch)\b")
_ECHO = regex(r"(?:echo|print)\b\s*")
_STRINGS = regex(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")


def tags(text: str) -> Iterator[Tag]:
    """The tags of a text in their order; what has no end is none."""
    position = 0
    without_end: set[str] = set()
    while match := _START.search(text, position):
        kind = match[0].removeprefix("$")
        closing = _ENDS.get(kind, "?>")
        position = match.end()
        if kind in without_end:
            position = match.start() + 1
            continue
        if text.startswith("<%%", match.start()):
            continue
        end = text.find(closing, position)
        if end == -1:
            if kind.startswith("<?"):
                end = len(text)
            else:
                without_end.add(kind)
                position = match.start() + 1
                continue
        inner, position = text[position:end], min(end + len(closing), len(text))
        tag = _tag(kind, inner, match.start(), position)
        yield tag
        if kind == "{%" and _words(inner)[:1] in (["raw"], ["verbatim"]):
            ended = _END_OF_RAW.search(text, position)
            position = len(text) if ended is None else ended.start()


def _tag(kind: str, inner: str, start: int, end: int) -> Tag:
    if kind in ("{#", "{{!--"):
        return Tag(start, end)
    if kind in ("{%", "%{"):
        return _jinja(inner.strip("-+~ \t\r\n"), start, end)
    if kind == "{{{":
        return Tag(start, end, inner.strip())
    if kind == "{{":
        return _curly(inner.strip("-~ \t\r\n"), start, end)
    if kind == "<?=":
        return Tag(start, end, inner.strip(" \t\r\n;"))
    return _code(inner, start, end, php=kind == "<?php")


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _jinja(inner: str, start: int, end: int) -> Tag:
    word = (_words(inner) or [""])[0]
    if word in _JINJA_OTHER_FILES:
        return Tag(start, end, inner)
    if word in _JINJA_OPEN:
        return Tag(start, end, roles=("open",))
    if word in _JINJA_ALWAYS:
        return Tag(start, end, roles=("always",))
    if word in _JINJA_MIDDLE:
        return Tag(start, end, roles=("middle",))
    if word in _JINJA_HIDDEN or (word == "set" and "=" not in inner):
        return Tag(start, end, roles=("hidden",))
    if word.startswith("end"):
        return Tag(start, end, roles=("close",))
    return Tag(start, end)


def _curly(inner: str, start: int, end: int) -> Tag:
    """A tag in two braces: of Jinja, of Go's templates, or of Mustache and Handlebars."""
    if inner.startswith(("!", "/*")):
        return Tag(start, end)
    if inner in ("^", "else") or inner.startswith(("else ", "else\t")):
        return Tag(start, end, roles=("middle",))
    if inner.startswith(("#>", "#*")):
        return Tag(start, end, roles=("hidden",))
    if inner.startswith(("#", "^")):
        return Tag(start, end, roles=("open",))
    if inner.startswith("/") or inner == "end":
        return Tag(start, end, roles=("close",))
    block = _GO_BLOCK.match(inner)
    if block is not None:
        role: Role = "open"
        if block[1] in ("define", "block"):
            role = "hidden" if block[1] == "define" else "always"
        return Tag(start, end, roles=(role,))
    if _GO_ASSIGNMENT.match(inner) or inner in ("break", "continue"):
        return Tag(start, end)
    return Tag(start, end, inner)


def _code(inner: str, start: int, end: int, *, php: bool) -> Tag:
    """A tag of ERB, EJS or PHP, which holds a language of its own."""
    if not php:
        if inner.startswith("="):
            return Tag(start, end, inner[1:].strip("=-_ \t\r\n"))
        if inner.startswith("#"):
            return Tag(start, end)
    code = inner.strip("-_ \t\r\n")
    if php and (echo := _ECHO.match(code)):
        return Tag(start, end, code[echo.end() :].strip(" \t\r\n;"))
    roles = _roles_of_code(code)
    if not php and not roles and inner.startswith("-") and not _RUBY_STATEMENT.match(code):
        return Tag(start, end, code)  # what EJS puts out as it is
    return Tag(start, end, roles=roles)


def _roles_of_code(code: str) -> tuple[Role, ...]:
    if _PHP_CLOSE.match(code):
        return ("close",)
    if _PHP_MIDDLE.match(code):
        return ("middle",)
    if _PHP_OPEN.match(code):
        return ("open",)
    plain = _STRINGS.sub("", code)
    closed = opened = 0
    for character in plain:
        if character == "{":
            opened += 1
        elif character == "}":
            closed, opened = (closed, opened - 1) if opened else (closed + 1, opened)
    if closed and opened and re.search(r"\}\s*els", plain):
        return (*_times("close", closed - 1), "middle", *_times("open", opened - 1))
    if closed or opened:
        return (*_times("close", closed), *_times("open", opened))
    if re.fullmatch(r"end\b.*", plain, re.DOTALL):
        return ("close",)
    if _RUBY_MIDDLE.match(plain):
        return ("middle",)
    if _RUBY_OPEN.match(plain) and not re.search(r"\bend$", plain):
        return ("open",)
    return ()


def _times(role: Role, number: int) -> tuple[Role, ...]:
    return (role,) * number
