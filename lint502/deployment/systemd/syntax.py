"""The text of systemd's units: settings, words, specifiers.

From systemd.syntax(7) and systemd.unit(5). A quote may stand in the midst of a word, which the
former denies, and the tests of ``extract_first_word()`` show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from lint502.patterns import regex
from lint502.places import Place, SourceFile

BLANK = " \t\n\r"
COMMENT = ("#", ";")
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\",
    '"': '"', "'": "'", "s": " ",
}  # fmt: skip
_NUMBER = regex(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})")
_SPECIFIER = regex(r"%(.?)", re.DOTALL)
_SYSTEM = {"t": "/run", "S": "/var/lib", "C": "/var/cache", "L": "/var/log", "E": "/etc",
           "T": "/tmp", "V": "/var/tmp", "h": "/root", "u": "root", "U": "0"}  # fmt: skip
"""Specifiers as the system's manager has them; that of a user has others."""


class Entry(Struct, frozen=True):
    """A setting of a section, as it is written; its place is that of the value's first line."""

    section: str
    key: str
    value: str
    place: Place


def entries(source: SourceFile) -> Iterator[Entry]:
    """The settings of a unit file, with lines that go on put together."""
    section, line = "", 0
    count = source.text.count("\n") + 1
    while line < count:
        line += 1
        first, text = line, source.line(line).strip(BLANK)
        if not text or text.startswith(COMMENT):
            continue
        parts = []
        while _goes_on(text):
            parts.append(text[:-1])
            line += 1
            while line <= count and source.line(line).lstrip(BLANK).startswith(COMMENT):
                line += 1
            text = source.line(line).strip(BLANK)
        text = " ".join((*parts, text))
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1]
            continue
        key, found, value = text.partition("=")
        if found and section:
            yield Entry(section, key.rstrip(BLANK), value.strip(BLANK), place(source, first))


def _goes_on(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def place(source: SourceFile, line: int) -> Place:
    """The place of a value: what stands behind the ``=`` of a line."""
    text = source.line(line)
    start = text.index("=") + 1 if "=" in text else 0
    start += len(text[start:]) - len(text[start:].lstrip(BLANK))
    end = len(text.rstrip("\\" + BLANK))
    return Place(source.name, line, start + 1, max(end + 1, start + 2), text)


def words(text: str) -> tuple[str, ...] | None:
    """The words of a value, without quotes; None where a quote is not closed, which systemd
    refuses."""
    found: list[str] = []
    word: list[str] | None = None
    quote = ""
    index = 0
    while index < len(text):
        character = text[index]
        index += 1
        if character == "\\":
            put, used = _escaped(text, index)
            index += used
            word = [] if word is None else word
            word.append(put)
        elif quote and character == quote:
            quote = ""
        elif not quote and character in "\"'":
            quote, word = character, [] if word is None else word
        elif not quote and character in BLANK:
            if word is not None:
                found.append("".join(word))
                word = None
        else:
            word = [] if word is None else word
            word.append(character)
    if quote:
        return None
    if word is not None:
        found.append("".join(word))
    return tuple(found)


def _escaped(text: str, index: int) -> tuple[str, int]:
    """What follows a backslash stands for, and how many characters it has; what is no escape stays
    as it is written."""
    character = text[index : index + 1]
    if character in _ESCAPES and character:
        return _ESCAPES[character], 1
    number = _NUMBER.match(text, index)
    if number is None:
        return f"\\{character}", len(character)
    code = int(number[4], 8) if number[4] else int(number[1] or number[2] or number[3], 16)
    is_one = 0 < code < 0xD800 or 0xE000 <= code < 0x110000
    return (chr(code) if is_one else ""), len(number[0])


def resolved(text: str, unit: str, *, of_user: bool) -> str | None:
    """A text with its specifiers put in; None where one is not known: the name of an instance in a
    template, what is the machine's."""
    name = unit.rpartition(".")[0]
    prefix, at, instance = name.partition("@")
    known = {"%": "%", "n": unit, "N": name, "p": prefix}
    if not at or instance:
        known["i"] = instance
    if at and not instance:
        known = {"%": "%", "p": prefix}
    if not of_user:
        known |= _SYSTEM
    parts: list[str] = []
    end = 0
    for match in _SPECIFIER.finditer(text):
        if match[1] not in known:
            return None
        parts += (text[end : match.start()], known[match[1]])
        end = match.end()
    return "".join((*parts, text[end:]))
