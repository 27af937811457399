"""PHP: PHP-FPM with its pools, the built-in server, Laravel's ``artisan``.

Sources: https://www.php.net/manual/en/install.fpm.configuration.php,
https://www.php.net/manual/en/features.commandline.webserver.php,
https://laravel.com/docs/octane, https://laravel.com/docs/reverb
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lint502.declared.listeners import Fact
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
)
from lint502.declared.sources.commands.ini import lines
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.deployment.layers import Unseen
from lint502.nginx.values import parse_time
from lint502.patterns import regex
from lint502.places import SourceFile

Facts = dict[str, Fact[Any]]

_POOL_FOLDERS = (
    "/usr/local/etc/php-fpm.d",
    "/etc/php-fpm.d",
    "/etc/php/{}/fpm/pool.d",
    "/etc/php{}/php-fpm.d",
)
_MAIN_FILES = ("/usr/local/etc/php-fpm.conf", "/etc/php-fpm.conf", "/etc/php/{}/fpm/php-fpm.conf")
_VERSIONS = ("", "5.6", "7.0", "7.1", "7.2", "7.3", "7.4", "8.0", "8.1", "8.2", "8.3", "8.4", "8.5")
_IMAGE = regex(r"(?:docker\.io/)?(?:library/)?php:")
_DOCKER_FOLDER = "/usr/local/etc/php-fpm.d"
_DOCKER_FILE = "zz-docker.conf"
_DOCKER = "docker-library/php@master:8.4/bookworm/fpm/Dockerfile (listen = 9000)"


def _fpm(call: Call) -> Result:
    options = Options(
        call.arguments,
        spelled(file="-y --fpm-config", ini="-c --php-ini", define="-d", prefix="-p --prefix"),
        spelled(test="-t --test -tt -v --version -i --info -m", daemon="-D --daemonize"),
    )
    if "test" in options.flags:
        return NOTHING
    pools = _pools(call, options.last("file"))
    image = call.surroundings.image
    listeners: list[Facts] = []
    if image is not None and _IMAGE.match(image) and _keeps_docker_file(call):
        # it comes after all others, and sets the address of the pool www
        www = pools.pop("www", {})
        www.pop("listen", None)
        usual = assumed(9000, call.place, "the image php", _DOCKER)
        listeners.append({**_listener(call, www), "port": usual})
    listeners += [_listener(call, pool) for pool in pools.values() if "listen" in pool]
    if not listeners:
        listeners.append(speaks("fastcgi", call.place, "php-fpm"))
    return Result(("php-fpm",), tuple(listeners), stays="daemon" in options.flags)


def _pools(call: Call, named: Word | None) -> dict[str, dict[str, Word]]:
    """The settings of each pool: those of the last file count."""
    found: dict[str, dict[str, Word]] = {}
    for source in _files(call, named):
        for line in lines(source, ";#", " ;"):
            if line.section and line.section.lower() != "global":
                value = line.value.text.strip("\"'")
                word = _expanded(call, line.value.cut(value))
                found.setdefault(line.section, {})[line.key] = word
    return found


def _keeps_docker_file(call: Call) -> bool:
    """Whether the file of the image that sets ``listen`` is still there, and is the last one."""
    files = call.surroundings.files
    path = f"{_DOCKER_FOLDER}/{_DOCKER_FILE}"
    found = files.find(path)
    if files.removes(path) or not (
        found is None or (isinstance(found, Unseen) and not found.target.startswith(_DOCKER_FOLDER))
    ):
        return False
    if files.source("/usr/local/etc/php-fpm.conf") is not None:
        return False
    return all(name < _DOCKER_FILE for name in files.listing(_DOCKER_FOLDER).names)


def _files(call: Call, named: Word | None) -> list[SourceFile]:
    main = [one for one in [call.source(named.text)] if one] if named is not None else []
    found: list[SourceFile] = list(main)
    files = call.surroundings.files
    for version in _VERSIONS:
        if named is None:
            found += [
                one
                for path in _MAIN_FILES
                if (("{}" in path) is bool(version))
                and (one := files.source(path.format(version))) is not None
            ]
        for folder in _POOL_FOLDERS:
            if ("{}" in folder) is bool(version):
                name = version.replace(".", "") if folder.startswith("/etc/php{}") else version
                pattern = f"{folder.format(name)}/*.conf"
                found += [one for _, one in call.surroundings.matching(pattern)]
    return found


def _expanded(call: Call, word: Word) -> Word:
    """With ``${NAME}`` put in."""
    found = word

    def value(match: re.Match[str]) -> str:
        nonlocal found
        variable = call.variables.get(match[1])
        if variable is None:
            return UNKNOWN
        found = variable
        return variable.text

    text = re.sub(r"\$\{?(\w+)\}?", value, word.text)
    return Word(text, found.place, min(found.standing, word.standing))


def _listener(call: Call, pool: Mapping[str, Word]) -> Facts:
    listen = pool.get("listen")
    facts = speaks("fastcgi", call.place, "php-fpm")
    if listen is None:
        return facts | _time(pool.get("request_terminate_timeout"))
    if listen.text.isdigit():
        facts |= port_fact(listen)
    elif "/" in listen.text:
        facts |= socket_fact(listen, "/usr/local")
        facts |= mode_fact(pool.get("listen.mode"))
        for key, name in (("listen.owner", "socket.owner"), ("listen.group", "socket.group")):
            word = pool.get(key)
            if word is not None and word.known and word.text:
                facts[name] = stated(word.text, word)
    else:
        facts |= address(listen)
    allowed = pool.get("listen.allowed_clients")
    if allowed is not None and allowed.known and allowed.text and "port" in facts:
        clients = tuple(one.strip() for one in allowed.text.split(",") if one.strip())
        facts["allowed_clients"] = stated(clients, allowed)
    return facts | _time(pool.get("request_terminate_timeout"))


def _time(word: Word | None) -> Facts:
    if word is None or not re.fullmatch(r"\d{1,8}[smhd]?", word.text):
        return {}
    milliseconds = parse_time(word.text)
    return {"timeouts.request": stated(milliseconds, word)} if milliseconds else {}


def _php(call: Call) -> Call | Result | None:
    words = list(call.arguments)
    while words and words[0].text.startswith("-"):
        text = words.pop(0).text
        if text == "-S" and words:
            facts = speaks("http", call.place) | address(words[0])
            facts["tls"] = stated(False, Word("", call.place))
            return Result(("php",), (facts,))
        if text in ("-d", "-c", "-t", "-z"):
            words[:1] = []
        elif text in ("-v", "-m", "-i", "-r", "--version"):
            return NOTHING
    if not words:
        return NOTHING
    name = words[0].text.rpartition("/")[2]
    if name == "artisan":
        return _artisan(call.running(words))
    if name in ("console", "composer", "composer.phar"):
        return NOTHING
    return None


def _artisan(call: Call) -> Result | None:
    if not call.arguments:
        return NOTHING
    command = call.arguments[0].text
    options = Options(call.arguments[1:], spelled(host="--host", port="--port", server="--server"))
    host, port = options.last("host"), options.last("port")
    if command == "serve":
        source = "laravel/framework@12.x:src/Illuminate/Foundation/Console/ServeCommand.php"
        port = port or call.variable("SERVER_PORT")
        host = host or call.variable("SERVER_HOST")
        return _web(call, host, port, ("127.0.0.1", 8000, "artisan serve"), source)
    if command in ("octane:start", "octane:frankenphp", "octane:swoole", "octane:roadrunner"):
        source = "laravel/octane@2.x:src/Commands/StartCommand.php"
        port = port or call.variable("OCTANE_PORT")
        host = host or call.variable("OCTANE_HOST")
        return _web(call, host, port, ("127.0.0.1", 8000, "Octane"), source)
    if command == "reverb:start":
        source = "laravel/reverb@1.x:config/reverb.php"
        port = port or call.variable("REVERB_SERVER_PORT")
        host = host or call.variable("REVERB_SERVER_HOST")
        return _web(call, host, port, ("0.0.0.0", 8080, "Reverb"), source)
    if command.partition(":")[0] in ("queue", "schedule", "migrate", "config", "horizon", "cache"):
        return NOTHING
    return None


def _web(
    call: Call, host: Word | None, port: Word | None, usual: tuple[str, int, str], source: str
) -> Result:
    facts = speaks("http", call.place)
    usual_host, usual_port, title = usual
    if port is None:
        facts["port"] = default(usual_port, call.place, title, source)
    if host is None:
        facts["bind"] = default((usual_host,), call.place, title, source)
    return Result(("artisan",), (facts | port_fact(port) | bind_fact(host),))


def _artisan_alone(call: Call) -> Result | None:
    return _artisan(call)


PROGRAMS: Mapping[str, Callable[[Call], Call | Result | None]] = {
    "php-fpm": _fpm,
    "php": _php,
    "artisan": _artisan_alone,
}
