"""Java: Spring Boot, Quarkus and Tomcat.

Sources: https://docs.spring.io/spring-boot/appendix/application-properties/#appendix.application-properties.server,
https://quarkus.io/guides/http-reference, https://tomcat.apache.org/tomcat-10.1-doc/config/http.html
"""

from __future__ import annotations

import re
import shlex
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
from lint502.declared.sources.commands.spring import Properties, Settings
from lint502.declared.sources.commands.tomcat import catalina
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.patterns import regex

Facts = dict[str, Fact[Any]]

_SPRING = "https://docs.spring.io/spring-boot/appendix/application-properties/"
_QUARKUS = "https://quarkus.io/guides/http-reference"
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")
_SIZE = regex(r"(\d+)\s*(B|KB|MB)?", re.IGNORECASE)
_TIME = regex(r"(\d+)\s*(ms|s|m|h)?", re.IGNORECASE)
_UNITS = {"b": 1, "kb": 1024, "mb": 1024**2, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_WITH_VALUE = ("-cp", "-classpath", "--class-path", "--module-path", "-p", "--add-opens", "-m")


def _java(call: Call) -> Result | None:
    words = _split(call.variable("JAVA_TOOL_OPTIONS")) + list(call.arguments)
    system: Properties = {}
    arguments: Properties = {}
    program: Word | None = None
    while words:
        word = words.pop(0)
        text = word.text
        if text.startswith("-D"):
            name, _, value = text[2:].partition("=")
            system[name] = word.cut(value)
        elif text in ("-version", "--version"):
            return NOTHING
        elif text == "-jar":
            program = words.pop(0) if words else None
            break
        elif text in _WITH_VALUE:
            words[:1] = []
        elif not text.startswith(("-", UNKNOWN, "@")):
            program = word
            break
    for word in words:
        if word.text.startswith("--"):
            name, _, value = word.text[2:].partition("=")
            arguments[name] = word.cut(value)
    return None if program is None else _application(call, arguments, system)


def _application(call: Call, arguments: Properties, system: Properties) -> Result | None:
    """Which framework it is, the build says, or what is set."""
    build = _build(call)
    settings = Settings(call, arguments, system)
    names = frozenset((*arguments, *system))
    if "quarkus" in build or settings.get("quarkus.http.port") is not None:
        return _quarkus(call, settings, system)
    spring = "spring-boot" in build or "springframework.boot" in build
    given = any(name.startswith(("server.", "spring.")) for name in names)
    variables = any(name.startswith(("SPRING_", "SERVER_PORT")) for name in call.variables)
    if not spring and not given and not variables:
        return None
    return _spring(call, settings, build, spring)


def _build(call: Call) -> str:
    """The text of the file that says what an application is built from."""
    source = call.first_source(*_BUILDS)
    return "" if source is None else source.text


def _spring(call: Call, settings: Settings, build: str, sure: bool) -> Result:
    server = None
    if sure and "spring-boot-starter-web" in build:
        server = "spring-boot"
        for other in ("undertow", "jetty"):
            if f"starter-{other}" in build:
                server = other
        if "webflux" in build:
            server = None
    facts = speaks("http", call.place, server)
    port = settings.get("server.port")
    if port is not None:
        facts |= port_fact(port)
    elif settings.whole and sure:
        facts["port"] = assumed(8080, call.place, "Spring Boot", _SPRING)
    facts |= bind_fact(settings.get("server.address"))
    facts |= _tls(settings)
    headers = settings.get("server.max-http-request-header-size", "server.max-http-header-size")
    facts |= _measured("limits.request_headers", headers, _SIZE, "b")
    idle = settings.get("server.tomcat.keep-alive-timeout", "server.tomcat.connection-timeout")
    if server == "spring-boot":
        facts |= _measured("keepalive.idle_timeout", idle, _TIME, "ms")
        most = settings.get("server.tomcat.max-keep-alive-requests")
        if most is not None and most.text.isdigit() and int(most.text) > 1:
            facts["keepalive.max_requests"] = stated(int(most.text), most)
    listeners: list[Facts] = [facts]
    management = settings.get("management.server.port")
    if management is not None and (own := port_fact(management)) and own != port_fact(port):
        listeners.append({**speaks("http", call.place), **own})
    return Result(("spring-boot",), tuple(listeners), settings.whole and sure)


def _tls(settings: Settings) -> Facts:
    enabled = settings.get("server.ssl.enabled")
    if enabled is not None and enabled.text.lower() in ("true", "false"):
        return {"tls": stated(enabled.text.lower() == "true", enabled)}
    given = settings.get("server.ssl.key-store", "server.ssl.certificate", "server.ssl.bundle")
    return {} if given is None or not given.text else {"tls": stated(True, given)}


def _measured(key: str, word: Word | None, form: re.Pattern[str], usual: str) -> Facts:
    match = None if word is None else form.fullmatch(word.text.strip())
    if word is None or match is None:
        return {}
    value = int(match[1]) * _UNITS[(match[2] or usual).lower()]
    return {key: stated(value, word)} if 0 < value < 2**53 else {}


def _quarkus(call: Call, settings: Settings, system: Properties) -> Result:
    facts = speaks("http", call.place)
    port, host = settings.get("quarkus.http.port"), settings.get("quarkus.http.host")
    if port is None:
        facts["port"] = assumed(8080, call.place, "Quarkus", _QUARKUS)
    if host is None:
        facts["bind"] = assumed(("0.0.0.0",), call.place, "Quarkus", _QUARKUS)
    return Result(("quarkus",), (facts | port_fact(port) | bind_fact(host),))


def _maven(call: Call) -> Result | None:
    """``mvn spring-boot:run``, ``gradle bootRun``, ``mvn quarkus:dev``."""
    words = [word.text for word in call.arguments]
    if any(
        word.endswith(("spring-boot:run", "bootRun", "quarkus:dev", "quarkusDev")) for word in words
    ):
        system = {
            name: word.cut(value)
            for word in call.arguments
            if word.text.startswith("-D")
            for name, _, value in [word.text[2:].partition("=")]
        }
        return _application(call, {}, system)
    return NOTHING if not any("run" in word for word in words) else None


def _split(word: Word | None) -> list[Word]:
    if word is None:
        return []
    try:
        return [word.cut(text) for text in shlex.split(word.text)]
    except ValueError:
        return []


PROGRAMS: Mapping[str, Callable[[Call], Result | None]] = {
    "java": _java,
    **dict.fromkeys(("mvn", "mvnw", "gradle", "gradlew"), _maven),
    **dict.fromkeys(("catalina.sh", "startup.sh"), catalina),
}
