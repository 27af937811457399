"""Whether requests get to a pass: ``return`` and ``rewrite`` may take them all away before."""

from __future__ import annotations

from msgspec import Struct

from lint502.nginx.literals import Literal
from lint502.nginx.locations import prefix_of
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context, once_a_context
from lint502.patterns import regex

ANY_URI = regex(r"\^|\$|\^?/?(?:\.\*|\(\.\*\))\$?|\^?(?:/|\.\+\$?|\(\.\+\)\$?)")
"""Regular expressions that any URI matches, as people write them."""

_REDIRECTS = (301, 302, 303, 307, 308)
_URLS = ("http://", "https://", "$scheme")
"""What a ``rewrite`` has to begin with to send the client there (``ngx_http_rewrite()``)."""


class Unreached(Struct, frozen=True):
    """Why no request gets to a hop, as a clause, and the line that brings it about, if one does.
    ``reported`` is False where the line stands beside the pass for all to see, or another rule
    speaks of it."""

    why: str
    line: Directive | None = None
    reported: bool = True


class Answer(Struct, frozen=True):
    """What a location answers by itself; ``final`` where no ``error_page`` that has led there says
    another status. ``written`` are the arguments of a ``return`` that answers so."""

    status: int
    final: bool
    written: tuple[str, ...]


def certain_answer(level: Context) -> Answer | None:
    """What a ``return`` or a ``rewrite`` of a location answers to every request; None where other
    parts of it do, or that is not certain."""
    line = _last_line(level)
    if line is None or not line.args:
        return None
    if line.name == "rewrite":
        permanent = line.args[2:3] == ("permanent",)
        leaves = permanent or line.args[2:3] == ("redirect",) or line.args[1].startswith(_URLS)
        status = 301 if permanent else 302
        return Answer(status, True, (str(status), line.args[1])) if leaves else None
    code = line.args[0]
    if not code.isdecimal():
        return None if "$" in code and not code.startswith(_URLS) else Answer(302, True, line.args)
    status = int(code)
    final = status in _REDIRECTS or (status >= 400 and len(line.args) == 1)
    return Answer(status, final, line.args)


def is_cut_off(context: Context) -> bool:
    """Whether a ``return`` or a ``rewrite`` of the location or the server answers, or leads
    elsewhere, before a hop is reached; for each method."""
    excepted = False
    for level in context.up():
        if level.name == "limit_except":
            if denies_all(level):
                return True
            excepted = True
        elif level.name == "location":
            skips = excepted or (level is context and passing_limit(level) is not None)
            server = level.enclosing("server")
            return (not skips and level_returns(level)) or (
                server is not None and level_returns(server) and not _goes_on_at(server, level)
            )
        elif level_returns(level):
            return True
    return False


def _goes_on_at(server: Context, location: Context) -> bool:
    """Whether what a server answers to every request goes on at a named location, by
    ``error_page``: these lines of the server do not run again there
    (``ngx_http_named_location()``)."""
    answer = certain_answer(server)
    if answer is None or not answer.final:
        return False
    return leads_to(server, str(answer.status), location)


def leads_to(level: Context, status: str, location: Context) -> bool:
    """Whether an ``error_page`` in effect at a level leads from a status to a named location."""
    name = location.args[-1] if location.args else ""
    around = (one.by_name["error_page"] for one in level.up() if "error_page" in one.by_name)
    lines = (line for line in next(around, ()) if status in line.args[:-1])
    page = next((line.args[-1] for line in lines), "")
    return name.startswith("@") and (page == name or "$" in page)


def passing_limit(location: Context) -> Context | None:
    """The ``limit_except`` of a location whose methods go on to the pass of the location: it lets
    somebody through, and has no pass of its own. For these methods the lines of the rewrite module
    in the location do not run (``ngx_http_update_location_config()``)."""
    limit = limit_of(location)
    if limit is None or denies_all(limit) or any(name.endswith("_pass") for name in limit.by_name):
        return None
    return limit


@once_a_context
def limit_of(location: Context) -> Context | None:
    """The ``limit_except`` of a location; of several the last one counts."""
    limits = [child for child in location.children if child.name == "limit_except"]
    return limits[-1] if limits else None


def denies_all(limit: Context) -> bool:
    """Whether a ``limit_except`` lets nobody through."""
    if limit.conditional or any("satisfy" in level.uncertain for level in limit.up()):
        return False
    satisfied = (line for level in limit.up() for line in level.by_name.get("satisfy", ()))
    if any(line.args == ("any",) for line in satisfied):
        return False
    return denial(limit) is not None


@once_a_context
def denial(level: Context) -> Directive | None:
    """The ``deny all`` of a level that turns everybody away: the access rules are gone through in
    their order."""
    if "deny" not in level.by_name or "allow" in level.uncertain:
        return None
    for item in level.items:
        if isinstance(item, Directive) and item.name == "allow":
            return None
        if isinstance(item, Directive) and item.name == "deny" and item.args == ("all",):
            return item
    return None


def level_returns(level: Context) -> bool:
    """Whether a line of the rewrite module certainly lets no request stay."""
    return _last_line(level) is not None


@once_a_context
def _last_line(level: Context) -> Directive | None:
    """The line of the rewrite module that certainly runs and lets no request stay, if there is one:
    a ``break`` before it, also by ``rewrite`` or in an ``if``, ends these lines at this level."""
    if "return" not in level.by_name and "rewrite" not in level.by_name:
        return None
    if not level.uncertain.keys().isdisjoint(("break", "rewrite")):
        return None
    for index, item in enumerate(level.items):
        if isinstance(item, Context):
            if item.name == "if" and any(_breaks(line) for line in item.items):
                return None
        elif item.name == "return" or _leaves(level, index, item):
            return item
        elif _breaks(item):
            return None
    return None


def _leaves(level: Context, index: int, line: Directive) -> bool:
    """Whether a ``rewrite`` takes every request away: to a URL, or from a location to the one of
    its new URI, unless it or a later line says ``break`` (``ngx_http_script_regex_start_code()``).
    """
    if line.name != "rewrite" or len(line.args) < 2 or not _matches_all(line.args[0], level):
        return False
    flag = line.args[2] if len(line.args) > 2 else ""
    if flag in ("redirect", "permanent") or line.args[1].startswith(_URLS):
        return True
    if level.name == "server" or flag == "break":
        return False
    if flag == "last":
        return True
    return level.name == "location" and not any(map(_stays, level.items[index + 1 :]))


def _matches_all(regex: str, level: Context) -> bool:
    """Whether a regular expression matches every URI of a level, unless that has changed."""
    if ANY_URI.fullmatch(regex) is not None:
        return True
    location = level.enclosing("location")
    prefix = None if location is None else prefix_of(location)
    literal = None if prefix is None else Literal.of("~", regex)
    return prefix is not None and literal is not None and literal.is_in(prefix)


def _stays(item: Directive | Context) -> bool:
    return any(map(_breaks, item.items)) if isinstance(item, Context) else _breaks(item)


def _breaks(item: Directive | Context) -> bool:
    if isinstance(item, Context):
        return False
    return item.name == "break" or (
        item.name == "rewrite" and item.args[2:] in (("break",), ("last",))
    )
