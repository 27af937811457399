from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "loopback-in-container"
API = "[upstream.api]\nport = 3000\nsame_host = false\n"
SURE = [Found(2, "error", 502, "always", RULE, "api")]


def server(address: str, more: str = "") -> str:
    return f"\nserver {{ location / {{ proxy_pass http://{address}; }} {more} }}"


@pytest.mark.parametrize(
    "address", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "127.0.0.2:3000", "0.0.0.0:3000"]
)
@pytest.mark.parametrize(
    "more",
    ["", 'bind = ["127.0.0.1"]\n', 'bind = ["0.0.0.0"]\n', 'bind = ["::1"]\n',
     'hosts = ["10.0.0.5"]\n'],
)  # fmt: skip
def test_the_loopback_of_another_container(lint: Lint, address: str, more: str) -> None:
    assert lint(server(address), API + more) == SURE


@pytest.mark.parametrize(
    "spec",
    [
        API.replace("false", "true"),
        API.replace("same_host = false\n", ""),
        # a port that is forwarded or published
        API + 'hosts = ["127.0.0.1"]\n',
        API + 'hosts = ["api", "localhost"]\n',
        # another upstream is there
        API + "[upstream.web]\nport = 3000\n",
        API + '[upstream.web]\nport = 3000\nhosts = ["127.0.0.1"]\nsame_host = false\n',
    ],
)
def test_what_is_on_nginx_s_own_loopback(lint: Lint, spec: str) -> None:
    found = lint(server("127.0.0.1:3000"), spec)
    assert [row for row in found if row.rule != "unused-upstream"] == []


def test_its_own_name(lint: Lint) -> None:
    assert lint(server("api:3000"), API) == []


def test_something_may_listen_there_that_has_no_port(lint: Lint) -> None:
    """It may be the one that answers at any port, or one of several."""
    other = '[upstream.web]\nhosts = ["127.0.0.1"]\n'
    unused = Found(1, "info", None, None, "unused-upstream", "api", "upstreams.toml")
    assert lint(server("127.0.0.1:3000"), API + other) == [unused]
    found = lint(server("127.0.0.1:3000"), API + other + other.replace("web", "app"))
    assert found[0] == Found(2, "info", None, None, "undeclared-upstream", None)


def test_another_port_is_another_matter(lint: Lint) -> None:
    first, _ = lint(server("127.0.0.1:3001"), API)
    assert first == Found(2, "info", None, None, "undeclared-upstream", None)
    first, _ = lint(server("127.0.0.1:3001"), f"complete = true\n{API}")
    assert first == Found(2, "error", 502, "always", "port-mismatch", None)
    block = "\nupstream api { server 127.0.0.1:3001; } " \
        "server { location / { proxy_pass http://api; } }"  # fmt: skip
    assert lint(block, API) == [Found(2, "error", 502, "always", "port-mismatch", "api")]


@pytest.mark.parametrize("spec", [API, API.replace("port = 3000\n", "")])
def test_a_block_that_is_called_like_it(lint: Lint, spec: str) -> None:
    body = "\nupstream api { server 127.0.0.1:3000; } " \
        "server { location / { proxy_pass http://api; } }"  # fmt: skip
    assert lint(body, spec) == SURE


BOTH = """
server {
    location /a { proxy_pass http://api:3000; }
    location /b { proxy_pass http://127.0.0.1:3000; }
}"""


def test_where_nginx_reaches_it_otherwise_the_port_may_be_another_s(
    lint: Lint, findings: Findings
) -> None:
    assert lint(BOTH, API) == [Found(4, "warning", 502, "sometimes", RULE, "api")]
    (finding,) = findings(BOTH, API)
    assert finding.message.endswith(
        ", unless something that is not declared listens on 127.0.0.1:3000"
    )
    assert lint(BOTH, f"complete = true\n{API}") == [Found(4, "error", 502, "always", RULE, "api")]


def test_of_several_with_this_port_none_is_on_the_loopback(lint: Lint, findings: Findings) -> None:
    spec = API + API.replace("api", "web")
    assert lint(server("127.0.0.1:3000"), spec) == [Found(2, "error", 502, "always", RULE, None)]
    (finding,) = findings(server("127.0.0.1:3000"), spec)
    assert finding.message == (
        "nginx connects to 127.0.0.1:3000, in its own container or machine, but api and web run in "
        "another one"
    )
    assert [place.line for place in finding.related] == [3, 6]
    assert finding.fix is None


def test_nginx_itself_may_listen_there(lint: Lint) -> None:
    for listen in ("3000", "127.0.0.1:3000"):
        body = server("127.0.0.1:3000") + f" server {{ listen {listen}; return 204; }}"
        assert RULE not in [row.rule for row in lint(body, API)]
    body = server("127.0.0.1:3000") + " server { listen 10.0.0.1:3000; return 204; }"
    assert lint(body, API) == SURE


def test_one_server_of_a_block(lint: Lint) -> None:
    body = """
upstream api {
    server api:3000;
    server localhost:3000;
}
server { location / { proxy_pass http://api; } }"""
    assert lint(body, API) == [Found(4, "warning", 502, "sometimes", RULE, "api")]


def test_many_hops_are_one_finding(findings: Findings) -> None:
    server = " server {{ listen {}; location / {{ proxy_pass http://api; }} }}"
    servers = "".join(map(server.format, (1, 2, 3)))
    body = f"\nupstream api {{ server 127.0.0.1:3000; }}{servers}"
    (finding,) = findings(body, API)
    assert len(finding.hops) == 3


def test_stream(lint: Lint) -> None:
    body = "\nserver { listen 1; proxy_pass 127.0.0.1:3000; }"
    assert lint(body, API, wrap=stream) == SURE
    body = "\nserver { listen 1 udp; proxy_pass 127.0.0.1:3000; }"
    assert lint(body, f'{API}protocol = "udp"\n', wrap=stream) == [
        Found(2, "error", 200, "always", RULE, "api")
    ]


@pytest.mark.parametrize(
    ("body", "more", "fixed"),
    [
        (server("127.0.0.1:3000/x/"), "", "proxy_pass http://api:3000/x/;"),
        (server("[::1]:3000"), 'hosts = ["10.0.0.5"]\n', "proxy_pass http://10.0.0.5:3000;"),
        (server("localhost:3000"), 'hosts = ["fd00::5"]\n', "proxy_pass http://[fd00::5]:3000;"),
        (
            "\nupstream x { server 127.0.0.1:3000 weight=2; } "
            "server { location / { proxy_pass http://x; } }",
            "",
            "server api:3000 weight=2;",
        ),
        # a name would need a resolver there
        (server("127.0.0.1:3000$request_uri"), "", None),
        ("\nmap $uri $up { default 127.0.0.1:3000; } "
         "server { location / { proxy_pass http://$up; } }", "", None),
    ],
)  # fmt: skip
def test_the_fix_is_its_host(findings: Findings, body: str, more: str, fixed: str | None) -> None:
    (finding,) = findings(body, API + more)
    assert (finding.fix.description if finding.fix else None) == fixed
    assert finding.fix is None or not finding.fix.safe


def test_back_to_nginx_itself_is_a_loop(findings: Findings) -> None:
    body = "\nserver { listen 3000; location / { proxy_pass http://127.0.0.1:3000; } }"
    (finding,) = findings(body, f"complete = true\n{API}")
    assert (finding.rule, finding.fix) == ("proxy-loop", None)


CHAT = '[upstream.chat]\nhosts = ["%s"]\nport = 3000\n'
PERHAPS = [Found(2, "warning", 502, "sometimes", RULE, "chat")]
CERTAIN = [Found(2, "error", 502, "always", RULE, "chat")]


@pytest.mark.parametrize(
    ("host", "more", "found"),
    [
        ("chat", "", PERHAPS),
        ("10.0.0.5", "", PERHAPS),
        ("chat", "same_host = true\n", []),
        (
            "chat",
            "same_host = false\n",
            [PERHAPS[0]._replace(severity="error", frequency="always")],
        ),
        ("127.0.0.1", "", []),
    ],
)
def test_a_port_that_is_declared_at_another_host(
    lint: Lint, host: str, more: str, found: list[Found]
) -> None:
    assert lint(server("localhost:3000"), CHAT % host + more) == found


def test_a_host_with_that_port_is_a_guess(lint: Lint, findings: Findings) -> None:
    undeclared = Found(2, "info", None, None, "undeclared-upstream", None)
    assert lint(server("localhost:3001"), CHAT % "chat")[0] == undeclared
    assert lint(server("localhost:3000"), "complete = true\n" + CHAT % "chat") == CERTAIN
    both = lint(
        server("localhost:3000", "location /x { proxy_pass http://chat:3000; }"), CHAT % "chat"
    )
    assert both == [undeclared]
    (finding,) = findings(server("localhost:3000"), CHAT % "chat")
    assert finding.message == (
        "nginx connects to localhost:3000, on its own loopback, where nothing is declared; chat, "
        "with that port, is declared at chat alone: if that is another container, nobody answers "
        "here, and if it runs where nginx runs, declare same_host = true"
    )
