"""What somebody may have meant by a line that is no TOML."""

from __future__ import annotations

import re
from collections.abc import Callable

import tomli

from lint502.patterns import regex

_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_PART = regex(r"""(?:"[^"]*"|'[^']*'|\[[^\]]*\]|[^,"'\[])+""")
"""A pair of an inline table, with commas only in what it quotes or lists."""

_PAIR = r"\s*(?P<key>[A-Za-z0-9_.\"'-]+)\s*=\s*"


def _bare(match: re.Match[str]) -> str | None:
    key, value = match["key"], match["value"].rstrip(" \t,;").strip("“”„‘’«»")
    word = value.lower()
    if word in ("true", "false") or word in _WORDS:
        return f"write {key} = {_WORDS.get(word, word)}"
    if word in ("null", "none", "nil"):
        return "leave the key out: what is not known is not written"
    if re.fullmatch(r"0[0-7]+", value):
        return f'a number does not begin with 0; where it is a mode, quote it: {key} = "{value}"'
    if value.startswith("[") or not value or re.search(r"[\"'=]", value):
        return None
    return f'write {key} = "{value}"'


def _list(match: re.Match[str]) -> str | None:
    words = [word.strip() for word in match["words"].split(",")]
    if not all(re.fullmatch(r"[^\s\"'\[\]{}=]+", word) for word in words):
        return None
    quoted = (word.lstrip("0") if word.isdecimal() else f'"{word}"' for word in words)
    return f"write {match['key']} = [{', '.join(quoted)}]"


def _inline(match: re.Match[str]) -> str | None:
    """What is meant by the first pair of an inline table that is no TOML by itself."""
    pairs = map(str.strip, _PART.findall(match["pairs"]))
    return next((meant_by(pair) for pair in pairs if not _is_toml(pair)), None)


def _is_toml(text: str) -> bool:
    try:
        tomli.loads(text)
    except tomli.TOMLDecodeError:
        return False
    return True


_SLIPS: tuple[tuple[str, Callable[[re.Match[str]], str | None]], ...] = (
    (r"\s*(//|/\*|;|--).*", lambda match: 'a comment begins with "#"'),
    (
        r"\s*(?P<kind>upstream|front|server)\s+(?P<name>[\w.-]+)\s*\{.*",
        lambda match: f"this is no nginx configuration: write [upstream.{match['name']}]",
    ),
    (
        r"\s*(\[{1,2})\s*(?P<kind>upstream|front)\s+[\"']?(?P<name>[\w.-]+)[\"']?\s*\]*.*",
        lambda match: f"write {match[1]}{match['kind']}.{match['name']}{']' * len(match[1])}",
    ),
    (
        r"\s*[\"']?(?P<key>[A-Za-z0-9_-]+)[\"']?\s*:\s*(?P<value>[^\s].*?),?\s*",
        lambda match: f"write {match['key']} = {match['value']}",
    ),
    (
        r"\s*[\"']?(?P<key>[A-Za-z0-9_-]+)[\"']?\s*:\s*\{?",
        lambda match: f"this is TOML, not YAML or JSON: a table is [{match['key']}]",
    ),
    (
        r"\s*(?P<key>[A-Za-z0-9_-]+)\s+(?P<value>[\w\"'][^\s=]*?);?\s*",
        lambda match: f"write {match['key']} = {match['value']}",
    ),
    (
        _PAIR + r"(?P<value>[\"'][^\"']*[\"']|\d+|true|false)\s*[;,]\s*(#.*)?",
        lambda match: "a line of TOML ends without a comma or semicolon",
    ),
    (_PAIR + r"\{(?P<pairs>.*?)\}?\s*(#.*)?", _inline),
    (_PAIR + r"\[(?P<words>[^\]]+)\]\s*(#.*)?", _list),
    (_PAIR + r"(?P<value>[^#]*?)\s*(#.*)?", _bare),
)
_LONGEST = 200


def meant_by(line: str) -> str | None:
    """What to write instead of a line that a TOML parser refuses; None where nobody knows."""
    if len(line) > _LONGEST:
        return None
    for pattern, said in _SLIPS:
        match = re.fullmatch(pattern, line)
        if match is not None and (answer := said(match)) is not None:
            return answer
    return None
