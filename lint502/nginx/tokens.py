"""The tokenizer: reads a file as nginx's ``ngx_conf_read_token()`` does, and knows every place.

crossplane's own lexer differs from nginx's (``${var}`` and a blank swallow the next argument, a
``}`` ends a token anywhere, escapes stay undecoded, it has no columns), so its parser is fed from
here. Source: ``src/core/ngx_conf_file.c``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lint502.nginx.lua import skip_lua_block

MAX_DEPTH = 200
"""Blocks within blocks; nginx has no limit of its own, but nobody nests deeper than ten."""

_BUFFER = 4096
"""``NGX_CONF_BUFFER``: what does not fit into it, with its terminator, nginx refuses."""

_NEXT = re.compile(
    r"[ \t\r\n]*(?:"
    r"(?P<word>(?:[^ \t\r\n;{}\"'#\\$]|\\[\s\S]|\$\{*)"
    r"(?:[^ \t\r\n;{\\$]+|\\[\s\S]|\$\{*){0,4096})"
    r"|(?P<special>[;{}])"
    r"|(?P<quote>[\"'])"
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<backslash>\\)"
    r")"
)
_AFTER_QUOTE = re.compile(r"[ \t\r\n;{)]")
_ESCAPE = re.compile(r"\\([\"'\\trn])")
_DECODED = {'"': '"', "'": "'", "\\": "\\", "t": "\t", "r": "\r", "n": "\n"}
_LUA_HEAD = re.compile(r"[ \t\r\n]*(?:(\$[^ \t\r\n{};]+)[ \t\r\n]*)?\{")


class Token(str):
    """A directive or an argument as nginx sees it (escapes decoded), with its place.

    ``end_column`` is the column after the last character, on the line where the token starts.
    The quotes of a quoted token count as part of its place.
    """

    __slots__ = ("column", "end_column", "line")

    line: int
    column: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Comment:
    """The text of a comment after its ``#``."""

    line: int
    text: str


class NginxSyntaxError(Exception):
    """nginx would refuse the file; ``str()`` words it, ``line`` is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Tokens:
    """A file's tokens as crossplane's parser takes them: ``(token, line, quoted)``."""

    items: list[tuple[str, int, bool]]
    comments: list[Comment] = field(default_factory=list)


def tokenize(text: str, first_line: int = 1) -> Tokens:
    """Split the text of one file into tokens; braces are balanced and nested within bounds.

    Raises :class:`NginxSyntaxError` where nginx would stop, and beyond :data:`MAX_DEPTH`.
    """
    items: list[tuple[str, int, bool]] = []
    comments: list[Comment] = []
    opened: list[int] = []  # the lines of the blocks that are open
    arguments = 0  # words of the directive that is being read
    position = 0
    line, line_start = first_line, 0
    next_newline = text.find("\n")
    length = len(text)
    append, match_next, find = items.append, _NEXT.match, text.find

    while True:
        match = match_next(text, position)
        if match is None:
            break
        kind = match.lastgroup
        start = match.start(match.lastindex or 0)
        while next_newline != -1 and next_newline < start:
            line += 1
            line_start = next_newline + 1
            next_newline = find("\n", line_start)
        position = match.end()

        if kind == "word":
            if position - start > _BUFFER // 4:
                _check_length(text, start, position, line, quote="")
            token = _token(text, start, position, line, line_start, next_newline)
            append((token, line, False))
            arguments += 1
            if arguments == 1 and token.endswith("_by_lua_block"):
                after = _lua(text, position, line, append)
                if after != position:
                    position, arguments = after, 0
        elif kind == "special":
            special = text[start]
            if special == "}":
                if arguments:
                    raise NginxSyntaxError('unexpected "}"; a ";" is missing before it', line)
                if not opened:
                    raise NginxSyntaxError('unexpected "}": no block is open here', line)
                opened.pop()
            else:
                if not arguments:
                    raise NginxSyntaxError(f'unexpected "{special}"', line)
                arguments = 0
                if special == "{":
                    opened.append(line)
                    if len(opened) > MAX_DEPTH:
                        raise NginxSyntaxError(
                            f"blocks are nested more than {MAX_DEPTH} levels deep; "
                            "lint502 does not read further",
                            line,
                        )
            append((special, line, False))
        elif kind == "quote":
            end = _closing_quote(text, position, text[start])
            if end == -1:
                raise NginxSyntaxError(
                    f"the string that starts here has no closing {text[start]}", line
                )
            if end - start > _BUFFER // 4:
                _check_length(text, start + 1, end, line, quote=text[start])
            append((_quoted(text, start, end, line, line_start, next_newline), line, True))
            arguments += 1
            position = end + 1
            if position < length and not _AFTER_QUOTE.match(text, position):
                unexpected = text[position]
                shown = unexpected if unexpected.isprintable() else ascii(unexpected)[1:-1]
                line += text.count("\n", start, position)
                raise NginxSyntaxError(
                    f'unexpected "{shown}" after a quoted string; '
                    'nginx wants a blank, ";", "{" or ")" there',
                    line,
                )
        elif kind == "comment":
            if position - start > _BUFFER // 4:
                _check_comment(text, start, position, line)
            comments.append(Comment(line, text[start + 1 : position].rstrip("\r")))
        else:  # a backslash that ends the file
            arguments += 1
            break

    if arguments:
        raise NginxSyntaxError('the file ends before the ";" of this directive', line)
    if opened:
        raise NginxSyntaxError(
            f'the file ends before the "}}" of the block that opens on line {opened[-1]}',
            text.count("\n") - text.endswith("\n") + first_line,
        )
    return Tokens(items, comments)


def _token(
    text: str, start: int, end: int, line: int, line_start: int, next_newline: int
) -> Token:
    raw = text[start:end]
    token = Token(_ESCAPE.sub(_decode, raw) if "\\" in raw else raw)
    token.line = line
    token.column = start - line_start + 1
    if next_newline != -1 and next_newline < end:  # an escaped line end within a word
        end = next_newline
    token.end_column = end - line_start + 1
    return token


def _quoted(
    text: str, start: int, end: int, line: int, line_start: int, next_newline: int
) -> Token:
    raw = text[start + 1 : end]
    token = Token(_ESCAPE.sub(_decode, raw) if "\\" in raw else raw)
    token.line = line
    token.column = start - line_start + 1
    last = end + 1 if next_newline == -1 or next_newline > end else next_newline
    token.end_column = last - line_start + 1
    return token


def _decode(match: re.Match[str]) -> str:
    return _DECODED[match[1]]


def _closing_quote(text: str, position: int, quote: str) -> int:
    """Where the string that opened before ``position`` ends, or -1."""
    while True:
        end = text.find(quote, position)
        if end == -1:
            return -1
        backslash = text.find("\\", position, end)
        if backslash == -1:
            return end
        position = backslash + 2


def _check_length(text: str, start: int, end: int, line: int, quote: str) -> None:
    """Refuse a token that nginx's buffer cannot hold together with what must follow it."""
    size = len(text[start:end].encode("utf-8", "surrogateescape"))
    size += len(quote)
    follows = text[end + len(quote) : end + len(quote) + 1]
    if size >= _BUFFER or (follows in (" ", "\t", "\r", "\n") and size + 1 >= _BUFFER):
        hint = f"; is its closing {quote} missing?" if quote else ""
        raise NginxSyntaxError(
            f"a parameter of {size} bytes; nginx takes fewer than {_BUFFER}{hint}", line
        )


def _check_comment(text: str, start: int, end: int, line: int) -> None:
    """Comments go through the same buffer, so a long one stops nginx too."""
    size = len(text[start:end].encode("utf-8", "surrogateescape"))
    if (size + 1 >= _BUFFER and end + 1 < len(text)) or size > _BUFFER:
        raise NginxSyntaxError(
            f"a comment of {size} bytes on one line; nginx takes fewer than {_BUFFER}", line
        )


def _lua(
    text: str, position: int, line: int, append: Callable[[tuple[str, int, bool]], None]
) -> int:
    """Take a Lua block, whose text is no nginx text, as one argument; returns where it ends."""
    head = _LUA_HEAD.match(text, position)
    if head is None:
        return position
    end = skip_lua_block(text, head.end())
    if end == -1:
        raise NginxSyntaxError('the Lua block that starts here has no closing "}"', line)
    if head[1] is not None:
        append((head[1], line, False))
    append((text[head.end() : end], line, True))
    append((";", line, False))
    return end + 1
