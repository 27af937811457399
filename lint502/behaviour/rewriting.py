"""What the lines of the rewrite module make of a request, as far as it is known.

Every way that they may go is followed. Source: ``ngx_http_rewrite_handler()`` in
``src/http/modules/ngx_http_rewrite_module.c``, and ``src/http/ngx_http_script.c``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from lint502.nginx.parse import Directive
from lint502.nginx.regexes import Search, search
from lint502.nginx.requested_uris import Uri
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tree import Context
from lint502.nginx.variables import Variables
from lint502.patterns import regex

_VARIABLE = regex(r"\$(?:([1-9])|\{(\w+)\}|(\w+))", re.ASCII)
_URLS = ("http://", "https://", "$scheme")
_SENDS_ON = (301, 302, 303, 307, 308)
_REDIRECTS = {"redirect": 302, "permanent": 301}
_MOST_TEXTS = 16
_NO_MATCH = Search(False)
_OF_FILES = regex(r"!?-[fdex]")


class Asked(Struct, frozen=True):
    """What the client has asked for, which stays as it is: the host, None where it is not known;
    the URI with its arguments, None where it is cut. ``headers`` are all that it has sent, with
    names as in ``$http_user_agent``, None where they are not known; ``scheme`` likewise."""

    host: str | None
    target: str | None
    headers: tuple[tuple[str, str], ...] | None = None
    scheme: str | None = None

    def value(self, name: str) -> str | None:
        """A variable that only a header, or the way to nginx, decides; None for another, or where
        that is not known."""
        if name == "scheme":
            return self.scheme
        if self.headers is None:
            return None
        if name.startswith("http_"):
            return self._header(name[5:])
        if name in ("content_type", "content_length"):
            return self._header(name)
        if name.startswith("cookie_"):
            cookies = (one.strip().partition("=") for one in self._header("cookie").split(";"))
            return next((value for key, _, value in cookies if key == name[7:]), "")
        return None

    def _header(self, name: str) -> str:
        assert self.headers is not None, "else nothing is known of any"
        separator = "; " if name == "cookie" else ", "
        return separator.join(value for key, value in self.headers if key == name.lower())


class Request(NamedTuple):
    """A request on its way. ``raw``: the URI is as it came. ``whole``: the URI of a
    ``proxy_pass`` takes the place of the location's, which it does not after a ``break``.
    ``errored``: an ``error_page`` has led here. ``file``: there is a file of this name. ``there``:
    an ``if`` has found a file that it looks for."""

    uri: Uri
    method: str
    raw: bool = True
    whole: bool = True
    internal: bool = False
    errored: bool = False
    file: bool = False
    there: bool = False

    def redirected(self, uri: Uri, *, file: bool = False) -> Request:
        """The request after an internal redirect (``ngx_http_internal_redirect()``)."""
        return self._replace(uri=uri, raw=False, whole=True, internal=True, file=file)


class Left(NamedTuple):
    """A request that goes on; ``level`` is where its settings are from, an ``if`` perhaps.
    ``changed``: the location of its new URI is looked for. ``by`` is the ``rewrite`` that has made
    that URI."""

    level: Context
    request: Request
    changed: bool = False
    by: Directive | None = None


class Answered(NamedTuple):
    """A request that a ``return`` or a ``rewrite`` of a level answers with a status. ``whole``: no
    ``error_page`` counts (``ngx_http_send_response()``). ``there`` is that of the request."""

    level: Context
    status: int
    line: Directive
    whole: bool = False
    there: bool = False


class Rewritten(Struct):
    """What may come of a request: it goes on, or is answered. ``open``: it is not known whether a
    condition of other things than files holds."""

    left: set[Left] = field(default_factory=set)
    answered: set[Answered] = field(default_factory=set)
    open: bool = False


def rewritten(level: Context, request: Request, asked: Asked, variables: Variables) -> Rewritten:
    """What the lines of a server or a location make of a request."""
    run = _Run(level, asked, variables)
    run.found.left |= run.lines(level.items, {Left(level, request)})
    return run.found


def is_of_files(block: Context) -> bool:
    """Whether an ``if`` looks for a file."""
    return bool(block.args) and _OF_FILES.fullmatch(block.args[0]) is not None


class _Run:
    """One run through the lines of a level; what has come to an end is in ``found``."""

    def __init__(self, level: Context, asked: Asked, variables: Variables) -> None:
        self._level = level
        self._asked = asked
        self._variables = variables
        self.found = Rewritten()

    def lines(self, items: Iterable[Directive | Context], going: set[Left]) -> set[Left]:
        """Run lines; gives what goes on behind them."""
        steps: dict[str, Callable[[Directive, Left], Iterable[Left]]] = {
            "break": self._break,
            "return": self._return,
            "rewrite": self._rewrite,
        }
        for item in items:
            before = going
            if isinstance(item, Context):
                if item.name == "if":
                    going = self._if(item, going)
            elif item.name in steps:
                going = {one for left in going for one in steps[item.name](item, left)}
            if item.conditional:
                self.found.open = True
                going = going | before
            if not going:
                break
        return going

    def _if(self, block: Context, going: set[Left]) -> set[Left]:
        result: set[Left] = set()
        for left in going:
            holds = self._holds(block.args, left.request)
            taken, passed = left, left
            if holds is None and is_of_files(block):
                found = left._replace(request=left.request._replace(there=True))
                taken, passed = (left, found) if block.args[0].startswith("!") else (found, left)
            elif holds is None:
                self.found.open = True
            if holds is not True:
                result.add(passed)
            if holds is not False:
                level = left.level if self._level.name == "server" else block
                result |= self.lines(block.items, {taken._replace(level=level)})
        return result

    def _break(self, _: Directive, left: Left) -> Iterable[Left]:
        request = left.request
        if left.changed:
            request = request._replace(whole=False)
        self.found.left.add(left._replace(request=request, changed=False))
        return ()

    def _return(self, line: Directive, left: Left) -> Iterable[Left]:
        if line.args:
            code = line.args[0]
            status = int(code) if code.isdecimal() else 302
            sent = len(line.args) > 1 or status < 400
            self._answered(left, status, line, whole=sent and status not in _SENDS_ON)
        return ()

    def _answered(self, left: Left, status: int, line: Directive, *, whole: bool = False) -> None:
        there = left.request.there
        self.found.answered.add(Answered(left.level, status, line, whole, there))

    def _rewrite(self, line: Directive, left: Left) -> Iterable[Left]:
        if len(line.args) < 2:
            return
        request = left.request
        regex, replacement, flag = line.args[0], line.args[1], "".join(line.args[2:3])
        match = search(regex, request.uri.text, whole=not request.uri.open)
        if match.matches is not True:
            yield left
        if match.matches is False:
            return
        if flag in _REDIRECTS or replacement.startswith(_URLS):
            self._answered(left, _REDIRECTS.get(flag, 302), line)
            return
        path = replacement.partition("?")[0]
        for uri in texts(path, request, self._asked, self._variables, self._level, match):
            new = request._replace(uri=uri, raw=False, file=False)
            if flag == "break":
                new = new._replace(whole=False)
                self.found.left.add(left._replace(request=new, changed=False, by=line))
            elif flag == "last":
                self.found.left.add(left._replace(request=new, changed=True, by=line))
            else:
                yield left._replace(request=new, changed=True, by=line)

    def _holds(self, args: Sequence[str], request: Request) -> bool | None:
        """Whether a condition holds; None where that is not known."""
        name = _VARIABLE.fullmatch(args[0]) if args else None
        value = value_of(name[2] or name[3] or "", request, self._asked) if name else None
        if value is None or (value.open and len(args) < 3):
            return None
        if len(args) == 1:
            return value.text not in ("", "0")
        if len(args) != 3 or UNKNOWN in args[2]:
            return None
        _, operator, other = args
        if operator in ("=", "!="):
            if "$" in other:
                return None
            same = value.may_be(other)
            return None if value.open and same else same == (operator == "=")
        matched = search(
            other, value.text, case=not operator.endswith("*"), whole=not value.open
        ).matches
        return matched if matched is None else matched != operator.startswith("!")


def texts(
    template: str,
    request: Request,
    asked: Asked,
    variables: Variables,
    level: Context,
    match: Search = _NO_MATCH,
) -> list[Uri]:
    """What a text with variables can become at a level; ``match`` has its captures."""
    found = [Uri("")]
    position = 0
    for variable in _VARIABLE.finditer(template):
        literal = template[position : variable.start()]
        position = variable.end()
        values = _values(variable, request, asked, variables, level, match)
        found = [_joined(one, literal, value) for one in found for value in values]
        found = list(dict.fromkeys(found))
        if len(found) > _MOST_TEXTS:
            return [Uri("", open=True)]
    return [_joined(one, template[position:], Uri("")) for one in found]


def _values(
    variable: re.Match[str],
    request: Request,
    asked: Asked,
    variables: Variables,
    level: Context,
    match: Search,
) -> list[Uri]:
    if variable[1]:
        captured = match.group(int(variable[1]))
        return [Uri("", open=True) if captured is None else Uri(captured)]
    name = variable[2] or variable[3]
    value = value_of(name, request, asked)
    if value is not None:
        return [value]
    known = variables.expand(f"${{{name}}}", level)
    if known is None or len(known) > _MOST_TEXTS:
        return [Uri("", open=True)]
    return [_known(one.text) for one in known]


def _known(text: str) -> Uri:
    start, unknown, _ = text.partition(UNKNOWN)
    return Uri(start, bool(unknown))


def _joined(start: Uri, literal: str, end: Uri) -> Uri:
    return start if start.open else Uri(start.text + literal + end.text, end.open)


def value_of(name: str, request: Request, asked: Asked) -> Uri | None:
    """A variable that the request decides; None for another, or where that is not known."""
    if name in ("uri", "document_uri", "fastcgi_script_name"):
        return request.uri
    if name == "request_method":
        return Uri(request.method)
    if name == "host" and asked.host is not None:
        return Uri(asked.host)
    if asked.target is not None:
        if name == "request_uri":
            return Uri(asked.target)
        if name in ("args", "query_string", "is_args") and request.raw:
            arguments = asked.target.partition("?")[2]
            return Uri(("?" if arguments else "") if name == "is_args" else arguments)
        if name.startswith("arg_") and request.raw:
            return Uri(_argument(asked.target.partition("?")[2], name[4:]))
    given = asked.value(name)
    return None if given is None else Uri(given)


def _argument(arguments: str, name: str) -> str:
    """The value of an argument, the first of its name (``ngx_http_arg()``)."""
    pairs = (one.partition("=") for one in arguments.split("&"))
    found = (value for key, equals, value in pairs if equals and key.lower() == name.lower())
    return next(found, "")
