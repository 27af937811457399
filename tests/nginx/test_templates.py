"""Templates for envsubst, as roots and as includes: what is read, noted and refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lint502 import run as running
from lint502.findings import Edit, Finding, Fix, Note, Problem, Severity
from lint502.nginx import file_parser
from lint502.nginx.envsubst import FILTER, Values
from lint502.nginx.files import Files, PathMap
from lint502.nginx.hops import find_hops
from lint502.nginx.parse import parse_file
from lint502.nginx.roots import RootLoader
from lint502.nginx.templates import set_names
from lint502.nginx.tree import Tree
from lint502.nginx.version import NEWEST
from lint502.places import SourceFile
from lint502.rule import Rule
from lint502.site import Site
from tests.support import sites
from tests.support.sites import contexts, write

MAIN = "events {}\nhttp {\n include /etc/nginx/conf.d/*.conf;\n}\n"
SITE = "server {\n location / {\n  proxy_pass http://${API}:${PORT};\n }\n}\n"
VALUES = {"API": "api", "PORT": "3000"}


def load(
    folder: Path,
    files: dict[str, str],
    values: dict[str, str] | None = None,
    root: str = "nginx.conf",
    maps: dict[str, str] | None = None,
) -> Tree:
    write(folder, files)
    told = {"/etc/nginx": "."} if maps is None else maps
    paths = tuple(PathMap.parse(f"{source}={to}", folder) for source, to in told.items())
    values = VALUES if values is None else values
    loader = RootLoader(Files(folder, paths), (), lambda: b"", Values(values))
    return loader.load(str(folder / root))


def hops(tree: Tree) -> list[tuple[str, int, str]]:
    return [
        (hop.directive.source.name, hop.directive.line, hop.value)
        for hop in find_hops(tree, NEWEST, {})[0]
    ]


def without(file: str, *names: str) -> Note:
    return Note(
        file,
        None,
        f"without a value: {', '.join(f'${{{name}}}' for name in names)}; what they reach is "
        "unknown. Give values with --env NAME=VALUE, with --env-file, or in [env] of lint502.toml",
    )


def reasons(tree: Tree) -> list[str | None]:
    return [hop.unknown for hop in find_hops(tree, NEWEST, {})[0]]


def no_value(name: str) -> str:
    return (
        f"${{{name}}} has no value; give it one with --env {name}=VALUE, with --env-file, or in "
        "[env] of lint502.toml"
    )


FRAGMENT = "a fragment, read as the contents of http"


class TestRoot:
    def test_a_template_alone(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"a.conf.template": SITE}, root="a.conf.template")
        assert hops(tree) == [("a.conf.template", 3, "http://api:3000")]
        assert (tree.problems, tree.notes) == ((), (Note("a.conf.template", None, FRAGMENT),))

    def test_a_template_of_a_main_file(self, tmp_path: Path) -> None:
        text = "worker_processes $N;\nevents {}\nhttp {\n" + SITE + "}\n"
        tree = load(tmp_path, {"nginx.conf.template": text}, {**VALUES, "N": "auto"},
                    root="nginx.conf.template")  # fmt: skip
        assert hops(tree) == [("nginx.conf.template", 6, "http://api:3000")]
        assert (tree.fragment, tree.problems, tree.notes) == (False, (), ())

    def test_a_directive_and_a_block_from_values(self, tmp_path: Path) -> None:
        text = "server {\n${BLOCK}\n ${MORE}\n}\n"
        values = {"BLOCK": "location / {\n proxy_pass http://api;\n}", "MORE": ""}
        tree = load(tmp_path, {"a.conf.template": text}, values, root="a.conf.template")
        assert hops(tree) == [("a.conf.template", 2, "http://api")]
        assert tree.problems == ()

    def test_names_of_blocks_and_locations(self, tmp_path: Path) -> None:
        text = (
            "upstream ${API} { server ${API}:${PORT}; }\n"
            "server { location /${API} { proxy_pass http://${API}; } }\n"
        )
        tree = load(tmp_path, {"a.template": text}, root="a.template")
        ((hop,), (block,)) = find_hops(tree, NEWEST, {})
        assert (hop.location, [str(target.address) for target in hop.targets]) == (
            "/api", ["api:3000"],
        )  # fmt: skip
        assert (block.name, tree.problems) == ("api", ())

    def test_a_stream(self, tmp_path: Path) -> None:
        text = "server {\n listen ${PORT};\n proxy_pass ${API}:5432;\n}\n"
        tree = load(tmp_path, {"a.conf.stream-template": text}, root="a.conf.stream-template")
        assert hops(tree) == [("a.conf.stream-template", 3, "api:5432")]

    def test_variables_of_nginx_stay(self, tmp_path: Path) -> None:
        text = "server {\n location / {\n  proxy_pass http://$host:${PORT}${request_uri};\n }\n}\n"
        tree = load(tmp_path, {"a.template": text}, root="a.template")
        assert hops(tree) == [("a.template", 3, "http://$host:3000${request_uri}")]
        assert tree.problems == ()

    def test_small_letters_are_replaced_in_a_template(self, tmp_path: Path) -> None:
        text = SITE.replace("API", "api_host")
        tree = load(tmp_path, {"a.template": text}, {"api_host": "h", "PORT": "1"},
                    root="a.template")  # fmt: skip
        assert hops(tree) == [("a.template", 3, "http://h:1")]


class TestWithoutValue:
    def test_each_variable_once(self, tmp_path: Path) -> None:
        text = "# ${NOT_THIS}\n" + SITE + SITE + "# $NOR_THIS\n"
        tree = load(tmp_path, {"a.template": text}, {}, root="a.template")
        assert tree.problems == ()
        assert tree.notes == (
            Note("a.template", None, FRAGMENT),
            without("a.template", "API", "PORT"),
        )
        assert [line for _, line, _ in hops(tree)] == [4, 9]
        assert reasons(tree) == [no_value("API")] * 2

    def test_an_empty_value_is_one(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"a.template": SITE}, {"API": "x", "PORT": ""}, root="a.template")
        assert (tree.problems, hops(tree)) == ((), [("a.template", 3, "http://x:")])

    def test_where_nginx_could_not_read_it(self, tmp_path: Path) -> None:
        text = "server {\n # ${NOT_THIS}\n${BLOCK}\n}\n"
        tree = load(tmp_path, {"a.conf": text}, {}, root="a.conf")
        assert tree.problems == ()
        assert tree.notes == (Note("a.conf", None, FRAGMENT), without("a.conf", "BLOCK"))
        (server,) = contexts(tree, "http", "server")
        assert [line.line for line in server.unseen] == [3]

    def test_a_syntax_error_stays_one(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"a.template": "server {\n${PORT}\n"}, {"PORT": "x;\ny"},
                    root="a.template")  # fmt: skip
        assert tree.problems == (
            Problem("a.template", 2, 'the file ends before the ";" of this directive'),
        )

    def test_the_filter_is_named(self, tmp_path: Path) -> None:
        values = {**VALUES, FILTER: "^P"}
        tree = load(tmp_path, {"a.template": SITE}, values, root="a.template")
        assert tree.problems == ()
        assert reasons(tree) == [f"${{API}} has no value; {FILTER} leaves it out"]

    @pytest.mark.parametrize("name", ["HOST", "HOSTNAME", "REQUEST_URI"])
    def test_what_nginx_has_itself(self, tmp_path: Path, name: str) -> None:
        tree = load(tmp_path, {"a.template": SITE.replace("API", name)}, root="a.template")
        assert tree.problems == ()

    @pytest.mark.parametrize("name", ["HTTP_PORT", "SSL_PORT", "ARG_ONE"])
    def test_what_only_begins_as_one_of_nginx(self, tmp_path: Path, name: str) -> None:
        tree = load(tmp_path, {"a.template": SITE.replace("API", name)}, root="a.template")
        assert tree.notes[1:] == (without("a.template", name),)
        assert reasons(tree) == [no_value(name)]

    def test_what_another_file_sets(self, tmp_path: Path) -> None:
        main = MAIN.replace(" include", " map $host $BACKEND { default api; }\n include")
        site = "server { location / { proxy_pass http://$BACKEND:${PORT}; } }"
        tree = load(tmp_path, {"nginx.conf": main, "templates/a.conf.template": site})
        assert tree.problems == ()
        assert hops(tree) == [("templates/a.conf.template", 1, "http://$BACKEND:3000")]

    def test_one_of_two_templates(self, tmp_path: Path) -> None:
        other = "server { location /b { proxy_pass http://b; } }"
        tree = load(
            tmp_path,
            {
                "nginx.conf": MAIN,
                "templates/a.conf.template": SITE,
                "templates/b.conf.template": other,
            },
            {"PORT": "1"},
        )
        assert tree.problems == ()
        assert tree.notes[1:] == (without("templates/a.conf.template", "API"),)
        assert [(file, line) for file, line, _ in hops(tree)] == [
            ("templates/a.conf.template", 3),
            ("templates/b.conf.template", 1),
        ]
        assert reasons(tree) == [no_value("API"), None]

    def test_each_file_has_a_note(self, tmp_path: Path) -> None:
        main = MAIN.replace(" include", " resolver ${DNS};\n include")
        tree = load(
            tmp_path,
            {"nginx.conf.template": main, "templates/a.conf.template": SITE},
            {},
            "nginx.conf.template",
        )
        assert tree.problems == ()
        assert [note for note in tree.notes if note.line is None] == [
            without("nginx.conf.template", "DNS"),
            without("templates/a.conf.template", "API", "PORT"),
        ]


class TestOtherFiles:
    """Files that are templates without being called so."""

    def test_rendered_where_a_value_is_given(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": f"events {{}}\nhttp {{\n{SITE}}}\n"})
        assert hops(tree) == [("nginx.conf", 5, "http://api:3000")]
        assert tree.notes == (
            Note("nginx.conf", None, "a template, read with the values of API, PORT"),
        )
        assert tree.problems == ()

    def test_a_variable_without_value(self, tmp_path: Path) -> None:
        text = f"events {{}}\nhttp {{\n{SITE}}}\n"
        tree = load(tmp_path, {"nginx.conf": text}, {})
        assert (tree.problems, tree.notes) == ((), (without("nginx.conf", "API", "PORT"),))
        assert reasons(tree) == [no_value("API")]

    def test_a_fragment_may_have_it_from_elsewhere(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"a.conf": SITE}, {}, "a.conf")
        assert tree.problems == ()
        assert reasons(tree) == [no_value("API")]

    def test_an_include_that_is_not_seen_may_set_it(self, tmp_path: Path) -> None:
        text = f"events {{}}\nhttp {{\ninclude gone;\n{SITE}}}\n"
        (problem,) = load(tmp_path, {"nginx.conf": text}, {}).problems
        assert problem.line == 3

    @pytest.mark.parametrize(
        "text",
        [
            "set $API a; set $PORT 1;",
            "set $API a; location ~ (?<PORT>1) { }",
            "js_set $API a; set $PORT 1;",
            "set $api a; set $Port 1;",
        ],
    )
    def test_what_the_file_itself_sets(self, tmp_path: Path, text: str) -> None:
        site = SITE.replace("server {", "server { " + text)
        files = {"nginx.conf": f"events {{}}\nhttp {{\n{site}}}\n"}
        for values in ({}, VALUES):
            tree = load(tmp_path, files, values)
            assert (tree.problems, tree.notes) == ((), ())
            assert hops(tree) == [("nginx.conf", 5, "http://${API}:${PORT}")]

    def test_a_value_for_a_name_in_small_letters(self, tmp_path: Path) -> None:
        """nginx's own variables, and those that the file sets, are none of the environment."""
        site = SITE.replace("${API}:${PORT}", "${api_host}:${PORT}").replace(
            "location", "set $own 1; return 200 ${own}${host}$api_host; location", 1
        )
        values = {**VALUES, "api_host": "x", "own": "y", "host": "z"}
        tree = load(tmp_path, {"nginx.conf": f"events {{}}\nhttp {{\n{site}}}\n"}, values)
        assert hops(tree) == [("nginx.conf", 5, "http://x:3000")]
        (server,) = contexts(tree, "http", "server")
        assert server.by_name["return"][0].args == ("200", "${own}${host}x")

    def test_without_braces(self, tmp_path: Path) -> None:
        """What a start script gives to envsubst itself."""
        site = SITE.replace("${API}:${PORT}", "$API:$PORT")
        files = {"nginx.conf": f"events {{}}\nhttp {{\n{site}}}\n"}
        assert hops(load(tmp_path, files)) == [("nginx.conf", 5, "http://api:3000")]
        tree = load(tmp_path, files, {})
        assert (tree.problems, tree.notes) == ((), (without("nginx.conf", "API", "PORT"),))

    @pytest.mark.parametrize("text", ["$api", "${host}", "${HTTP_A}", "${HOST}"])
    def test_no_template(self, tmp_path: Path, text: str) -> None:
        site = SITE.replace("${API}:${PORT}", text)
        tree = load(tmp_path, {"nginx.conf": f"events {{}}\nhttp {{\n{site}}}\n"},
                    {**VALUES, "api": "x", "host": "y"})  # fmt: skip
        assert (tree.problems, tree.notes) == ((), ())
        assert hops(tree) == [("nginx.conf", 5, f"http://{text}")]

    def test_a_dump_is_no_template(self, tmp_path: Path) -> None:
        dump = f"# configuration file /etc/nginx/nginx.conf:\nevents {{}}\nhttp {{\n{SITE}}}\n"
        tree = load(tmp_path, {"a.txt": dump}, root="a.txt")
        assert (hops(tree), tree.problems, tree.notes) == (
            [("/etc/nginx/nginx.conf", 5, "http://${API}:${PORT}")], (), (),
        )  # fmt: skip


def read_from(file: str, *names: str, written: str = "/etc/nginx/conf.d/*.conf") -> Note:
    return Note(
        file,
        3,
        f"include {written}: nothing is there; read from {', '.join(names)}, as if rendered when "
        "nginx starts",
    )


class TestIncludes:
    def test_templates_beside_conf_d(self, tmp_path: Path) -> None:
        other = SITE.replace("/ {", "/b {")
        tree = load(
            tmp_path,
            {
                "nginx.conf": MAIN,
                "templates/b.conf.a.conf.template": other,
                "templates/b.conf.template": SITE,
                "templates/c.template": "wrong;",
                "templates/d.conf": "wrong;",
            },
        )
        assert hops(tree) == [
            ("templates/b.conf.template", 3, "http://api:3000"),
            ("templates/b.conf.a.conf.template", 3, "http://api:3000"),
        ]
        assert tree.problems == ()
        assert tree.notes == (
            read_from(
                "nginx.conf", "templates/b.conf.template", "templates/b.conf.a.conf.template"
            ),
        )

    def test_a_map_of_their_own(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path,
            {"nginx.conf": MAIN, "docker/nginx-templates/a.conf.template": SITE},
            maps={"/etc/nginx/templates": "docker/nginx-templates"},
        )
        assert hops(tree) == [("docker/nginx-templates/a.conf.template", 3, "http://api:3000")]
        assert tree.problems == ()

    @pytest.mark.parametrize(
        ("maps", "folder"),
        [
            ({"/etc/nginx/conf.d": "a/conf.d"}, "a/templates"),
            ({"/etc/nginx/conf.d": "a/conf.d", "/etc/nginx/templates": "b"}, "b"),
        ],
    )
    def test_a_map_of_what_is_rendered(
        self, tmp_path: Path, maps: dict[str, str], folder: str
    ) -> None:
        files = {"nginx.conf": MAIN, f"{folder}/a.conf.template": SITE}
        tree = load(tmp_path, files, maps=maps)
        assert hops(tree) == [(f"{folder}/a.conf.template", 3, "http://api:3000")]

    def test_beside_what_is_rendered(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": MAIN, "conf.d/a.conf.template": SITE})
        assert hops(tree) == [("conf.d/a.conf.template", 3, "http://api:3000")]

    def test_a_single_file(self, tmp_path: Path) -> None:
        main = MAIN.replace("/etc/nginx/conf.d/*.conf", "conf.d/a.conf")
        tree = load(tmp_path, {"nginx.conf": main, "templates/a.conf.template": SITE})
        assert hops(tree) == [("templates/a.conf.template", 3, "http://api:3000")]
        assert tree.notes == (
            read_from("nginx.conf", "templates/a.conf.template", written="conf.d/a.conf"),
        )

    def test_a_folder_below(self, tmp_path: Path) -> None:
        main = MAIN.replace("conf.d/*.conf", "conf.d/*/*.conf")
        tree = load(tmp_path, {"nginx.conf": main, "templates/x/a.conf.template": SITE})
        assert hops(tree) == [("templates/x/a.conf.template", 3, "http://api:3000")]

    def test_streams(self, tmp_path: Path) -> None:
        main = "events {}\nstream {\n include /etc/nginx/stream-conf.d/*.conf;\n}\n"
        site = "server {\n listen 1;\n proxy_pass ${API}:5432;\n}\n"
        tree = load(
            tmp_path,
            {
                "nginx.conf": main,
                "templates/a.conf.stream-template": site,
                "templates/b.conf.template": "wrong;",
            },
        )
        assert hops(tree) == [("templates/a.conf.stream-template", 3, "api:5432")]

    def test_where_files_are_templates_are_passed_over(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path,
            {
                "nginx.conf": MAIN,
                "conf.d/a.conf": SITE.replace("${API}:${PORT}", "a"),
                "templates/b.conf.template": SITE,
            },
        )
        assert hops(tree) == [("conf.d/a.conf", 3, "http://a")]
        assert tree.notes == (
            Note(
                "nginx.conf",
                3,
                "include /etc/nginx/conf.d/*.conf: finds files, so that templates/b.conf.template "
                "was passed over",
            ),
        )

    def test_no_template_at_all(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": MAIN, "templates/b.conf": SITE})
        assert tree.notes == (
            Note("nginx.conf", 3, "include /etc/nginx/conf.d/*.conf matches no file here"),
        )

    def test_outside_the_tree(self, tmp_path: Path) -> None:
        write(tmp_path, {"templates/a.conf.template": "p4ssword;"})
        inner = tmp_path / "conf"
        main = MAIN.replace("/etc/nginx/conf.d", "../conf.d")
        tree = load(inner, {"nginx.conf": main}, maps={})
        (problem,) = tree.problems
        assert problem.message.startswith("include ../conf.d/*.conf: lies outside the tree")

    def test_a_template_that_includes_itself(self, tmp_path: Path) -> None:
        text = "include conf.d/a.conf;\n"
        tree = load(tmp_path, {"nginx.conf": MAIN, "templates/a.conf.template": text})
        assert [problem.message for problem in tree.problems] == [
            "this file is included by itself, through nginx.conf → a.conf.template → "
            "a.conf.template"
        ]


def test_what_all_files_come_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_parser, "MAX_TOTAL_BYTES", 2 * 1024**2)
    text = "# ${LONG}\n" * 20
    files = {f"templates/{name}.conf.template": text for name in "ab"}
    tree = load(tmp_path, {"nginx.conf": MAIN, **files}, {"LONG": "x" * 4000})
    assert tree.problems == ()
    tree = load(tmp_path, {"nginx.conf": MAIN, **files}, {"LONG": "\n" * 60_000})
    assert tree.problems == (
        Problem(
            "templates/b.conf.template",
            None,
            "this file and those before it come to more than 2 MB with the values that are given; "
            "lint502 stops here",
        ),
    )


def test_fixes_edit_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(site: Site) -> Iterator[Finding]:
        for hop in site.hops:
            for index in (0, 1):
                place = hop.directive.arg_place(0) if index else hop.directive.place()
                start, end = (place.column, place.column + 4) if index else (3, place.end_column)
                edit = Edit(place.file, place.line, start, end, "new")
                yield Finding(
                    "retry-off", Severity.ERROR, 502, "always", f"{index}", place,
                    hops=(hop.id,), fix=Fix("new;", True, (edit,)),
                )  # fmt: skip

    def rule_of(name: str) -> Rule:
        return Rule(name, check if name == "retry-off" else _none, None)

    monkeypatch.setattr(running, "rule_of", rule_of)
    monkeypatch.setattr(running, "concerns", lambda rule, site: True)
    report = sites.check(tmp_path, {"a.template": SITE}, "a.template", env=VALUES)
    assert [(one.message, one.fix) for one in report.findings] == [
        ("0", Fix("new;", True)),
        ("1", Fix("new;", True, (Edit("a.template", 3, 14, 18, "new"),))),
    ]


def _none(site: Site) -> Iterator[Finding]:
    return iter(())


def test_what_a_configuration_defines() -> None:
    text = """
    set $A $B; map $C $D { default $E; } geo $F { } geo $remote_addr $G { } split_clients $H $I { }
    keyval $J $K zone=z; js_set $L f; auth_request_set $M $N; js_var $O $P; set_by_lua $Q $R;
    geoip2 f.mmdb { $S source=$T country; } location ~ "(?<U>a)(?P<V>b)(?'W'c)(?:d)" { set $X 1; }
    proxy_set_header Y $Y;
    """
    found = parse_file(SourceFile("a", text)).directives
    assert sorted(set(set_names(found))) == list("adfgiklmoqsuvwx")
