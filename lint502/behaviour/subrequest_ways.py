"""Where requests beside the client's begin: ``auth_request``, ``mirror``, ``add_before_body``."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.nginx.tree import Context, once_a_context

_ASKING = ("auth_request", "mirror", "add_before_body", "add_after_body")
_CLONING = ("slice", "proxy_cache_background_update", "fastcgi_cache_background_update",
            "uwsgi_cache_background_update", "scgi_cache_background_update")  # fmt: skip
"""What asks again for what the client has asked for."""


@once_a_context
def asked_for(server: Context) -> tuple[str, ...]:
    """The paths that are asked for beside the requests of a server: none of these lines takes
    variables."""
    return tuple(
        dict.fromkeys(
            line.args[0].partition("?")[0]
            for level in (*server.up(), *_below(server))
            for name in _ASKING
            for line in level.by_name.get(name, ())
            if line.args and line.args[0] != "off"
        )
    )


@once_a_context
def asked_at(level: Context) -> tuple[str, ...]:
    """The paths that are asked for beside the requests at one level."""
    return tuple(path for paths in asked_by(level).values() for path in paths)


@once_a_context
def asked_by(level: Context) -> dict[str, tuple[str, ...]]:
    """The same, by the directive that asks."""
    found = {}
    for name in _ASKING:
        lines = next((one.by_name[name] for one in level.up() if name in one.by_name), [])
        paths = (line.args[0] for line in lines if line.args)
        found[name] = tuple(path.partition("?")[0] for path in paths if path != "off")
    return found


@once_a_context
def clones(server: Context) -> bool:
    """Whether a request beside the client's may be for the same URI."""
    return any(
        name in level.by_name for level in (*server.up(), *_below(server)) for name in _CLONING
    )


def _below(level: Context) -> Iterator[Context]:
    for child in level.children:
        yield child
        yield from _below(child)
