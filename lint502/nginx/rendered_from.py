"""Where the templates stand from which the files are rendered that nginx reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lint502.nginx.template_names import SUFFIXES

_RENDERED_INTO = (("/conf.d/", ".template"), ("/stream-conf.d/", ".stream-template"))


def template_patterns(path: str, mapped: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Where the templates of what nginx reads at ``path`` may be, and their suffix: beside it, or
    in ``templates/`` beside the folder that the image renders them into.

    Source: the defaults in ``entrypoint/20-envsubst-on-templates.sh`` of nginx/docker-nginx.
    """
    for suffix in SUFFIXES:
        yield mapped(path) + suffix, suffix
    for folder, suffix in _RENDERED_INTO:
        for candidate in (path, mapped(path)):
            before, found, rest = candidate.partition(folder)
            if found:
                yield mapped(f"{before}/templates/{rest}{suffix}"), suffix
