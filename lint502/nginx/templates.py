"""Telling a template from a configuration: Jinja, Go, ERB and their like, which lint502 does not
read, and those that envsubst renders, which it reads with the values that are given."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator

from lint502.findings import Problem
from lint502.nginx.builtin import is_builtin, is_open
from lint502.nginx.envsubst import FILTER, Span, Values, is_upper
from lint502.nginx.parse import Directive
from lint502.places import SourceFile

SUFFIX, STREAM_SUFFIX = ".template", ".stream-template"
"""What the names of templates end with in nginx's container image."""

COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
"""A line that is a comment, whatever language the template is in."""

_Markers = tuple[tuple[re.Pattern[str], str], ...]

_MARKERS: _Markers = (
    (re.compile(r"<%[-=#]?[^%]*%>"), "ERB or EJS: <% … %>"),
    (re.compile(r"\{%[-+]?\s*\w[^%\n]*%\}"), "Jinja: {% … %}"),
    (re.compile(r"\{\{[^{}\n]*\}\}"), "{{ … }}"),
    (re.compile(r"^[ \t]*\$\{(\w+)\}[ \t]*$", re.MULTILINE), "a directive from ${…}"),
)
_PLACEHOLDER: _Markers = ((re.compile(r"(?<!\$)\{[A-Z][A-Z0-9_]+\}"), "{NAME}"),)
_UPPER_ALONE = re.compile(r"^[ \t]*\$\{([A-Z][A-Z0-9_]*)\}[ \t\r]*$", re.MULTILINE)
_NAMED_CAPTURE = re.compile(r"\(\?(?:P?<|')([A-Za-z]\w*)[>']", re.ASCII)
_DEFINED_BY = {
    "map": slice(1, 2), "split_clients": slice(1, 2), "keyval": slice(1, 2), "geo": slice(-1, None),
    "js_var": slice(1),
}  # fmt: skip
"""Which argument of a directive is the variable that it defines, where it is not a ``set``."""


def is_template(source: SourceFile) -> bool:
    """Whether a file is one for envsubst: by its name, or by a line that is ``${NAME}`` alone,
    which is nothing that nginx would read."""
    return source.name.endswith((SUFFIX, STREAM_SUFFIX)) or (
        "${" in source.text and _UPPER_ALONE.search(source.text) is not None
    )


def template_problem(
    source: SourceFile, *, refused: bool = False, given: Container[str] = ()
) -> Problem | None:
    """The problem to report where a file is a template that is not for envsubst; ``refused``: nginx
    would not read it, so that ``{NAME}`` is no block either. ``given`` are the names that have a
    value."""
    marker = _marker(source.text, given)
    if marker is None and refused:
        marker = _first(COMMENT.sub("", source.text), _PLACEHOLDER)
    if marker is None:
        return None
    line, kind = marker
    return Problem(
        source.name,
        line,
        f"this is a template ({kind}), not what nginx reads: render it first, then check the "
        "result",
    )


def _marker(text: str, given: Container[str]) -> tuple[int, str] | None:
    """The line of the first template marker outside comments, and what it looks like."""
    if not any(start in text for start in ("{{", "{%", "<%", "${")):
        return None
    plain = COMMENT.sub("", text)
    return _first(plain, _MARKERS, given)


def _first(text: str, markers: _Markers, given: Container[str] = ()) -> tuple[int, str] | None:
    found = [
        (match.start(), kind)
        for pattern, kind in markers
        for match in pattern.finditer(text)
        if not match.groups() or not (match[1] in given or is_upper(match[1]))
    ]
    if not found:
        return None
    position, kind = min(found)
    return text.count("\n", 0, position) + 1, kind


def undefined(
    source: SourceFile, spans: Iterable[Span], known: Collection[str], values: Values
) -> tuple[Problem, ...]:
    """A problem for each variable of a file that has no value: neither one that is given, nor one
    that nginx has or ``known`` names, in small letters, set."""
    template = is_template(source)
    first: dict[str, int] = {}
    for span in spans:
        name = span.name
        if name.lower() in known or (is_builtin(name) and not (template and is_open(name))):
            continue
        if template or span.braced:
            first.setdefault(name, span.line)
    return tuple(
        Problem(source.name, line, f"${{{name}}} has no value; {_how(name, values)}")
        for name, line in first.items()
    )


def _how(name: str, values: Values) -> str:
    if values.filtered(name):
        return f"{FILTER} leaves it out"
    return f"give it one with --env {name}=VALUE, with --env-file, or in [env] of lint502.toml"


def set_names(directives: Iterable[Directive]) -> Iterator[str]:
    """The names of the variables that a configuration itself defines, in small letters, for nginx
    tells no others apart."""
    for directive in directives:
        name = directive.name
        which = _DEFINED_BY.get(name)
        if which is None and (name.startswith("set") or name.endswith("_set")):
            which = slice(1)
        if which is not None:
            yield from (arg[1:].lower() for arg in directive.args[which] if arg.startswith("$"))
        for text in (name, *directive.args):
            if "(?" in text:
                yield from (capture.lower() for capture in _NAMED_CAPTURE.findall(text))
        if directive.block is not None:
            inner = directive.block
            yield from set_names(inner)
            if name.startswith("geoip"):
                yield from (one.name[1:].lower() for one in inner if one.name.startswith("$"))
