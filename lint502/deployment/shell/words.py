"""The words of a shell's text: what is quoted in them, and what the shell puts in.

https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html, sections 2.2 to 2.6.
"""

from __future__ import annotations

from msgspec import Struct

from lint502.patterns import regex

MAX_NESTED = 20
"""Of ``${A:-${B:-…}}``; what is nested deeper is not known."""

BREAKS = frozenset(" \t\r\n;&|()<>")
"""What ends a word that is not quoted."""

_ORDINARY = regex(r"[^ \t\r\n;&|()<>\\'\"$`]+")
_IN_BRACES = regex(r"[^}/\\'\"$`]+")
_IN_QUOTES = regex(r"[^\\\"$`]+")
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]|[@*#?$!-]")
_NAME_IN_BRACES = regex(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*]")
_OPERATOR = regex(r":?[-+=?]|##?|%%?|//?")


class ShellSyntaxError(Exception):
    """A text that no shell reads; ``str()`` says why: "has a quote that is not closed"."""


class Literal(Struct, frozen=True):
    """Characters that stand for themselves; ``quoted``: also ``*`` and blanks do."""

    text: str
    quoted: bool = False


class Variable(Struct, frozen=True):
    """``$NAME``, or ``${NAME:-word}`` with the operator ``":-"`` and the word behind it; ``/`` has
    a ``replacement``, too."""

    name: str
    operator: str = ""
    word: Word | None = None
    replacement: Word | None = None
    quoted: bool = False


class Substitution(Struct, frozen=True):
    """What only the running shell knows: ``$(command)``, backticks, ``$((…))``, ``<(command)`` and
    rare forms of ``${…}``; ``text`` is as it is written."""

    text: str
    quoted: bool = False


Part = Literal | Variable | Substitution


class Word(Struct, frozen=True):
    """One word, ``"0.0.0.0:$PORT"``; ``start`` is the index of its first character."""

    parts: tuple[Part, ...]
    start: int = 0

    @property
    def literal(self) -> str | None:
        """The text without its quotes; None where the shell puts something in."""
        texts = [one.text for one in self.parts if isinstance(one, Literal)]
        return "".join(texts) if len(texts) == len(self.parts) else None

    @property
    def bare(self) -> str | None:
        """The text, where nothing in it is quoted or put in."""
        if any(not isinstance(one, Literal) or one.quoted for one in self.parts):
            return None
        return self.literal


def read_word(
    text: str, at: int, ends: frozenset[str] = BREAKS, nested: int = 0
) -> tuple[Word, int]:
    """The word that starts at an index, and the index of what ends it. Raises
    :class:`ShellSyntaxError`."""
    start, size = at, len(text)
    parts: list[Part] = []
    plain = _ORDINARY if ends is BREAKS else _IN_BRACES
    while at < size:
        character = text[at]
        if character == "(" and at > start and text[at - 1] in "@!?*+" and ends is BREAKS:
            end = skip(text, at + 1, ")")  # bash's extended patterns
            parts.append(Literal(text[at:end]))
            at = end
        elif character in "<>" and ends is BREAKS and text.startswith("(", at + 1):
            end = skip(text, at + 2, ")")
            parts.append(Substitution(text[at:end]))
            at = end
        elif character in ends:
            break
        elif character == "\\":
            at = _escaped(text, at, parts)
        elif character == "'":
            end = text.find("'", at + 1)
            if end == -1:
                raise ShellSyntaxError("has a quote that is not closed")
            parts.append(Literal(text[at + 1 : end], True))
            at = end + 1
        elif character == '"':
            at = _quoted(text, at + 1, parts, nested)
        elif character in "$`":
            at = _put_in(text, at, parts, False, nested)
        else:
            match = plain.match(text, at)
            end = match.end() if match else at + 1
            parts.append(Literal(text[at:end]))
            at = end
    return Word(_joined(parts), start), at


def read_text(text: str) -> Word:
    """A text that the shell expands as if it were in double quotes, such as a heredoc's."""
    parts: list[Part] = []
    at = 0
    while at < len(text):
        at = _in_quotes(text, at, parts, 0, '"')
    return Word(_joined(parts))


def skip(text: str, at: int, closer: str) -> int:
    """The index after the ``closer`` of what is open at an index."""
    open_ = [closer]
    size = len(text)
    while at < size:
        character = text[at]
        if character == "\\":
            at += 2
            continue
        if character == open_[-1]:
            open_.pop()
            if not open_:
                return at + 1
        elif character == "'" and open_[-1] != '"':
            end = text.find("'", at + 1)
            if end == -1:
                break
            at = end
        elif character == "#" and open_[-1] == ")" and text[at - 1] in " \t\n":
            end = text.find("\n", at)  # a comment
            at = size if end == -1 else end
        elif character in '"`':
            open_.append(character)
        elif character == "$" and text[at + 1 : at + 2] in ("(", "{"):
            at += 1
            open_.append(")" if text[at] == "(" else "}")
        elif character == "(" and open_[-1] == ")":
            open_.append(")")
        at += 1
    raise ShellSyntaxError(f"has something that no {closer} ends")


def _escaped(text: str, at: int, parts: list[Part]) -> int:
    for line_end in ("\n", "\r\n"):
        if text.startswith(line_end, at + 1):
            return at + 1 + len(line_end)
    parts.append(Literal(text[at + 1 : at + 2] or "\\", True))
    return at + 2


def _quoted(text: str, at: int, parts: list[Part], nested: int) -> int:
    parts.append(Literal("", True))
    while at < len(text):
        if text[at] == '"':
            return at + 1
        at = _in_quotes(text, at, parts, nested, "")
    raise ShellSyntaxError("has a quote that is not closed")


def _in_quotes(text: str, at: int, parts: list[Part], nested: int, also: str) -> int:
    """Take a step inside double quotes; ``also`` are characters that mean nothing there."""
    character = text[at]
    if character == "\\":
        following = text[at + 1 : at + 2]
        if following == "\n":
            return at + 2
        escapes = following and following in '$`"\\' and following not in also
        parts.append(Literal(following if escapes else "\\" + following, True))
        return at + 2
    if character in "$`":
        return _put_in(text, at, parts, True, nested)
    match = _IN_QUOTES.match(text, at)
    end = match.end() if match else at + 1
    parts.append(Literal(text[at:end], True))
    return end


def _put_in(text: str, at: int, parts: list[Part], quoted: bool, nested: int) -> int:
    """Take what starts with a dollar sign or a backtick."""
    if text[at] == "`":
        end = skip(text, at + 1, "`")
    elif text.startswith("(", at + 1):
        end = skip(text, at + 2, ")")
    elif text.startswith("{", at + 1):
        return _braces(text, at, parts, quoted, nested)
    elif text.startswith("'", at + 1) and not quoted:
        end = skip(text, at + 2, "'")
    elif text.startswith('"', at + 1) and not quoted:
        return at + 1
    else:
        match = _NAME.match(text, at + 1)
        parts.append(Variable(match[0], quoted=quoted) if match else Literal("$", quoted))
        return match.end() if match else at + 1
    parts.append(Substitution(text[at:end], quoted))
    return end


def _braces(text: str, at: int, parts: list[Part], quoted: bool, nested: int) -> int:
    name = _NAME_IN_BRACES.match(text, at + 2)
    if name is not None and text.startswith("}", name.end()):
        parts.append(Variable(name[0], quoted=quoted))
        return name.end() + 1
    operator = _OPERATOR.match(text, name.end()) if name else None
    if name is None or operator is None or nested >= MAX_NESTED:
        end = skip(text, at + 2, "}")
        parts.append(Substitution(text[at:end], quoted))
        return end
    replacement = None
    ends = frozenset("}/") if operator[0] in ("/", "//") else frozenset("}")
    word, end = read_word(text, operator.end(), ends, nested + 1)
    if text.startswith("/", end):
        replacement, end = read_word(text, end + 1, frozenset("}"), nested + 1)
    if not text.startswith("}", end):
        raise ShellSyntaxError("has something that no } ends")
    parts.append(Variable(name[0], operator[0], word, replacement, quoted))
    return end + 1


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Neighbouring characters as one part."""
    joined: list[Part] = []
    texts: list[str] = []
    for position, one in enumerate(parts):
        if not isinstance(one, Literal):
            joined.append(one)
            continue
        texts.append(one.text)
        following = parts[position + 1] if position + 1 < len(parts) else None
        if not isinstance(following, Literal) or following.quoted != one.quoted:
            joined.append(Literal("".join(texts), one.quoted))
            texts = []
    return tuple(joined)
