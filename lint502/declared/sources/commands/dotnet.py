"""ASP.NET Core's Kestrel.

Sources: https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints,
https://learn.microsoft.com/dotnet/core/compatibility/containers/8.0/aspnet-port
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import (
    assumed,
    bind_fact,
    port_fact,
    speaks,
    stated,
)
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.words import Word
from lint502.patterns import regex
from lint502.places import Place

Facts = dict[str, Fact[Any]]

_PORTS = "https://learn.microsoft.com/dotnet/core/compatibility/containers/8.0/aspnet-port"
_IMAGE = regex(r"mcr\.microsoft\.com/dotnet/(?:nightly/)?aspnet:(\d+)\.\d+")
_URL = regex(r"(https?)://(\[[^\]]*\]|[^:/]*)(?::(\d+))?/?")


def _dotnet(call: Call) -> Result | None:
    options = Options(call.arguments, spelled(urls="--urls"))
    words = options.arguments
    if not words:
        return NOTHING
    first = words[0].text
    if first in ("build", "restore", "publish", "test", "ef", "tool", "new", "--info"):
        return NOTHING
    launch = first in ("run", "watch")
    if not launch and not first.endswith(".dll"):
        return None
    urls = options.last("urls")
    if urls is None and launch:
        # Properties/launchSettings.json may say otherwise
        return None
    return _kestrel(call, urls)


def _kestrel(call: Call, urls: Word | None) -> Result | None:
    endpoints = _endpoints(call)
    if endpoints:
        return Result(("kestrel",), tuple(endpoints))
    urls = urls or call.variable("ASPNETCORE_URLS", "DOTNET_URLS")
    if urls is not None and urls.text:
        made = [_url(call, urls.cut(one.strip())) for one in urls.text.split(";") if one.strip()]
        return Result(("kestrel",), tuple(made))
    made = []
    for name, secure in (("HTTP_PORTS", False), ("HTTPS_PORTS", True)):
        word = call.variable(f"ASPNETCORE_{name}", f"DOTNET_{name}")
        for one in re.split(r"[;,]", word.text) if word is not None else ():
            assert word is not None
            tls = {"tls": stated(secure, word)}
            facts = speaks("http", call.place, "kestrel")
            made.append({**facts, **tls, **port_fact(word.cut(one.strip()))})
    if made:
        return Result(("kestrel",), tuple(made))
    image = call.surroundings.image
    match = None if image is None else _IMAGE.match(image)
    if match is None:
        return None
    facts = speaks("http", call.place, "kestrel")
    facts["port"] = assumed(8080 if int(match[1]) >= 8 else 80, call.place, "the image", _PORTS)
    return Result(("kestrel",), (facts,))


def _url(call: Call, word: Word) -> Facts:
    """``http://+:8080``: any host that is no address stands for all."""
    facts = speaks("http", call.place, "kestrel")
    match = _URL.fullmatch(word.text)
    if match is None:
        return facts
    facts["tls"] = stated(match[1] == "https", word)
    port = match[3] or ("443" if match[1] == "https" else "80")
    return facts | port_fact(word.cut(port)) | bind_fact(word.cut(match[2]))


def _endpoints(call: Call) -> list[Facts]:
    """``Kestrel:Endpoints`` of variables and of ``appsettings.json``, which count most."""
    found = [
        word
        for name, word in call.variables.items()
        if re.fullmatch(r"(?:ASPNETCORE_|DOTNET_)?Kestrel__Endpoints__\w+__Url", name, re.I)
    ]
    if found:
        return [_url(call, word) for word in found]
    source = call.source("appsettings.json")
    if source is None:
        return []
    try:
        data: Any = json.loads(source.text.removeprefix("\ufeff"))
        endpoints = data["Kestrel"]["Endpoints"]
        urls = [one["Url"] for one in endpoints.values()]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return []
    made = []
    for url in urls:
        if not isinstance(url, str):
            continue
        at = source.text.find(json.dumps(url, ensure_ascii=False))
        line = source.text.count("\n", 0, max(at, 0)) + 1
        text = source.line(line)
        made.append(_url(call, Word(url, Place(source.name, line, 1, len(text) + 1, text))))
    return made


PROGRAMS: Mapping[str, Callable[[Call], Result | None]] = {"dotnet": _dotnet}
