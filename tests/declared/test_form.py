from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from lint502.declared import profiles
from lint502.declared.sources.upstreams_toml.form import (
    DirectoryTable,
    FrontKind,
    FrontTable,
    KeepaliveTable,
    LimitsTable,
    ListenerTable,
    SocketTable,
    SpecFile,
    TimeoutsTable,
    TlsTable,
)


def listener(**keys: Any) -> ListenerTable:
    table = SpecFile.model_validate({"upstream": {"api": keys}}).upstream
    assert table is not None
    entry = table["api"]
    assert isinstance(entry, ListenerTable)
    return entry


def refusal(keys: dict[str, Any]) -> list[tuple[str, str]]:
    """What is wrong in a listener: the type of each error with its text."""
    with pytest.raises(ValidationError) as caught:
        listener(**keys)
    return [
        (error["type"], str(error.get("ctx", {}).get("error", error["msg"])))
        for error in caught.value.errors()
    ]


def test_every_key_of_the_contract() -> None:
    data = {
        "complete": True,
        "upstream": {
            "api": {
                "hosts": ["127.0.0.1", "api.internal", "[::1]"],
                "port": 3000,
                "bind": ["127.0.0.1", "::", "*", "localhost"],
                "server": "gunicorn/22.0",
                "protocol": "http",
                "http_versions": ["1.0", "1.1"],
                "proxy_protocol": False,
                "dynamic_address": False,
                "same_host": True,
                "tls": {
                    "versions": ["TLSv1.2", "TLSv1.3"],
                    "names": ["api.internal"],
                    "sni": "required",
                    "client_certificate": "none",
                    "chain_depth": 1,
                },
                "timeouts": {"request": "30s", "response": 20},
                "keepalive": {
                    "idle_timeout": "1m5s",
                    "max_requests": 1000,
                    "announces_close": True,
                },
                "limits": {
                    "request_headers": "16k",
                    "request_body": "1g",
                    "response_headers": 24576,
                    "overflow": "answer",
                },
            },
            "app": [
                {"socket": "/run/app.sock", "keepalive": False, "tls": True},
                {
                    "socket": {
                        "path": "/run/b.sock",
                        "owner": "app",
                        "group": "www-data",
                        "mode": "0660",
                        "directory": {"owner": "root", "group": "app", "mode": "0750"},
                    }
                },
            ],
            "empty": {},
        },
        "front": {
            "edge": {
                "kind": "aws-alb",
                "servers": ["shop.example.com"],
                "idle_timeout": "60s",
                "proxy_protocol": False,
                "sni": "shop.example.com",
            }
        },
    }
    assert SpecFile.model_validate(data) == SpecFile.model_construct(
        complete=True,
        upstream={
            "api": ListenerTable.model_construct(
                hosts=["127.0.0.1", "api.internal", "::1"],
                port=3000,
                bind=["127.0.0.1", "::", "*", "localhost"],
                server="gunicorn/22.0",
                protocol="http",
                http_versions=["1.0", "1.1"],
                proxy_protocol=False,
                dynamic_address=False,
                same_host=True,
                tls=TlsTable.model_construct(
                    versions=["TLSv1.2", "TLSv1.3"],
                    names=["api.internal"],
                    sni="required",
                    client_certificate="none",
                    chain_depth=1,
                ),
                timeouts=TimeoutsTable.model_construct(request=30_000, response=20_000),
                keepalive=KeepaliveTable.model_construct(
                    idle_timeout=65_000, max_requests=1000, announces_close=True
                ),
                limits=LimitsTable.model_construct(
                    request_headers=16_384,
                    request_body=1024**3,
                    response_headers=24_576,
                    overflow="answer",
                ),
            ),
            "app": [
                ListenerTable.model_construct(socket="/run/app.sock", keepalive=False, tls=True),
                ListenerTable.model_construct(
                    socket=SocketTable.model_construct(
                        path="/run/b.sock",
                        owner="app",
                        group="www-data",
                        mode=0o660,
                        directory=DirectoryTable.model_construct(
                            owner="root", group="app", mode=0o750
                        ),
                    )
                ),
            ],
            "empty": ListenerTable.model_construct(),
        },
        front={
            "edge": FrontTable.model_construct(
                kind="aws-alb",
                servers=["shop.example.com"],
                idle_timeout=60_000,
                proxy_protocol=False,
                sni="shop.example.com",
            )
        },
    )


CHOICE = {
    "protocol": ["http", "grpc", "fastcgi", "uwsgi", "scgi", "memcached", "tcp", "udp"],
    "tls.sni": ["required", "optional"],
    "tls.client_certificate": ["required", "optional", "none"],
    "limits.overflow": ["answer", "close"],
}


@pytest.mark.parametrize(("key", "value"), [(key, one) for key in CHOICE for one in CHOICE[key]])
def test_each_choice(key: str, value: str) -> None:
    table, _, inner = key.rpartition(".")
    entry: Any = listener(**({table: {inner: value}} if table else {inner: value}))
    assert getattr(getattr(entry, table) if table else entry, inner) == value


@pytest.mark.parametrize("kind", get_args(FrontKind))
def test_each_kind_of_front(kind: str) -> None:
    fronts = SpecFile.model_validate({"front": {"edge": {"kind": kind}}}).front
    assert fronts == {"edge": FrontTable.model_construct(kind=kind)}


SIZE = 'must be a size as nginx writes it, such as "4096", "16k" or "10m", not '
TIME = 'must be a time as nginx writes it, such as "30s", "1m30s" or "500ms", not '
MODE = 'must be the octal mode as a string, such as "0660", not '
LARGE = "9" * 30


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"port": 0}, [("greater_than_equal", "Input should be greater than or equal to 1")]),
        ({"port": 65536}, [("less_than_equal", "Input should be less than or equal to 65535")]),
        ({"port": "80"}, [("int_type", "Input should be a valid integer")]),
        ({"port": True}, [("int_type", "Input should be a valid integer")]),
        ({"port": 80.0}, [("int_type", "Input should be a valid integer")]),
        ({"same_host": 1}, [("bool_type", "Input should be a valid boolean")]),
        ({"hosts": [""]}, [("value_error", "must not contain an empty string")]),
        (
            {"hosts": ["a:80", "[::1]:80", "127.0.0.1:80"]},
            [
                (
                    "value_error",
                    'must contain hosts without a port, unlike "a:80"; '
                    'write hosts = ["a"] and port = 80',
                ),
                (
                    "value_error",
                    'must contain hosts without a port, unlike "[::1]:80"; '
                    'write hosts = ["::1"] and port = 80',
                ),
                (
                    "value_error",
                    'must contain hosts without a port, unlike "127.0.0.1:80"; '
                    'write hosts = ["127.0.0.1"] and port = 80',
                ),
            ],
        ),
        (
            {"hosts": ["http://a"]},
            [("value_error", 'must contain hosts, not URLs like "http://a"; write hosts = ["a"]')],
        ),
        (
            {"hosts": ["unix:/a"]},
            [
                (
                    "value_error",
                    'must contain hosts, not socket paths like "unix:/a"; use "socket"',
                )
            ],
        ),
        (
            {"bind": ["10.0.0", "fe80::zz", "a b"]},
            [
                ("value_error", 'contains "10.0.0", which is not an IP address'),
                ("value_error", 'contains "fe80::zz", which is not an IP address'),
                ("value_error", 'contains "a b", which is not a host'),
            ],
        ),
        ({"bind": ["*"]}, []),
        ({"hosts": ["*"]}, [("value_error", 'contains "*", which is not a host')]),
        ({"bind": []}, [("too_short", "List should have at least 1 item after validation, not 0")]),
        (
            {"socket": "unix:/run/a.sock:"},
            [("value_error", 'must be the path alone: write "/run/a.sock", without "unix:"')],
        ),
        ({"socket": "run/a"}, [("value_error", 'must be an absolute path, not "run/a"')]),
        (
            {"socket": "/run/\n"},
            [("value_error", 'must not contain control characters, as "/run/\\n" does')],
        ),
        ({"socket": 1}, [("wrong_form", "must be an absolute path or a table")]),
        ({"socket": {"path": "/a", "mode": 660}}, [("value_error", MODE + '660; write "0660"')]),
        ({"socket": {"path": "/a", "mode": "0680"}}, [("value_error", MODE + '"0680"')]),
        (
            {"socket": {"path": "/a", "directory": {"mode": "rwx"}}},
            [("value_error", MODE + '"rwx"')],
        ),
        ({"socket": {"path": "/a", "owner": ""}}, [("value_error", "must not be empty")]),
        (
            {"socket": {"path": "/a/b", "directory": {"path": "/c"}}},
            [("value_error", 'must be above "/a/b", unlike "/c"')],
        ),
        (
            {"socket": {"path": "/ab/c", "directories": [{"path": "/a"}]}},
            [("value_error", 'must be above "/ab/c", unlike "/a"')],
        ),
        (
            {"socket": {"path": "/a/b", "directories": [{"mode": "0750"}]}},
            [("value_error", "must have a path in each of its tables")],
        ),
        (
            {"published": [80], "socket": "/a"},
            [
                (
                    "value_error",
                    'contradicts "published": a socket has no port that is published',
                )
            ],
        ),
        (
            {"published": [80, 70000]},
            [("less_than_equal", "Input should be less than or equal to 65535")],
        ),
        (
            {"allowed_clients": ["localhost"]},
            [("value_error", 'contains "localhost", which is not an IP address')],
        ),
        (
            {"websocket": ["ws"]},
            [("value_error", 'must contain paths such as "/ws/", unlike "ws"')],
        ),
        ({"unknown_host": "drop"}, [("literal_error", "Input should be 'answer' or 'close'")]),
        ({"socket": {}}, [("missing", "Field required")]),
        ({"tls": "yes"}, [("wrong_form", "must be true, false or a table")]),
        ({"keepalive": 5}, [("wrong_form", "must be true, false or a table")]),
        ({"timeouts": {"request": "5 sec"}}, [("value_error", TIME + '"5 sec"; write "5s"')]),
        ({"timeouts": {"request": -1}}, [("value_error", TIME + "-1")]),
        (
            {"timeouts": {"request": int(LARGE)}},
            [("value_error", TIME + "such a large number")],
        ),
        (
            {"timeouts": {"request": 1.5}},
            [("value_error", 'must be a time such as "30s" or "1m30s", not 1.5; write "1500ms"')],
        ),
        (
            {"timeouts": {"request": True}},
            [("value_error", 'must be a time such as "30s" or "1m30s", not true')],
        ),
        (
            {"timeouts": {"request": "0"}},
            [
                (
                    "value_error",
                    'must not be 0; where there is no limit, give a long time such as "1d"',
                )
            ],
        ),
        ({"limits": {"request_body": "10 m"}}, [("value_error", SIZE + '"10 m"; write "10m"')]),
        (
            {"limits": {"request_body": 0}},
            [
                (
                    "value_error",
                    'must not be 0; where there is no limit, give a large size such as "1g"',
                )
            ],
        ),
        (
            {"limits": {"request_body": []}},
            [("value_error", 'must be a size such as "16k" or "10m", not a list')],
        ),
        (
            {"server": "nodejs"},
            [
                (
                    "value_error",
                    'must be a server or server/version: write "node", not "nodejs"',
                )
            ],
        ),
        (
            {"port": 1, "socket": "/a"},
            [
                (
                    "value_error",
                    'contradicts "port": a listener has a port or a socket, never both',
                )
            ],
        ),
        (
            {"port": 0, "socket": {"path": "/a"}},
            [
                ("greater_than_equal", "Input should be greater than or equal to 1"),
                (
                    "value_error",
                    'contradicts "port": a listener has a port or a socket, never both',
                ),
            ],
        ),
        (
            {"bind": ["::"], "socket": "/a"},
            [("value_error", 'contradicts "bind": a socket has no address to bind')],
        ),
        (
            {"dynamic_address": True, "socket": "/a"},
            [
                (
                    "value_error",
                    'contradicts "dynamic_address": a socket has no address that changes',
                )
            ],
        ),
        ({"dynamic_address": False, "socket": "/a"}, []),
        (
            {"protocol": "fastcgi", "http_versions": ["1.1"]},
            [("value_error", 'contradicts "protocol": fastcgi is not HTTP')],
        ),
        (
            {"protocol": "grpc", "http_versions": ["1.1"]},
            [
                (
                    "value_error",
                    'contradicts "protocol": gRPC needs HTTP/2, which is "2" here',
                )
            ],
        ),
        ({"protocol": "grpc", "http_versions": ["2"]}, []),
        ({"prot": 1}, [("extra_forbidden", "Extra inputs are not permitted")]),
    ],
)
def test_values_that_are_refused(keys: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    if expected:
        assert refusal(keys) == expected
    else:
        assert listener(**keys).model_dump(exclude_none=True) == keys


def test_directories_above_a_socket() -> None:
    table = SocketTable.model_validate(
        {"path": "/a//b/c", "directory": {}, "directories": [{"path": "/"}, {"path": "/a/b/"}]}
    )
    assert table.directories == [DirectoryTable(path="/"), DirectoryTable(path="/a/b/")]


def test_every_key_has_a_description_for_completion() -> None:
    schema = SpecFile.model_json_schema()
    tables = {"SpecFile": schema, **schema["$defs"]}
    assert sorted(tables) == [
        "DirectoryTable",
        "FrontTable",
        "KeepaliveTable",
        "LimitsTable",
        "ListenerTable",
        "SocketTable",
        "SpecFile",
        "TimeoutsTable",
        "TlsTable",
    ]
    for name, table in tables.items():
        assert table["additionalProperties"] is False, name
        for key, field in table["properties"].items():
            assert field["description"].endswith("."), (name, key)


def test_the_schema_completes_servers() -> None:
    server = SpecFile.model_json_schema()["$defs"]["ListenerTable"]["properties"]["server"]
    assert alternatives(server) == [
        {"type": "string", "enum": list(profiles.names())},
        {"type": "string", "pattern": "^[a-z0-9-]+/[0-9]+([.][0-9]+)*$"},
        {"type": "null"},
    ]


def alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The members of nested ``anyOf``; pydantic flattens them in some versions only."""
    if "anyOf" not in schema:
        return [schema]
    return [inner for one in schema["anyOf"] for inner in alternatives(one)]
