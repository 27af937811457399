"""Settings that are Ruby code: ``port 3000``, ``bind "tcp://0.0.0.0:3000"``, one call a line.

A call counts where it stands at the top of the file and its arguments are literals or variables of
the environment; one inside of a block makes what it sets unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from lint502.declared.sources.commands.words import UNKNOWN, Variables, Word
from lint502.patterns import regex
from lint502.places import Place, SourceFile

MAX_LINE = 2_000
"""Characters."""

_CALL = regex(r"^(\s*)([a-z_]+)(?:\s+|\s*\()(?![=.|&])(.+?)\)?\s*$")
_NAMES = frozenset(
    ("bind", "port", "ssl_bind", "listen", "timeout", "persistent_timeout", "max_keep_alive")
)
_ENV = regex(
    r"ENV(?:\.fetch\(\s*['\"](\w+)['\"]\s*(?:,\s*([^)]*?))?\s*\)(?:\s*\{\s*([^}]*?)\s*\})?"
    r"|\[\s*['\"](\w+)['\"]\s*\](?:\s*\|\|\s*(['\"]?[\w.:/]+['\"]?))?)(?:\.to_i)?"
)
_ASSIGNED = regex(r"^([a-z_]\w*)\s*=\s*(.+?)\s*$")
_MODIFIER = regex(r"\s(?:if|unless)\s")


class RubySettings(Struct, frozen=True):
    """Calls by name, each with its arguments. ``whole``: no other call of these can be made."""

    made: Mapping[str, Sequence[tuple[Word, ...]]]
    whole: bool

    def calls(self, name: str) -> Sequence[tuple[Word, ...]]:
        """The arguments of each call."""
        return self.made.get(name, ())

    def all(self, name: str) -> list[Word]:
        """The first argument of each call."""
        return [words[0] for words in self.calls(name) if words]

    def last(self, name: str) -> Word | None:
        """The first argument of the last call."""
        found = self.all(name)
        return found[-1] if found else None


def ruby_settings(source: SourceFile, variables: Variables) -> RubySettings:
    """The calls of a file."""
    made: dict[str, list[tuple[Word, ...]]] = {}
    local: dict[str, Word] = {}
    whole = True
    for number, line in enumerate(source.text.split("\n"), 1):
        if len(line) > MAX_LINE:
            whole = False
            continue
        text = line.rstrip("\r")
        bare = re.sub(r"(?:^|\s)#(?!\{).*$", "", text)
        if match := _ASSIGNED.match(bare):
            place = Place(source.name, number, 1, len(text) + 1, text)
            local[match[1]] = _value(match[2], variables, local, place)
            continue
        match = _CALL.match(bare)
        if match is None or match[2] not in _NAMES:
            continue
        start = match.start(2) + 1
        place = Place(source.name, number, start, max(len(bare.rstrip()) + 1, start + 1), text)
        inside = bool(match[1]) or _MODIFIER.search(match[3]) is not None
        if inside:
            whole = False
            made.setdefault(match[2], []).append((Word(UNKNOWN, place),))
            continue
        words = tuple(_value(one, variables, local, place) for one in _arguments(match[3]))
        made.setdefault(match[2], []).append(words)
    return RubySettings(made, whole)


def _arguments(text: str) -> list[str]:
    """The arguments of a call, apart at the commas outside of quotes and brackets."""
    found, depth, quote, current = [], 0, "", ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth <= 0:
            found.append(current.strip())
            current = ""
            continue
        current += character
    balanced = current.strip()
    if depth > 0:
        balanced += ")"
    return [*found, balanced]


def _value(text: str, variables: Variables, local: Mapping[str, Word], place: Place) -> Word:
    """The word that an expression is, with :data:`UNKNOWN` for what cannot be told."""
    text = text.strip()
    if re.fullmatch(r"\d[\d_]*", text):
        return Word(text.replace("_", ""), place)
    if text in local:
        return local[text]
    if match := _ENV.fullmatch(text):
        return _variable(match, variables, place)
    if len(text) > 1 and text[0] == text[-1] == "'" and "'" not in text[1:-1]:
        return Word(text[1:-1], place)
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _interpolated(text[1:-1], variables, local, place)
    return Word(UNKNOWN, place)


def _interpolated(text: str, variables: Variables, local: Mapping[str, Word], place: Place) -> Word:
    found = place
    pieces: list[str] = []
    for number, piece in enumerate(re.split(r"#\{(.*?)\}(?!\})", text)):
        if number % 2 == 0:
            pieces.append(piece)
            continue
        word = _value(piece, variables, local, place)
        pieces.append(word.text)
        found = word.place if word.place.file != place.file else found
    return Word("".join(pieces), found)


def _variable(match: re.Match[str], variables: Variables, place: Place) -> Word:
    name = match[1] or match[4]
    known = variables.get(name)
    if known is not None:
        return known
    other = next((one for one in (match[2], match[3], match[5]) if one), None)
    if other is None:
        return Word(UNKNOWN, place)
    return Word(other.strip().strip("\"'"), place)
