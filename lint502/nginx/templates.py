"""Telling templates from configurations: those that envsubst renders, and those in another
language (:mod:`lint502.nginx.template_tags`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from lint502.nginx.builtin import is_builtin, is_open
from lint502.nginx.envsubst import is_upper
from lint502.nginx.lua import skip_lua_block
from lint502.nginx.parse import Directive
from lint502.nginx.rendered import Span
from lint502.nginx.template_names import OTHER_SUFFIXES, STREAM_SUFFIX, SUFFIX
from lint502.nginx.template_tags import tags
from lint502.nginx.tokens import NginxSyntaxError, Token, tokenize
from lint502.patterns import regex
from lint502.places import SourceFile

_COMMENT = regex(r"^[ \t]*#.*$", re.MULTILINE)
"""A line that is a comment, whatever language the template is in."""

_QUOTED = regex(r"\"[^\"\\]*(?:\\[\s\S][^\"\\]*)*\"|'[^'\\]*(?:\\[\s\S][^'\\]*)*'")
_HAS_NO_BRACES = regex(
    r"\w+_pass|listen|server|server_name|upstream|include|root|alias|resolver|keepalive"
    r"|ssl_certificate(?:_key)?|proxy_redirect|\w+_(?:timeout|size|buffers|bind)"
)
"""Directives of which no argument has braces, in a string or not, unless it is a regex."""

_UPPER_ALONE = regex(r"^[ \t]*\$\{([A-Z][A-Z0-9_]*)\}[ \t\r]*$", re.MULTILINE)
_NAMED_CAPTURE = regex(r"\(\?(?:P?<|')([A-Za-z]\w*)[>']", re.ASCII)
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


def has_tags(source: SourceFile) -> bool:
    """Whether a file is a template in another language: by its name, or by a tag where nginx would
    read none, outside strings, comments and Lua."""
    text = source.text
    if not (
        "{{" in text or "{%" in text or "{#" in text or "<%" in text or "<?" in text or "%{" in text
    ):  # written out, for every file is asked
        return False
    if source.name.lower().endswith(OTHER_SUFFIXES):
        return True
    found = [tag for tag in tags(text) if not text.startswith("{#", tag.start)]
    if not found:
        return False
    try:
        read = list(_strings(text))
    except NginxSyntaxError:
        read = [match.span() for match in _COMMENT.finditer(text)]
    read.sort()
    index = 0
    for tag in found:
        while index < len(read) and read[index][1] < tag.end:
            index += 1
        if index == len(read) or tag.start < read[index][0]:
            return True
    return False


def _strings(text: str) -> Iterator[tuple[int, int]]:
    """Where the strings that may hold any text, the comments and the Lua stand, by offsets."""
    tokens = tokenize(text)
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    name = ""
    for token in tokens.items:
        if not isinstance(token, Token):
            name = ""
            continue
        name = name or token
        if token.quoted and not (_HAS_NO_BRACES.fullmatch(name) and not token.startswith("~")):
            start = starts[token.line - 1] + token.column - 1
            match = _QUOTED.match(text, start)
            yield start, skip_lua_block(text, start + 1) if match is None else match.end()
    for comment in tokens.comments:
        end = text.find("\n", starts[comment.line - 1])
        end = len(text) if end == -1 else end
        yield end - len(comment.text.rstrip("\r")) - 2, end


def undefined(source: SourceFile, spans: Iterable[Span], known: Collection[str]) -> frozenset[str]:
    """The names of the variables of a file that have no value: neither one that is given, nor one
    that nginx has or ``known`` names, in small letters, set."""
    template = is_template(source)
    return frozenset(
        span.name
        for span in spans
        if span.name.lower() not in known
        and not (
            is_builtin(span.name) and not (template and is_open(span.name) and is_upper(span.name))
        )
    )


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
