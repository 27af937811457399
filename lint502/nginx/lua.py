"""Lua blocks (``content_by_lua_block { … }``): their text follows Lua's rules, not nginx's.

OpenResty finds the closing brace with a Lua lexer; so does this. crossplane's Lua extension does
not know long brackets or escaped quotes, and lacks the newer blocks. Source: the Lua 5.1 manual,
§2.1, and ``ngx_http_lua_conf_read_lua_token()`` of openresty/lua-nginx-module.
"""

from __future__ import annotations

from lint502.patterns import regex

_INTERESTING = regex(r"--\[(=*)\[|--[^\n]*|\[(=*)\[|[\"'{}]")
_QUOTE_OR_PAIR = {quote: regex(rf"\\[\s\S]|{quote}") for quote in "\"'"}


def skip_lua_block(text: str, position: int) -> int:
    """Where the ``}`` stands that closes the block whose ``{`` is before ``position``; -1: none."""
    depth = 1
    while True:
        match = _INTERESTING.search(text, position)
        if match is None:
            return -1
        found = match[0]
        position = match.end()
        if found == "{":
            depth += 1
        elif found == "}":
            depth -= 1
            if not depth:
                return match.start()
        elif found in ("'", '"'):
            position = _string_end(text, position, found)
        elif match[1] is not None or match[2] is not None:
            closing = "]" + (match[1] or match[2] or "") + "]"
            end = text.find(closing, position)
            position = -1 if end == -1 else end + len(closing)
        if position == -1:
            return -1


def _string_end(text: str, position: int, quote: str) -> int:
    search = _QUOTE_OR_PAIR[quote].search
    while match := search(text, position):
        position = match.end()
        if match[0] == quote:
            return position
    return -1
