"""ASGI servers: uvicorn, Hypercorn, Daphne, Granian, and ``fastapi``, which runs uvicorn.

Sources: https://www.uvicorn.org/settings/, https://fastapi.tiangolo.com/fastapi-cli/,
https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html,
https://github.com/django/daphne (``daphne/cli.py``),
https://github.com/emmett-framework/granian (``granian/cli.py``)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import tomli

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import (
    address,
    bind_fact,
    default,
    is_set,
    mode_fact,
    port_fact,
    size_fact,
    socket_fact,
    speaks,
    stated,
    time_fact,
)
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.words import Word
from lint502.deployment.texts import Unread
from lint502.places import Place

Facts = dict[str, Fact[Any]]

_UVICORN = "https://www.uvicorn.org/settings/"
_FASTAPI = "https://fastapi.tiangolo.com/fastapi-cli/"
_HYPERCORN = "https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html"
_DAPHNE = "django/daphne@4.2.3:daphne/cli.py"
_GRANIAN = "emmett-framework/granian@v2.8.7:granian/cli.py"


class _Click:
    """Options of which each has a variable too, ``UVICORN_PORT`` of ``--port``."""

    def __init__(self, call: Call, prefix: str, names: Mapping[str, str]) -> None:
        self.line = Options(call.arguments, names)
        self._variables = {
            name: word for name in names.values() if (word := call.variable(f"{prefix}_{name}"))
        }

    def get(self, name: str) -> Word | None:
        """The value of an option."""
        return self.line.last(name) or self._variables.get(name)


def _host_and_port(
    call: Call, host: Word | None, port: Word | None, usual: tuple[str, int, str], source: str
) -> Facts:
    """An address of two options; ``usual`` is the host and port without them, and the server."""
    usual_host, usual_port, server = usual
    facts: Facts = {}
    if port is None:
        facts["port"] = default(usual_port, call.place, server, source)
    facts |= port_fact(port)
    if host is None:
        facts["bind"] = default((usual_host,), call.place, server, source)
    return facts | bind_fact(host)


def _secure(call: Call, certificate: Word | None) -> Facts:
    """Whether it speaks TLS: with a certificate, and not without."""
    given = is_set(certificate)
    if given is None:
        return {}
    if certificate is not None and given:
        return {"tls": stated(True, certificate)}
    return {"tls": stated(False, Word("", call.place))}


def _uvicorn(call: Call) -> Result:
    names = {
        "--host": "HOST",
        "--port": "PORT",
        "--uds": "UDS",
        "--fd": "FD",
        "--timeout-keep-alive": "TIMEOUT_KEEP_ALIVE",
        "--ssl-keyfile": "SSL_KEYFILE",
        "--ssl-certfile": "SSL_CERTFILE",
    }
    options = _Click(call, "UVICORN", names)
    facts = speaks("http", call.place, "uvicorn")
    if (path := options.get("UDS")) is not None:
        facts |= socket_fact(path, call.folder)
        if "socket" in facts:
            source = "Kludex/uvicorn@0.54.0:uvicorn/config.py (bind_socket())"
            facts["socket.mode"] = default(0o666, call.place, "uvicorn", source)
    elif options.get("FD") is None:
        usual = ("127.0.0.1", 8000, "uvicorn")
        facts |= _host_and_port(call, options.get("HOST"), options.get("PORT"), usual, _UVICORN)
    facts |= _secure(call, options.get("SSL_CERTFILE") or options.get("SSL_KEYFILE"))
    facts |= time_fact("keepalive.idle_timeout", options.get("TIMEOUT_KEEP_ALIVE"))
    return Result(("uvicorn",), (facts,))


def _fastapi(call: Call) -> Result:
    """``fastapi run`` listens at all addresses, ``fastapi dev`` at the loopback."""
    options = Options(call.arguments, spelled(host="--host", port="--port"))
    command = options.arguments[0].text if options.arguments else ""
    if command not in ("run", "dev"):
        return NOTHING
    host, port = options.last("host"), options.last("port") or call.variable("PORT")
    usual = ("0.0.0.0" if command == "run" else "127.0.0.1", 8000, "fastapi")
    facts = speaks("http", call.place, "uvicorn")
    facts |= _host_and_port(call, host, port, usual, _FASTAPI)
    return Result(("fastapi", "uvicorn"), (facts,))


def _hypercorn(call: Call) -> Result:
    names = spelled(
        bind="-b --bind",
        insecure_bind="--insecure-bind",
        keep_alive="--keep-alive",
        certfile="--certfile",
        config="-c --config",
        umask="-m --umask",
    )
    options = Options(call.arguments, names)
    file = options.last("config")
    settings = None if file is None else _toml(call, file)
    if file is not None and settings is None:
        unread = Unread(file.place, "Hypercorn's settings are in a file that cannot be read")
        binds = options.all("bind")
        made = [{**speaks("http", call.place), **address(one)} for one in binds]
        return Result(("hypercorn",), tuple(made or [{}]), bool(binds), (unread,))
    values = {**(settings or {}), **options.values}
    encrypted = _last(values, "certfile")
    common = speaks("http", call.place, "hypercorn")
    idle = _last(values, "keep_alive") or _last(values, "keep_alive_timeout")
    common |= time_fact("keepalive.idle_timeout", idle)
    usual = Word("8000", call.place)
    listeners = []
    for word in values.get("bind", []):
        secure = _secure(call, encrypted)
        listeners.append({**common, **secure, **address(word, usual, call.folder)})
    for word in values.get("insecure_bind", []) if is_set(encrypted) else []:
        plain = {"tls": stated(False, word)}
        listeners.append({**common, **plain, **address(word, usual, call.folder)})
    if not values.get("bind"):
        host_and_port = ("127.0.0.1", 8000, "hypercorn")
        at = _host_and_port(call, None, None, host_and_port, _HYPERCORN)
        listeners.append({**common, **_secure(call, encrypted), **at})
    return Result(("hypercorn",), tuple(listeners))


def _last(values: Mapping[str, list[Word]], name: str) -> Word | None:
    found = values.get(name)
    return found[-1] if found else None


def _toml(call: Call, file: Word) -> dict[str, list[Word]] | None:
    """The settings of a TOML file, each with the line that has it."""
    source = None
    if not file.text.startswith(("file:", "python:")):
        source = call.source(file.text.removeprefix("toml:"))
    if source is None:
        return None
    try:
        data = tomli.loads(source.text)
    except (tomli.TOMLDecodeError, ValueError, RecursionError):
        return None
    found: dict[str, list[Word]] = {}
    for key, value in data.items():
        place = _line_of(source.text, key, source.name)
        items = value if isinstance(value, list) else [value]
        found[key] = [Word(str(item), place) for item in items]
    return found


def _line_of(text: str, key: str, name: str) -> Place:
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return Place(name, number, 1, len(line) + 1, line.rstrip("\r"))
    return Place(name, 1, 1, 2)


def _daphne(call: Call) -> Result:
    names = spelled(
        port="-p --port",
        host="-b --bind",
        socket="-u --unix-socket",
        fd="--fd",
        endpoint="-e --endpoint",
        other="-t --http-timeout -v --verbosity -s --server-name",
    )
    options = Options(call.arguments, names)
    common = speaks("http", call.place, "daphne")
    host, port, path = options.last("host"), options.last("port"), options.last("socket")
    listeners: list[Facts] = []
    plain = {"tls": stated(False, Word("", call.place))}
    if path is not None:
        listeners.append({**common, **plain, **socket_fact(path, call.folder)})
    if host is not None or port is not None:
        usual = ("127.0.0.1", 8000, "daphne")
        listeners.append({**common, **plain, **_host_and_port(call, host, port, usual, _DAPHNE)})
    if options.last("fd") is not None:
        listeners.append(dict(common))
    listeners += [{**common, **_endpoint(word)} for word in options.all("endpoint")]
    if not listeners:
        usual = ("127.0.0.1", 8000, "daphne")
        listeners.append({**common, **plain, **_host_and_port(call, None, None, usual, _DAPHNE)})
    return Result(("daphne",), tuple(listeners))


def _endpoint(word: Word) -> Facts:
    """``tcp:port=8000:interface=0.0.0.0``, ``ssl:443:privateKey=…``, ``unix:/path``.

    Source: https://docs.twisted.org/en/stable/core/howto/endpoints.html#servers
    """
    kind, *fields = re.split(r"(?<!\\):", word.text)
    pairs = (field.partition("=") for field in fields if "=" in field)
    values = {name: value for name, _, value in pairs}
    first = next((field for field in fields if "=" not in field), "")
    if kind == "unix":
        return socket_fact(word.cut(values.get("address", first)))
    if kind not in ("tcp", "tcp6", "ssl"):
        return {}
    facts = port_fact(word.cut(values.get("port", first)))
    facts["tls"] = stated(kind == "ssl", word)
    everywhere = "::" if kind == "tcp6" else "0.0.0.0"
    interface = values.get("interface", "").replace("\\", "") or everywhere
    return facts | bind_fact(word.cut(interface))


def _granian(call: Call) -> Result:
    names = {
        "--host": "HOST",
        "--port": "PORT",
        "--uds": "UDS",
        "--uds-permissions": "UDS_PERMISSIONS",
        "--http": "HTTP",
        "--http1-buffer-size": "HTTP1_BUFFER_SIZE",
        "--http1-header-read-timeout": "HTTP1_HEADER_READ_TIMEOUT",
        "--ssl-certificate": "SSL_CERTIFICATE",
    }
    options = _Click(call, "GRANIAN", names)
    facts = speaks("http", call.place, "granian")
    if (path := options.get("UDS")) is not None:
        facts |= socket_fact(path, call.folder) | _granian_mode(options.get("UDS_PERMISSIONS"))
    else:
        usual = ("127.0.0.1", 8000, "granian")
        facts |= _host_and_port(call, options.get("HOST"), options.get("PORT"), usual, _GRANIAN)
    spoken = options.get("HTTP")
    if spoken is not None and spoken.text in ("1", "2"):
        facts["http_versions"] = stated(("2",) if spoken.text == "2" else ("1.0", "1.1"), spoken)
    facts |= _secure(call, options.get("SSL_CERTIFICATE"))
    facts |= size_fact("limits.request_headers", options.get("HTTP1_BUFFER_SIZE"))
    idle = options.get("HTTP1_HEADER_READ_TIMEOUT")
    return Result(("granian",), (facts | time_fact("keepalive.idle_timeout", idle, 1),))


def _granian_mode(word: Word | None) -> Facts:
    """A mode is octal only behind a 0: 660 is 0o1224.

    Source: emmett-framework/granian@v2.8.7:granian/cli.py (OctalIntType)
    """
    if word is None or word.text.startswith("0") or not re.fullmatch(r"\d{1,4}", word.text):
        return mode_fact(word)
    return {"socket.mode": stated(int(word.text) & 0o777, word)}


PROGRAMS: Mapping[str, Callable[[Call], Result]] = {
    "uvicorn": _uvicorn,
    "fastapi": _fastapi,
    "hypercorn": _hypercorn,
    "daphne": _daphne,
    "granian": _granian,
}
