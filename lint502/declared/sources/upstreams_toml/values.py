"""The values that ``upstreams.toml`` can have: times, sizes, hosts, paths, modes.

Times become milliseconds here, sizes bytes. Each function raises :class:`ValueError`, which says
what the value has to be.
"""

from __future__ import annotations

import re

from lint502.declared import profiles
from lint502.nginx.addresses import literal_ip
from lint502.nginx.values import parse_size, parse_time
from lint502.patterns import regex
from lint502.quoting import quote
from lint502.toml.amounts import as_mode, as_size, as_time

_CONTROL = regex(r"[\x00-\x1f\x7f]")
_NO_HOST = regex(r"[\s;{}\"'\\\x00-\x1f\x7f]")
_NAME = regex(r"\w(?:[\w.-]*\w)?\.?")
_MODE = regex(r"[0-7]{3,4}", re.ASCII)


def time(value: object) -> int:
    """Milliseconds of a time as nginx writes it."""
    text = _number_or_text(value)
    if text is None:
        raise ValueError(
            f'must be a time such as "30s" or "1m30s", not {quote(value)}{_write(as_time(value))}'
        )
    try:
        milliseconds = parse_time(text)
    except ValueError:
        raise ValueError(
            f'must be a time as nginx writes it, such as "30s", "1m30s" or "500ms", '
            f"not {quote(value)}{_write(as_time(value))}"
        ) from None
    if milliseconds == 0:
        raise ValueError('must not be 0; where there is no limit, give a long time such as "1d"')
    return milliseconds


def size(value: object) -> int:
    """Bytes of a size as nginx writes it."""
    text = _number_or_text(value)
    if text is None:
        raise ValueError(
            f'must be a size such as "16k" or "10m", not {quote(value)}{_write(as_size(value))}'
        )
    try:
        size = parse_size(text, offset=True)
    except ValueError:
        raise ValueError(
            'must be a size as nginx writes it, such as "4096", "16k" or "10m", '
            f"not {quote(value)}{_write(as_size(value))}"
        ) from None
    if size == 0:
        raise ValueError('must not be 0; where there is no limit, give a large size such as "1g"')
    return size


def _write(instead: str | None) -> str:
    return "" if instead is None else f"; write {quote(instead)}"


def _number_or_text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 2**63 else "too large"
    return None


def text(value: str) -> str:
    """A line that is not empty."""
    if not value:
        raise ValueError("must not be empty")
    if _CONTROL.search(value):
        raise ValueError(f"must not contain control characters, as {quote(value)} does")
    return value


def host(value: str) -> str:
    """A host name or an IP address; that of IPv6 without brackets."""
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if _is_address(bare):
        return bare
    if not value:
        raise ValueError("must not contain an empty string")
    if "://" in value:
        raise ValueError(f"must contain hosts, not URLs like {quote(value)}{_parts(value)}")
    if value.startswith(("/", "unix:")):
        raise ValueError(f'must contain hosts, not socket paths like {quote(value)}; use "socket"')
    if _is_address(re.sub(r":\d*$", "", value).strip("[]")) or re.search(r":\d*$", value):
        raise ValueError(f"must contain hosts without a port, unlike {quote(value)}{_parts(value)}")
    if re.fullmatch(r"[\d.]+", value, re.ASCII) or ":" in value:
        raise ValueError(f"contains {quote(value)}, which is not an IP address")
    if not _NAME.fullmatch(value):
        raise ValueError(f"contains {quote(value)}, which is not a host")
    return value


_URL = regex(r"(?:\w+://)?(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?(?:/.*)?")


def _parts(value: str) -> str:
    """What to write instead of an address or a URL."""
    match = _URL.fullmatch(value)
    if match is None:
        return '; use "port"' if value.rpartition(":")[2].isdecimal() else ""
    port = "" if match[2] is None else f" and port = {int(match[2])}"
    return f"; write hosts = [{quote(match[1].strip('[]'))}]{port}"


def bind(value: str) -> str:
    """An IP address, ``*``, or a name like ``localhost``."""
    return value if value == "*" else host(value)


def ip(value: str) -> str:
    """An IP address."""
    if not _is_address(value):
        raise ValueError(f"contains {quote(value)}, which is not an IP address")
    return value


def url_path(value: str) -> str:
    """A path as a request has it."""
    if not value.startswith("/") or re.search(r"[\s?#\x00-\x1f\x7f]", value):
        raise ValueError(f'must contain paths such as "/ws/", unlike {quote(value)}')
    return value


def _is_address(text: str) -> bool:
    return literal_ip(text) is not None


def name(value: str) -> str:
    """The name of an upstream or a front. Raises ``ValueError``."""
    if not value:
        raise ValueError("an upstream or a front needs a name, not an empty one")
    if _NO_HOST.search(value) or "/" in value:
        raise ValueError(f"{quote(value)} cannot be a name: nginx knows no such host")
    return value


_OF_SOCKET = regex(r"(?:\w+://)?(?:unix:|file:)?(?://)?(/.*?):?")


def socket_path(value: str) -> str:
    """The absolute path of a unix socket."""
    if not value.startswith("/"):
        match = _OF_SOCKET.fullmatch(value)
        if match is not None:
            begin = value[: match.start(1)]
            said = f"must be the path alone: write {quote(match[1])}, without {quote(begin)}"
        elif (address := re.fullmatch(r"(?:\w+://)?([\w.-]*):(\d{1,5})", value)) is not None:
            host = f" and hosts = [{quote(address[1])}]" if address[1] else ""
            said = f"must be an absolute path, not {quote(value)}; write port = {address[2]}{host}"
        else:
            said = f"must be an absolute path, not {quote(value)}"
        raise ValueError(said)
    return text(value)


def mode(value: object) -> int:
    """The bits of an octal mode, which is a string."""
    if not isinstance(value, str) or not _MODE.fullmatch(value):
        raise ValueError(
            f'must be the octal mode as a string, such as "0660", not {quote(value)}'
            f"{_write(as_mode(value))}"
        )
    return int(value, 8)


def server(value: str) -> str:
    """A server, of which there is a profile."""
    profiles.parse_server(value)
    return value
