"""What the names of templates end with."""

from __future__ import annotations

SUFFIX, STREAM_SUFFIX = ".template", ".stream-template"
"""What the names of templates end with in nginx's container image."""

OTHER_SUFFIXES = (
    ".j2", ".jinja", ".jinja2", ".erb", ".epp", ".ejs", ".tmpl", ".tpl", ".tftpl", ".ctmpl",
    ".gotmpl", ".sigil", ".mustache", ".hbs", ".handlebars", ".liquid", ".twig", ".njk", ".eex",
    ".etlua", ".in",
)  # fmt: skip
"""What the names of templates in other languages end with."""

SUFFIXES = (SUFFIX, *OTHER_SUFFIXES)
"""Of what nginx reads at ``X``, the templates are ``X.template``, ``X.j2`` and so on."""


def is_named_template(name: str) -> bool:
    """Whether a file says by its name that it is a template."""
    return name.lower().endswith((STREAM_SUFFIX, *SUFFIXES))
