"""The tokenizer: reads a file as nginx's ``ngx_conf_read_token()`` does, and knows every place.

crossplane's own lexer differs from nginx's (``${var}`` and a blank swallow the next argument, a
``}`` ends a token anywhere, escapes stay undecoded, it has no columns), so its parser is fed from
here. Source: ``src/core/ngx_conf_file.c``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct, field

from lint502.nginx.lua import skip_lua_block
from lint502.patterns import regex

MAX_DEPTH = 200
"""Blocks within blocks; nginx has no limit of its own, but nobody nests deeper than ten."""

MAX_TOKENS = 3_000_000
"""Words, braces, semicolons and comments of one file: they take far more room than its bytes."""

_BUFFER = 4096
"""``NGX_CONF_BUFFER``: what does not fit into it, with its terminator, nginx refuses."""

_PLAIN_TEXT = r"!$%&)*+,\-./0-9:<=>?@A-Z\[\]^_`a-z|~"
_PLAIN = regex(
    r"[ \t\r\n]*(?![^ \t\n;{]*_by_lua_block)"
    rf"([{_PLAIN_TEXT}][{_PLAIN_TEXT} \t]*)(?:;|(?<!\$)\{{)"
)
"""A directive on one line whose words are of such characters as mean only themselves, up to its
semicolon or brace; no Lua. Most are like that, and one match tells all their words."""
_PLAIN_WORD = regex(r"[^ \t]+")

_NEXT = regex(
    r"[ \t\r\n]*(?:"
    r"((?:[^ \t\r\n;{}\"'#\\$]|\\[\s\S]|\$\{*)(?:[^ \t\r\n;{\\$]+|\\[\s\S]|\$\{*){0,4096})"
    r"|(\"[^\"\\]*(?:\\[\s\S][^\"\\]*){0,4096}\"|'[^'\\]*(?:\\[\s\S][^'\\]*){0,4096}')"
    r"|([;{}])"
    r"|(#[^\n]*)"
    r"|([\"'])"
    r"|(\\)"
    r")"
)
_DIRECTIVE, _WORD, _STRING, _SPECIAL, _COMMENT, _QUOTE, _BACKSLASH = range(7)
_ESCAPE = regex(r"\\([\"'\\trn])")
_DECODED = {'"': '"', "'": "'", "\\": "\\", "t": "\t", "r": "\r", "n": "\n"}


class Token(str):
    """A directive or an argument as nginx sees it (escapes decoded), with its place.

    ``end_column`` is the column after the last character, on the line where the token starts.
    The quotes of a quoted token count as part of its place.
    """

    __slots__ = ("column", "end_column", "line", "quoted")

    line: int
    column: int
    end_column: int
    quoted: bool


class Comment(Struct, frozen=True):
    """The text of a comment after its ``#``."""

    line: int
    text: str


class NginxSyntaxError(Exception):
    """nginx would refuse the file; ``str()`` words it, ``line`` and ``column`` are where, both from
    1, the latter None where it is the whole line. ``opened`` is the line that the message ends
    with, where it speaks of another. Up to the offset ``complete`` the text has directives whole,
    the last of them within so many blocks as ``depth`` says."""

    def __init__(
        self, message: str, line: int, opened: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message if opened is None else f"{message} {opened}")
        self.line = line
        self.column = column
        self.complete = self.depth = 0
        self._message = message
        self._opened = opened

    def moved(self, to: Callable[[int], int]) -> NginxSyntaxError:
        """The same for a text whose lines are to be found elsewhere."""
        opened = None if self._opened is None else to(self._opened)
        moved = NginxSyntaxError(self._message, to(self.line), opened)
        moved.complete, moved.depth = self.complete, self.depth
        return moved


class Tokens(Struct, frozen=True):
    """A file's tokens: words are :class:`Token`; ``;``, ``{`` and ``}`` are plain ``str``, and
    where only the directives need a place, so are the arguments of some of them."""

    items: list[str]
    comments: list[Comment] = field(default_factory=list)


def tokenize(text: str, first_line: int = 1, *, places: bool = True) -> Tokens:
    """Split the text of one file into tokens; braces are balanced and nested within bounds.

    Without ``places`` the arguments of a plain directive are no tokens: :func:`placed` finds where
    they stand. Most are never asked for it.

    Raises :class:`NginxSyntaxError` where nginx would stop, and beyond :data:`MAX_DEPTH` and
    :data:`MAX_TOKENS`.
    """
    complete = [0, 0]
    try:
        return _tokenize(text, first_line, complete, places)
    except NginxSyntaxError as error:
        error.complete, error.depth = complete
        raise


def _tokenize(text: str, first_line: int, complete: list[int], places: bool) -> Tokens:
    """See :func:`tokenize`; ``complete`` is then up to where directives are whole, and how deep."""
    items: list[str] = []
    comments: list[Comment] = []
    opened: list[int] = []  # the lines of the blocks that are open
    directive: str | None = None  # the name of the one whose end has not come yet
    position, length = 0, len(text)
    blanks = len(text.rstrip(" \t\r\n"))  # the regex would take long to find nothing in them
    line, line_start, line_end = first_line, 0, _line_end(text, 0)
    append, match_plain, match_next, find = items.append, _PLAIN.match, _NEXT.match, text.find

    while position < blanks:
        if length >= MAX_TOKENS and len(items) + len(comments) >= MAX_TOKENS:
            raise NginxSyntaxError(
                f"more than {MAX_TOKENS} words, braces and comments; lint502 does not read further",
                line,
            )
        special, kind = "", _DIRECTIVE
        match = match_plain(text, position) if directive is None and not places else None
        if match is None or match.end() - position > _BUFFER // 4:
            match = match_next(text, position)
            if match is None:
                break
            kind = match.lastindex or 0
        start, position = match.start(kind or 1), match.end()
        while line_end < start:
            line += 1
            line_start = line_end + 1
            line_end = find("\n", line_start)
            if line_end == -1:
                line_end = length

        if kind == _DIRECTIVE:
            name, *args = match[1].split()
            column = start - line_start + 1
            directive = token_at(name, line, column, column + len(name))
            append(directive)
            items += args
            special = text[position - 1]
        elif kind <= _STRING:
            quoted = kind == _STRING
            if position - start > _BUFFER // 4:
                _check_length(text, start, position, line, quoted)
            raw = text[start + 1 : position - 1] if quoted else match[kind]
            end = position if position < line_end else line_end
            token = token_at(
                _ESCAPE.sub(_decode, raw) if "\\" in raw else raw,
                line,
                start - line_start + 1,
                end - line_start + 1,
                quoted,
            )
            append(token)
            if directive is None:
                directive = token
            if quoted and position < length and text[position] not in " \t\r\n;{)":
                unexpected = text[position]
                shown = unexpected if unexpected.isprintable() else ascii(unexpected)[1:-1]
                raise NginxSyntaxError(
                    f'unexpected "{shown}" after a quoted string; '
                    'nginx wants a blank, ";", "{" or ")" there',
                    line + raw.count("\n"),
                    column=position - text.rfind("\n", 0, position),
                )
        elif kind == _SPECIAL:
            special = match[kind]
        elif kind == _COMMENT:
            if position - start > _BUFFER // 4:
                _check_comment(text, start, position, line)
            comments.append(Comment(line, match[kind][1:].rstrip("\r")))
        elif kind == _QUOTE:
            within = f" within the {_BUFFER} bytes that nginx takes"
            raise NginxSyntaxError(
                f"the string that starts here has no closing {match[kind]}"
                + (within if length - position > _BUFFER else ""),
                line,
                column=start - line_start + 1,
            )
        else:  # a backslash ends the file
            directive = match[kind]
            break

        if special:
            column = position - line_start
            if special == "}":
                if directive is not None:
                    raise NginxSyntaxError(
                        'unexpected "}"; a ";" is missing before it', line, column=column
                    )
                if not opened:
                    raise NginxSyntaxError(
                        'unexpected "}": no block is open here', line, column=column
                    )
                opened.pop()
            else:
                if directive is None:
                    raise NginxSyntaxError(f'unexpected "{special}"', line, column=column)
                if special == "{":
                    if directive.endswith("_by_lua_block"):
                        end = skip_lua_block(text, position)
                        if end == -1:
                            raise NginxSyntaxError(
                                'the Lua block that starts here has no closing "}"',
                                line,
                                column=column,
                            )
                        lua_end = min(end + 1, line_end) - line_start + 1
                        items += (token_at(text[position:end], line, column, lua_end, True), ";")
                        directive, position = None, end + 1
                        complete[0] = position
                        continue
                    opened.append(line)
                    if len(opened) > MAX_DEPTH:
                        raise NginxSyntaxError(
                            f"blocks are nested more than {MAX_DEPTH} levels deep; "
                            "lint502 does not read further",
                            line,
                            column=column,
                        )
                directive = None
            append(special)
            complete[0] = position
            complete[1] = len(opened)

    if directive is not None:
        raise NginxSyntaxError('the file ends before the ";" of this directive', line)
    if opened:
        raise NginxSyntaxError(
            'the file ends before the "}" of the block that opens on line',
            text.count("\n") - text.endswith("\n") + first_line,
            opened[-1],
        )
    return Tokens(items, comments)


def placed(words: tuple[str, ...], text: str, line: int, column: int) -> tuple[Token, ...]:
    """The words of a plain directive as tokens; none where it does not stand there, in the
    ``text`` of a line."""
    plain = _PLAIN.match(text, column - 1)
    found = () if plain is None else tuple(_PLAIN_WORD.finditer(text, *plain.span(1)))
    if tuple(match[0] for match in found) != words:
        return ()
    return tuple(token_at(one[0], line, one.start() + 1, one.end() + 1) for one in found)


def token_at(text: str, line: int, column: int, end_column: int, quoted: bool = False) -> Token:
    """A word at a place."""
    token = Token(text)
    token.line = line
    token.column = column
    token.end_column = end_column
    token.quoted = quoted
    return token


def _line_end(text: str, line_start: int) -> int:
    end = text.find("\n", line_start)
    return len(text) if end == -1 else end


def _decode(match: re.Match[str]) -> str:
    return _DECODED[match[1]]


def _check_length(text: str, start: int, end: int, line: int, quoted: bool) -> None:
    """Refuse a token that nginx's buffer cannot hold together with what must follow it.

    nginx keeps the text of a string without its first quote.
    """
    size = len(text[start + quoted : end].encode("utf-8", "surrogateescape"))
    if size >= _BUFFER or (size == _BUFFER - 1 and text[end : end + 1] in (" ", "\t", "\r", "\n")):
        hint = f"; is its closing {text[start]} missing?" if quoted else ""
        raise NginxSyntaxError(
            f"a parameter of {size} bytes; nginx takes fewer than {_BUFFER}{hint}", line
        )


def _check_comment(text: str, start: int, end: int, line: int) -> None:
    """Comments go through the same buffer, so a long one stops nginx too."""
    size = len(text[start:end].encode("utf-8", "surrogateescape"))
    if size > _BUFFER or (size == _BUFFER and end < len(text)):
        raise NginxSyntaxError(
            f"a comment of {size} bytes on one line; nginx takes fewer than {_BUFFER}", line
        )
