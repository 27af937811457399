"""Hops: each pass in each context, with its targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lint502.nginx.hops import Hop, find_hops
from lint502.nginx.version import NEWEST
from tests.support.sites import hop_of, hops_of, http, load, stream


def targets(hop: Hop) -> list[tuple[Any, ...]]:
    """Address, name, TLS, group, and the line with the argument that holds the address."""
    return [
        (str(t.address), t.name, t.tls, t.group, t.written.line, t.arg, t.needs_resolver)
        for t in hop.targets
    ]


def one_target(folder: Path, directive: str) -> tuple[str, bool | None] | None:
    hop = hop_of(folder, http(f"server {{ location / {{ {directive}; }} }}"))
    if hop.unknown is not None:
        assert not hop.targets
        return None
    ((address, _, tls, _, _, _, _),) = targets(hop)
    return address, tls


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("proxy_pass http://h", ("h:80", False)),
        ("proxy_pass HTTP://H", ("h:80", False)),
        ("proxy_pass https://h", ("h:443", True)),
        ("proxy_pass https://h:80/x", ("h:80", True)),
        ("proxy_pass http://[::1]:81", ("[::1]:81", False)),
        ("proxy_pass http://unix:/run/a.sock:/x", ("unix:/run/a.sock", False)),
        ("proxy_pass https://unix:/run/a.sock", ("unix:/run/a.sock", True)),
        ("proxy_pass http://unix:/run/a.sock/api", ("unix:/run/a.sock/api", False)),
        ("proxy_pass 'http://h:1'", ("h:1", False)),
        ("proxy_pass h:80", None),
        ("proxy_pass ftp://h", None),
        ("fastcgi_pass h:9000", ("h:9000", False)),
        ("fastcgi_pass unix:/run/php.sock", ("unix:/run/php.sock", False)),
        ("fastcgi_pass unix:/run/php.sock:", ("unix:/run/php.sock:", False)),
        ("fastcgi_pass h", None),
        ("fastcgi_pass http://h:1", None),
        ("scgi_pass h:4000", ("h:4000", False)),
        ("uwsgi_pass h:3031", ("h:3031", False)),
        ("uwsgi_pass uwsgi://h:3031", ("h:3031", False)),
        ("uwsgi_pass suwsgi://h:3031", ("h:3031", True)),
        ("grpc_pass h:50051", ("h:50051", False)),
        ("grpc_pass grpc://h:50051", ("h:50051", False)),
        ("grpc_pass grpcs://h:50051", ("h:50051", True)),
        ("grpc_pass grpcs://unix:/run/g.sock", ("unix:/run/g.sock", True)),
        ("memcached_pass h:11211", ("h:11211", False)),
    ],
)
def test_the_six_passes(tmp_path: Path, directive: str, expected: object) -> None:
    assert one_target(tmp_path, directive) == expected


def test_where_a_pass_may_stand(tmp_path: Path) -> None:
    hops, _ = hops_of(
        tmp_path,
        http(
            """
            server { server_name a.example b.example; listen 80;
                location /1 { proxy_pass http://h:1;
                    location /2 { proxy_pass http://h:2; location ~ ^/3$ { proxy_pass http://h:3; }}
                }
                location @named { fastcgi_pass h:4; }
                location = /5 { if ($http_x) { proxy_pass http://h:5; } }
                location /6 { limit_except GET { proxy_pass http://h:6; } proxy_pass http://h:7; }
            }
            server { location / { grpc_pass h:8; } }"""
        ),
    )
    assert [(h.server, h.location, h.kind, h.value, h.directive.line) for h in hops] == [
        ("a.example", "/1", "proxy", "http://h:1", 3),
        ("a.example", "/2", "proxy", "http://h:2", 4),
        ("a.example", "~ ^/3$", "proxy", "http://h:3", 4),
        ("a.example", "@named", "fastcgi", "h:4", 6),
        ("a.example", "= /5", "proxy", "http://h:5", 7),
        ("a.example", "/6", "proxy", "http://h:6", 8),
        ("a.example", "/6", "proxy", "http://h:7", 8),
        ("", "/", "grpc", "h:8", 10),
    ]


def test_what_is_no_hop(tmp_path: Path) -> None:
    hops, _ = hops_of(
        tmp_path,
        """
        events {}
        mail { server { listen 25; proxy on; proxy_pass_error_message on; } }
        http {
            # proxy_pass http://commented;
            types { proxy_pass http://h; }
            map $a $b { proxy_pass http://h; default 'proxy_pass http://h;'; }
            init_by_lua_block { proxy_pass http://h; }
            server { location / { return 200 "proxy_pass http://h;"; proxy_pass_header X; } }
        }
        other { location / { proxy_pass http://h; } }
        """,
    )
    assert hops == []


class TestStream:
    def test_a_pass_of_a_server(self, tmp_path: Path) -> None:
        nginx = stream("server { listen 127.0.0.1:53 udp; server_name x; proxy_pass h:54; }")
        hop = hop_of(tmp_path, nginx)
        assert (hop.kind, hop.server) == ("stream", "127.0.0.1:53")
        assert targets(hop) == [("h:54", "h", False, 0, 1, 0, False)]

    @pytest.mark.parametrize(("flag", "tls"), [("on", True), ("off", False), ("$x", None)])
    def test_tls(self, tmp_path: Path, flag: str, tls: bool | None) -> None:
        hop = hop_of(tmp_path, stream(f"proxy_ssl {flag}; server {{ listen 1; proxy_pass h:2; }}"))
        assert [target.tls for target in hop.targets] == [tls]

    def test_its_blocks_are_its_own(self, tmp_path: Path) -> None:
        nginx = (
            "events {} http { upstream a { server one:1; } server { location / "
            "{ proxy_pass http://a; } } } "
            "stream { upstream a { server two:2; } server { listen 9; proxy_pass a; } }"
        )
        hops, _ = hops_of(tmp_path, nginx)
        assert [[str(target.address) for target in hop.targets] for hop in hops] == [
            ["one:1"],
            ["two:2"],
        ]

    def test_a_server_without_a_port_is_no_hop_that_is_known(self, tmp_path: Path) -> None:
        hop = hop_of(tmp_path, stream("server { listen 9; proxy_pass h; }"))
        assert (hop.targets, hop.unknown) == ((), "h has no port")


class TestBlocks:
    BODY = """
        upstream API { server 10.0.0.1:81 weight=2; server unix:/run/a.sock backup;
            server down.example down; server [::1]; }
        server { location / { proxy_pass https://api; } }"""

    def test_every_server_that_is_up_is_a_target(self, tmp_path: Path) -> None:
        hop = hop_of(tmp_path, http(self.BODY))
        assert targets(hop) == [
            ("10.0.0.1:81", "api", True, 0, 2, 0, False),
            ("unix:/run/a.sock", "api", True, 0, 2, 0, False),
            ("[::1]:80", "api", True, 0, 3, 0, False),
        ]
        assert [block.name for block in hop.blocks] == ["api"]
        assert [len(group) for group in hop.groups()] == [3]

    def test_with_a_port_nginx_refuses_it(self, tmp_path: Path) -> None:
        body = "upstream api { server a:1; } server { location / { proxy_pass http://api:80; } }"
        hop = hop_of(tmp_path, http(body))
        assert (hop.targets, hop.blocks) == ((), ())
        assert hop.unknown == "nginx takes no port behind api, which is a block"

    def test_with_a_port_behind_a_variable_it_is_a_host(self, tmp_path: Path) -> None:
        body = (
            "upstream api { server a:1; } "
            "server { location / { set $a api; proxy_pass http://$a:80; } }"
        )
        hop = hop_of(tmp_path, http(body))
        assert [str(target.address) for target in hop.targets] == ["api:80"]
        assert hop.blocks == ()

    def test_servers_that_cannot_be_known(self, tmp_path: Path) -> None:
        body = "upstream api {{ {} }} server {{ location / {{ proxy_pass http://api; }} }}"
        empty = hop_of(tmp_path, http(body.format("server a; balancer_by_lua_file x;")))
        assert empty.targets == ()
        assert empty.unknown == 'the servers of upstream "api" are chosen elsewhere'
        half = hop_of(tmp_path, http(body.format("server a; server http://b;")))
        assert [str(target.address) for target in half.targets] == ["a:80"]
        assert half.unknown == "http://b is not an address"

    def test_all_down_is_known_and_has_no_target(self, tmp_path: Path) -> None:
        body = "upstream a { server a down; } server { location / { proxy_pass http://a; } }"
        hop = hop_of(tmp_path, http(body))
        assert (hop.targets, hop.unknown, [b.name for b in hop.blocks]) == ((), None, ["a"])


class TestVariables:
    def hop(self, folder: Path, body: str) -> Hop:
        hops, _ = hops_of(folder, http(body))
        return hops[-1]

    def test_the_values_of_a_map_are_targets_of_their_own_groups(self, tmp_path: Path) -> None:
        hop = self.hop(
            tmp_path,
            """
            upstream one { server 10.0.0.1:1; server 10.0.0.2:1; }
            map $host $up {
                default one;
                two two.internal:82;
                three 10.0.0.3;
            }
            server { location / { proxy_pass http://$up; } }""",
        )
        assert targets(hop) == [
            ("10.0.0.1:1", "one", False, 0, 2, 0, False),
            ("10.0.0.2:1", "one", False, 0, 2, 0, False),
            ("two.internal:82", "two.internal", False, 1, 5, 0, True),
            ("10.0.0.3:80", "10.0.0.3", False, 2, 6, 0, False),
        ]
        assert (hop.unknown, hop.unknown_host) == (None, False)

    def test_a_value_that_leaves_nothing_is_no_target(self, tmp_path: Path) -> None:
        body = "map $host $up { x one:81; } server { location / { %s; } }"
        for directive in ("proxy_pass http://$up", "fastcgi_pass $up", "proxy_pass http://$up/x"):
            hop = self.hop(tmp_path, body % directive)
            assert ([str(t.address) for t in hop.targets], hop.unknown) == (["one:81"], None)

    def test_a_whole_url_in_a_variable(self, tmp_path: Path) -> None:
        hop = self.hop(
            tmp_path,
            "server { set $u https://h:444/x; location / { proxy_pass $u; } }",
        )
        assert targets(hop) == [("h:444", "h", True, 0, 1, 1, True)]

    def test_both_schemes_are_two_groups(self, tmp_path: Path) -> None:
        body = "server { listen 80; listen 443 ssl; location / { proxy_pass $scheme://10.0.0.1; } }"
        assert targets(self.hop(tmp_path, body)) == [
            ("10.0.0.1:80", "10.0.0.1", False, 0, 1, 0, False),
            ("10.0.0.1:443", "10.0.0.1", True, 1, 1, 0, False),
        ]

    def test_a_literal_host_with_a_variable_path_is_looked_up_at_run_time(
        self, tmp_path: Path
    ) -> None:
        body = "server { location / { proxy_pass http://h/$arg_x; } }"
        assert targets(self.hop(tmp_path, body)) == [("h:80", "h", False, 0, 1, 0, True)]

    @pytest.mark.parametrize(
        ("literal", "needs"),
        [
            ("proxy_pass http://h", False),
            ("proxy_pass http://H:80/x", False),
            ("fastcgi_pass h:80", False),
            ("proxy_pass http://h:81", True),
            ("proxy_pass https://h", True),
            ("return 204", True),
        ],
    )
    def test_unless_a_literal_pass_made_an_upstream_of_it(
        self, tmp_path: Path, literal: str, needs: bool
    ) -> None:
        body = (
            f"server {{ location /a {{ {literal}; }} }} "
            "server { location / { proxy_pass http://h/$arg_x; } }"
        )
        hop = self.hop(tmp_path, body)
        assert [target.needs_resolver for target in hop.targets] == [needs]

    def test_a_pass_to_a_block_makes_no_upstream_of_its_name_and_port(self, tmp_path: Path) -> None:
        body = """
            upstream api { server 10.0.0.1:81; }
            server { location /a { proxy_pass http://api; }
                     location / { proxy_pass http://api:80/$arg_x; } }"""
        assert targets(self.hop(tmp_path, body)) == [("api:80", "api", False, 0, 4, 0, True)]

    @pytest.mark.parametrize(
        ("value", "unknown_host"),
        [
            ("http://$http_x", True),
            ("http://$host:8080", True),
            ("http://a.$host", True),
            ("$arg_u", True),
            ("http://unix:/run/$arg_x.sock", False),
            ("http://h:$arg_port", False),
        ],
    )
    def test_what_comes_from_the_request(
        self, tmp_path: Path, value: str, unknown_host: bool
    ) -> None:
        hop = self.hop(tmp_path, f"server {{ location / {{ proxy_pass {value}; }} }}")
        assert hop.targets == ()
        assert hop.unknown is not None
        assert hop.unknown_host is unknown_host

    def test_some_values_known(self, tmp_path: Path) -> None:
        body = (
            "map $host $up { default one:1; x $arg_x; } "
            "server { location / { proxy_pass http://$up; } }"
        )
        hop = self.hop(tmp_path, body)
        assert [str(target.address) for target in hop.targets] == ["one:1"]
        assert (hop.unknown is not None, hop.unknown_host) == (True, True)


@pytest.mark.parametrize("body", ['set $u "";', "", "set $u /x;"])
def test_a_value_that_leaves_no_address(tmp_path: Path, body: str) -> None:
    location = "location / { proxy_pass http://$u; }"
    hop = hop_of(tmp_path, http(f"map $uri $v {{ x y; }} server {{ {body} {location} }}"))
    expected = "http://$u is always empty: nginx answers 500"
    assert hop.targets == ()
    assert hop.unknown == (
        expected if body else "http://$u depends on the request, or on a file that was not seen"
    )


def test_a_snippet_in_three_servers_is_three_hops(tmp_path: Path) -> None:
    server = "server { server_name %s; proxy_read_timeout %ss; include snippet; }\n"
    hops, _ = hops_of(
        tmp_path,
        http("\n" + "".join(server % (name, name) for name in "123")),
        files={"snippet": "location / { proxy_pass http://h:1; }"},
    )
    assert [(hop.server, hop.directive.source.name, hop.directive.line) for hop in hops] == [
        ("1", "snippet", 1),
        ("2", "snippet", 1),
        ("3", "snippet", 1),
    ]
    times = [hop.scope.time("proxy_read_timeout") for hop in hops]
    assert [time and time.value for time in times] == [1000, 2000, 3000]


def test_a_fragment_may_stand_beside_blocks_that_cannot_be_seen(tmp_path: Path) -> None:
    tree = load(
        tmp_path,
        {"a.conf": "server { location /a { proxy_pass http://api; } "
                   "location /b { proxy_pass http://api:81; } "
                   "location /c { proxy_pass http://10.0.0.1; } }"},
        "a.conf",
    )  # fmt: skip
    hops, _ = find_hops(tree, NEWEST, {})
    assert [([str(t.address) for t in hop.targets], hop.unknown) for hop in hops] == [
        ([], 'an upstream "api" may be defined where it cannot be seen'),
        (["api:81"], None),
        (["10.0.0.1:80"], None),
    ]


class TestIds:
    BODY = """
        server { server_name a; location / { proxy_pass http://h:1; }
            location /b { proxy_pass http://h:1; } }
        server { server_name b; location / { proxy_pass http://h:1; } }
        server { server_name b; location / { proxy_pass http://h:1; } }"""

    def ids(self, folder: Path, body: str) -> list[str]:
        return [hop.id for hop in hops_of(folder, http(body))[0]]

    def test_they_are_unique(self, tmp_path: Path) -> None:
        assert len(set(self.ids(tmp_path, self.BODY))) == 4

    def test_they_do_not_move_with_the_lines(self, tmp_path: Path) -> None:
        moved = "\n\n# a comment\nserver { listen 9; return 404; }\n" + self.BODY
        assert self.ids(tmp_path, moved) == self.ids(tmp_path, self.BODY)

    def test_another_hop_changes_no_other_id(self, tmp_path: Path) -> None:
        more = "server { server_name c; location / { proxy_pass http://h:1; } }" + self.BODY
        assert self.ids(tmp_path, more)[1:] == self.ids(tmp_path, self.BODY)

    def test_they_are_unique_over_roots(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": http(self.BODY)})
        counted: dict[tuple[str, ...], int] = {}
        ids = [hop.id for _ in range(2) for hop in find_hops(tree, NEWEST, counted)[0]]
        assert len(set(ids)) == 8


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(st.integers(0, 7), st.sampled_from([[], ["if ($a)"], ["limit_except GET"]]), st.data())
def test_every_pass_in_nested_blocks_is_found(
    tmp_path: Path, locations: int, innermost: list[str], data: st.DataObject
) -> None:
    """As many hops as passes were written, whatever the nesting."""
    opened, count = "", 0
    names = [*(f"location /{n}" for n in range(locations + 1)), *innermost]
    for name in names:
        opened += f"{name} {{"
        if data.draw(st.booleans()):
            opened += f"proxy_pass http://h:{count + 1};"
            count += 1
    body = f"server {{ {opened} {'}' * len(names)} }}"
    hops, _ = hops_of(tmp_path, http(body))
    assert [hop.value for hop in hops] == [f"http://h:{n + 1}" for n in range(count)]
