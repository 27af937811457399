"""Lines of an error log as people paste them: wrapped, without a beginning or an end, unquoted.

A whole log has a reader of its own; this one takes a line that somebody has copied, and makes as
much of it as can be made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from msgspec import Struct

from lint502.diagnosis import angie_json
from lint502.diagnosis.causes import UNKNOWN, cause_of
from lint502.diagnosis.statements import Statement
from lint502.nginx import error_log
from lint502.nginx.error_log import Phase
from lint502.patterns import regex

MOST_CHARACTERS = 64_000
"""What is looked at of a text; what follows is left out."""

MOST_RECORDS = 20
"""How many different records of a text are explained."""

_LONGEST_MESSAGE = 2_100
_MOST_STARTS = 60
_SHORTEST_PART = 16
"""A part of a message that is shorter could be anything's."""

_MOST_ALIKE = 8
"""A part that more messages have tells nothing."""

_LEVEL = r"\[(?:debug|info|notice|warn|error|crit|alert|emerg)\]"
_START = regex(
    rf"(?:\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d )?{_LEVEL} (?:\d+#\d+: )?(?:\*\d+ )?", re.ASCII
)
_NUMBER = regex(r"(?:\d+#\d+: )?(?:\*\d+ )?", re.ASCII)
_FIELDS = regex(
    r", (?:(?:udp )?client|server|resolver|context|request|subrequest|upstream|host|referrer): "
)
_QUOTED = regex(
    r"(?:, client: [^,]*)?(?:, server: (?P<server>(?:(?!, \w+: ).)*))?"
    r'(?:, request: "(?P<request>.*?)")?'
    r'(?:, subrequest: "(?P<subrequest>[^"]*)")?(?:, upstream: "(?P<upstream>[^"]*)")?'
    r'(?:, host: "(?P<host>[^"]*)")?(?:, referrer: ".*")?',
    re.DOTALL,
)
_LOOSE: Mapping[str, re.Pattern[str]] = {
    "server": re.compile(r", server: ([^,]*)"),
    "request": re.compile(r', request: "?([^"]*? HTTP/[\d.]+)'),
    "subrequest": re.compile(r', subrequest: "?([^",]*)'),
    "upstream": re.compile(r', upstream: "?([^",\s]*)'),
    "host": re.compile(r', host: "?([^",\s]*)'),
}
"""The fields of a line that is cut, or whose quotes are gone."""

_PAINT = regex(r"\x1b\[[\d;]*m")
_QUOTES = {"&quot;": '"', "&#34;": '"', "\u201c": '"', "\u201d": '"', '\\"': '"'}
"""What web pages and programs make of a quote."""

_ELISION = regex(
    r"(?<=[^:\s])\s*(?:\.\.\.|\u2026),?\s*(?=(?:client|server|request|subrequest|upstream|host): )"
)
"""What somebody has left out before a field."""

_BLANKS = regex(r"\s+")
_ERRNO = regex(r"\((\d{1,5}):(?=[A-Z][a-z])")
_OF_WINDOWS = regex(r"\((10\d{3}): (?:[^()]|\([^()]*\)(?::\([^()]*\))?)*\)?")
"""An error of a socket, whatever language the system speaks."""

_TLS = regex(r"(?:\(?SSL: )?(error:[0-9A-Fa-f]{8}:[^`)]*)\)*`*\Z")
_CAPITAL = regex(r"[A-Z][a-z]")
_COLUMNS = regex(r" {4,}")
"""What a terminal leaves where it breaks a line."""

_PART_OF_FIELD = regex(r",(?: \w*)?\Z")
_WHILE = regex(r" while [^()\"]*\Z")
_UNCERTAIN = regex(r"\{\w+\}|\[.*?\]|…")
"""What varies in a text of ``error_log.toml``."""

_TEXTS = ("log", "message", "MESSAGE", "msg", "@message", "textPayload", "line")
"""Where Docker, journald and others that wrap a line in JSON have it."""


class Pasted(Struct, frozen=True):
    """A record as it was pasted, and what it says: several statements where it is cut off before
    it says what nginx was doing, none where it is unknown."""

    text: str
    statements: tuple[Statement, ...]


def records(text: str) -> tuple[Pasted, ...]:
    """What a text says, record by record; each different one once, and a bounded number."""
    blocks = dict.fromkeys(_blocks(_unwrapped(text[:MOST_CHARACTERS])))
    return tuple(map(_record, list(blocks)[:MOST_RECORDS]))


def _unwrapped(text: str) -> str:
    lines = _PAINT.sub("", text).strip("` \t\r\n").splitlines()
    if lines and lines[0].startswith("__CURSOR="):
        lines = [line.removeprefix("MESSAGE=") for line in lines if line.startswith("MESSAGE=")]
    text = "\n".join(_of_json(line) if line.lstrip().startswith("{") else line for line in lines)
    for written, quote in _QUOTES.items():
        text = text.replace(written, quote)
    return _ELISION.sub(", ", text)


def _of_json(line: str) -> str:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return line
    own = angie_json.record(data)
    if own is not None:
        return own
    for name in _TEXTS:
        value = _at(data, name)
        if isinstance(value, str):
            return _of_json(value) if value.startswith('{"time"') else value.rstrip("\n")
    return line


def _at(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, dict) else None


def _blocks(text: str) -> Iterator[str]:
    """The records of a text: from one beginning to the next; else each line, else all of it."""
    starts = [match.start() for match in _START.finditer(text)]
    if starts:
        ends = [*starts[1:], len(text)]
        for start, end in zip(starts, ends, strict=True):
            yield _trimmed(text[start:end], last=end == len(text))
        return
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and not any(map(_whole, lines[:MOST_RECORDS])):
        yield " ".join(lines)
    else:
        yield from lines


def _trimmed(block: str, *, last: bool) -> str:
    """A record without the wrapping of the next one, which stands on a line of its own."""
    head, line_end, wrapping = block.rstrip("\n").rpartition("\n")
    return block.strip() if last or not line_end or not wrapping.strip() else head.strip()


def _whole(text: str) -> bool:
    """Whether a message is in a text, from its beginning to its end."""
    fields = _FIELDS.search(text)
    said = text[: fields.start()] if fields else text
    return any(error_log.find(one) is not None for one in _ends(said.strip()[:_LONGEST_MESSAGE]))


def _ends(text: str) -> Sequence[str]:
    """A text from each of its first words on."""
    starts = [0, *(match.end() for match in re.finditer(r"[\s:>]+", text))]
    return [text[start:] for start in starts[:_MOST_STARTS]]


def _record(text: str) -> Pasted:
    joined = _BLANKS.sub(" ", text)
    for one in dict.fromkeys((text, joined, _BLANKS.sub(" ", _COLUMNS.sub("", text)))):
        found = tuple(_statements(one))
        if found:
            return Pasted(text, found)
    return Pasted(text, ())


def _statements(text: str) -> Iterator[Statement]:
    start = _START.search(text)
    level = ""
    if start is not None:
        level = start[0].partition("[")[2].partition("]")[0]
        text = text[start.end() :]
    else:
        text = text[_NUMBER.match(text).end() :]  # type: ignore[union-attr]
    fields = _FIELDS.search(text)
    said = text[: fields.start()] if fields else _PART_OF_FIELD.sub("", text)
    said = _ERRNO.sub(r"(\1: ", said.strip()[:_LONGEST_MESSAGE])
    said = _OF_WINDOWS.sub(_in_english, said if fields else said.rstrip("."))
    rest = text[fields.start() :] if fields else ""
    there = _fields(rest)
    cut = there is None or not rest.endswith('"') or fields is None
    values = _loosely(rest) if there is None else there
    for message in _messages(said, complete=", client: " in rest or ", context: " in rest):
        yield Statement(level, message, cut=cut, **values)


def _in_english(match: re.Match[str]) -> str:
    words = error_log.windows_errors().get(match[1])
    return match[0] if words is None else f"({words})"


def _fields(rest: str) -> Mapping[str, str] | None:
    """The fields of a line that is whole; None of another."""
    match = _QUOTED.fullmatch(rest.rstrip())
    if match is None or not rest:
        return None
    return {name: value for name, value in match.groupdict().items() if value is not None}


def _loosely(rest: str) -> Mapping[str, str]:
    found = {name: pattern.search(rest) for name, pattern in _LOOSE.items()}
    return {name: match[1] for name, match in found.items() if match is not None and match[1]}


def _messages(said: str, *, complete: bool) -> Sequence[str]:
    """The messages that it may be, whole; those of Lua too. ``complete``: its end is there."""
    ends = _ends(said)
    ends = (*ends, *(one[0].lower() + one[1:] for one in ends if _CAPITAL.match(one)))
    for text in ends:
        if error_log.find(text) is not None:
            return [text]
    for text in () if complete else ends:
        if found := _completed(text):
            return found
    for text in ends:
        if cause_of(Statement("", text)) != UNKNOWN:
            return [text]
    reason = _TLS.search(said)
    if reason is not None:
        return [error_log.line("handshake-failed", reason=reason[1])]
    quoted = _requoted(ends)
    return _begun(said) if quoted is None else [quoted]


def _requoted(texts: Sequence[str]) -> str | None:
    """The message of a text whose quotes a shell took away, with its quotes."""
    for text in texts:
        match = error_log.find(text, quoted=False)
        if match is not None and '"' in match.message.text:
            fields = {name: value.strip('"') for name, value in match.fields.items()}
            return error_log.line(match.message.name, version=None, phase=match.phase, **fields)
    return None


def _completed(text: str) -> list[str]:
    """What a message may be that ends before, or in, what nginx was doing."""
    tail = _WHILE.search(text)
    head, begun = (text[: tail.start()], tail[0].strip()) if tail else (text, "while ")
    found: dict[str, tuple[int, str]] = {}
    phases: tuple[Phase, ...] = get_args(Phase)
    for phase in phases:
        for ending in error_log.endings(phase):
            whole = f"{head} {ending}"
            match = error_log.find(whole) if ending.startswith(begun) else None
            if match is not None and match.message.failure:
                certain = len(_UNCERTAIN.sub("", match.message.text))
                found.setdefault(match.message.name, (certain, whole))
    most = max((certain for certain, _ in found.values()), default=0)
    return [whole for certain, whole in found.values() if certain * 2 > most]


def _begun(text: str) -> list[str]:
    """What a message may be that lacks its beginning, or its end in the middle of a word."""
    if len(text) < _SHORTEST_PART:
        return []
    found: dict[str, str] = {}
    for one in error_log.messages():
        for phase in one.phases:
            whole = error_log.line(one.name, phase=phase)
            if text in whole:
                found.setdefault(one.name, whole)
    return list(found.values()) if len(found) <= _MOST_ALIKE else []
