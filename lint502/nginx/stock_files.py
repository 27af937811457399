"""The files that packages of nginx bring along: which they are, and what they set for hops.

Sources: ``conf/`` of https://github.com/nginx/nginx; for ``proxy_params`` Debian's nginx-common.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from lint502.nginx.parse import Directive

NGINX_FOLDERS = (
    "/etc/nginx", "/usr/local/nginx/conf", "/usr/local/openresty/nginx/conf",
    "/usr/local/etc/nginx", "/opt/nginx/conf", "/etc/openresty", "/etc/angie",
)  # fmt: skip
"""Where nginx, and what is made from it, has its configuration."""

_NAMES = (
    "mime.types", "fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params", "proxy_params",
    "koi-*", "win-utf",
)  # fmt: skip
_PATHS = ("*modules-enabled/*.conf", "*/nginx/modules/*.conf")

_PROXY_PARAMS = (
    ("Host", "$http_host"),
    ("X-Real-IP", "$remote_addr"),
    ("X-Forwarded-For", "$proxy_add_x_forwarded_for"),
    ("X-Forwarded-Proto", "$scheme"),
)
_UWSGI_PARAMS = (
    ("QUERY_STRING", "$query_string"),
    ("REQUEST_METHOD", "$request_method"),
    ("CONTENT_TYPE", "$content_type"),
    ("CONTENT_LENGTH", "$content_length"),
    ("REQUEST_URI", "$request_uri"),
    ("PATH_INFO", "$document_uri"),
    ("DOCUMENT_ROOT", "$document_root"),
    ("SERVER_PROTOCOL", "$server_protocol"),
    ("REQUEST_SCHEME", "$scheme"),
    ("HTTPS", "$https", "if_not_empty"),
    ("REMOTE_ADDR", "$remote_addr"),
    ("REMOTE_PORT", "$remote_port"),
    ("SERVER_PORT", "$server_port"),
    ("SERVER_NAME", "$server_name"),
)
_SCGI_PARAMS = (
    ("REQUEST_METHOD", "$request_method"),
    ("REQUEST_URI", "$request_uri"),
    ("QUERY_STRING", "$query_string"),
    ("CONTENT_TYPE", "$content_type"),
    ("DOCUMENT_URI", "$document_uri"),
    ("DOCUMENT_ROOT", "$document_root"),
    ("SCGI", "1"),
    ("SERVER_PROTOCOL", "$server_protocol"),
    ("REQUEST_SCHEME", "$scheme"),
    ("HTTPS", "$https", "if_not_empty"),
    ("REMOTE_ADDR", "$remote_addr"),
    ("REMOTE_PORT", "$remote_port"),
    ("SERVER_PORT", "$server_port"),
    ("SERVER_NAME", "$server_name"),
)
_LINES: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "proxy_params": ("proxy_set_header", _PROXY_PARAMS),
    "uwsgi_params": ("uwsgi_param", _UWSGI_PARAMS),
    "scgi_params": ("scgi_param", _SCGI_PARAMS),
}


def is_stock(written: str) -> bool:
    """Whether an include names such a file."""
    name = os.path.basename(written)
    return any(fnmatchcase(name, pattern) for pattern in _NAMES) or any(
        fnmatchcase("/" + written, pattern) for pattern in _PATHS
    )


def lines_of(include: Directive) -> Iterator[Directive]:
    """What bears on hops in the stock file of an include, at the place of the include."""
    name, lines = _LINES.get(os.path.basename(include.args[0]), ("", ()))
    for args in lines:
        yield Directive(
            name, args, include.source, include.line, include.column, include.end_column
        )
