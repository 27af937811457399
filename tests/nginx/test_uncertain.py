"""What is not known where a template leaves a directive open, or has it in one branch."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.findings import Note
from lint502.nginx.servers import find_servers, listens_open
from lint502.nginx.tree import Context, Tree
from tests.support.nginxes import nginx_of
from tests.support.real_nginx import HTTP, MAIN, check_all
from tests.support.sites import check
from tests.support.templates import hops, outline, read


def within(tree: Tree, *names: str) -> Context:
    context = tree.main
    for name in names:
        context = next(child for child in context.children if child.name == name)
    return context


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("listen ${PORT};", False),
        ("listen 80 ${MORE};", False),
        ("listen ${HOST}:80;", False),  # nginx's $host is none here
        ("server_name ${NAME};", False),
        ("server_name ~^www\\d+\\.example\\.com$;", True),
        ("resolver ${DNS} valid=10s;", False),
        ("proxy_read_timeout ${T}s;", False),
        ("client_max_body_size ${SIZE};", False),
        ("proxy_next_upstream error ${MORE};", False),
        ("proxy_set_header Host ${NAME};", True),
        ("proxy_set_header ${NAME} a;", False),
        ("fastcgi_param A ${B};", True),
        ("set $a ${B};", True),
        ("{% if x %}set $a b;{% endif %}", True),
        ("{% if x %}proxy_set_header Host a;{% endif %}", False),
        ("{% for x in y %}proxy_read_timeout 5s;{% endfor %}", False),
        ("return 200 ${host};", True),
    ],
)
def test_which_lines_are_kept(tmp_path: Path, line: str, kept: bool) -> None:
    tree = read(tmp_path, f"events {{}} http {{ server {{ {line} }} }}", "nginx.conf.template")
    server = within(tree, "http", "server")
    assert tree.problems == ()
    assert (bool(server.items), bool(server.uncertain)) == (kept, not kept)


REFUSED = {
    "listen ${HOST}:80;": False,
    "resolver ${HOST};": False,
    "server_name ${HOST};": True,
    "location / { proxy_pass http://${HOST}:80; }": True,
    "location / { proxy_pass http://$API_HOST:80; }": False,
}
"""What nginx says to a variable in capital letters: it has ``$HOST``, but not in each directive."""


@pytest.mark.slow
@pytest.mark.parametrize("release", ["bullseye", "bookworm", "trixie", "sid"])
def test_a_real_nginx(release: str) -> None:
    texts = [
        f"{MAIN}http {{ {HTTP} server {{ listen unix:s; {line} }} }}".encode() for line in REFUSED
    ]
    blocks = ("server ${HOST}:80;", "server 127.0.0.1:1; keepalive ${HOST};")
    texts += [f"{MAIN}http {{ {HTTP} upstream a {{ {line} }} }}".encode() for line in blocks]
    said = [one.accepted for one in check_all(texts, nginx_of(release))]
    assert said == [*REFUSED.values(), False, False]


class TestServers:
    def test_a_socket_that_is_open(self, tmp_path: Path) -> None:
        for text, is_open in (
            ("server { listen ${PORT}; }", True),
            ("server {\n${MORE}\n}", True),
            ("${MORE}\nserver { listen 80; }", True),
            ("{% if x %}server { listen 80; }{% endif %}", True),
            ("server { listen 80; server_name ${NAME}; }", False),
            ("server { include gone; }", False),
        ):
            tree = read(tmp_path, f"events {{}} http {{\n{text}\n}}", "n.template")
            assert listens_open(within(tree, "http")) is is_open, text

    def test_no_other_name_is_certain(self, tmp_path: Path) -> None:
        text = (
            "events {} http {\nserver { listen 80; server_name a; }\n"
            "server { listen 80; server_name ${NAME}; } }"
        )
        (found,) = find_servers(read(tmp_path, text))
        (socket,) = found.sockets
        named = socket.server_for("a")
        assert named is not None
        assert (named.names, socket.server_for("b"), found.known) == (("a",), None, False)

    def test_none_is_ignored_for_an_open_name(self, tmp_path: Path) -> None:
        server = "server { listen 80; server_name ${A}; location / { proxy_pass http://a:1; } }\n"
        report = check(tmp_path, {"nginx.conf": f"events {{}} http {{\n{server}{server}}}"})
        assert [hop.reason for hop in report.hops] == [None, None]


@pytest.mark.parametrize(
    "text",
    [
        "{% if tls %}proxy_pass https://127.0.0.1:3000;{% else %}proxy_pass http://127.0.0.1:3000;"
        "{% endif %}",
        "{% if a %}proxy_pass http://127.0.0.1:3000;{% else %}fastcgi_pass 127.0.0.1:3000;"
        "{% endif %}",
        "{% if a %}return 301 /x;{% endif %} proxy_pass http://127.0.0.1:3000;",
        "proxy_pass http://127.0.0.1:3000; {% if a %}deny all;{% endif %}",
        "{% if a %}allow 10.0.0.1;{% endif %} deny all; proxy_pass http://127.0.0.1:3000;",
        "proxy_set_header Host a; {% if a %}proxy_set_header Host b;{% endif %} "
        "proxy_pass http://127.0.0.1:3000;",
        "{% if a %}proxy_read_timeout 1s;{% else %}proxy_read_timeout 2s;{% endif %} "
        "proxy_pass http://127.0.0.1:3000;",
    ],
)
def test_branches_do_not_contradict_each_other(tmp_path: Path, text: str) -> None:
    files = {
        "nginx.conf": f"events {{}} http {{ server {{ listen 80; location / {{\n{text}\n}} }} }}",
        "upstreams.toml": "[upstream.api]\nport = 3000\n",
    }
    report = check(tmp_path, files)
    assert (report.problems, report.findings) == ((), ())
    assert {(hop.state, hop.reason) for hop in report.hops} == {("passed", None)}


def test_what_a_branch_has_that_nginx_refuses(tmp_path: Path) -> None:
    """It may be one that only other kinds of files have."""
    text = "server {\n{% if stream %}\npreread_timeout 5s;\ngzip;\n{% endif %}\ngzip;\n}"
    tree = read(tmp_path, text)
    assert [problem.line for problem in tree.problems] == [6]


def test_an_include_that_may_not_be_there(tmp_path: Path) -> None:
    text = "events {} http {\n{% if x %}\ninclude gone.conf;\n{% endif %}\ninclude {{ y }}/*;\n}"
    tree = read(tmp_path, text, "nginx.conf.j2")
    assert tree.problems == ()
    assert Note(
        "nginx.conf.j2", 3, "include gone.conf: not found; a template may leave it out"
    ) in tree.notes  # fmt: skip
    assert [line.line for line in within(tree, "http").unseen] == [3, 5]


def test_names_in_small_letters(tmp_path: Path) -> None:
    """In a file that says by its name that it is a template, as Terraform's."""
    text = (
        "server {\n listen ${port};\n %{ for l in locs ~}\n location ${l} {\n"
        "  proxy_pass http://${api}:80;\n  proxy_set_header Host ${http_host};\n }\n"
        " %{ endfor ~}\n}\n"
    )
    assert outline(read(tmp_path, text, "a.conf.tftpl")) == [
        "1:1 server",
        "  4:2 ?location ${l}",
        "    5:3 proxy_pass http://${api}:80",
        "    6:3 proxy_set_header Host ${http_host}",
        "  2:2 ~listen ${port}",
    ]


def test_puppet(tmp_path: Path) -> None:
    text = (
        "<%- | String $host | -%>\nserver {\n<% $locs.each |$l| { -%>\n"
        " location <%= $l %> { proxy_pass http://<%= $host %>:80; }\n<% } -%>\n"
        "<% if $x { -%>\n return 404;\n<% } elsif $y { -%>\n return 405;\n<% } else { -%>\n"
        " return 406;\n<% } -%>\n}\n"
    )
    tree = read(tmp_path, text, "a.conf.epp", {"host": "api"})
    assert tree.problems == ()
    assert outline(tree) == [
        "2:1 server",
        "  4:2 ?location <%= $l %>",
        "    4:23 proxy_pass http://api:80",
        "  7:2 ~return 404",
        "  9:2 ~return 405",
        "  11:2 ~return 406",
    ]
    assert [targets for _, _, targets, _ in hops(tree)] == [["api:80"]] or tree.fragment
