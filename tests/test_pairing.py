"""Which listener a target reaches, rule by rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from sites import hops_of, http, stream

from lint502.pairing import Pairing
from lint502.spec.load import load_specs

Told = tuple[str, ...] | None


def pair(folder: Path, nginx: str, spec: str) -> list[Told]:
    """What each target reaches: the upstream with its port or socket; or ("mismatch", certain or
    not, the nearest…); or None: undeclared."""
    path = folder / "upstreams.toml"
    path.write_text(spec)
    loaded, problems = load_specs([path])
    assert problems == []
    pairing = Pairing(loaded)
    told: list[Told] = []
    for hop in hops_of(folder, nginx)[0]:
        for target in hop.targets:
            found = pairing.pair(hop, target)
            if found.listener is not None:
                assert found.mismatch is None
                told.append((_listener(found.listener),))
            elif found.mismatch is not None:
                certain = "certain" if found.mismatch.certain else "perhaps"
                told.append((certain, *map(_listener, found.mismatch.nearest)))
            else:
                told.append(None)
    return told


def _listener(listener: object) -> str:
    port, socket = listener.port, listener.socket  # type: ignore[attr-defined]
    where = port.value if port else socket.value.path if socket else "?"
    return f"{listener.upstream}:{where}"  # type: ignore[attr-defined]


def reached(folder: Path, address: str, spec: str, directive: str = "proxy_pass http://") -> Told:
    body = f"server {{ location / {{ {directive}{address}; }} }}"
    (told,) = pair(folder, http(body), spec)
    return told


API = "[upstream.api]\nport = 3000\n"


class TestTheExactAddress:
    @pytest.mark.parametrize(
        "address",
        ["127.0.0.1:3000", "localhost:3000", "LocalHost:3000", "[::1]:3000", "127.0.0.2:3000",
         "0.0.0.0:3000", "[0:0:0:0:0:0:0:1]:3000", "[::]:3000", "api:3000", "API:3000"],
    )  # fmt: skip
    def test_every_way_to_write_the_loopback(self, tmp_path: Path, address: str) -> None:
        assert reached(tmp_path, address, API) == ("api:3000",)

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.1.1"])
    def test_a_declared_loopback(self, tmp_path: Path, host: str) -> None:
        spec = f'{API}hosts = ["{host}"]'
        for address in ("127.0.0.1:3000", "localhost:3000", "[::1]:3000"):
            assert reached(tmp_path, address, spec) == ("api:3000",)

    @pytest.mark.parametrize("host", ["2001:db8::1", "[2001:DB8:0:0::1]", "2001:0db8::0001"])
    @pytest.mark.parametrize("address", ["[2001:db8::1]:3000", "[2001:DB8:0::0:1]:3000"])
    def test_spellings_of_ipv6(self, tmp_path: Path, host: str, address: str) -> None:
        assert reached(tmp_path, address, f'{API}hosts = ["{host}"]') == ("api:3000",)

    def test_the_default_port_counts(self, tmp_path: Path) -> None:
        spec = '[upstream.api]\nport = 80\nhosts = ["h"]\n[upstream.tls]\nport = 443\nhosts = ["h"]'
        assert reached(tmp_path, "h", spec) == ("api:80",)
        assert reached(tmp_path, "h", spec, "proxy_pass https://") == ("tls:443",)

    @pytest.mark.parametrize(
        ("declared", "written"),
        [
            ("/run/api.sock", "/run/api.sock"),
            ("/var/run/api.sock", "/run/api.sock"),
            ("/run/api.sock", "/var/run/api.sock"),
            ("/run//api.sock", "/var//run/api.sock"),
        ],
    )
    def test_sockets(self, tmp_path: Path, declared: str, written: str) -> None:
        spec = f'[upstream.api]\nsocket = "{declared}"'
        assert reached(tmp_path, f"unix:{written}", spec) == (f"api:{declared}",)

    def test_it_beats_the_name(self, tmp_path: Path) -> None:
        """A block called like one upstream whose server is another's address."""
        body = (
            "upstream api { server 127.0.0.1:4000; } "
            "server { location / { proxy_pass http://api; } }"
        )
        assert pair(tmp_path, http(body), API + "[upstream.web]\nport = 4000") == [("web:4000",)]

    def test_of_several_listeners_there_the_name_decides_then_the_protocol(
        self, tmp_path: Path
    ) -> None:
        spec = (
            '[upstream.php]\nport = 9000\nprotocol = "fastcgi"\n'
            '[upstream.api]\nport = 9000\nprotocol = "http"\n'
            "[upstream.web]\nport = 9000\n"
        )
        assert reached(tmp_path, "127.0.0.1:9000", spec) == ("api:9000",)
        assert reached(tmp_path, "127.0.0.1:9000", spec, "fastcgi_pass ") == ("php:9000",)
        body = (
            "upstream WEB { server 127.0.0.1:9000; } "
            "server { location / { proxy_pass http://web; } }"
        )
        assert pair(tmp_path, http(body), spec) == [("web:9000",)]

    def test_other_hosts_are_no_loopback_where_hosts_are_declared(self, tmp_path: Path) -> None:
        spec = f'{API}hosts = ["10.0.0.5"]'
        assert reached(tmp_path, "127.0.0.1:3000", spec) is None
        assert reached(tmp_path, "127.0.0.1:3000", spec + "\nsame_host = true") == ("api:3000",)
        assert reached(tmp_path, "127.0.0.1:3000", spec + "\nsame_host = false") is None
        assert reached(tmp_path, "127.0.0.1:3000", spec + '\nbind = ["127.0.0.1"]') == ("api:3000",)
        assert reached(tmp_path, "127.0.0.1:3000", spec + '\nbind = ["0.0.0.0"]') is None

    def test_a_container_is_not_on_the_loopback(self, tmp_path: Path) -> None:
        assert reached(tmp_path, "127.0.0.1:3000", API + "same_host = false") is None

    def test_an_address_that_it_binds_reaches_it(self, tmp_path: Path) -> None:
        spec = f'{API}bind = ["10.0.0.7"]'
        assert reached(tmp_path, "10.0.0.7:3000", spec) == ("api:3000",)


class TestTheName:
    def test_a_host_with_another_port_is_a_certain_mismatch(self, tmp_path: Path) -> None:
        assert reached(tmp_path, "api:3001", API) == ("certain", "api:3000")
        spec = f'{API}hosts = ["api.internal"]'
        assert reached(tmp_path, "API.internal:3001", spec) == ("certain", "api:3000")

    def test_a_block_called_like_it(self, tmp_path: Path) -> None:
        body = (
            "upstream Api { server 127.0.0.1:3001; server 10.9.9.9:3000; server x:1; } "
            "server { location / { proxy_pass http://api; } }"
        )
        assert pair(tmp_path, http(body), API) == [
            ("certain", "api:3000"),
            ("api:3000",),
            ("certain", "api:3000"),
        ]

    def test_a_host_called_like_it_in_a_block_called_otherwise(self, tmp_path: Path) -> None:
        body = "upstream x { server api:3001; } server { location / { proxy_pass http://x; } }"
        assert pair(tmp_path, http(body), API) == [("certain", "api:3000")]

    def test_of_its_listeners_the_one_with_the_port_then_the_nearest(self, tmp_path: Path) -> None:
        spec = "[[upstream.api]]\nport = 3000\n[[upstream.api]]\nport = 4000\n"
        assert reached(tmp_path, "api:4000", spec) == ("api:4000",)
        assert reached(tmp_path, "api:3900", spec) == ("certain", "api:4000", "api:3000")

    def test_a_socket_where_it_listens_on_a_port(self, tmp_path: Path) -> None:
        body = (
            "upstream api { server unix:/run/x.sock; } "
            "server { location / { proxy_pass http://api; } }"
        )
        assert pair(tmp_path, http(body), API) == [("certain", "api:3000")]
        spec = '[upstream.api]\nsocket = "/run/y.sock"'
        assert pair(tmp_path, http(body), spec) == [("certain", "api:/run/y.sock")]
        body = (
            "upstream api { server 10.0.0.1:3000; } "
            "server { location / { proxy_pass http://api; } }"
        )
        assert pair(tmp_path, http(body), spec) == [("certain", "api:/run/y.sock")]

    def test_an_upstream_without_an_address_is_reached_by_any(self, tmp_path: Path) -> None:
        spec = '[upstream.api]\nprotocol = "http"'
        assert reached(tmp_path, "api:1", spec) == ("api:?",)
        body = (
            "upstream api { server unix:/a; server h; } "
            "server { location / { proxy_pass http://api; } }"
        )
        assert pair(tmp_path, http(body), spec) == [("api:?",), ("api:?",)]

    def test_an_address_literal_that_belongs_to_one_alone(self, tmp_path: Path) -> None:
        spec = f'{API}hosts = ["10.0.0.5", "2001:db8::1"]'
        assert reached(tmp_path, "10.0.0.5:1", spec) == ("certain", "api:3000")
        assert reached(tmp_path, "[2001:DB8::0:1]:1", spec) == ("certain", "api:3000")


class TestASharedHost:
    SPEC = (
        '[upstream.a]\nport = 3000\nhosts = ["box"]\n[upstream.b]\nport = 4000\nhosts = ["box"]\n'
    )

    def test_a_port_that_nobody_declares_there(self, tmp_path: Path) -> None:
        assert reached(tmp_path, "box:3900", self.SPEC) == ("perhaps", "b:4000", "a:3000")
        assert reached(tmp_path, "box:3100", self.SPEC) == ("perhaps", "a:3000", "b:4000")

    def test_complete_makes_it_certain(self, tmp_path: Path) -> None:
        spec = "complete = true\n" + self.SPEC
        assert reached(tmp_path, "box:3900", spec) == ("certain", "b:4000", "a:3000")

    @pytest.mark.parametrize("address", ["127.0.0.1:3001", "localhost:3001", "[::1]:3001"])
    def test_the_loopback_is_shared_even_by_one(self, tmp_path: Path, address: str) -> None:
        assert reached(tmp_path, address, API) == ("perhaps", "api:3000")
        assert reached(tmp_path, address, "complete = true\n" + API) == ("certain", "api:3000")

    def test_a_declared_loopback_name_is_shared_too(self, tmp_path: Path) -> None:
        assert reached(tmp_path, "localhost:1", f'{API}hosts = ["localhost"]') == (
            "perhaps",
            "api:3000",
        )

    def test_sockets(self, tmp_path: Path) -> None:
        spec = '[upstream.a]\nsocket = "/run/app.sock"\n[upstream.b]\nsocket = "/srv/x/y.sock"\n'
        near = ("a:/run/app.sock", "b:/srv/x/y.sock")
        assert reached(tmp_path, "unix:/run/api.sock", spec) == ("perhaps", *near)
        complete = "complete = true\n" + spec
        assert reached(tmp_path, "unix:/run/api.sock", complete) == ("certain", *near)


class TestUndeclared:
    @pytest.mark.parametrize(
        ("address", "spec"),
        [
            ("other:3000", API),
            ("10.0.0.9:3000", API),
            ("127.0.0.1:3000", ""),
            ("unix:/run/a.sock", API),
            ("127.0.0.1:3000", '[upstream.a]\nsocket = "/run/a"'),
            ("other:3000", "complete = true\n" + API),
        ],
    )
    def test_nothing_of_it_is_known(self, tmp_path: Path, address: str, spec: str) -> None:
        assert reached(tmp_path, address, spec) is None

    def test_complete_leaves_nothing_on_the_loopback_undeclared(self, tmp_path: Path) -> None:
        assert reached(tmp_path, "127.0.0.1:1", "complete = true") == ("certain",)
        assert reached(tmp_path, "unix:/run/a", "complete = true") == ("certain",)


def test_stream_is_paired_alike(tmp_path: Path) -> None:
    nginx = stream(
        "server { listen 1; proxy_pass 127.0.0.1:3000; } server { listen 2; proxy_pass api:1; }"
    )
    assert pair(tmp_path, nginx, API) == [("api:3000",), ("certain", "api:3000")]
