"""nginx itself, Apache httpd and Caddy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lint502.declared.sources.commands.calls import NOTHING, Call, Result


def _nginx(call: Call) -> Result:
    """nginx' own configuration says where it listens, and is read as such."""
    words = [word.text for word in call.arguments]
    if {"-t", "-T", "-v", "-V", "-s"} & set(words):
        return NOTHING
    return Result(("nginx",), stays=not any("daemon off" in word for word in words))


PROGRAMS: Mapping[str, Callable[[Call], Result]] = {
    "nginx": _nginx,
    "nginx-debug": _nginx,
    "openresty": _nginx,
}
