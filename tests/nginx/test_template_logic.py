"""Templates in other languages than envsubst's: what is read of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.findings import Note, Problem
from tests.support.templates import hops, outline, read

HOW = "; give it one with --env {0}=VALUE, with --env-file, or in [env] of lint502.toml"


def no_value(written: str, name: str) -> str:
    return f"{written} has no value{HOW.format(name)}"


def computed(written: str) -> str:
    return f"what {written} becomes is not known before the template is rendered"


JINJA = """\
# {{ ansible_managed }}
{% for site in sites %}
upstream {{ site.name }} {
{%- for h in site.hosts %}
    server {{ h }}:{{ site.port | default(8000) }};
{% endfor -%}
    keepalive 8;
}
server {
    listen {{ site.port }}{% if site.tls %} ssl{% endif %};
    server_name {% for n in site.names %}{{ n }} {% endfor %};
    {{ site.extra }}
    {% if site.tls %}
    ssl_certificate /x;
    {% elif y %}
    # nothing
    {% else %}
    return 301 /x;
    {% endif %}
    location / {
        {% if a %}proxy_pass http://{{ site.name }};{% else %}proxy_pass http://other:1;{% endif %}
        proxy_read_timeout {{ t }}s;
        proxy_set_header X-Key {{ key }};
        {% if b %}
        # only a comment; here
        {% endif %}
        {# a comment
           of two lines #}
        {% include "x.j2" %}
    }
}
{% endfor %}
"""


def test_jinja(tmp_path: Path) -> None:
    tree = read(tmp_path, JINJA, "a.conf.j2")
    assert tree.problems == ()
    assert outline(tree) == [
        "3:1 ?upstream {{ site.name }}",
        "  5:5 ?server {{ h }}:{{ site.port | default(8000) }}",
        "  7:5 keepalive 8",
        "9:1 ?server",
        "  20:5 location /",
        "    21:19 ?proxy_pass http://{{ site.name }}",
        "    21:63 ?proxy_pass http://other:1",
        "    23:9 proxy_set_header X-Key {{ key }}",
        "    22:9 ~proxy_read_timeout {{ t }}s",
        '    29:9 …{% include "x.j2" %}',
        "  10:5 ~listen {{ site.port }}{% if site.tls %}…",
        "  11:5 ~server_name {% for n in site.names %}…",
        "  14:5 ~ssl_certificate /x",
        "  18:5 ~return 301 /x",
        "  12:5 …{{ site.extra }}",
    ]
    assert hops(tree) == [
        (
            21, "http://{{ site.name }}", [],
            'a template chooses the servers of upstream "{{ site.name }}"',
        ),
        (21, "http://other:1", ["other:1"], None),
    ]  # fmt: skip


GO = """\
{{- /* a comment
 */ -}}
{{- $x := .Values.x -}}
server {
  listen {{ .Values.port }};
  {{- if .Values.a }}
  location / { proxy_pass http://{{ .Release.Name }}-api:80; }
  {{- else if .b }}
  location / { proxy_pass http://b:1; }
  {{- end }}
  {{- range .x }}
  location /{{ . }} { proxy_pass http://{{ .Env.HOST }}:80; }
  {{- end }}
  {{ template "x" . }}
  {{ include "foo"
       . | nindent 4 }}
  return 404;
}
"""


def test_go(tmp_path: Path) -> None:
    tree = read(tmp_path, GO, "a.conf.tpl", {"HOST": "api"})
    assert tree.problems == ()
    assert outline(tree) == [
        "4:1 server",
        "  7:3 ?location /",
        "    7:16 proxy_pass http://{{ .Release.Name }}-api:80",
        "  9:3 ?location /",
        "    9:16 proxy_pass http://b:1",
        "  12:3 ?location /{{ . }}",
        "    12:23 proxy_pass http://api:80",
        "  17:3 return 404",
        "  5:3 ~listen {{ .Values.port }}",
        '  14:3 …{{ template "x" . }}',
        '  15:3 …{{ include "foo" . | nindent 4 }}',
    ]


MUSTACHE = """\
server { listen {{port}}; {{#tls}} ssl_certificate {{{cert}}}; {{/tls}} {{^tls}}
 client_max_body_size 80; {{/tls}}
 {{#each locs}}
 location {{path}} { proxy_pass {{url}}; }
 {{/each}}
 {{> partial}}
 {{!-- a }} comment --}}
}
"""


def test_mustache(tmp_path: Path) -> None:
    tree = read(tmp_path, MUSTACHE, "a.conf.hbs")
    assert tree.problems == ()
    assert outline(tree) == [
        "1:1 server",
        "  4:2 ?location {{path}}",
        "    4:22 proxy_pass {{url}}",
        "  1:10 ~listen {{port}}",
        "  1:36 ~ssl_certificate {{{cert}}}",
        "  2:2 ~client_max_body_size 80",
        "  6:2 …{{> partial}}",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.conf.erb",
            "server {\n<% if @x && y %>\n listen 80;\n<% end %>\n<%- @a.each do |b| -%>\n"
            " location <%= b %> { proxy_pass http://<%= b[:host] %>:80; }\n<%- end -%>\n"
            "<%# a comment %>\n}\n",
        ),
        (
            "a.ejs",
            "server {\n<%\nif (s.x['}']) {\n%>\n listen 80;\n<% } else { %>\n<% } %>"
            "<% a.forEach(function(b) { %>\n location <%= b %> {"
            " proxy_pass http://<%-b.host%>:80; }\n<% }) %>\n}\n",
        ),
        (
            "a.conf",
            "server {\n<?php if ($x): ?>\n listen 80;\n<?php endif; ?>\n<?php foreach ($a as $b)"
            " { ?>\n location <?= $b ?> { proxy_pass http://<?php echo $b; ?>:80; }\n<?php } ?>\n}",
        ),
    ],
)
def test_code(tmp_path: Path, name: str, text: str) -> None:
    """ERB, EJS and PHP: only their brackets, and where blocks begin and end, are looked at."""
    tree = read(tmp_path, text, name)
    assert tree.problems == ()
    lines = [line.partition(" ")[2].split("<")[0].strip() for line in map(str.strip, outline(tree))]
    assert lines == ["server", "?location", "proxy_pass http://", "~listen 80"]
    ((_, _, targets, unknown),) = hops(tree)
    assert targets == []
    assert unknown is not None


class TestWhatIsOpen:
    """What a template leaves open in a directive, and what becomes of the hop."""

    @pytest.mark.parametrize(
        ("text", "targets", "unknown"),
        [
            ("proxy_pass http://{{ host }}:80;", [], no_value("{{ host }}", "host")),
            ("proxy_pass http://api:{{ a.port }};", [], computed("{{ a.port }}")),
            ("proxy_pass {{ url }};", [], no_value("{{ url }}", "url")),
            ("proxy_pass {{ scheme }}://api:80;", [], no_value("{{ scheme }}", "scheme")),
            ("proxy_pass http://api:80/{{ path }};", ["api:80"], None),
            ("set $b {{ host }}; proxy_pass http://$b:80;", [], no_value("{{ host }}", "host")),
            (
                "proxy_pass http://{% if x %}a{% else %}b{% endif %}:80;", [],
                computed("{% if x %}…"),
            ),
            (
                "proxy_pass {% if x %}http://a:1;{% else %}http://b:1;{% endif %}", [],
                "http://a:1 is what one branch of a template says; another may say something else",
            ),
            (
                "{% if x %}set $b a;{% else %}set $b b;{% endif %} proxy_pass http://$b:80;",
                ["a:80", "b:80"],
                "a template may leave out set $b (line 2), or say something else",
            ),
            (
                "set $b c; {% if x %}set $b a;{% endif %} proxy_pass http://$b:80;",
                ["c:80", "a:80"], None,
            ),
            ("{{ pass }} http://a:1; proxy_pass http://api:80;", ["api:80"], None),
        ],
    )  # fmt: skip
    def test_a_hop(
        self, tmp_path: Path, text: str, targets: list[str], unknown: str | None
    ) -> None:
        main = f"events {{}} http {{ server {{ location / {{\n{text}\n}} }} }}"
        tree = read(tmp_path, main, "nginx.conf.j2")
        assert tree.problems == ()
        assert [(found, why) for _, _, found, why in hops(tree)] == [(targets, unknown)]

    def test_a_block_by_the_name_that_a_template_writes(self, tmp_path: Path) -> None:
        text = (
            "events {} http { upstream {{ app }}_b { server a:1; server {{ h }}:2; }\n"
            "server { location / { proxy_pass http://{{ app }}_b/x; }\n"
            "location /b { proxy_pass http://{{ other }}_b; }\n"
            "location /c { proxy_pass http://c; } } }"
        )
        assert [(found, why) for _, _, found, why in hops(read(tmp_path, text, "n.j2"))] == [
            (["a:1"], no_value("{{ h }}", "h")),
            ([], no_value("{{ other }}", "other")),
            ([], 'an upstream "c" may be defined where it cannot be seen'),
        ]

    def test_several_blocks_of_one_name(self, tmp_path: Path) -> None:
        text = (
            "events {} http {\n{% if x %}\nupstream app { server a:1; }\n{% else %}\n"
            "upstream app { server b:1; }\n{% endif %}\n"
            "server { location / { proxy_pass http://app; } } }"
        )
        assert hops(read(tmp_path, text)) == [
            (7, "http://app", ["a:1"], 'branches of a template have several upstreams "app"')
        ]

    def test_a_value_is_put_in(self, tmp_path: Path) -> None:
        text = "server { listen <%= ENV['PORT'] || 80 %>; location / { proxy_pass {{ U }}; } }"
        tree = read(tmp_path, text, "a.conf", {"PORT": "8080", "U": "http://u:1"})
        assert outline(tree) == [
            "1:1 server",
            "  1:10 listen 8080",
            "  1:43 location /",
            "    1:56 proxy_pass http://u:1",
        ]
        assert Note("a.conf", None, "a template, read with the values of PORT, U") in tree.notes


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("{{ a }}\nx 1;", ["2:1 …{{ a }}", "3:1 x 1"]),
        ("{{ a }} {{ b }} # c\nx 1;", ["2:1 …{{ a }} {{ b }}", "3:1 x 1"]),
        ("{{ a }};\nx 1;", ["2:1 …{{ a }}", "3:1 x 1"]),
        ("y 2; {{ a }}\nx 1;", ["2:1 y 2", "2:6 …{{ a }}", "3:1 x 1"]),
        ("{{ a }}x 1;", ["2:1 …{{ a }}x 1"]),
        ("x\n{{ a }}\n;", ["2:1 ~x {{ a }}"]),
        ("x 1 # c\n{{ a }}\n2;", ["2:1 ~x 1 {{ a }} 2"]),
        ("{{ a }}\n{ x 1; }", ["2:1 …{{ a }}"]),
        ("${A}\n$AB\n${c}\nx $AB;", ["2:1 …${A}", "3:1 …${AB}", "4:1 …${c}", "5:1 ~x ${AB}"]),
        ("x\n${request_uri}\n;", ["2:1 x ${request_uri}"]),
        ("{% if a %}\nx 1;", ["3:1 ~x 1"]),
        ("x 1;\n{% endif %}", ["2:1 x 1"]),
    ],
)
def test_where_a_directive_ends(tmp_path: Path, text: str, lines: list[str]) -> None:
    tree = read(tmp_path, f"events {{}} http {{\n{text}\n}}", "nginx.conf.j2")
    assert tree.problems == ()
    found = [line.strip() for line in outline(tree)[2:]]
    assert sorted(found) == sorted(lines)


class TestWhatIsNotRead:
    def test_a_macro(self, tmp_path: Path) -> None:
        text = "{% macro loc() %}\nlocation /m {\n proxy_pass http://m;\n}\n{% endmacro %}\n"
        tree = read(tmp_path, f"{text}server {{\n {{{{ loc() }}}}\n}}\n")
        assert tree.problems == (
            Problem(
                "a.conf",
                3,
                "a pass that is not checked: this is rendered elsewhere; render the template, and "
                "check the result",
            ),
        )
        assert outline(tree) == ["6:1 server", "  7:2 …{{ loc() }}"]

    def test_branches_that_open_blocks(self, tmp_path: Path) -> None:
        text = (
            "server {\n{% if x %}\nlocation /a {\n{% else %}\nlocation /b {\n{% endif %}\n"
            "proxy_pass http://b:1;\n}\n}\n"
        )
        tree = read(tmp_path, text)
        assert tree.problems == ()
        assert outline(tree) == [
            "1:1 server",
            "  3:1 ?location /a",
            "    7:1 ?proxy_pass http://b:1",
        ]

    def test_branches_that_open_blocks_with_a_pass(self, tmp_path: Path) -> None:
        text = (
            "server {\n{% if x %}\nlocation /a {\n{% else %}\nlocation /b {\nproxy_pass http://c;\n"
            "{% endif %}\nproxy_pass http://b:1;\n}\n}\n"
        )
        assert [(one.line, one.message) for one in read(tmp_path, text).problems] == [
            (
                6,
                "a pass that is not checked: this branch does not go together with the first; "
                "render the template, and check the result",
            )
        ]

    @pytest.mark.parametrize(
        ("rest", "problem"),
        [
            ("location /b {\n proxy_pass http://b:1;\n}\n",
             Problem("a.conf", 7,
                     'the file ends before the "}" of the block that opens on line 1')),
            ("}\n}\nserver { location /c { proxy_pass http://c:1; } }",
             Problem("a.conf", 6, 'unexpected "}": no block is open here')),
        ],
    )  # fmt: skip
    def test_braces_that_do_not_balance(self, tmp_path: Path, rest: str, problem: Problem) -> None:
        """What comes before is read, and what is open there may have anything."""
        text = "server {\n listen {{ port }};\n location / { proxy_pass http://a:1; }\n\n" + rest
        tree = read(tmp_path, text)
        assert tree.problems == (problem,)
        found = hops(tree)
        assert (found[0][0], found[0][2]) == (3, ["a:1"])
        assert not tree.main.seen_whole


GENUINE = [
    'location ~ "^/a{{2}}" { return 200 "{{ x }} <% y %> {% z %}"; }',
    "sub_filter '{{title}}' '<%= x %>';",
    "log_format x '%{X}e {{ a }} @NAME';",
    "content_by_lua_block { local t = {{1, 2}, {3, 4}} -- {% x %}\n }",
    "# {{ x }} {% if y %}\n",
    "location @NAME { return 404; } error_page 404 @NAME;",
    "location / { # {# no comment of a template\n}",
    'return 200 "<?php echo 1; ?>";',
    'return 200 "<H1>x %E2%80%93 %2F</H1><BR>";',
    'server_name "~^{{2}}$";',
]


@pytest.mark.parametrize(
    "text",
    ['proxy_pass "http://{{ a }}:80";', "listen '<%= b %>';", 'client_body_timeout "{{ t }}s";'],
)
def test_a_template_by_a_string(tmp_path: Path, text: str) -> None:
    tree = read(tmp_path, f"events {{}} http {{ server {{ location / {{ {text} }} }} }}")
    assert tree.problems == ()
    assert [note.message[:16] for note in tree.notes] == ["without a value:"]


@pytest.mark.parametrize("text", GENUINE)
def test_what_is_no_template(tmp_path: Path, text: str) -> None:
    around = "" if text.startswith("log_format") else "server { "
    end = "" if text.startswith("log_format") else "}"
    tree = read(tmp_path, f"events {{}} http {{ {around}{text} {end}}}")
    assert (tree.problems, tree.notes) == ((), ())


def test_nesting_has_a_bound(tmp_path: Path) -> None:
    text = "{% if x %}" * 5_000 + "a;" + "{% endif %}" * 5_000
    assert [one.message for one in read(tmp_path, text).problems] == [
        "this file has blocks of a template nested more than 50 levels deep"
    ]


@pytest.mark.parametrize(
    "text",
    ["{{" * 200_000, "{% if x %}" * 49 + "{{ x }}\n" * 100_000, "<% } %>" * 100_000,
     "{% if x %}a;{% endif %}" * 50_000, "{#" * 200_000, "@A" * 200_000, "${A}\n" * 100_000],
)  # fmt: skip
def test_nothing_takes_long(tmp_path: Path, text: str) -> None:
    read(tmp_path, f"server {{ listen {{{{ x }}}}; }}\n{text}")
