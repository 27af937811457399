"""The tags of template languages: what each does."""

from __future__ import annotations

import pytest

from lint502.nginx.template_logic import name_of, path_of
from lint502.nginx.template_tags import tags

Found = tuple["str | None", tuple[str, ...]]
OPEN: Found = (None, ("open",))
ALWAYS: Found = (None, ("always",))
HIDDEN: Found = (None, ("hidden",))
MIDDLE: Found = (None, ("middle",))
CLOSE: Found = (None, ("close",))
NOTHING: Found = (None, ())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # Jinja
        ("{{ a }}", [("a", ())]),
        ("{%- if a -%}{%+ elif b %}{% endif %}", [OPEN, MIDDLE, CLOSE]),
        ("{% for a in b %}{% else %}{% endfor %}", [OPEN, MIDDLE, CLOSE]),
        ("{% set a = 1 %}{% set b %}{% macro c() %}", [NOTHING, HIDDEN, HIDDEN]),
        ("{% block a %}{% raw %}{{ b }}{% if %}{% endraw %}", [ALWAYS, ALWAYS, CLOSE]),
        (
            "{% include 'a' %}{# {{ b }} #}{% import 'c' as d %}",
            [("include 'a'", ()), NOTHING, NOTHING],
        ),
        # Go
        ("{{- if eq .a 1 }}{{ else if .b }}{{ else }}{{ end -}}", [OPEN, MIDDLE, MIDDLE, CLOSE]),
        ("{{ range $i, $a := .b }}{{ with .c }}", [OPEN, OPEN]),
        (
            '{{ define "a" }}{{ block "b" . }}{{ template "c" . }}',
            [HIDDEN, ALWAYS, ('template "c" .', ())],
        ),
        (
            "{{ $a := .b }}{{ $a = 1 }}{{ $a }}{{/* c */}}{{ .end }}",
            [NOTHING, NOTHING, ("$a", ()), NOTHING, (".end", ())],
        ),
        # Mustache and Handlebars
        ("{{#a}}{{^b}}{{/a}}{{! c }}{{!-- }} --}}", [OPEN, OPEN, CLOSE, NOTHING, NOTHING]),
        ("{{#if a}}{{else}}{{^}}{{/if}}", [OPEN, MIDDLE, MIDDLE, CLOSE]),
        ("{{{a}}}{{&b}}{{> c}}", [("a", ()), ("&b", ()), ("> c", ())]),
        # ERB, EPP, EJS
        ("<%= a %><%# b %><%% c", [("a", ()), NOTHING]),
        ("<% if a -%><% elsif b %><%- else -%><% end %>", [OPEN, MIDDLE, MIDDLE, CLOSE]),
        ("<% a.each do |b| %><% c = 1 %><% end if false %>", [OPEN, NOTHING, CLOSE]),
        ("<% if (a) { %><% } else if (b) { %><% } %>", [OPEN, MIDDLE, CLOSE]),
        (
            "<% } if (a) { %><% f('}'); %><%- a.b %>",
            [(None, ("close", "open")), NOTHING, ("a.b", ())],
        ),
        ("<%- | String $a | -%><% $b.each |$c| { -%>", [NOTHING, OPEN]),
        # PHP
        (
            "<?= $a; ?><?php echo $b; ?><?php if ($c): ?><?php endif; ?>",
            [("$a", ()), ("$b", ()), OPEN, CLOSE],
        ),
        ("<?php foreach ($a as $b) { ?><?php } ?><?php x", [OPEN, CLOSE, NOTHING]),
        # Terraform
        ("%{ if a ~}%{ else }%{ endif }%{X}", [OPEN, MIDDLE, CLOSE]),
        ("${{A}}", [("A", ())]),
        # none
        ("{{ {% <% {#", []),
        ("${a} {2} { % }", []),
    ],
)
def test_what_each_does(text: str, found: list[Found]) -> None:
    assert [(tag.expression, tag.roles) for tag in tags(text)] == found


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("port", "port"),
        ("port | default('80')", "port"),
        ("port|int", "port"),
        ("ENV['PORT'] || 80", "PORT"),
        ('ENV.fetch("PORT", "80")', "PORT"),
        ("process.env.PORT ?? 80", "PORT"),
        (".Env.PORT", "PORT"),
        ('default .Env.PORT "80"', "PORT"),
        ('getenv "PORT" "80"', "PORT"),
        ('env "PORT" | default "80"', "PORT"),
        ("lookup('env', 'PORT')", "PORT"),
        ("$PORT", "PORT"),
        ("getenv('PORT')", "PORT"),
        ("a.b", None),
        ("a + 1", None),
        ("a if b else c", None),
        ("include 'a'", None),
        ("a['b']", None),
        (".Values.port", None),
    ],
)
def test_the_name_of_an_expression(expression: str, name: str | None) -> None:
    assert name_of(expression) == name


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("a.b", "a.b"),
        ("a['b'].c", "a.b.c"),
        ("a.b | default(1)", "a.b"),
        ("a", None),
        ("a.b()", None),
        (".a.b", None),
    ],
)
def test_the_path_of_an_expression(expression: str, path: str | None) -> None:
    assert path_of(expression) == path
