"""The variables of a file of ``EnvironmentFile=``: systemd.exec(5)."""

from __future__ import annotations

from lint502.deployment.systemd.syntax import BLANK, COMMENT, place
from lint502.deployment.texts import Text
from lint502.patterns import regex
from lint502.places import SourceFile

_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")


def variables(source: SourceFile) -> dict[str, Text]:
    """The variables that a file of ``EnvironmentFile=`` sets."""
    found: dict[str, Text] = {}
    text, index = source.text, 0
    line = 1
    while index < len(text):
        stop = text.find("\n", index)
        stop = len(text) if stop < 0 else stop
        key, equals, _ = text[index:stop].partition("=")
        start = index + len(key) + 1
        if not equals or key.lstrip(BLANK).startswith(COMMENT):
            line, index = line + 1, stop + 1
            continue
        value, end = _file_value(text, start)
        name = key.strip(BLANK)
        if _NAME.fullmatch(name):
            found[name] = Text(value, place(source, line))
        line, index = line + text.count("\n", index, end + 1), end + 1
    return found


def _file_value(text: str, index: int) -> tuple[str, int]:
    """A value of such a file, which may be quoted and then have several lines; and where the line
    ends that it ends in."""
    while index < len(text) and text[index] in " \t\r":
        index += 1
    parts: list[str] = []
    quote = text[index : index + 1] if text[index : index + 1] in ("'", '"') else ""
    if quote:
        index += 1
    kept = 0
    while index < len(text):
        character = text[index]
        if quote and character == quote:
            quote, kept = "", len(parts)
        elif character == "\n" and not quote:
            break
        elif character == "\\" and quote != "'":
            index += 1
            following = text[index : index + 1]
            if following != "\n":
                literal = quote == '"' and following not in '"\\`$'
                parts.append(f"\\{following}" if literal else following)
                kept = len(parts)
        else:
            parts.append(character)
            if quote or character not in " \t\r":
                kept = len(parts)
        index += 1
    return "".join(parts[:kept]), index
