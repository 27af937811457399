"""Formats of access logs, as ``log_format`` writes them, and reading a line by one of them.

Source: https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from msgspec import Struct

from lint502.nginx.parse import Directive
from lint502.patterns import regex
from lint502.site import Site

_VARIABLE = regex(r"\$(?:\{(\w+)\}|(\w+))")
_LIST = r'(?:[^\s,"]+(?:(?:, | : )[^\s,"]+)*)?'
"""What nginx writes of each server that it asked: between servers a comma, between groups of them
after an internal redirect a colon."""

_VALUES = {
    "status": r"\d{3}",
    "time_local": r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}",
    "time_iso8601": r"[\dT:+-]+",
    "msec": r"[\d.]+",
}
_REQUEST = r"(?:[A-Z]+ \S* HTTP/[\d.]+|-|)"


class LogFormat(Struct, frozen=True):
    """A ``log_format``: its name, its text, and how values are escaped in it: ``default``,
    ``json`` or ``none``. ``open`` tells that a line may go on after it."""

    name: str
    text: str
    escape: str = "default"
    open: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables in it, in their order."""
        return tuple(match[1] or match[2] for match in _VARIABLE.finditer(self.text))

    def read(self, line: str) -> Mapping[str, str] | None:
        """The values of the variables in a line; None where it is of another format."""
        expression, names = _compiled(self)
        match = expression.match(line)
        if match is None:
            return None
        return {
            name: _unescaped(value, self.escape) if "\\" in value else value
            for name, value in zip(names, match.groups(), strict=True)
        }


COMBINED = LogFormat(
    "combined",
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent"',
)
"""The format that nginx has by itself."""

_MAIN = LogFormat("main", f'{COMBINED.text} "$http_x_forwarded_for"')
"""What the main files of packages have."""

_LONGER = LogFormat("combined and more", COMBINED.text, open=True)


def formats_of(sites: Iterable[Site]) -> tuple[LogFormat, ...]:
    """All formats that a line may have: those of the configurations, then those that are known."""
    found = dict.fromkeys(one for site in sites for one in _configured(site))
    return (*found, _MAIN, COMBINED, _LONGER)


def _configured(site: Site) -> Iterator[LogFormat]:
    for http in site.tree.main.children:
        for directive in http.by_name.get("log_format", ()) if http.name == "http" else ():
            made = _made(directive)
            if made is not None:
                yield made


def _made(directive: Directive) -> LogFormat | None:
    if len(directive.args) < 2:
        return None
    name, *texts = map(str, directive.args)
    escape = "default"
    if texts[0].startswith("escape="):
        escape = texts.pop(0).removeprefix("escape=")
    text = "".join(texts)
    return LogFormat(name, text, escape) if _VARIABLE.search(text) else None


def likeliest(formats: Sequence[LogFormat], lines: Sequence[str]) -> LogFormat | None:
    """The format that most of the lines have; of several, the one that says most. None where no
    line has any."""
    matched = {one: sum(one.read(line) is not None for line in lines) for one in formats}
    best = max(
        matched.items(), key=lambda item: (item[1], len(item[0].variables)), default=(None, 0)
    )
    return best[0] if best[1] else None


@cache
def _compiled(format: LogFormat) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """The expression of a line, and the variables of its groups. No line takes it long: each value
    ends at the first text that can follow it."""
    matches = list(_VARIABLE.finditer(format.text))
    parts = [re.escape(format.text[: matches[0].start()])] if matches else []
    for match, following in zip(matches, [*matches[1:], None], strict=True):
        end = len(format.text) if following is None else following.start()
        literal = format.text[match.end() : end]
        parts.append(f"({_value(match[1] or match[2], literal, format.escape)})")
        parts.append(re.escape(literal))
    ends = "" if format.open else r"\s*$"
    return re.compile("".join(parts) + ends), format.variables


def _value(name: str, literal: str, escape: str) -> str:
    """What a variable can be that this text follows."""
    if name in _VALUES:
        return _VALUES[name]
    if name.startswith("upstream_") and not name.startswith(("upstream_http_", "upstream_cookie")):
        return _LIST
    if not literal:
        return r"\S*"
    if literal[0] == '"' and escape == "json":
        return r'(?:[^"\\]|\\.)*'
    if literal[0] == '"' and escape == "default":
        return '[^"]*'
    if name == "request":
        return _REQUEST
    return f"(?:(?!{re.escape(literal)}).)*"


_ESCAPED = regex(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _unescaped(value: str, escape: str) -> str:
    if escape == "none":
        return value

    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else _LETTERS.get(match[3], match[3])

    return _ESCAPED.sub(character, value)
