"""What somebody writes wrongly in upstreams.toml gets an answer that says what to write."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lint502.declared.load import load_specs
from lint502.declared.sources.upstreams_toml import form, lessons
from lint502.declared.sources.upstreams_toml.wording import FORM
from lint502.declared.upstreams import FIELDS

API = "[upstream.api]\n"
EDGE = "[front.edge]\n"


def said(folder: Path, text: str) -> list[str]:
    """The problems of a spec, each with its line."""
    file = folder / "upstreams.toml"
    file.write_text(text)
    _, problems = load_specs([file], lambda _: "u")
    return [f"{problem.line} {problem.message}" for problem in problems]


PROTOCOL = (
    '"protocol" in [upstream.api] must be "http", "grpc", "fastcgi", "uwsgi", "scgi", '
    '"memcached", "tcp" or "udp", not "{}"; {}'
)


@pytest.mark.parametrize(
    ("value", "lesson"),
    [
        ("https", 'write protocol = "http" and tls = true'),
        ("HTTPS", 'write protocol = "http" and tls = true'),
        ("https://", 'write protocol = "http" and tls = true'),
        ("grpcs", 'write protocol = "grpc" and tls = true'),
        ("ws", 'write protocol = "http", and the paths of its WebSockets: websocket = ["/ws/"]'),
        ("http2", 'write protocol = "http" and http_versions = ["2"]'),
        ("HTTP/2", 'write protocol = "http" and http_versions = ["2"]'),
        ("h2c", 'write protocol = "http", http_versions = ["2"] and tls = false'),
        ("php", 'write protocol = "fastcgi", or server = "php-fpm", which brings it'),
        ("fcgi", 'write protocol = "fastcgi"'),
        ("fastcgi://", 'write "fastcgi"'),
        ("unix", 'write its path: socket = "/run/api.sock"; protocol is what is spoken on it'),
        ("htttp", 'did you mean "http"?'),
        ("Http", 'did you mean "http"?'),
    ],
)
def test_protocols(tmp_path: Path, value: str, lesson: str) -> None:
    assert said(tmp_path, f'{API}protocol = "{value}"\n') == [f"2 {PROTOCOL.format(value, lesson)}"]


TIME = 'must be a time as nginx writes it, such as "30s", "1m30s" or "500ms"'
SIZE = 'must be a size as nginx writes it, such as "4096", "16k" or "10m"'
SWITCH = "must be true, false or a table"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('port = "3000"', '"port" {} must be a whole number, not the string "3000"; write 3000'),
        ('port = "3000/tcp"',
         '"port" {} must be a whole number, not the string "3000/tcp"; write 3000'),
        ("port = 3000.0", '"port" {} must be a whole number, not 3000.0; write 3000'),
        ("port = [1, 2]", '"port" {} must be a whole number, not a list; several listeners are '
         "each a table [[upstream.api]]"),
        ('hosts = "a"', '"hosts" {} must be a list, not the string "a"; write ["a"]'),
        ('hosts = "a, b"', '"hosts" {} must be a list, not the string "a, b"; write ["a", "b"]'),
        ('hosts = ["api:3000"]', '"hosts" {} must contain hosts without a port, unlike '
         '"api:3000"; write hosts = ["api"] and port = 3000'),
        ('hosts = ["http://api:3000/x"]', '"hosts" {} must contain hosts, not URLs like '
         '"http://api:3000/x"; write hosts = ["api"] and port = 3000'),
        ('socket = "unix:/run/x.sock"',
         '"socket" {} must be the path alone: write "/run/x.sock", without "unix:"'),
        ('socket = "fastcgi://unix:/x"',
         '"socket" {} must be the path alone: write "/x", without "fastcgi://unix:"'),
        ('socket = "127.0.0.1:9000"', '"socket" {} must be an absolute path, not '
         '"127.0.0.1:9000"; write port = 9000 and hosts = ["127.0.0.1"]'),
        ("socket = { path = '/a', mode = 660 }", '"mode" in [upstream.api.socket] must be the '
         'octal mode as a string, such as "0660", not 660; write "0660"'),
        ("socket = { path = '/a', mode = 0o750 }", '"mode" in [upstream.api.socket] must be the '
         'octal mode as a string, such as "0660", not 488; write "0750"'),
        ("socket = { path = '/a', mode = 'srw-rw----' }", '"mode" in [upstream.api.socket] must '
         'be the octal mode as a string, such as "0660", not "srw-rw----"; write "0660"'),
        ('tls = "true"', f'"tls" {{}} {SWITCH}, not "true"; write true'),
        ('tls = "1.3"', f'"tls" {{}} {SWITCH}, not "1.3"; write tls = {{{{ versions = '
         '["TLSv1.3"] }}'),
        ("tls = 0", f'"tls" {{}} {SWITCH}, not 0; write false'),
        ('keepalive = "65 s"', f'"keepalive" {{}} {SWITCH}, not "65 s"; write keepalive = '
         '{{ idle_timeout = "65s" }}'),
        ('same_host = "yes"', '"same_host" {} must be true or false, not the string "yes"; '
         "write true"),
        ("http_versions = 2", '"http_versions" {} must be a list, not 2; write ["2"]'),
        ('http_versions = ["h2"]', '"http_versions" {} must contain only "1.0", "1.1" or "2", '
         'not "h2"; write "2"'),
        ("websocket = true", '"websocket" {} must be a list, not true; write the paths of its '
         'WebSockets: ["/ws/"]'),
        ('unknown_host = "404"', '"unknown_host" {} must be "answer" or "close", not "404"; '
         'write "answer"'),
        ('keepalive.idle_timeout = "5 s"',
         f'"idle_timeout" in [upstream.api.keepalive] {TIME}, not "5 s"; write "5s"'),
        ('keepalive.idle_timeout = "5sec"',
         f'"idle_timeout" in [upstream.api.keepalive] {TIME}, not "5sec"; write "5s"'),
        ("keepalive.idle_timeout = 5.5", '"idle_timeout" in [upstream.api.keepalive] must be a '
         'time such as "30s" or "1m30s", not 5.5; write "5500ms"'),
        ('keepalive.idle_timeout = "forever"',
         f'"idle_timeout" in [upstream.api.keepalive] {TIME}, not "forever"'),
        ('limits.response_headers = "12kb"',
         f'"response_headers" in [upstream.api.limits] {SIZE}, not "12kb"; write "12k"'),
        ('limits.response_headers = "12 KiB"',
         f'"response_headers" in [upstream.api.limits] {SIZE}, not "12 KiB"; write "12k"'),
        ('tls.versions = ["1.2"]', '"versions" in [upstream.api.tls] must contain only "SSLv3", '
         '"TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3", not "1.2"; write "TLSv1.2"'),
        ('server = "django"', '"server" {} names no server: Django is a framework; write what '
         'serves it: "gunicorn", "uvicorn", "gunicorn-uvicorn", "uwsgi", "daphne" or "hypercorn"'),
        ('server = "node:22"', '"server" {} must be a server or server/version: write "node/22", '
         'not "node:22"'),
    ],
)  # fmt: skip
def test_values(tmp_path: Path, written: str, message: str) -> None:
    assert said(tmp_path, API + written) == ["2 " + message.format("in [upstream.api]")]


IDLE = '"idle_timeout" in [upstream.api.keepalive]'
ITS_OWN = "nginx's own settings are read in its files"


@pytest.mark.parametrize(
    ("key", "lesson"),
    [
        ("prt", 'did you mean "port"?'),
        ("Port", 'write "port"'),
        ("same-host", 'write "same_host"'),
        ("httpVersions", 'write "http_versions"'),
        ("idle_timeout", "it belongs into [upstream.api.keepalive]"),
        ("idle-timeout", f"write {IDLE}"),
        ("idleTimeout", f"write {IDLE}"),
        ("idle_timout", f"did you mean {IDLE}?"),
        ("keepalive_timeout", f"write {IDLE}"),
        ("closes_early", 'write "announces_close" in [upstream.api.keepalive]'),
        ("client_max_body_size", 'write "request_body" in [upstream.api.limits]'),
        ("proxy_read_timeout", f"{ITS_OWN}; how long an answer may take to start is "
         '"response" in [upstream.api.timeouts]'),
        ("proxy_connect_timeout", f"{ITS_OWN}; nothing of the upstream is like it"),
        ("timeout", f"{IDLE} is how long an idle connection is kept, "
         '"request" in [upstream.api.timeouts] after which time a request is given up'),
        ("hostname", 'write "hosts"'),
        ("listen", 'write "port"'),
        ("ssl", 'write "tls"'),
        ("user", 'write "owner" in [upstream.api.socket]'),
        ("mode", "it belongs into [upstream.api.socket]"),
        ("version", 'the version is written with the server: server = "NAME/VERSION"'),
    ],
)  # fmt: skip
def test_keys_of_an_upstream(tmp_path: Path, key: str, lesson: str) -> None:
    message = f'2 unknown key "{key}" in [upstream.api]; {lesson}'
    assert said(tmp_path, f"{API}{key} = 1") == [message]
    listed = f"[[upstream.api]]\nport = 1\n[[upstream.api]]\n{key} = 1"
    header = lesson.replace("[upstream.api]", "[[upstream.api]]")
    assert said(tmp_path, listed) == [f'4 unknown key "{key}" in [[upstream.api]]; {header}']


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("keepalive.timeout = 1", '"timeout" in [upstream.api.keepalive]; did you mean '
         '"idle_timeout"?'),
        ("limits.headers = 1", '"headers" in [upstream.api.limits]; did you mean '
         '"request_headers" or "response_headers"?'),
        ("limits.max_header_size = 1", '"max_header_size" in [upstream.api.limits]; write '
         '"request_headers"'),
        ("tls.port = 1", '"port" in [upstream.api.tls]; it belongs into [upstream.api]'),
        ("timeouts.read = 1", '"read" in [upstream.api.timeouts]; write "response"'),
        ("timeouts.idle = 1", '"idle" in [upstream.api.timeouts]; write "idle_timeout" in '
         "[upstream.api.keepalive]"),
        ("timeout.request = 1", '"timeout" in [upstream.api]; did you mean "timeouts"?'),
    ],
)  # fmt: skip
def test_keys_of_its_tables(tmp_path: Path, written: str, message: str) -> None:
    assert said(tmp_path, API + written) == [f"2 unknown key {message}"]


KINDS = (
    '"kind" in [front.edge] must be "aws-alb", "aws-nlb", "cloudfront", "google-lb", '
    '"azure-application-gateway", "azure-front-door", "azure-load-balancer", '
    '"azure-api-management", "cloudflare", "fastly", "akamai", "haproxy", "varnish", "envoy", '
    '"istio", "contour", "envoy-gateway", "kong", "traefik", "caddy" or "nginx", not "{}"; {}'
)


@pytest.mark.parametrize(
    ("kind", "lesson"),
    [
        ("alb", 'write "aws-alb"'),
        ("elb", 'an Application Load Balancer is "aws-alb"; of a Classic one lint502 has no '
         "figures: leave kind out and write its idle_timeout"),
        ("nlb", 'write "aws-nlb", and proxy_protocol = true where it sends that'),
        ("azure", 'write "azure-application-gateway", "azure-front-door", "azure-api-management" '
         'or "azure-load-balancer"'),
        ("CloudFront", 'did you mean "cloudfront"?'),
        ("clodflare", 'did you mean "cloudflare"?'),
        ("apache", "lint502 has no figures of it: leave kind out and write its idle_timeout"),
        ("akamia", 'did you mean "akamai"?'),
        ("istio-ingressgateway", 'write "istio"'),
    ],
)  # fmt: skip
def test_kinds_of_fronts(tmp_path: Path, kind: str, lesson: str) -> None:
    assert said(tmp_path, f'{EDGE}kind = "{kind}"') == [f"2 {KINDS.format(kind, lesson)}"]


@pytest.mark.parametrize(
    ("key", "lesson"),
    [
        ("idle-timeout", 'write "idle_timeout"'),
        ("timeout", 'write "idle_timeout"'),
        ("keepalive", 'write "idle_timeout"'),
        ("type", 'write "kind"'),
        ("server_names", 'write "servers"'),
        ("snii", 'did you mean "sni"?'),
        ("bind", "it is a key of an upstream: a front only sends to nginx"),
    ],
)
def test_keys_of_a_front(tmp_path: Path, key: str, lesson: str) -> None:
    message = f'2 unknown key "{key}" in [front.edge]; {lesson}'
    assert said(tmp_path, f"{EDGE}{key} = 1") == [message]


QUOTED = "a name with dots is quoted"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[upstream]\nport = 3", '2 [upstream.port] must be a table or several tables, not 3; '
         '"port" is a key of one upstream, which has a name: [upstream.NAME]'),
        ("[[upstream]]\nport = 3", '1 "upstream" must be a table, not a list; each has a name: '
         "[upstream.NAME]"),
        ('[front]\nkind = "aws-alb"', '2 [front.kind] must be a table, not the string "aws-alb"; '
         '"kind" is a key of one front, which has a name: [front.NAME]'),
        ("[upstream.api.internal]\nport = 3", "1 unknown table [upstream.api.internal]; "
         f'{QUOTED}: [upstream."api.internal"]'),
        ("[upstream.api.internal.net.tls]\nsni = 3",
         f'1 unknown table [upstream.api.internal.net]; {QUOTED}: '
         '[upstream."api.internal.net"]'),
        ("[[upstream.api.internal]]\nport = 3", "1 unknown table [upstream.api.internal]; "
         f'{QUOTED}: [upstream."api.internal"]'),
        ("[front.a.b]\nkind = 3", f'1 unknown table [front.a.b]; {QUOTED}: [front."a.b"]'),
        ("[upstreams.api]\nport = 3", "1 unknown table [upstreams]; did you mean [upstream.api]?"),
        ("[backend.api]\nport = 3", "1 unknown table [backend]; did you mean [upstream.api]?"),
        ("[web]\nport = 3", "1 unknown table [web]; did you mean [upstream.web]?"),
        ("[edge]\nkind = 3", "1 unknown table [edge]; did you mean [front.edge]?"),
        ("[api.internal]\nport = 3", '1 unknown table [api]; did you mean '
         '[upstream."api.internal"]?'),
        ("complet = true", '1 unknown key "complet" outside of all tables; did you mean '
         '"complete"?'),
    ],
)  # fmt: skip
def test_tables(tmp_path: Path, text: str, message: str) -> None:
    assert said(tmp_path, text) == [message]


NO_VALUE = "this is no value; a string needs quotes"
FOLLOWS = "something follows the value"
OPEN = 'an inline table is not closed with "}"'
NO_SIGN = 'a "=" is missing after the key'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mode = 0660", f"column 9: {FOLLOWS}; a number does not begin with 0; where it is a "
         'mode, quote it: mode = "0660"'),
        ("port: 3000", f"column 5: {NO_SIGN}; write port = 3000"),
        ('"port": 3000,', f"column 7: {NO_SIGN}; write port = 3000"),
        ("port 3000;", f"column 6: {NO_SIGN}; write port = 3000"),
        ("server = node", f'column 10: {NO_VALUE}; write server = "node"'),
        ("tls = yes", f"column 7: {NO_VALUE}; write tls = true"),
        ("tls = False", f"column 7: {NO_VALUE}; write tls = false"),
        ("hosts = [a, b]", f'column 10: {NO_VALUE}; write hosts = ["a", "b"]'),
        ("idle_timeout = 5s # why", f'column 17: {FOLLOWS}; write idle_timeout = "5s"'),
        ("bind = 127.0.0.1", f'column 13: {FOLLOWS}; write bind = "127.0.0.1"'),
        ("port = 3000;", f"column 12: {FOLLOWS}; a line of TOML ends without a comma or "
         "semicolon"),
        ("x = null", f"column 5: {NO_VALUE}; leave the key out: what is not known is not written"),
        ("// x", "column 1: this is neither a [table] nor a key with a value; a comment begins "
         'with "#"'),
        ("upstream api {", f"column 10: {NO_SIGN}; this is no nginx configuration: write "
         "[upstream.api]"),
        ("[upstream api]", 'column 11: a "]" is missing after the table name; write '
         "[upstream.api]"),
        ('socket = { path = "/run/x,y.sock", mode = 0660 }', f"column 44: {OPEN}; a number does "
         'not begin with 0; where it is a mode, quote it: mode = "0660"'),
        ("limits = { request_body = 10m, overflow = \"close\" }", f"column 29: {OPEN}; write "
         'request_body = "10m"'),
        ("tls = { sni = required }", f'column 15: {NO_VALUE}; write sni = "required"'),
        ("server = \u201cnode\u201d", f'column 10: {NO_VALUE}; write server = "node"'),
    ],
)  # fmt: skip
def test_what_is_no_toml(tmp_path: Path, line: str, message: str) -> None:
    assert said(tmp_path, f"{API}{line}\n") == [f"2 is not valid TOML in {message}"]


def test_the_data_names_what_there_is() -> None:
    """What is said to write is there."""
    front = set(form.FrontTable.model_fields)
    data = lessons._read()
    assert set(data["front_keys"].values()) <= front
    known = {*FIELDS, "hosts", "timeouts", "limits", "socket.path"}
    assert set(data["keys"].values()) <= known
    assert set(data["values"]) - {"kind"} <= known
    for key in (*data["keys"], *data["front_keys"], *data["instead"]):
        assert lessons.folded(key) == key, key
    for values in data["values"].values():
        for value in values:
            assert re.fullmatch(r"[a-z0-9.]+", value), value
    for text in data["instead"].values():
        for table, key in re.findall(r'"(\w+)" in \{upstream\.(\w+)\}', text):
            assert f"{key}.{table}" in FIELDS


VALID: dict[str, Any] = {
    "complete": True,
    "upstream": {
        "api": {
            "hosts": ["127.0.0.1", "api.internal"],
            "port": 3000,
            "published": [9000],
            "bind": ["127.0.0.1"],
            "server": "gunicorn/22.0",
            "protocol": "http",
            "http_versions": ["1.0", "1.1"],
            "tls": {"versions": ["TLSv1.3"], "sni": "required", "chain_depth": 1},
            "timeouts": {"request": "30s"},
            "keepalive": {"idle_timeout": "5s", "max_requests": 5},
            "limits": {"request_headers": "16k", "overflow": "answer"},
        },
        "app": [
            {"socket": {"path": "/run/a/b", "mode": "0660", "directory": {"mode": "0750"}}},
            {"port": 9, "keepalive": False},
        ],
    },
    "front": {"edge": {"kind": "aws-alb", "servers": ["a"], "idle_timeout": "60s"}},
}
VALUES = st.one_of(
    st.sampled_from(["", "https", "3000", "5 s", "12kb", "true", "unix:/x", "a b", "\x1b", "0660",
                     "node:22", "django", "elb", "1.1", "http://a:1", "x" * 300]),
    st.sampled_from([0, -1, 1, 660, 2**70, 10**400, 1.5, float("inf"), float("nan"), True]),
    st.sampled_from([[], [1], ["a"], [[]], [{}], {}, {"a": 1}, {"port": 1}, {"a": {"b": {}}}]),
)  # fmt: skip
KEYS = st.sampled_from(
    ["port", "prt", "idle-timeout", "keepalive", "timeout", "a.b", "", "x" * 100, "socket", "tls",
     "internal", "hosts", "proxy_read_timeout", "\u202e", "mode", "0", "kind", "upstream"]
)  # fmt: skip


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be changed."""
    inner = data.items() if isinstance(data, dict) else enumerate(data)
    found = []
    for key, value in inner:
        found.append((*path, key))
        if isinstance(value, (dict, list)):
            found += places(value, (*path, key))
    return found


@given(st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_change_of_a_valid_spec_is_read_or_has_its_line(
    tmp_path: Path, data: st.DataObject
) -> None:
    changed = copy.deepcopy(VALID)
    for _ in range(data.draw(st.integers(1, 4))):
        *above, key = data.draw(st.sampled_from(places(changed)))
        at: Any = changed
        for part in above:
            at = at[part]
        how = data.draw(st.sampled_from(["value", "key", "add", "drop"]))
        if how == "value":
            at[key] = copy.deepcopy(data.draw(VALUES))
        elif isinstance(at, dict) and how == "key":
            at[data.draw(KEYS)] = at.pop(key)
        elif isinstance(at, dict) and how == "add":
            at[data.draw(KEYS)] = copy.deepcopy(data.draw(VALUES))
        elif len(changed) > 1:
            del at[key]
        if not places(changed):
            return
    file = tmp_path / "upstreams.toml"
    text = tomlkit.dumps(changed)
    file.write_text(text)
    _, problems = load_specs([file], lambda _: "u")
    lines = text.split("\n")
    for problem in problems:
        assert problem.file == "u"
        assert problem.line is not None and 1 <= problem.line <= len(lines), problem
        assert '"' in problem.message or "[" in problem.message or "name" in problem.message
        assert not re.search(r"[\x00-\x1f\u202e]", problem.message)
        assert "is wrong: " not in problem.message, problem


def test_every_lesson_is_about_a_value_that_is_refused() -> None:
    """None says what to write instead of what is right."""
    protocols = {"protocol": form.PROTOCOLS, "tls.versions": form.TLS_VERSIONS}
    for key, values in protocols.items():
        for value in values:
            if lessons.value_lesson(key, value) is not None:
                assert lessons.value_lesson(key, value) == f'write "{value}"'
    assert FORM.lesson(("upstream", "api", "port"), 3000) is None
