"""The form of ``upstreams.toml``: its tables, keys and values, as pydantic models.

Importing this module imports pydantic, which takes longer than everything else that lint502 does
with a spec file: only functions import it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
)

from lint502.declared.claims import exclusions
from lint502.declared.listeners import FrontKind, HttpVersion, Overflow, Protocol, TlsVersion
from lint502.declared.sources.upstreams_toml.types import (
    Bind,
    Host,
    Ip,
    Line,
    Mode,
    Name,
    Port,
    ServerName,
    Size,
    SocketPath,
    Time,
    UrlPath,
)
from lint502.nginx.addresses import normal_socket
from lint502.quoting import quote
from lint502.toml.mistakes import ContradictionError

TLS_VERSIONS: Final = get_args(TlsVersion)
PROTOCOLS: Final = get_args(Protocol)

TABLE: Final = "a table"
SWITCH: Final = "true or false"
TEXT: Final = "a string"
TABLES: Final = "several tables"
FORMS: Final = frozenset({TABLE, SWITCH, TEXT, TABLES})
"""The forms that one key can have; pydantic puts them into the path of an error."""


def _form(value: object) -> str | None:
    """Which form a value has, for the keys that have several."""
    forms = {dict: TABLE, bool: SWITCH, str: TEXT, list: TABLES}
    return forms.get(type(value))


def _either(first: str, second: str) -> Discriminator:
    return Discriminator(
        _form,
        custom_error_type="wrong_form",
        custom_error_message=f"must be {first} or {second}",
    )


class _SpecTable(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class DirectoryTable(_SpecTable):
    """A directory above a unix socket, and who may pass through it."""

    path: Annotated[
        SocketPath | None,
        Field(description="Which one; absent: the one that the socket is in."),
    ] = None
    owner: Annotated[Line | None, Field(description="The user that it belongs to.")] = None
    group: Annotated[Line | None, Field(description="The group that it belongs to.")] = None
    mode: Annotated[Mode | None, Field(description='Its permissions, such as "0750".')] = None


class SocketTable(_SpecTable):
    """A unix socket and who may open it."""

    path: Annotated[SocketPath, Field(description="Where the socket is; an absolute path.")]
    owner: Annotated[Line | None, Field(description="The user that the socket belongs to.")] = None
    group: Annotated[Line | None, Field(description="The group that the socket belongs to.")] = None
    mode: Annotated[Mode | None, Field(description='Its permissions, such as "0660".')] = None
    directory: Annotated[
        DirectoryTable | None,
        Field(description="The directory that it is in, with owner and mode."),
    ] = None
    directories: Annotated[
        list[DirectoryTable] | None,
        Field(min_length=1, description="Directories above it, each with path, owner and mode."),
    ] = None

    @field_validator("directory", "directories", mode="after")
    @classmethod
    def _above(cls, value: object, info: ValidationInfo) -> object:
        socket = info.data.get("path")
        for one in value if isinstance(value, list) else (value,):
            path = one.path if isinstance(one, DirectoryTable) else None
            if socket is None or (path is None and value is one):
                continue
            if path is None:
                raise ValueError("must have a path in each of its tables")
            if not f"{normal_socket(socket)}".startswith(f"{normal_socket(path).rstrip('/')}/"):
                raise ValueError(f"must be above {quote(socket)}, unlike {quote(path)}")
        return value


class TlsTable(_SpecTable):
    """That the listener speaks TLS, and what it asks for."""

    versions: Annotated[
        list[TlsVersion] | None,
        Field(min_length=1, description="The TLS versions that it accepts."),
    ] = None
    names: Annotated[
        list[Line] | None, Field(min_length=1, description="The names in its certificate.")
    ] = None
    sni: Annotated[
        Literal["required", "optional"] | None,
        Field(description="Whether it refuses a handshake without the server name."),
    ] = None
    client_certificate: Annotated[
        Literal["required", "optional", "none"] | None,
        Field(description="Whether it asks for a client certificate."),
    ] = None
    chain_depth: Annotated[
        int | None,
        Field(ge=0, le=100, description="How many intermediate certificates it sends."),
    ] = None


class TimeoutsTable(_SpecTable):
    """How long a request may take."""

    request: Annotated[
        Time | None,
        Field(
            description="After this time the server gives a request up and closes the connection "
            "without an answer: a worker timeout, uWSGI's harakiri."
        ),
    ] = None
    response: Annotated[
        Time | None,
        Field(description="The longest time that a legitimate answer takes to start."),
    ] = None


class KeepaliveTable(_SpecTable):
    """That the listener keeps connections open, and how long."""

    idle_timeout: Annotated[
        Time | None, Field(description="After this time it closes an idle connection.")
    ] = None
    max_requests: Annotated[
        int | None,
        Field(ge=1, le=2**53, description="After so many requests it closes a connection."),
    ] = None
    announces_close: Annotated[
        bool | None,
        Field(description='Whether it says "Connection: close" before it closes a connection.'),
    ] = None


class LimitsTable(_SpecTable):
    """How large requests and responses may be."""

    request_headers: Annotated[
        Size | None,
        Field(description="The largest head of a request that it accepts, with parameters."),
    ] = None
    request_body: Annotated[
        Size | None, Field(description="The largest body of a request that it accepts.")
    ] = None
    response_headers: Annotated[
        Size | None, Field(description="The largest head of a response that it sends.")
    ] = None
    overflow: Annotated[
        Overflow | None,
        Field(
            description="What it does with a request beyond its limits: answer with a 4xx status, "
            "or close the connection."
        ),
    ] = None


class ListenerTable(_SpecTable):
    """One address at which an upstream can be reached, and what is known of what answers there."""

    hosts: Annotated[
        list[Host] | None,
        Field(description="The hosts by which nginx may reach it; its name always is one."),
    ] = None
    port: Annotated[
        int | None, Field(ge=1, le=65535, description="The port; not together with a socket.")
    ] = None
    published: Annotated[
        list[Port] | None,
        Field(
            min_length=1,
            description="Ports of the host that lead to it, from outside its network.",
        ),
    ] = None
    bind: Annotated[
        list[Bind] | None,
        Field(
            min_length=1,
            description="The addresses that the process binds; absent: reachable at its hosts.",
        ),
    ] = None
    allowed_clients: Annotated[
        list[Ip] | None,
        Field(
            min_length=1,
            description="The addresses from which it accepts connections: PHP-FPM's "
            "listen.allowed_clients.",
        ),
    ] = None
    dynamic_address: Annotated[
        bool | None, Field(description="Whether its addresses change while nginx runs.")
    ] = None
    resolvers: Annotated[
        list[Line] | None,
        Field(description="The DNS servers that know its hosts as they are written; [] for none."),
    ] = None
    socket: Annotated[
        Annotated[
            Annotated[SocketPath, Tag(TEXT)] | Annotated[SocketTable, Tag(TABLE)],
            _either("an absolute path", "a table"),
        ]
        | None,
        Field(
            description="A unix socket: its path, or a table with path, owner, group, mode, "
            "directory and directories."
        ),
    ] = None
    server: Annotated[
        ServerName | None,
        Field(
            description="The server, whose documented defaults fill what is not declared; with the "
            'version where it matters: "gunicorn/22.0".'
        ),
    ] = None
    protocol: Annotated[Protocol | None, Field(description="The protocol that it speaks.")] = None
    http_versions: Annotated[
        list[HttpVersion] | None,
        Field(min_length=1, description='The HTTP versions that it accepts; "2" is HTTP/2.'),
    ] = None
    proxy_protocol: Annotated[
        bool | None, Field(description="Whether it expects the PROXY header.")
    ] = None
    same_host: Annotated[
        bool | None,
        Field(
            description="Whether it shares nginx's network namespace; false: it runs in another "
            "container or on another machine."
        ),
    ] = None
    websocket: Annotated[
        list[UrlPath] | None,
        Field(
            min_length=1,
            max_length=100,
            description="Paths of WebSockets; one with a slash at its end: all below it.",
        ),
    ] = None
    virtual_hosts: Annotated[
        list[Line] | None, Field(min_length=1, description="The Hosts that it serves.")
    ] = None
    unknown_host: Annotated[
        Overflow | None,
        Field(
            description="What it does with a Host that it does not serve: answer all the same, or "
            "close the connection."
        ),
    ] = None
    tls: Annotated[
        Annotated[
            Annotated[bool, Tag(SWITCH)] | Annotated[TlsTable, Tag(TABLE)],
            _either("true, false", "a table"),
        ]
        | None,
        Field(description="Whether it speaks TLS, or a table with what it asks for."),
    ] = None
    timeouts: Annotated[TimeoutsTable | None, Field(description="How long a request may take.")] = (
        None
    )
    keepalive: Annotated[
        Annotated[
            Annotated[bool, Tag(SWITCH)] | Annotated[KeepaliveTable, Tag(TABLE)],
            _either("true, false", "a table"),
        ]
        | None,
        Field(
            description="Whether it keeps connections open (false: it closes after each response), "
            "or a table with how long."
        ),
    ] = None
    limits: Annotated[
        LimitsTable | None, Field(description="How large requests and responses may be.")
    ] = None

    @field_validator("socket", "http_versions", mode="after")
    @classmethod
    def _not_excluded(cls, value: object, info: ValidationInfo) -> object:
        assert info.field_name is not None
        wrong = dict.fromkeys(("port", "published", "bind", "allowed_clients"), "wrong")
        stated = {**wrong, **info.data, info.field_name: value}
        for other, reason in exclusions(info.field_name, stated):
            raise ContradictionError(f'contradicts "{other}": {reason}', other)
        return value


class FrontTable(_SpecTable):
    """What stands before nginx, a load balancer or a CDN, and sends to it."""

    kind: Annotated[FrontKind | None, Field(description="What it is.")] = None
    servers: Annotated[
        list[Line] | None,
        Field(min_length=1, description="The server_names that it sends to; absent: all."),
    ] = None
    idle_timeout: Annotated[
        Time | None, Field(description="How long it keeps an idle connection to nginx.")
    ] = None
    proxy_protocol: Annotated[
        bool | None, Field(description="Whether it sends the PROXY header.")
    ] = None
    sni: Annotated[
        Line | None, Field(description="The server name that it sends in the TLS handshake.")
    ] = None
    response_headers: Annotated[
        Size | None, Field(description="The largest head of a response that it takes.")
    ] = None
    read_timeout: Annotated[
        Time | None, Field(description="How long it waits for nginx to start a response.")
    ] = None
    connect_timeout: Annotated[
        Time | None, Field(description="How long it waits for a connection to nginx.")
    ] = None
    tcp_idle_timeout: Annotated[
        Time | None,
        Field(description="How long a connection may be silent, where it passes TCP on."),
    ] = None


class SpecFile(_SpecTable):
    """A whole spec file."""

    complete: Annotated[
        bool | None,
        Field(description="Whether everything that nginx may reach is declared here."),
    ] = None
    upstream: Annotated[
        dict[
            Name,
            Annotated[
                Annotated[ListenerTable, Tag(TABLE)]
                | Annotated[list[ListenerTable], Tag(TABLES), Field(min_length=1)],
                _either("a table", "several tables"),
            ],
        ]
        | None,
        Field(description="The upstreams, by name."),
    ] = None
    front: Annotated[
        dict[Name, FrontTable] | None, Field(description="What stands before nginx, by name.")
    ] = None
