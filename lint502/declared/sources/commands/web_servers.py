"""nginx itself, Apache httpd, Caddy, Varnish, memcached and MinIO."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.caddy import caddy
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import (
    address,
    assumed,
    bind_fact,
    default,
    mode_fact,
    port_fact,
    socket_fact,
    speaks,
    stated,
    time_fact,
)
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.nginx.values import parse_size
from lint502.places import Place, SourceFile

Facts = dict[str, Fact[Any]]

_LISTEN = "https://httpd.apache.org/docs/2.4/bind.html"
_MAIN = (
    "/usr/local/apache2/conf/httpd.conf",
    "/etc/apache2/ports.conf",
    "/etc/httpd/conf/httpd.conf",
)
_MORE = (
    "/usr/local/apache2/conf/extra/*.conf",
    "/etc/apache2/sites-enabled/*.conf",
    "/etc/apache2/sites-available/*.conf",
    "/etc/apache2/conf-enabled/*.conf",
    "/etc/apache2/apache2.conf",
    "/etc/httpd/conf.d/*.conf",
)


def _nginx(call: Call) -> Result:
    """nginx' own configuration says where it listens, and is read as such."""
    words = [word.text for word in call.arguments]
    if {"-t", "-T", "-v", "-V", "-s"} & set(words):
        return NOTHING
    return Result(("nginx",), stays=not any("daemon off" in word for word in words))


def _service(call: Call) -> Result | Call | None:
    """``service nginx start``, ``/etc/init.d/nginx start``."""
    words = call.arguments
    if len(words) < 2 or words[1].text not in ("start", "restart"):
        return NOTHING
    name = words[0].text
    if name in ("cron", "ssh", "rsyslog"):
        return NOTHING
    if name == "nginx":
        return Result(("nginx",), stays=True)
    if re.fullmatch(r"php[\d.]*-fpm", name):
        return call.running((words[0].cut("php-fpm"), words[0].cut("-D")))
    if name in ("apache2", "httpd"):
        return call.running((words[0].cut("apachectl"), words[0].cut("start")))
    return Result(whole=False, stays=True)


def _httpd(call: Call) -> Result:
    words = [word.text for word in call.arguments]
    if {"-t", "-v", "-V", "-S", "-M", "configtest"} & set(words):
        return NOTHING
    background = not ("FOREGROUND" in "".join(words) or call.name.endswith("-foreground"))
    surroundings = call.surroundings
    main = call.first_source(*_MAIN)
    sources = [] if main is None else [main]
    for pattern in _MORE:
        sources += [source for _, source in surroundings.matching(pattern) if source is not main]
    listens = [word for source in sources for word in _directives(call, source)]
    made = [_listening(call, word, sources) for word in listens]
    if main is None:
        facts = speaks("http", call.place, "apache")
        facts["port"] = assumed(80, call.place, "Apache httpd", _LISTEN)
        made.insert(0, facts)
    return Result(("apache",), tuple(made), stays=background)


def _directives(call: Call, source: SourceFile) -> list[Word]:
    """The arguments of ``Listen``."""
    found = []
    for number, line in enumerate(source.text.split("\n"), 1):
        match = re.match(r"\s*Listen\s+\"?([^\s\"]+)\"?", line, re.IGNORECASE)
        if match is None:
            continue
        start, text = match.start(1) + 1, line.rstrip("\r")
        place = Place(source.name, number, start, match.end(1) + 1, text)
        variable = re.fullmatch(r"\$\{(\w+)\}", match[1])
        if variable is not None:
            found.append(call.variables.get(variable[1]) or Word(UNKNOWN, place))
        else:
            found.append(Word(match[1], place))
    return found


def _listening(call: Call, word: Word, sources: list[SourceFile]) -> Facts:
    facts = speaks("http", call.place, "apache")
    facts |= port_fact(word) if word.text.isdigit() else address(word)
    port = facts.get("port")
    if port is not None and any(_encrypted(source, port.value) for source in sources):
        facts["tls"] = stated(True, word)
    return facts


def _encrypted(source: SourceFile, port: int) -> bool:
    """Whether a virtual host of a port has SSLEngine on."""
    inside = False
    for line in source.text.split("\n"):
        words = line.strip().lower().split()
        if not words:
            continue
        if words[0] == "<virtualhost":
            inside = any(word.rstrip(">").endswith(f":{port}") for word in words[1:])
        elif words[0] == "</virtualhost>":
            inside = False
        elif inside and words[:2] == ["sslengine", "on"]:
            return True
    return False


def _memcached(call: Call) -> Result:
    """https://docs.memcached.org/serverguide/"""
    options = Options(
        call.arguments,
        spelled(port="-p --port", host="-l --listen", path="-s", mode="-a", m="-m -c -t"),
    )
    facts = speaks("memcached", call.place, "memcached")
    path, port = options.last("path"), options.last("port")
    if path is not None:
        return Result(
            ("memcached",), ({**facts, **socket_fact(path), **mode_fact(options.last("mode"))},)
        )
    if port is None:
        source = "https://docs.memcached.org/serverguide/"
        facts["port"] = default(11211, call.place, "memcached", source)
    return Result(
        ("memcached",), ({**facts, **port_fact(port), **bind_fact(options.last("host"))},)
    )


def _varnish(call: Call) -> Result:
    """https://varnish-cache.org/docs/trunk/reference/varnishd.html"""
    names = spelled(at="-a", parameter="-p", other="-f -b -s -T -S -t -n")
    options = Options(call.arguments, names)
    common = speaks("http", call.place, "varnish") | _varnish_parameters(options)
    made = []
    for word in options.all("at"):
        name, equals, rest = word.text.partition("=")
        where, *more = (rest if equals and "/" not in name else word.text).split(",")
        facts = dict(common)
        if any(one.upper() == "PROXY" for one in more):
            facts["proxy_protocol"] = stated(True, word)
        facts |= socket_fact(word.cut(where)) if where.startswith("/") else address(word.cut(where))
        made.append(facts)
    if not made:
        facts = dict(common)
        source = "varnishcache/varnish-cache@varnish-8.0.0:bin/varnishd/mgt/mgt_main.c"
        facts["port"] = default(80, call.place, "Varnish", source)
        made.append(facts)
    return Result(("varnish",), tuple(made))


def _varnish_parameters(options: Options) -> Facts:
    facts: Facts = {}
    for word in options.all("parameter"):
        name, _, value = word.text.partition("=")
        if name == "timeout_idle":
            facts |= time_fact("keepalive.idle_timeout", word.cut(value))
        elif name == "http_req_overflow_status" and value != "0":
            facts["limits.overflow"] = stated("answer", word)
        elif name == "http_req_size" and re.fullmatch(r"\d{1,9}[kmg]?", value, re.IGNORECASE):
            facts["limits.request_headers"] = stated(parse_size(value, offset=True), word)
    return facts


def _minio(call: Call) -> Result:
    """https://min.io/docs/minio/linux/reference/minio-server/minio-server.html"""
    options = Options(
        call.arguments, spelled(at="--address", console="--console-address", certs="--certs-dir")
    )
    if not any(word.text == "server" for word in options.arguments):
        return NOTHING
    facts = {} if options.last("certs") else speaks("http", call.place)
    source = "https://min.io/docs/minio/linux/reference/minio-server/minio-server.html"
    at, console = options.last("at"), options.last("console")
    made = [
        {**facts, "port": default(9000, call.place, "MinIO", source)}
        if at is None
        else {**facts, **address(at)}
    ]
    if console is not None:
        made.append({**facts, **address(console)})
    return Result(("minio",), tuple(made), whole=console is not None)


PROGRAMS: Mapping[str, Callable[[Call], Call | Result | None]] = {
    "nginx": _nginx,
    "nginx-debug": _nginx,
    "openresty": _nginx,
    "service": _service,
    **dict.fromkeys(
        ("httpd", "httpd-foreground", "apache2", "apache2-foreground", "apachectl", "apache2ctl"),
        _httpd,
    ),
    "caddy": caddy,
    "frankenphp": caddy,
    "memcached": _memcached,
    "varnishd": _varnish,
    "minio": _minio,
}
