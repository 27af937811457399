"""Which listener a target reaches, rule by rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.reached import unreached
from lint502.declared import nearest as module
from lint502.declared.load import load_specs
from lint502.pairing import Pair, Pairing
from tests.support.sites import check, hops_of, http, stream

Told = tuple[str, ...] | None


def pairs(folder: Path, nginx: str, spec: str) -> list[Pair]:
    """The pair of each target of each hop."""
    path = folder / "upstreams.toml"
    path.write_text(spec)
    loaded, problems = load_specs([path])
    assert problems == []
    pairing = Pairing(loaded)
    hops, _ = hops_of(folder, nginx)
    cut = [hop.id for hop in hops if unreached(hop)]
    return [pair for found in pairing.pairs(hops, cut).values() for pair in found]


def pair(folder: Path, nginx: str, spec: str) -> list[Told]:
    """What each target reaches: the upstream with its port or socket; or ("mismatch", certain or
    not, the nearest…); or None: undeclared."""
    told: list[Told] = []
    for found in pairs(folder, nginx, spec):
        if found.listener is not None:
            assert found.mismatch is None
            told.append((_listener(found.listener),))
        elif found.mismatch is not None:
            certain = "certain" if found.mismatch.certain else "perhaps"
            if found.mismatch.elsewhere:
                certain += " elsewhere"
            told.append((certain, *map(_listener, found.mismatch.nearest)))
        else:
            told.append(None)
    return told


def _listener(listener: object) -> str:
    port, socket = listener.port, listener.socket  # type: ignore[attr-defined]
    where = port.value if port else socket.value if socket else "?"
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
        elsewhere = ("perhaps elsewhere", "api:3000")
        assert reached(tmp_path, "127.0.0.1:3000", spec) == elsewhere
        assert reached(tmp_path, "127.0.0.1:3001", spec) is None
        assert reached(tmp_path, "127.0.0.1:3000", spec + "\nsame_host = true") == ("api:3000",)
        assert reached(tmp_path, "127.0.0.1:3000", spec + "\nsame_host = false") == elsewhere
        assert reached(tmp_path, "127.0.0.1:3000", spec + '\nbind = ["127.0.0.1"]') == ("api:3000",)
        assert reached(tmp_path, "127.0.0.1:3000", spec + '\nbind = ["0.0.0.0"]') is None

    def test_a_container_is_not_on_the_loopback(self, tmp_path: Path) -> None:
        spec = API + "same_host = false\n"
        elsewhere = ("perhaps elsewhere", "api:3000")
        assert reached(tmp_path, "127.0.0.1:3000", spec) == elsewhere
        assert reached(tmp_path, "localhost:3000", "complete = true\n" + spec) == (
            "certain elsewhere",
            "api:3000",
        )
        assert reached(tmp_path, "127.0.0.1:3001", spec) is None
        assert reached(tmp_path, "10.0.0.9:3000", spec) is None
        body = (
            "upstream api { server 127.0.0.1:3000; server api:3000; server 10.0.0.9:3000; } "
            "server { location / { proxy_pass http://api; } }"
        )
        assert pair(tmp_path, http(body), spec) == [
            ("certain elsewhere", "api:3000"),
            ("api:3000",),
            ("api:3000",),
        ]
        published = f'{spec}hosts = ["127.0.0.1"]\n'
        assert reached(tmp_path, "localhost:3000", published) == ("api:3000",)

    def test_a_host_called_loopback_is_none(self, tmp_path: Path) -> None:
        spec = f'{API}hosts = ["loopback"]'
        assert reached(tmp_path, "loopback:3000", spec) == ("api:3000",)
        assert reached(tmp_path, "127.0.0.1:3000", spec) == ("perhaps elsewhere", "api:3000")

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


class TestAPortOrASocket:
    """On nginx's own host, what speaks the hop's protocol may have moved from one to the other."""

    PHP = '[upstream.php]\nsocket = "/run/php.sock"\nprotocol = "fastcgi"\n'
    TCP = '[upstream.php]\nport = 9000\nprotocol = "fastcgi"\n'

    @pytest.mark.parametrize("address", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"])
    def test_a_socket_instead_of_a_port(self, tmp_path: Path, address: str) -> None:
        php = "php:/run/php.sock"
        assert reached(tmp_path, address, self.PHP, "fastcgi_pass ") == ("perhaps", php)
        complete = "complete = true\n" + self.PHP
        assert reached(tmp_path, address, complete, "fastcgi_pass ") == ("certain", php)

    def test_a_port_instead_of_a_socket(self, tmp_path: Path) -> None:
        for complete, told in (("", "perhaps"), ("complete = true\n", "certain")):
            spec = complete + self.TCP
            assert reached(tmp_path, "unix:/run/php.sock", spec, "fastcgi_pass ") == (
                told,
                "php:9000",
            )

    def test_of_another_protocol_or_of_none_it_is_not_meant(self, tmp_path: Path) -> None:
        assert reached(tmp_path, "127.0.0.1:9000", self.PHP) is None
        assert reached(tmp_path, "unix:/run/php.sock", self.TCP) is None
        unknown = '[upstream.app]\nsocket = "/run/app.sock"\n'
        assert reached(tmp_path, "127.0.0.1:9000", unknown) is None

    def test_on_another_host_it_is_not(self, tmp_path: Path) -> None:
        assert reached(tmp_path, "10.0.0.5:9000", self.PHP, "fastcgi_pass ") is None
        elsewhere = self.TCP + 'hosts = ["10.0.0.5"]\n'
        assert reached(tmp_path, "unix:/run/php.sock", elsewhere, "fastcgi_pass ") is None

    def test_what_is_as_it_is_comes_first(self, tmp_path: Path) -> None:
        spec = API + self.PHP
        assert reached(tmp_path, "127.0.0.1:9000", spec, "fastcgi_pass ") == (
            "perhaps",
            "api:3000",
            "php:/run/php.sock",
        )
        assert reached(tmp_path, "127.0.0.1:9000", spec) == ("perhaps", "api:3000")


class TestAListenerWithoutAnAddress:
    """It may be what answers at any port of its host."""

    OTHER = "[upstream.other]\nport = 3000\n"
    APP = '[upstream.app]\nhosts = ["127.0.0.1"]\n'

    @pytest.mark.parametrize("complete", ["", "complete = true\n"])
    @pytest.mark.parametrize("address", ["127.0.0.1:5000", "localhost:5000", "unix:/run/app.sock"])
    def test_it_is_the_one(self, tmp_path: Path, complete: str, address: str) -> None:
        spec = complete + self.OTHER + '[upstream.third]\nsocket = "/run/third.sock"\n' + self.APP
        assert reached(tmp_path, address, spec) == ("app:?",)
        assert reached(tmp_path, "127.0.0.1:3000", spec) == ("other:3000",)

    def test_at_a_shared_host(self, tmp_path: Path) -> None:
        spec = TestASharedHost.SPEC + '[upstream.c]\nhosts = ["box"]\n'
        assert reached(tmp_path, "box:1", spec) == ("c:?",)
        assert reached(tmp_path, "box:4000", spec) == ("b:4000",)

    @pytest.mark.parametrize("complete", ["", "complete = true\n"])
    @pytest.mark.parametrize("address", ["127.0.0.1:5000", "unix:/run/app.sock"])
    def test_of_several_none_is(self, tmp_path: Path, complete: str, address: str) -> None:
        spec = complete + self.OTHER + self.APP + self.APP.replace("app", "web")
        assert reached(tmp_path, address, spec) is None

    def test_one_that_declares_no_host_is_reached_by_its_name(self, tmp_path: Path) -> None:
        spec = self.OTHER + "[upstream.web]\n"
        assert reached(tmp_path, "127.0.0.1:5000", spec) == ("perhaps", "other:3000")
        assert reached(tmp_path, "web:5000", spec) == ("web:?",)

    def test_elsewhere_it_is_not(self, tmp_path: Path) -> None:
        spec = self.OTHER + '[upstream.app]\nhosts = ["10.0.0.5"]\n'
        assert reached(tmp_path, "127.0.0.1:5000", spec) == ("perhaps", "other:3000")

    def test_by_name_a_port_is_no_socket(self, tmp_path: Path) -> None:
        body = (
            "upstream api { server unix:/run/x.sock; } "
            "server { location / { proxy_pass http://api; } }"
        )
        spec = '[[upstream.api]]\nport = 3000\n[[upstream.api]]\nprotocol = "http"\n'
        assert pair(tmp_path, http(body), spec) == [("api:?",)]


class TestSpelling:
    @pytest.mark.parametrize(
        "address", ["api.internal.:1", "API.Internal.:1", "api.internal:1", "api.:1"]
    )
    @pytest.mark.parametrize("host", ["api.internal", "api.internal.", "API.Internal"])
    def test_the_dot_at_the_end_and_case(self, tmp_path: Path, address: str, host: str) -> None:
        spec = f'{API}hosts = ["{host}"]'
        assert reached(tmp_path, address, spec) == ("certain", "api:3000")
        assert reached(tmp_path, address.replace(":1", ":3000"), spec) == ("api:3000",)

    def test_the_dot_of_a_loopback_name(self, tmp_path: Path) -> None:
        assert reached(tmp_path, "localhost.:3000", API) == ("api:3000",)

    @pytest.mark.parametrize("ports", [(1, 2), (2, 1)])
    def test_of_names_that_differ_in_case_the_exact_one(
        self, tmp_path: Path, ports: tuple[int, int]
    ) -> None:
        """nginx knows hosts in lower case only, and blocks as they are spelled."""
        names = ("api", "API") if ports == (1, 2) else ("API", "api")
        spec = "".join(
            f'[upstream.{name}]\nport = {port}\nhosts = ["{name}-host"]\n'
            for name, port in zip(names, ports, strict=True)
        )
        assert reached(tmp_path, "Api:9", spec) == ("certain", "api:1")
        for name, port in (("api", 1), ("API", 2)):
            body = f"upstream {name} {{ server 10.0.0.1:9; }} "
            body += "server { location / { proxy_pass http://api; } }"
            assert pair(tmp_path, http(body), spec) == [("certain", f"{name}:{port}")]

    def test_of_two_that_are_folded_the_first(self, tmp_path: Path) -> None:
        spec = "[upstream.API]\nport = 1\n[upstream.Api]\nport = 2\n"
        assert reached(tmp_path, "api:9", spec) == ("certain", "API:1")

    def test_at_one_address_the_exact_name(self, tmp_path: Path) -> None:
        spec = "[upstream.api]\nport = 1\n[upstream.API]\nport = 1\n"
        body = (
            "upstream API { server 127.0.0.1:1; } server { location / { proxy_pass http://api; } }"
        )
        assert pair(tmp_path, http(body), spec) == [("API:1",)]
        assert reached(tmp_path, "api:1", spec) == ("api:1",)


class TestManyListeners:
    def test_the_nearest_ports_and_how_many_there_are(self, tmp_path: Path) -> None:
        spec = "".join(f"[upstream.u{port}]\nport = {port}\n" for port in range(2000, 4000, 2))
        body = "server { location / { proxy_pass http://127.0.0.1:3001; } }"
        (found,) = pairs(tmp_path, http(body), "complete = true\n" + spec)
        assert found.mismatch is not None
        assert [item.upstream for item in found.mismatch.nearest] == ["u3000", "u3002", "u2998"]
        assert (found.mismatch.total, found.mismatch.upstream) == (1000, None)

    def test_what_one_upstream_has_twice_counts_once(self, tmp_path: Path) -> None:
        spec = "".join(
            f'[[upstream.api]]\nport = {port}\nhosts = ["h{index}"]\n'
            for index, port in enumerate((1, 1, 2))
        )
        body = "server { location / { proxy_pass http://api:9; } }"
        (found,) = pairs(tmp_path, http(body), spec)
        assert found.mismatch is not None
        assert [item.hosts[0] for item in found.mismatch.nearest] == ["h2", "h0"]
        assert (found.mismatch.total, found.mismatch.upstream) == (2, "api")

    @pytest.mark.parametrize(
        ("path", "nearest"),
        [
            ("/run/apps/500/gunicorn.sock", "/run/app/500/gunicorn.sock"),
            ("/run/app/500/gunicorn.socket", "/run/app/500/gunicorn.sock"),
            ("/run/app/500/unicorn.sock", "/run/app/500/gunicorn.sock"),
            ("/srv/500/gunicorn.sock", "/run/app/500/gunicorn.sock"),
        ],
    )
    def test_of_sockets_only_those_that_start_or_end_alike_are_ranked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, nearest: str
    ) -> None:
        ranked: list[str] = []

        def difference(one: str, other: str) -> int:
            ranked.append(one)
            return original(one, other)

        original = module._difference
        monkeypatch.setattr(module, "_difference", difference)
        spec = "".join(
            f'[upstream.u{index}]\nsocket = "/run/app/{index}/gunicorn.sock"\n'
            for index in range(1000)
        )
        body = f"server {{ location / {{ proxy_pass http://unix:{path}; }} }}"
        (found,) = pairs(tmp_path, http(body), spec)
        assert found.mismatch is not None
        assert _listener(found.mismatch.nearest[0]).partition(":")[2] == nearest
        assert (len(found.mismatch.nearest), found.mismatch.total) == (3, 1000)
        assert 3 <= len(ranked) <= 32

    def test_hops_that_share_a_block_share_what_is_found(self, tmp_path: Path) -> None:
        locations = "".join(f"location /{i} {{ proxy_pass http://b; }} " for i in range(2))
        body = f"upstream b {{ server 127.0.0.1:1; }} server {{ {locations} }}"
        first, second = pairs(tmp_path, http(body), API)
        assert first.mismatch is not None and first.mismatch is second.mismatch
        assert (first.hop.location, second.hop.location) == ("/0", "/1")

    def test_but_not_those_of_another_protocol(self, tmp_path: Path) -> None:
        spec = (
            '[upstream.a]\nport = 1\nprotocol = "fastcgi"\n'
            '[upstream.b]\nport = 1\nprotocol = "http"\n'
        )
        body = (
            "upstream x { server 127.0.0.1:1; } server { location /a { fastcgi_pass x; } "
            "location /b { proxy_pass http://x; } }"
        )
        assert pair(tmp_path, http(body), spec) == [("a:1",), ("b:1",)]


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
    assert pair(tmp_path, nginx, API) == [("api:3000",), ("perhaps", "api:3000")]


VM = '[upstream.vm]\nhosts = ["10.0.0.5"]\nport = 3000\n'


@pytest.mark.parametrize(
    ("body", "spec", "expected"),
    [
        # a second service there, most likely
        (
            "location / { proxy_pass http://vm:3000; } location /x { proxy_pass http://vm:3001; }",
            VM,
            [("vm:3000",), ("perhaps", "vm:3000")],
        ),
        (
            "location / { proxy_pass http://10.0.0.5:3000; }"
            "location /x { proxy_pass http://vm; } location /y { fastcgi_pass 10.0.0.5:9000; }",
            VM,
            [("vm:3000",), ("perhaps", "vm:3000"), ("perhaps", "vm:3000")],
        ),
        # nobody gets to the right one
        (
            "location / { proxy_pass http://vm:3001; } location /x { proxy_pass http://vm:3001; }",
            VM,
            [("certain", "vm:3000"), ("certain", "vm:3000")],
        ),
        (
            "location / { return 204; proxy_pass http://vm:3000; }"
            "location /x { proxy_pass http://vm:3001; }",
            VM,
            [("vm:3000",), ("certain", "vm:3000")],
        ),
        # another upstream is another matter, and so is a spec that says that there is no more
        (
            "location / { proxy_pass http://other:1; } location /x { proxy_pass http://vm:3001; }",
            f"{VM}[upstream.other]\nport = 1\n",
            [("other:1",), ("certain", "vm:3000")],
        ),
        (
            "location / { proxy_pass http://vm:3000; } location /x { proxy_pass http://vm:3001; }",
            f"complete = true\n{VM}",
            [("vm:3000",), ("certain", "vm:3000")],
        ),
    ],
)
def test_other_requests_that_get_to_the_right_port(
    tmp_path: Path, body: str, spec: str, expected: list[Told]
) -> None:
    assert pair(tmp_path, http(f"server {{ {body} }}"), spec) == expected


def test_the_servers_of_a_block_and_the_values_of_a_variable_are_one_way(tmp_path: Path) -> None:
    """Who writes them together takes them for one service."""
    body = """map $uri $port { default 3000; /x 3001; }
    upstream both { server vm:3000; server vm:3001; }
    server { resolver 10.0.0.1; location / { %s } }"""
    one = [("vm:3000",), ("certain", "vm:3000")]
    assert pair(tmp_path, http(body % "proxy_pass http://vm.:$port;"), VM) == one
    shared = "proxy_pass http://both; } location /z { proxy_pass http://both;"
    assert pair(tmp_path, http(body % shared), VM) == one * 2
    both = "proxy_pass http://vm.:$port; } location /z { proxy_pass http://both;"
    other = [("vm:3000",), ("perhaps", "vm:3000")]
    assert pair(tmp_path, http(body % both), VM) == other * 2


def test_a_block_that_is_called_like_the_upstream_means_it(tmp_path: Path) -> None:
    body = """upstream VM { server 127.0.0.1:3001; }
    server { resolver ::1; set $vm vm; location / { proxy_pass http://vm; }
    location /x { proxy_pass http://$vm:3000; } }"""
    assert pair(tmp_path, http(body), VM) == [("certain", "vm:3000"), ("vm:3000",)]


def test_beside_mistakes_in_the_spec_nothing_is_called_undeclared_there(tmp_path: Path) -> None:
    """What a mistake hides may be what listens there."""
    nginx = http("\nserver { location / { proxy_pass http://127.0.0.1:3000; } }")
    spec = "complete = true\n[upstream.x]\nport = 4000\n[upstream.api]\nprot = 3000\n"
    report = check(tmp_path, {"nginx.conf": nginx, "upstreams.toml": spec})
    assert [(finding.rule, finding.severity.value) for finding in report.findings] == [
        ("unused-upstream", "info"),
    ]
    assert [(hop.state, hop.reason) for hop in report.hops] == [
        ("undecidable", "a mistake in upstreams.toml:4 leaves open what api is")
    ]
    assert len(report.problems) == 1


BLOCK = "upstream api { server 127.0.0.1:3000; }\nserver { location / { proxy_pass http://api; } }"
HOST = "server { location / { proxy_pass http://127.0.0.1:3000; } }"
OTHER = "server { location / { proxy_pass http://10.0.0.9:3000; } }"
LEFT_OPEN = "a mistake in upstreams.toml:1 leaves open what api is"
HTTP_TO_FASTCGI = [("protocol-mismatch", "error")]


@pytest.mark.parametrize(
    ("nginx", "spec", "state", "why", "found"),
    [
        (HOST, "prt = 3001", "undecidable", LEFT_OPEN, []),
        (HOST, 'port = "3001"', "undecidable", LEFT_OPEN, []),
        (HOST, 'port = 3000\nhost = "10.0.0.1"\nprotocol = "fastcgi"', "undecidable",
         LEFT_OPEN, []),
        (HOST, "port = 3000\nprotcol = 'fastcgi'", "passed", None, []),
        (HOST, "port = 3000\nprotocol = 'fastcgi'\nidle_timeout = 1", "failed", None,
         HTTP_TO_FASTCGI),
        (HOST, "port = 3001\nidle_timeout = 1", "failed", None, [("port-mismatch", "warning")]),
        (BLOCK, "prt = 3001", "undecidable", LEFT_OPEN, []),
        (BLOCK, "port = 3001\nports = [3000]", "undecidable", LEFT_OPEN, []),
        (BLOCK, "port = 3001\nprotcol = 'http'", "failed", None, [("port-mismatch", "error")]),
        (BLOCK, "protocol = 'fastcgi'\nsocket = 5", "failed", None, HTTP_TO_FASTCGI),
        (BLOCK, "server = 'gunicron'", "undecidable", LEFT_OPEN, []),
        (BLOCK, "server = 'php-fpm'\nprotocl = 'http'", "passed", None, []),
        (OTHER, "prt = 3001", "undeclared", None, [("undeclared-upstream", "info")]),
        (OTHER, "hosts = 5", "undecidable", LEFT_OPEN, []),
    ],
)  # fmt: skip
def test_a_mistake_leaves_the_other_facts_and_makes_nothing_undeclared(
    tmp_path: Path,
    nginx: str,
    spec: str,
    state: str,
    why: str | None,
    found: list[tuple[str, str]],
) -> None:
    files = {"nginx.conf": http(f"\n{nginx}"), "upstreams.toml": f"[upstream.api]\n{spec}\n"}
    report = check(tmp_path, files)
    assert [(hop.state, hop.reason) for hop in report.hops] == [(state, why)]
    left_out = ("unused-upstream", "info")
    findings = [(one.rule, one.severity.value) for one in report.findings]
    assert [one for one in findings if one != left_out] == found
    assert len(report.problems) == 1


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("[upstreams.api]\nport = 3000\n", "upstreams.toml:1 is wrong"),
        ("[upstream.api]\nport: 3000\n", "upstreams.toml cannot be read"),
        ('[upstream."a b"]\nport = 3000\n', "upstreams.toml:1 is wrong"),
    ],
)
def test_where_it_is_not_known_what_is_declared_nothing_is_undeclared(
    tmp_path: Path, spec: str, why: str
) -> None:
    report = check(tmp_path, {"nginx.conf": http(f"\n{OTHER}"), "upstreams.toml": spec})
    assert [(hop.state, hop.reason) for hop in report.hops] == [("undecidable", why)]
    assert (report.findings, len(report.problems)) == ((), 1)


@pytest.mark.parametrize(
    ("written", "hosts", "state"),
    [
        ("api.internal", '["api.internal"]', "failed"),
        ("api", '["api"]', "failed"),
        ("API.internal", '["10.0.0.1", "api.internal"]', "failed"),
        ("api", '["127.0.0.1"]', "undecidable"),  # the name of a block elsewhere, as it seems
        ("other", '["api.internal"]', "undecidable"),
    ],
)
def test_a_host_without_a_port_in_a_fragment(
    tmp_path: Path, written: str, hosts: str, state: str
) -> None:
    """A declared host is no block that the main file, which is not seen, may define."""
    files = {
        "site.conf": f"server {{ location / {{ proxy_pass http://{written}; }} }}",
        "upstreams.toml": f"[upstream.api]\nhosts = {hosts}\nport = 3000\n",
    }
    (hop,) = check(tmp_path, files, "site.conf").hops
    assert hop.state == state
    files["site.conf"] = "include gone;\n" + files["site.conf"]
    (hop,) = check(tmp_path, files, "site.conf").hops
    assert hop.state == "undecidable"
