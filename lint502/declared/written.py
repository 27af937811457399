"""Values of facts in the words of ``upstreams.toml``, and back."""

from __future__ import annotations

from typing import Any

from lint502.declared.listeners import Directory
from lint502.nginx.values import format_size, format_time, parse_size, parse_time

TIMES = frozenset(("timeouts.request", "timeouts.response", "keepalive.idle_timeout"))
SIZES = frozenset(("limits.request_headers", "limits.request_body", "limits.response_headers"))
_MODES = frozenset(("socket.mode",))


def plain(key: str, value: Any) -> Any:
    """A value as ``upstreams.toml`` and JSON have it: ``"5s"``, ``"16k"``, ``"0660"``, lists."""
    if key in TIMES:
        return format_time(value)
    if key in SIZES:
        return format_size(value)
    if key in _MODES:
        return f"{value:04o}"
    if isinstance(value, Directory):
        return {
            name: f"{part:04o}" if name == "mode" else part
            for name in ("path", "owner", "group", "mode")
            if (part := getattr(value, name)) is not None
        }
    if isinstance(value, tuple):
        return [plain("", one) for one in value]
    return value


def typed(key: str, value: Any) -> Any:
    """The same the other way round. Raises ``ValueError`` for what is no value of the key."""
    if key in TIMES:
        return parse_time(str(value))
    if key in SIZES:
        return parse_size(str(value), offset=True)
    if key in _MODES:
        return int(str(value), 8)
    return tuple(value) if isinstance(value, list) else value


def written(key: str, value: Any) -> str:
    """A value in words: ``"5s"``, ``"1.0, 1.1"``, ``"true"``."""
    form = plain(key, value)
    if isinstance(form, dict):
        return " ".join(str(one) for one in form.values())
    if isinstance(form, list):
        return ", ".join(written("", one) for one in value) or "none"
    return str(form).lower() if isinstance(form, bool) else str(form)
