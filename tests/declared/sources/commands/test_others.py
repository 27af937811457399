"""Servers of other languages: Ruby, Java, .NET, Elixir."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.declared.sources.commands.starting import Said, listeners, ports, said, start

ALL = ("0.0.0.0",)
RAILS = 'threads 1, 2\n# port 1\nport ENV.fetch("PORT") { 3000 }\n'


@pytest.mark.parametrize(
    ("command", "variables", "files", "expected"),
    [
        ("puma", {}, {}, [(9292, None)]),
        ("puma -b tcp://0.0.0.0:80", {}, {}, [(80, ALL)]),
        ("puma -p 81", {"PORT": "1"}, {"config/puma.rb": RAILS}, [(81, None)]),
        ("bundle exec puma -C config/puma.rb", {}, {"config/puma.rb": RAILS}, [(3000, None)]),
        ("bundle exec puma", {"PORT": "82"}, {"config/puma.rb": RAILS}, [(82, None)]),
        ("puma", {}, {"config/puma.rb": "port ENV.fetch('PORT', 83)\n"}, [(83, None)]),
        ("puma", {}, {"config/puma.rb": "port ENV['PORT'] || 84\n"}, [(84, None)]),
        ("puma", {}, {"config/puma.rb": "port(85, '127.0.0.1')\n"}, [(85, ("127.0.0.1",))]),
        (
            "puma",
            {},
            {"config/puma.rb": "bind \"tcp://0.0.0.0:#{ENV.fetch('PORT', 86)}\"\n"},
            [(86, ALL)],
        ),
        ("puma", {}, {"config/puma.rb": "bind 'unix:///run/p.sock'\n"}, [("/run/p.sock", None)]),
        (
            "puma",
            {"RAILS_ENV": "x"},
            {"config/puma/x.rb": "port 87\n", "config/puma.rb": RAILS},
            [(87, None)],
        ),
        (
            "puma",
            {},
            {"config/puma.rb": "if a\n  port 1\nelse\n  port 2\nend\n"},
            [(None, None)] * 2,
        ),
        ("puma", {}, {"config/puma.rb": "port 1 if ENV['X']\n"}, [(None, None)]),
        ("puma -C gone.rb", {}, {}, [(None, None)]),
        ("rails s -p 80 -b 0.0.0.0", {}, {}, [(80, ALL)]),
        ("bin/rails server", {}, {}, [(3000, None)]),
        ("bin/rails server", {"PORT": "88"}, {}, [(88, None)]),
        ("rails server", {}, {"config/puma.rb": "port 89\n"}, [(89, None)]),
        ("rails db:migrate", {}, {}, []),
        ("./bin/thrust ./bin/rails server", {}, {}, [(80, None), (3000, None)]),
        ("unicorn -l 90", {}, {}, [(90, None)]),
        ("unicorn", {}, {}, [(8080, None)]),
        (
            "unicorn -c u.rb",
            {},
            {"u.rb": "listen '/run/u.sock', backlog: 64\n"},
            [("/run/u.sock", None)],
        ),
        ("thin start -p 91 -a 0.0.0.0", {}, {}, [(91, ALL)]),
        ("rackup -o 0.0.0.0", {}, {}, [(9292, ALL)]),
        ("jekyll serve --host 0.0.0.0", {}, {}, [(4000, ALL)]),
    ],
)
def test_ruby(
    command: str,
    variables: Mapping[str, str],
    files: Mapping[str, str],
    expected: list[tuple[Any, Any]],
) -> None:
    found = listeners(command, variables, files)

    assert [(one.get("port", one.get("socket")), one.get("bind")) for one in found] == expected


def test_puma_as_it_is_locked_and_set() -> None:
    files = {
        "Gemfile.lock": "GEM\n  specs:\n    puma (6.4.2)\n      nio4r\n",
        "config/puma.rb": "port 3000\npersistent_timeout 75\n",
    }

    assert said(start("rails server", files=files)) == [
        {
            "server": Said("puma/6.4.2", "command"),
            "protocol": Said("http", "command"),
            "port": Said(3000, "config/puma.rb:1"),
            "keepalive.idle_timeout": Said(75_000, "config/puma.rb:2"),
        }
    ]
    assert "server" not in listeners("rails server")[0]


def test_unicorns_timeout() -> None:
    found = listeners("unicorn -c u.rb", files={"u.rb": "listen 80\ntimeout 30\n"})

    assert found == [
        {"server": "unicorn", "protocol": "http", "port": 80, "timeouts.request": 30_000}
    ]


R = "src/main/resources"
WEB = {"pom.xml": "<artifactId>spring-boot-starter-web</artifactId>"}
PROFILES = """\
server:
  port: ${PORT:8085}
---
spring:
  config:
    activate:
      on-profile: prod
server:
  port: 8086
"""


@pytest.mark.parametrize(
    ("command", "variables", "files", "expected"),
    [
        ("java -jar a.jar", {}, WEB, Said(8080, "default command")),
        (
            "java -jar a.jar",
            {},
            WEB | {f"{R}/application.properties": "# x\nserver.port=81\n"},
            Said(81, f"{R}/application.properties:2"),
        ),
        (
            "java -jar a.jar",
            {"SERVER_PORT": "82"},
            WEB | {f"{R}/application.properties": "server.port=81\n"},
            Said(82, "$SERVER_PORT"),
        ),
        (
            "java -Dserver.port=83 -jar a.jar",
            {"SERVER_PORT": "82"},
            WEB,
            Said(83, "command"),
        ),
        (
            "java -Dserver.port=83 -jar a.jar --server.port=84",
            {"SERVER_PORT": "82"},
            WEB,
            Said(84, "command"),
        ),
        (
            "java $JAVA_OPTS -jar a.jar",
            {"JAVA_OPTS": "-Xmx1g -Dserver.port=85"},
            WEB,
            Said(85, "$JAVA_OPTS"),
        ),
        (
            "java -jar a.jar",
            {"JAVA_TOOL_OPTIONS": "-Dserver.port=85"},
            WEB,
            Said(85, "$JAVA_TOOL_OPTIONS"),
        ),
        (
            "java -jar a.jar",
            {},
            WEB | {f"{R}/application.yml": PROFILES},
            Said(8085, f"{R}/application.yml:2"),
        ),
        (
            "java -jar a.jar",
            {"PORT": "86"},
            WEB | {f"{R}/application.yml": PROFILES},
            Said(86, "$PORT"),
        ),
        (
            "java -jar a.jar --spring.profiles.active=prod",
            {},
            WEB | {f"{R}/application.yml": PROFILES},
            Said(8086, f"{R}/application.yml:9"),
        ),
        (
            "java -jar a.jar",
            {"SPRING_PROFILES_ACTIVE": "a,b"},
            WEB
            | {
                f"{R}/application-a.yml": "server.port: 1",
                f"{R}/application-b.yml": "server.port: 2",
            },
            Said(2, f"{R}/application-b.yml:1"),
        ),
        (
            "java -jar a.jar",
            {},
            WEB
            | {f"{R}/application.yml": "server: {port: 1}", "application.yml": "server: {port: 2}"},
            Said(2, "application.yml:1"),
        ),
        ("mvn spring-boot:run", {}, WEB, Said(8080, "default command")),
        (
            "./gradlew bootRun",
            {},
            {"build.gradle": "id 'org.springframework.boot'"},
            Said(8080, "default command"),
        ),
        ("java -jar a.jar", {}, WEB | {f"{R}/application.properties": "server.port=${P}"}, None),
        ("java -jar a.jar", {"SPRING_CONFIG_LOCATION": "/x"}, WEB, None),
    ],
)
def test_spring(
    command: str, variables: Mapping[str, str], files: Mapping[str, str], expected: Said | None
) -> None:
    found = start(command, variables, files, copied=False)

    assert [facts.get("port") for facts in said(found)] == [expected]
    assert found.programs == {"spring-boot"}


def test_springs_other_settings() -> None:
    text = (
        "server.address=127.0.0.1\nserver.ssl.key-store=a\nserver.max-http-request-header-size=16KB\n"
        "server.tomcat.keep-alive-timeout=15s\nserver.tomcat.connection-timeout=5s\n"
        "management.server.port=9000\n"
    )
    files = WEB | {f"{R}/application.properties": text}

    assert listeners("java -jar a.jar", {}, files) == [
        {
            "server": "spring-boot",
            "protocol": "http",
            "port": 8080,
            "bind": ("127.0.0.1",),
            "tls": True,
            "limits.request_headers": 16_384,
            "keepalive.idle_timeout": 15_000,
        },
        {"protocol": "http", "port": 9000},
    ]


def test_other_servers_inside_have_other_defaults() -> None:
    flux = {"pom.xml": "<artifactId>spring-boot-starter-webflux</artifactId>"}
    undertow = {"pom.xml": "spring-boot-starter-web spring-boot-starter-undertow"}

    assert [one.get("server") for one in listeners("java -jar a.jar", {}, flux)] == [None]
    assert [one.get("server") for one in listeners("java -jar a.jar", {}, undertow)] == ["undertow"]


def test_a_jar_of_which_nothing_is_known() -> None:
    found = start("java -jar a.jar")

    assert (found.listeners, found.whole) == ((), False)


def test_quarkus() -> None:
    files = {"pom.xml": "<groupId>io.quarkus</groupId>"}
    port = {"src/main/resources/application.properties": "quarkus.http.port=81\n"}

    assert ports("java -jar quarkus-run.jar", {}, files) == [8080]
    assert ports("java -jar quarkus-run.jar", {}, files | port) == [81]
    assert ports("java -jar quarkus-run.jar", {"QUARKUS_HTTP_PORT": "82"}, files | port) == [82]


SERVER_XML = """\
<Server port="8005">
 <!-- <Connector port="1"/> -->
 <Connector port="8081" protocol="HTTP/1.1" address="0.0.0.0"
   connectionTimeout="20000" maxHttpHeaderSize="65536" maxKeepAliveRequests="50"/>
 <Connector port="8443" SSLEnabled="true" />
 <Connector protocol="AJP/1.3" port="8009" />
 <Connector port="${http.port}" connectionTimeout="5000" />
</Server>
"""


def test_tomcat() -> None:
    path = "/usr/local/tomcat/conf/server.xml"

    assert listeners("catalina.sh run", files={path: SERVER_XML}) == [
        {
            "server": "tomcat",
            "protocol": "http",
            "port": 8081,
            "bind": ALL,
            "keepalive.idle_timeout": 20_000,
            "keepalive.max_requests": 50,
            "limits.request_headers": 65_536,
        },
        # without connectionTimeout another time counts than in the file that is shipped
        {"protocol": "http", "port": 8443, "tls": True},
        {"protocol": "tcp", "port": 8009},
        {"server": "tomcat", "protocol": "http", "keepalive.idle_timeout": 5_000},
    ]
    assert said(start("catalina.sh run")) == [
        {
            "server": Said("tomcat", "command"),
            "protocol": Said("http", "command"),
            "port": Said(8080, "default command"),
        }
    ]
    assert ports("catalina.sh version") == []


@pytest.mark.parametrize(
    ("command", "variables", "image", "expected"),
    [
        ("dotnet a.dll", {}, "mcr.microsoft.com/dotnet/aspnet:8.0", [(8080, None, None)]),
        ("dotnet a.dll", {}, "mcr.microsoft.com/dotnet/aspnet:7.0-alpine", [(80, None, None)]),
        ("dotnet a.dll", {}, "mcr.microsoft.com/dotnet/runtime:8.0", []),
        (
            "dotnet a.dll",
            {"ASPNETCORE_URLS": "http://+:81;https://127.0.0.1:82"},
            "mcr.microsoft.com/dotnet/aspnet:8.0",
            [(81, None, False), (82, ("127.0.0.1",), True)],
        ),
        (
            "dotnet a.dll --urls http://*:83",
            {"ASPNETCORE_URLS": "http://+:81"},
            None,
            [(83, ("*",), False)],
        ),
        (
            "dotnet a.dll",
            {"ASPNETCORE_HTTP_PORTS": "84;85"},
            None,
            [(84, None, False), (85, None, False)],
        ),
        ("dotnet run", {}, "mcr.microsoft.com/dotnet/sdk:8.0", []),
        (
            "dotnet a.dll",
            {"Kestrel__Endpoints__Http__Url": "http://0.0.0.0:86"},
            None,
            [(86, ALL, False)],
        ),
        ("dotnet ef database update", {}, None, []),
    ],
)
def test_dotnet(
    command: str, variables: Mapping[str, str], image: str | None, expected: list[Any]
) -> None:
    found = listeners(command, variables, image=image)

    assert [(one.get("port"), one.get("bind"), one.get("tls")) for one in found] == expected


def test_dotnets_settings_count_most() -> None:
    files = {
        "appsettings.json": '\ufeff{"Kestrel": {"Endpoints": {"Http": {"Url": "http://*:87"}}}}'
    }

    assert ports("dotnet a.dll", {"ASPNETCORE_URLS": "http://+:1"}, files) == [87]


RUNTIME = 'port = String.to_integer(System.get_env("PORT") || "4001")\n'


def test_phoenix() -> None:
    files = {"config/runtime.exs": RUNTIME}

    assert said(start("mix phx.server", {"MIX_ENV": "prod"}, files)) == [
        {"protocol": Said("http", "command"), "port": Said(4001, "config/runtime.exs:1")}
    ]
    assert ports("mix phx.server", {"MIX_ENV": "prod", "PORT": "80"}, files) == [80]
    assert ports("mix phx.server", {}, files) == [None]
    assert said(start("mix phx.server", {"PORT": "80"})) == [{"port": Said(80, "hint $PORT")}]
    assert ports("mix ecto.migrate") == []
