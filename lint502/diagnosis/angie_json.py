"""Records of Angie's error log in JSON (``format=json``), as the text that nginx writes.

Source: Angie's ``ngx_log_create_json_message()`` in ``src/core/ngx_log.c`` and
``ngx_http_log_error_handler()`` in ``src/http/ngx_http_request.c``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_QUOTED = (
    ("request_line", "request"),
    ("subrequest", "subrequest"),
    ("upstream", "upstream"),
    ("host", "host"),
    ("referrer", "referrer"),
)
"""The fields behind the server, by what Angie and nginx call them."""

_MOST_LEVELS = 6


def plain(line: bytes) -> bytes:
    """A line of a log; where it is such a record, as text."""
    if not line.startswith(b'{"time"'):
        return line
    try:
        found = record(json.loads(line))
    except (ValueError, RecursionError):
        return line
    return line if found is None else found.encode("utf-8", "surrogatepass")


def record(data: Any) -> str | None:
    """The text of a record; None of what is none."""
    if not isinstance(data, dict) or not {"time", "level", "pid", "message"} <= data.keys():
        return None
    time = str(data["time"]).replace("-", "/").replace("T", " ")[:19]
    connection = f"*{data['connection']} " if "connection" in data else ""
    head = f"{time} [{data['level']}] {data['pid']}#{data.get('tid', 0)}: {connection}"
    about = {key: value for key, value in data.items() if isinstance(value, dict)}
    error = about.pop("error", {})
    fields = dict(_flat(about, _MOST_LEVELS))
    said = str(data["message"])
    if "code" in error and "message" in error:
        said += f" ({error['code']}: {error['message']})"
    if fields.get("action"):
        said += f" while {fields['action']}"
    ended = "" if data.get("truncated") is True else '"'
    return _one_line(head + said + _after(fields, ended))


def _flat(data: Mapping[str, Any], levels: int) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict):
            if levels:
                yield from _flat(value, levels - 1)
        elif isinstance(value, str | int):
            yield key, str(value)


def _after(fields: Mapping[str, str], ended: str) -> str:
    """What follows the message; ``ended`` is the quote at the end, where nothing is cut off."""
    if "client" not in fields:
        return f", resolver: {fields['resolver']}" if "resolver" in fields else ""
    udp = "udp " if fields.get("protocol") == "udp" else ""
    text = f", {udp}client: {fields['client']}, server: {fields.get('server', '')}"
    quoted = [(name, fields[key]) for key, name in _QUOTED if key in fields]
    for number, (name, value) in enumerate(quoted, 1):
        text += f', {name}: "{value}{ended if number == len(quoted) else chr(34)}'
    if "bytes_from_client" in fields:
        text += "".join(
            f", bytes from/to {side}:{fields.get(f'bytes_from_{side}', 0)}"
            f"/{fields.get(f'bytes_to_{side}', 0)}"
            for side in ("client", "upstream")
        )
    return text


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ")
