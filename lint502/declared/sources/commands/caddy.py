"""Caddy: its commands and the site addresses of a Caddyfile.

Sources: https://caddyserver.com/docs/command-line, https://caddyserver.com/docs/caddyfile/concepts,
https://caddyserver.com/docs/automatic-https
"""

from __future__ import annotations

import re
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import default, port_fact, speaks, stated
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.deployment.texts import Unread
from lint502.patterns import regex
from lint502.places import Place, SourceFile

Facts = dict[str, Fact[Any]]

MAX_LINE = 2_000
"""Characters."""

_COMMAND_LINE = "https://caddyserver.com/docs/command-line"
_VARIABLE = regex(r"\{\$(\w+)(?::([^}]*))?\}")


def caddy(call: Call) -> Result | None:
    """What a command of Caddy listens at."""
    command = call.arguments[0].text if call.arguments else ""
    options = Options(
        call.arguments[1:],
        spelled(
            config="-c --config", source="--from", listen="-l --listen", domain="-d --domain",
            other="-t --to -r --root -a --adapter",
        ),
    )  # fmt: skip
    if command in ("run", "start"):
        return _run(call, options.last("config"), command == "start")
    if command == "reverse-proxy":
        source = options.last("source")
        if source is None:
            return Result(("caddy",), ({},), whole=False)
        return Result(("caddy",), tuple(_site(call, source, {}, False)))
    if command == "php-server" and call.name != "frankenphp":
        return NOTHING
    if command in ("file-server", "php-server"):
        listen, domain = options.last("listen"), options.last("domain")
        if domain is not None:
            return Result(("caddy",), ({},), whole=False)
        facts = speaks("http", call.place, "caddy")
        if listen is None:
            facts["port"] = default(80, call.place, "caddy file-server", _COMMAND_LINE)
            return Result(("caddy",), (facts,))
        return Result(("caddy",), tuple(_site(call, listen, {}, False)))
    return NOTHING


def _run(call: Call, named: Word | None, background: bool) -> Result:
    usual = ("Caddyfile", f"/etc/{call.name}/Caddyfile")
    paths = usual if named is None else (named.text,)
    source = call.first_source(*paths)
    if source is None and call.name == "frankenphp" and named is None:
        return _frankenphp(call)
    if source is None or source.text.lstrip().startswith(('{"', '{\n  "', '{\n\t"')):
        place = call.place if named is None else named.place
        unread = Unread(place, "Caddy's configuration cannot be read")
        return Result(("caddy",), ({},), False, (unread,), background)
    addresses, options, whole = _blocks(call, source)
    made: dict[tuple[Any, Any], Facts] = {}
    for word, secure in addresses:
        for facts in _site(call, word, options, secure):
            tls, port = facts.get("tls"), facts.get("port")
            key = (tls and tls.value, port.value if port is not None else word.text)
            made.setdefault(key, facts)
    return Result(("caddy",), tuple(made.values()), whole, (), background)


def _frankenphp(call: Call) -> Result:
    """FrankenPHP's own Caddyfile takes the addresses of its one site from SERVER_NAME.

    Source: https://frankenphp.dev/docs/config/#environment-variables
    """
    names = call.variable("SERVER_NAME") or Word("localhost", call.place)
    addresses = [names.cut(name) for name in names.text.replace(",", " ").split()]
    made = [facts for word in addresses for facts in _site(call, word, {}, False)]
    for facts in made:
        facts.pop("server", None)
    return Result(("frankenphp",), tuple(made))


def _blocks(
    call: Call, source: SourceFile
) -> tuple[list[tuple[Word, bool]], dict[str, Word], bool]:
    """The addresses of the sites, each with whether its block has ``tls``; global options; whether
    these are all."""
    addresses: list[Word] = []
    secure: list[bool] = []
    options: dict[str, Word] = {}
    depth, whole, globally, current = 0, True, False, 0
    first = True
    for number, line in enumerate(source.text.split("\n"), 1):
        text = line.rstrip("\r")
        if len(text) > MAX_LINE:
            whole = False
            continue
        bare = re.sub(r"(?:^|\s)#.*$", "", text).strip()
        if not bare:
            continue
        place = Place(source.name, number, 1, len(text) + 1, text)
        words = bare.split()
        if depth == 0 and bare not in ("{", "}"):
            globally, current = False, len(addresses)
            if words[0] == "import":
                whole = False
                continue
            opened = words[-1] == "{"
            if not bare.startswith("(") and (opened or first):
                names = words[:-1] if opened else words
                for name in " ".join(names).replace(",", " ").split():
                    addresses.append(_expanded(call, Word(name, place)))
                    secure.append(False)
            if not opened and first:
                depth = 1
            first = False
        elif depth == 0 and bare == "{" and first:
            globally, first = True, False
        elif depth == 1 and globally and len(words) > 1:
            options[words[0]] = _expanded(call, Word(words[1], place))
        elif depth == 1 and words[0] == "tls":
            for index in range(current, len(secure)):
                secure[index] = True
        depth += words.count("{") - words.count("}")
        depth = max(depth, 0)
    return list(zip(addresses, secure, strict=True)), options, whole


def _expanded(call: Call, word: Word) -> Word:
    """With ``{$NAME:other}`` put in."""
    found = word

    def value(match: re.Match[str]) -> str:
        nonlocal found
        variable = call.variables.get(match[1])
        if variable is not None:
            found = variable
            return variable.text
        return match[2] if match[2] is not None else UNKNOWN

    text = _VARIABLE.sub(value, word.text)
    return Word(text, found.place, min(found.standing, word.standing))


def _site(call: Call, word: Word, options: dict[str, Word], secure: bool) -> list[Facts]:
    """The listeners of a site's address; one with a name is served by HTTPS, and redirected to
    that."""
    facts = speaks("http", call.place, "caddy")
    if not word.known:
        return [facts]
    match = re.fullmatch(r"(?:(https?)://)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?(/.*)?", word.text)
    if match is None:
        return [{}]
    scheme, host, port, _ = match.groups()
    http, https = options.get("http_port"), options.get("https_port")
    automatic = options.get("auto_https")
    plain = scheme == "http" or (not host and scheme is None and not secure) or port == "80"
    if automatic is not None and automatic.text == "off" and scheme is None and not secure:
        plain = port != "443"
    usual = (http or word.cut("80")) if plain else (https or word.cut("443"))
    at = port_fact(word.cut(port) if port else usual)
    if plain and port == "443":
        return [{**facts, **at}]
    made = [{**facts, **at, "tls": stated(not plain, word)}]
    if not plain and host and automatic is None:
        made.append({**facts, **port_fact(http or word.cut("80")), "tls": stated(False, word)})
    return made
