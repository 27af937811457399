"""Lines of lock files, with their places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.patterns import regex
from lint502.places import Place, SourceFile

_BLOCK = regex(
    r'^\[\[packages?\]\]\r?\nname = "(?P<name>[^"\n]*)"\r?\nversion = "(?P<version>[^"\n]*)"',
    re.MULTILINE,
)


def read(repository: Repository, folder: str, name: str) -> SourceFile | None:
    """A file of a folder; None where it is not there or cannot be read."""
    path = repository.absolute(name, folder)
    return repository.text(path) if repository.is_file(path) else None


def text_at(source: SourceFile, start: int, end: int) -> Text:
    """What stands between two offsets, with its place."""
    line = source.text.count("\n", 0, start) + 1
    before = source.text.rfind("\n", 0, start) + 1
    column = start - before + 1
    place = Place(source.name, line, column, column + end - start, source.line(line))
    return Text(source.text[start:end], place)


def matches(source: SourceFile, pattern: re.Pattern[str]) -> Iterator[Text]:
    """The group ``version`` of each match."""
    for match in pattern.finditer(source.text):
        yield text_at(source, match.start("version"), match.end("version"))


def json_data(source: SourceFile) -> dict[str, Any]:
    """The object that a JSON file is; empty where it is none."""
    try:
        data = json.loads(source.text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def json_text(source: SourceFile, key: str, value: str) -> Text:
    """Where a value stands: behind the outermost such key, or at the start of the file where that
    is not seen."""
    pattern = re.compile(rf"^([ \t]*){re.escape(json.dumps(key))}:", re.MULTILINE)
    found = min(pattern.finditer(source.text), key=lambda match: len(match[1]), default=None)
    at = -1 if found is None else source.text.find(json.dumps(value), found.end())
    if at == -1:
        return Text(value, text_at(source, 0, 0).place)
    return text_at(source, at + 1, at + 1 + len(value))


def toml_packages(source: SourceFile, normal: str) -> Iterator[Text]:
    """The versions in the ``[[package]]`` tables of a lock file, for a name in lower case with
    ``-`` for ``_`` and ``.``."""
    for match in _BLOCK.finditer(source.text):
        if normalized(match["name"]) == normal:
            yield text_at(source, match.start("version"), match.end("version"))


def normalized(name: str) -> str:
    """A name as Python's registry compares it.

    Source: https://packaging.python.org/en/latest/specifications/name-normalization/
    """
    return re.sub(r"[-_.]+", "-", name).lower()
