"""Tomcat: the connectors of ``server.xml``.

Source: https://tomcat.apache.org/tomcat-10.1-doc/config/http.html, ``conf/server.xml``
"""

from __future__ import annotations

import re
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.comments import blanked
from lint502.declared.sources.commands.facts import (
    assumed,
    bind_fact,
    port_fact,
    size_fact,
    speaks,
    stated,
    time_fact,
)
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.patterns import regex
from lint502.places import Place, SourceFile

Facts = dict[str, Fact[Any]]

_SHIPPED = "apache/tomcat@10.1.59:conf/server.xml"
_CONNECTOR = regex(r"<Connector\b([^>]*)>", re.DOTALL)
_ATTRIBUTE = regex(r"([\w.:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_FOLDERS = ("/usr/local/tomcat", "/opt/tomcat", "/opt/bitnami/tomcat", "/usr/share/tomcat")


def catalina(call: Call) -> Result | None:
    """``catalina.sh run`` and the script that starts it in the background."""
    words = [word.text for word in call.arguments]
    background = call.name == "startup.sh" or "start" in words
    if call.name == "startup.sh":
        if call.source(call.words[0].text) is not None or "tomcat" not in call.words[0].text:
            return None
    elif not {"run", "start", "jpda"} & set(words):
        return NOTHING
    home = call.variable("CATALINA_BASE", "CATALINA_HOME")
    folders = _FOLDERS if home is None else (home.text,)
    source = call.first_source(*(f"{folder}/conf/server.xml" for folder in folders))
    if source is None:
        facts = speaks("http", call.place, "tomcat")
        facts["port"] = assumed(8080, call.place, "Tomcat", _SHIPPED)
        return Result(("tomcat",), (facts,), stays=background)
    return Result(("tomcat",), tuple(_connectors(call, source)), stays=background)


def _connectors(call: Call, source: SourceFile) -> list[Facts]:
    text = blanked(source.text, "<!--", "-->")
    found = []
    for match in _CONNECTOR.finditer(text):
        attributes = {
            one[1]: _word(call, source, text, match.start(1) + one.start(), one)
            for one in _ATTRIBUTE.finditer(match[1])
        }
        found.append(_connector(call, attributes))
    return found


def _word(call: Call, source: SourceFile, text: str, at: int, match: re.Match[str]) -> Word:
    """The value of an attribute; ``${name}`` in it is a property of the JVM."""
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    place = Place(source.name, line, column, column + len(match[0]), source.line(line))
    value = match[2] if match[2] is not None else match[3]
    return Word(re.sub(r"\$\{[^}]*\}", UNKNOWN, value), place)


def _connector(call: Call, attributes: dict[str, Word]) -> Facts:
    protocol = attributes.get("protocol")
    port = port_fact(attributes.get("port"))
    address = bind_fact(attributes.get("address"))
    if protocol is not None and "ajp" in protocol.text.lower():
        # nginx has no module that speaks it
        return {"protocol": stated("tcp", protocol), **port, **address}
    facts = {**speaks("http", call.place, "tomcat"), **port, **address}
    secure = attributes.get("SSLEnabled")
    if secure is not None and secure.text.lower() in ("true", "false"):
        facts["tls"] = stated(secure.text.lower() == "true", secure)
    idle = attributes.get("keepAliveTimeout") or attributes.get("connectionTimeout")
    if idle is None:
        # 60 s where nothing is set: another default than that of the file that is shipped
        facts.pop("server")
    facts |= time_fact("keepalive.idle_timeout", idle, 1)
    headers = attributes.get("maxHttpRequestHeaderSize") or attributes.get("maxHttpHeaderSize")
    facts |= size_fact("limits.request_headers", headers)
    most = attributes.get("maxKeepAliveRequests")
    if most is not None and most.text.isdigit() and int(most.text) > 1:
        facts["keepalive.max_requests"] = stated(int(most.text), most)
    if most is not None and most.text in ("1", "-1", "0"):
        facts.pop("server", None)
    return facts
