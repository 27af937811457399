"""Reads a spec file as TOML, whatever the path leads to, and words what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli

from lint502.findings import Problem
from lint502.patterns import regex
from lint502.places import SourceFile
from lint502.quoting import dotted, escape, like_name
from lint502.reading import MissingFileError, Reader, UnreadableError, decode, not_utf8, shown
from lint502.toml import positions
from lint502.toml.slips import meant_by

_LARGEST = 4 * 1024 * 1024
_TOML_PLACE = regex(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TOML_WORDS = {
    "Expected '=' after a key in a key/value pair": 'a "=" is missing after the key',
    "Expected newline or end of document after a statement": "something follows the value",
    "Invalid statement": "this is neither a [table] nor a key with a value",
    "Invalid value": "this is no value; a string needs quotes",
    "Unterminated string": "a string is not closed",
    'Expected "\'"': "a string is not closed",
    "Expected \"'''\"": "a string is not closed",
    "Unclosed array": 'an array is not closed with "]"',
    "Unclosed inline table": 'an inline table is not closed with "}"',
    "Expected ']' at the end of a table declaration": 'a "]" is missing after the table name',
    "Expected ']]' at the end of an array declaration": 'a "]]" is missing after the table name',
}
_TWICE = (
    "Cannot declare",
    "Cannot overwrite",
    "Cannot mutate",
    "Cannot redefine",
    "Duplicate inline table key",
)
_KEY = regex(r"[ \t]*([^=\[#\s][^=\n]*?)[ \t]*=")
_HEADER = regex(r"[ \t]*(\[\[?)([^\]\n]+)\]")


def read_toml(
    path: Path, name: str, reader: Reader | None = None
) -> tuple[SourceFile, dict[str, Any]] | Problem:
    """The text and the data of a TOML file, which reports call ``name``, or why there is none.

    Never waits for anybody to write the file and never reads more than 4 MiB.
    """
    text = _read(path, name, Reader() if reader is None else reader)
    if isinstance(text, Problem):
        return text
    source = SourceFile(name, text)
    try:
        return source, tomli.loads(text)
    except RecursionError:
        return Problem(name, None, "this file cannot be read: its tables or arrays nest too deeply")
    except tomli.TOMLDecodeError as error:
        return _toml_problem(source, str(error))
    except ValueError:  # Python reads no integer of more than 4300 digits
        return Problem(name, None, "this file cannot be read: a number in it is too large")


def _read(path: Path, name: str, reader: Reader) -> str | Problem:
    try:
        text = decode(reader.data(str(path), _LARGEST).removeprefix(b"\xef\xbb\xbf"))
    except MissingFileError as error:
        like = like_name(str(path))
        if like is None:
            return Problem(name, None, str(error))
        there = Path(name).with_name(Path(like).name)
        return Problem(name, None, f"{error}; did you mean {there}?")
    except UnreadableError as error:
        return Problem(name, error.line, f"this file {error}")
    for line, message in not_utf8(text):
        return Problem(name, line, f"this file {message}")
    return text


def _toml_problem(source: SourceFile, error: str) -> Problem:
    """What tomli says, for people; a key or table that is there twice is named."""
    match = _TOML_PLACE.search(error)
    message = error[: match.start()] if match else error
    column: int | None
    if match is not None and match[1]:
        line, column = int(match[1]), int(match[2])
        where = f" in column {column}"
    else:
        line, column = source.text.rstrip("\n").count("\n") + 1, None
        where = " at the end of the file"
    if message.startswith(_TWICE):
        return Problem(source.name, line, _declared_twice(source, line))
    words = escape(_TOML_WORDS.get(message, message[:1].lower() + message[1:]))
    instead = meant_by(source.line(line))
    if instead is not None:
        words += f"; {shown(instead)}"
    return Problem(source.name, line, f"is not valid TOML{where}: {words}", column)


def _declared_twice(source: SourceFile, line: int) -> str:
    """Which key or table is there twice; ``line`` is where the second one ends."""
    before = "".join(f"{text}\n" for text in source.text.split("\n")[: line - 1])
    written = source.line(line)
    header, pair = _HEADER.match(written), _KEY.match(written)
    try:
        if header is not None:
            parts = _parts(header[2])
            first = _line(before, positions.scan(before), parts)
            text = f"{header[1]}{dotted(parts)}{header[1].replace('[', ']')}"
            message = f"{text} is declared twice, first in line {first}"
            if len(parts) == 2 and parts[0] == "upstream":
                message += f"; several listeners are each declared by [[{dotted(parts)}]]"
            return message
        if pair is not None:
            parts = _parts(pair[1])
            first = _line(before, positions.last_table(before), parts)
            return f'"{dotted(parts)}" is declared twice, first in line {first}'
    except (tomli.TOMLDecodeError, AssertionError, LookupError):
        pass  # the second one is a value over several lines: its key is not in this line
    return "this key or table is declared twice"


def _line(text: str, node: positions.Node, path: list[str]) -> int:
    if not node.has(path):
        raise LookupError(path)
    return text.count("\n", 0, node.at(path).start) + 1


def _parts(key: str) -> list[str]:
    """The parts of a dotted key as it is written in the file."""
    parts: list[str] = []
    value: Any = tomli.loads(f"{key} = 0")
    while isinstance(value, dict):
        ((part, value),) = value.items()
        parts.append(part)
    return parts
