"""Apache Tomcat, with the connectors of the ``server.xml`` that it ships."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

from lint502.lab.bench import LOOPBACK, LabError
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version

_HOMES = ("/usr/share/tomcat10", "/usr/share/tomcat11", "/opt/tomcat")
_SECONDS = 20.0
_PLAIN = b"GET / HTTP/1.0\r\n\r\n"
_BAD = b"PRI * HTTP/2.0\r\n\r\n"
_SERVER = """\
<Server port="-1">
  <Service name="Catalina">
    <Connector address="{host}" port="{plain}" protocol="HTTP/1.1" connectionTimeout="20000"/>
    <Connector address="{host}" port="{tls}" protocol="HTTP/1.1" connectionTimeout="20000"
               SSLEnabled="true">
      <SSLHostConfig>
        <Certificate certificateFile="{certificate}" certificateKeyFile="{key}" type="EC"/>
      </SSLHostConfig>
    </Connector>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps"/>
    </Engine>
  </Service>
</Server>
"""
_WEB = """\
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0" metadata-complete="true">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
  </servlet>
  <servlet-mapping>
    <servlet-name>default</servlet-name>
    <url-pattern>/</url-pattern>
  </servlet-mapping>
  <welcome-file-list>
    <welcome-file>index.html</welcome-file>
  </welcome-file-list>
</web-app>
"""


def _java() -> str:
    return binary("java", "default-jre-headless")


def _home() -> Path:
    for home in map(Path, _HOMES):
        if (home / "bin/bootstrap.jar").exists():
            return home
    raise LabError("there is no Tomcat; install it (Debian: tomcat10-common)")


def _version() -> str:
    jar = _home() / "lib/catalina.jar"
    command = (_java(), "-XX:-UsePerfData", "-cp", jar, "org.apache.catalina.util.ServerInfo")
    return said_version(command, r"(?<=Apache Tomcat/)[\d.]+")


def _programs(room: Room) -> Iterator[Program]:
    home = _home()
    plain = Endpoint("tomcat", "http", room.port())
    tls = Endpoint("tomcat", "https", room.port())
    room.write(
        "conf/server.xml",
        _SERVER.format(
            host=LOOPBACK,
            plain=plain.port,
            tls=tls.port,
            certificate=room.certificate.file,
            key=room.certificate.key,
        ),
    )
    room.write("conf/web.xml", _WEB)
    room.write("webapps/ROOT/index.html", "ok")
    yield Program(
        (
            _java(),
            "-XX:TieredStopAtLevel=1",  # it starts sooner
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",  # which would be written to /tmp
            "-cp",
            f"{home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar",
            f"-Dcatalina.home={home}",
            f"-Dcatalina.base={room.folder}",
            f"-Djava.io.tmpdir={room.folder}",
            "org.apache.catalina.startup.Bootstrap",
            "start",
        ),
        (plain, tls),
        prepare=lambda: _warm_up(plain.port, tls.port),
    )


def _warm_up(plain: int, tls: int) -> None:
    """Java loads what it needs when it first needs it, which takes a while."""
    context = ssl._create_unverified_context()
    for port, sent in ((plain, _PLAIN), (plain, _BAD), (tls, _PLAIN), (tls, _BAD)):
        with (
            contextlib.suppress(OSError),
            socket.create_connection((LOOPBACK, port), _SECONDS) as client,
            context.wrap_socket(client) if port == tls else client as channel,
        ):
            channel.sendall(sent)
            while channel.recv(65536):
                pass


FAMILY = Family("tomcat", _version, _programs)
