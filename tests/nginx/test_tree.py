"""The configuration with every include expanded where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lint502.findings import Note, Problem
from lint502.nginx import file_parser, growth, parse
from lint502.nginx.files import Files, PathMap
from lint502.nginx.parse import Directive, ParsedFile
from lint502.nginx.rendered import Rendered
from lint502.nginx.roots import RootLoader
from lint502.nginx.tree import Context, Tree
from lint502.places import SourceFile
from lint502.reading import not_utf8
from tests.support.real_nginx import HTTP, nginx_command
from tests.support.sites import contexts, write


def load(
    folder: Path,
    files: Mapping[str, str | bytes],
    root: str = "nginx.conf",
    *,
    allow_missing: tuple[str, ...] = (),
    maps: tuple[PathMap, ...] = (),
) -> Tree:
    write(folder, files)
    return RootLoader(Files(folder, maps), allow_missing, lambda: b"").load(str(folder / root))


def shape(context: Context) -> list[object]:
    """A context as nested lists: directives with file and line, contexts with what is in them."""
    return [
        (f"{item.name} {' '.join(item.args)}".strip(), shape(item))
        if isinstance(item, Context)
        else f"{item.source.name}:{item.line} {' '.join([item.name, *item.args])}"
        for item in context.items
    ]


def unseen(tree: Tree) -> list[str]:
    found: list[str] = []

    def collect(context: Context) -> None:
        found.extend(f"{context.name}:{include.line}" for include in context.unseen)
        for child in context.children:
            collect(child)

    collect(tree.main)
    return found


def test_includes_are_expanded_where_they_stand(tmp_path: Path) -> None:
    tree = load(
        tmp_path,
        {
            "nginx.conf": "http {\n include conf.d/*.conf;\n server { include snippets/s; }\n}",
            "conf.d/b.conf": "keepalive_timeout 1; upstream b { include servers; }",
            "conf.d/a.conf": "server { listen 1; include snippets/s; }",
            "conf.d/.hidden.conf": "broken",
            "snippets/s": "location / { include proxy; proxy_pass http://b; }",
            "proxy": "proxy_buffering off;",
            "servers": "server h:1;",
        },
    )
    location = [
        "proxy:1 proxy_buffering off",
        "snippets/s:1 proxy_pass http://b",
    ]
    assert shape(tree.main) == [
        (
            "http",
            [
                ("server", ["conf.d/a.conf:1 listen 1", ("location /", location)]),
                "conf.d/b.conf:1 keepalive_timeout 1",
                ("upstream b", ["servers:1 server h:1"]),
                ("server", [("location /", location)]),
            ],
        )
    ]
    assert (tree.problems, tree.notes, tree.fragment, tree.name) == ((), (), False, "nginx.conf")


def test_relative_to_the_roots_folder_never_the_including_files(tmp_path: Path) -> None:
    tree = load(
        tmp_path,
        {
            "nginx.conf": "http { include sites/site.conf; }",
            "sites/site.conf": "include snippet.conf;",
            "sites/snippet.conf": "wrong;",
            "snippet.conf": "right;",
        },
    )
    assert shape(tree.main) == [("http", ["snippet.conf:1 right"])]


def test_a_snippet_in_three_servers_is_three_contexts(tmp_path: Path) -> None:
    tree = load(
        tmp_path,
        {
            "nginx.conf": "http {" + "server { include s; } " * 3 + "}",
            "s": "location / { return 200; }",
        },
    )
    locations = contexts(tree, "http", "server", "location")
    assert len({id(context) for context in locations}) == 3
    assert [context.parent for context in locations] == contexts(tree, "http", "server")
    assert len({id(context.opener) for context in locations}) == 1
    (server, *_) = contexts(tree, "http", "server")
    assert locations[0].enclosing("server", "http") is server
    assert locations[0].enclosing("stream") is None
    assert [context.name for context in locations[0].up()] == ["location", "server", "http", "main"]


def test_only_blocks_that_bear_on_hops_are_entered(tmp_path: Path) -> None:
    tree = load(
        tmp_path,
        {
            "nginx.conf": "events { include gone; } mail { server { include gone; } } "
            "http { types { include gone; } map $a $b { if x; server y; } }"
        },
    )
    (http,) = contexts(tree, "http")
    (entries,) = contexts(tree, "http", "map")
    assert [type(item) for item in http.items] == [Directive, Context]
    assert [type(item) for item in entries.items] == [Directive, Directive]
    assert [context.name for context in tree.main.children] == ["http"]
    assert tree.problems == ()


class TestCycles:
    def test_a_file_that_includes_itself(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path,
            {"nginx.conf": "http {\ninclude a;\n}", "a": "x;\ninclude b;", "b": "include ./a;"},
        )
        assert tree.problems == (
            Problem("b", 1, "this file is included by itself, through nginx.conf → a → b → a"),
        )
        assert shape(tree.main) == [("http", ["a:1 x"])]

    def test_the_root_by_a_glob_and_by_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "other.conf").symlink_to("nginx.conf")
        tree = load(tmp_path, {"nginx.conf": "http { x; }\ninclude *.conf;"})
        assert [(problem.file, problem.line) for problem in tree.problems] == [
            ("nginx.conf", 2),
            ("nginx.conf", 2),
        ]

    def test_the_same_file_twice_is_no_cycle(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": "http { include a; include a; }", "a": "x;"})
        assert tree.problems == ()
        assert shape(tree.main) == [("http", ["a:1 x", "a:1 x"])]


class TestMissing:
    def test_a_literal_include(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": "http {\n include conf.d/gone.conf;\n}"})
        assert tree.problems == (
            Problem(
                "nginx.conf",
                2,
                "include conf.d/gone.conf: there is no such file, and nginx would not start; if it "
                "exists only where nginx runs, name it in allow_missing",
            ),
        )
        assert unseen(tree) == ["http:2"]

    @pytest.mark.parametrize(
        "pattern", ["conf.d/gone.conf", "conf.d/*", "*gone*", "{}/conf.d/gone.conf"]
    )
    def test_allow_missing(self, tmp_path: Path, pattern: str) -> None:
        tree = load(
            tmp_path,
            {"nginx.conf": "http { include conf.d/gone.conf; }"},
            allow_missing=(pattern.format(tmp_path),),
        )
        assert tree.problems == ()
        assert tree.notes == (
            Note("nginx.conf", 1, "include conf.d/gone.conf: not read, as allow_missing says"),
        )
        assert unseen(tree) == ["http:1"]

    @pytest.mark.parametrize(
        "written",
        [
            "mime.types",
            "/etc/nginx/mime.types",
            "fastcgi_params",
            "fastcgi.conf",
            "uwsgi_params",
            "scgi_params",
            "koi-utf",
            "koi-win",
            "win-utf",
            "conf/mime.types",
        ],
    )
    def test_stock_files_are_passed_over(self, tmp_path: Path, written: str) -> None:
        tree = load(tmp_path, {"nginx.conf": f"http {{ include {written}; }}"})
        assert tree.problems == ()
        assert tree.notes == (
            Note("nginx.conf", 1, f"include {written}: a stock file, passed over", written),
        )
        assert unseen(tree) == []

    def test_stock_modules(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path,
            {
                "nginx.conf": "include modules-enabled/*.conf; "
                "include /etc/nginx/modules-enabled/*.conf;"
                " include /usr/share/nginx/modules/*.conf; http { }"
            },
        )
        assert tree.problems == ()
        assert unseen(tree) == []

    def test_stock_files_that_are_there_are_read(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path,
            {
                "nginx.conf": "http { include proxy_params; }",
                "proxy_params": "proxy_set_header A b;",
            },
        )
        assert shape(tree.main) == [("http", ["proxy_params:1 proxy_set_header A b"])]
        assert tree.notes == ()

    def test_proxy_params_sets_debians_headers(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": "http {\ninclude /etc/nginx/proxy_params;\n}"})
        (http,) = contexts(tree, "http")
        assert [line.args[0] for line in http.by_name["proxy_set_header"]] == [
            "Host",
            "X-Real-IP",
            "X-Forwarded-For",
            "X-Forwarded-Proto",
        ]
        assert {line.line for line in http.by_name["proxy_set_header"]} == {2}

    @pytest.mark.parametrize("family", ["uwsgi", "scgi"])
    def test_stock_parameters_hold_the_query_twice(self, family: str, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": f"http {{\ninclude {family}_params;\n}}"})
        (http,) = contexts(tree, "http")
        lines = http.by_name[f"{family}_param"]
        long = {"QUERY_STRING": "$query_string", "REQUEST_URI": "$request_uri"}
        assert {line.args[0]: line.args[1] for line in lines}.items() >= long.items()
        assert ("HTTPS", "$https", "if_not_empty") in [line.args for line in lines]
        assert {line.line for line in lines} == {2}

    def test_in_a_fragment_it_is_a_note(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"a.conf": "server {\ninclude snippets/x;\n}"}, "a.conf")
        assert tree.problems == ()
        assert tree.notes[1:] == (
            Note(
                "a.conf",
                2,
                "include snippets/x: not found; this file is a fragment, and the folder that its "
                "includes start from is not known",
            ),
        )
        assert unseen(tree) == ["server:2"]


class TestGlobs:
    def test_one_that_matches_nothing(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path, {"nginx.conf": "http {\ninclude conf.d/*.conf;\n}", "conf.d/readme": "no"}
        )
        assert tree.problems == ()
        assert tree.notes == (Note("nginx.conf", 2, "include conf.d/*.conf matches no file here"),)
        assert unseen(tree) == []

    def test_one_in_a_folder_that_is_not_here_may_match_where_nginx_runs(
        self, tmp_path: Path
    ) -> None:
        tree = load(tmp_path, {"nginx.conf": "http {\ninclude conf.d/*.conf;\n}"})
        assert tree.problems == ()
        assert tree.notes == (Note("nginx.conf", 2, "include conf.d/*.conf matches no file here"),)
        assert unseen(tree) == ["http:2"]

    def test_a_folder_among_the_matches(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": "http {\ninclude conf.d/*;\n}", "conf.d/sub/a": "x;"})
        assert tree.problems == (
            Problem("nginx.conf", 2, "include conf.d/*: is a directory, not a file"),
        )

    def test_a_dangling_link_among_the_matches(self, tmp_path: Path) -> None:
        (tmp_path / "enabled").mkdir()
        (tmp_path / "enabled/a.conf").symlink_to("../available/a.conf")
        tree = load(tmp_path, {"nginx.conf": "http { include enabled/*.conf; }"})
        assert [problem.message.split(":")[0] for problem in tree.problems] == [
            "include enabled/*.conf"
        ]
        assert unseen(tree) == ["http:1"]

    def test_a_root_in_a_folder_with_brackets(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path,
            {"[x]/nginx.conf": "http { include d/*.conf; }", "[x]/d/a.conf": "a;"},
            "[x]/nginx.conf",
        )
        assert shape(tree.main) == [("http", ["[x]/d/a.conf:1 a"])]
        assert tree.notes == ()


class TestOutside:
    @pytest.mark.parametrize(
        "written",
        ["../secret", "/etc/hostname", "/gone/gone", "conf.d/../../secret", "link", "d/secret"],
    )
    def test_nothing_outside_is_read_or_told(self, tmp_path: Path, written: str) -> None:
        (tmp_path / "site").mkdir()
        (tmp_path / "site/link").symlink_to("../secret")
        (tmp_path / "site/d").symlink_to("..")
        tree = load(
            tmp_path,
            {"site/nginx.conf": f"http {{\ninclude {written};\n}}", "secret": "p4ssw0rd"},
            "site/nginx.conf",
        )
        assert tree.problems == (
            Problem(
                "site/nginx.conf",
                2,
                f"include {written}: lies outside the tree that lint502 may read; bring it in with "
                "--map FROM=TO or allow_paths, or name it in allow_missing",
            ),
        )
        assert unseen(tree) == ["http:2"]

    @pytest.mark.parametrize("written", ["../*", "/etc/host*", "d/*", "../gone/*"])
    def test_nor_by_a_glob(self, tmp_path: Path, written: str) -> None:
        (tmp_path / "site").mkdir()
        (tmp_path / "site/d").symlink_to("..")
        tree = load(
            tmp_path,
            {"site/nginx.conf": f"http {{\ninclude {written};\n}}", "secret": "p4ssw0rd"},
            "site/nginx.conf",
        )
        assert [(p.file, p.line) for p in tree.problems] == [("site/nginx.conf", 2)]
        assert "p4ssw0rd" not in str(tree.problems + tree.notes)
        assert unseen(tree) == ["http:2"]

    def test_folders_below_a_glob(self, tmp_path: Path) -> None:
        (tmp_path / "site").mkdir()
        (tmp_path / "site/link").symlink_to("..")
        tree = load(
            tmp_path,
            {"site/nginx.conf": "http {\ninclude */*.conf;\n}", "site/d/a.conf": "a;"},
            "site/nginx.conf",
        )
        assert tree.problems == (
            Problem(
                "site/nginx.conf",
                2,
                "include */*.conf: lies outside the tree that lint502 may read; bring it in with "
                "--map FROM=TO or allow_paths, or name it in allow_missing",
            ),
        )
        assert shape(tree.main) == [("http", ["site/d/a.conf:1 a"])]
        assert unseen(tree) == ["http:2"]

    def test_links_below_a_glob(self, tmp_path: Path) -> None:
        (tmp_path / "site/d").mkdir(parents=True)
        (tmp_path / "site/d/a").symlink_to("../../secret")
        tree = load(
            tmp_path,
            {"site/nginx.conf": "http {\ninclude */a;\n}", "secret": "p4ssw0rd"},
            "site/nginx.conf",
        )
        assert [(p.file, p.line) for p in tree.problems] == [("site/nginx.conf", 2)]
        assert "p4ssw0rd" not in str(tree.problems)

    def test_maps_bring_a_folder_in(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path,
            {
                "site/nginx.conf": "http { include /etc/nginx/conf.d/*.conf; "
                "include /etc/nginx/one; }",
                "deploy/conf.d/a.conf": "a;",
                "deploy/one": "b;",
            },
            "site/nginx.conf",
            maps=(PathMap("/etc/nginx", str(tmp_path / "deploy")),),
        )
        assert shape(tree.main) == [("http", ["deploy/conf.d/a.conf:1 a", "deploy/one:1 b"])]
        assert tree.problems == ()


class TestBrokenFiles:
    def test_a_syntax_error_names_its_file(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path, {"nginx.conf": "http {\n include a; include b; }", "a": "x\n}", "b": "ok;"}
        )
        assert tree.problems == (Problem("a", 2, 'unexpected "}"; a ";" is missing before it'),)
        assert shape(tree.main) == [("http", ["b:1 ok"])]
        assert unseen(tree) == ["http:2"]

    def test_a_template(self, tmp_path: Path) -> None:
        tree = load(
            tmp_path,
            {"nginx.conf": "http { include a; }", "a": "\n{% for x in y %} z;\n{% endfor %}"},
        )
        assert tree.problems == ()
        (http,) = contexts(tree, "http")
        assert ([line.line for line in http.uncertain["z"]], http.items) == ([2], [])

    @pytest.mark.parametrize(
        ("data", "line", "message"),
        [
            (b"a;\n\0", 2, "this file has a NUL byte here: this is no text file"),
            (b"\xef\xbb\xbfa;", 1, "this file starts with a byte order mark, which nginx takes for "
             "part of the first directive; save it without one"),
        ],
    )  # fmt: skip
    def test_what_is_no_text(self, tmp_path: Path, data: bytes, line: int, message: str) -> None:
        tree = load(tmp_path, {"nginx.conf": "http { include sub/a; }", "sub/a": data})
        assert tree.problems == (Problem("sub/a", line, message),)

    def test_what_is_not_utf8_is_read_all_the_same(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": "http { include a; }", "a": b"ok;\n# caf\xe9\n"})
        assert [(p.file, p.line) for p in tree.problems] == [("a", 2)]
        assert shape(tree.main) == [("http", ["a:1 ok"])]

    def test_names_are_shown_escaped(self, tmp_path: Path) -> None:
        tree = load(tmp_path, {"nginx.conf": "http { include 'go\\nne\x1b\u202e'; }"})
        (problem,) = tree.problems
        assert problem.message.startswith("include go\\nne\\x1b\\u202e: ")


class TestOnce:
    """What is the same at every include is worked out at the first."""

    def test_bytes_that_are_not_utf8(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        searched = []

        def counting(text: str) -> Iterator[tuple[int, str]]:
            searched.append(text)
            return not_utf8(text)

        monkeypatch.setattr(parse, "not_utf8", counting)
        root = "http { include a; include a; include a; }"
        tree = load(tmp_path, {"nginx.conf": root, "a": b"ok;\n# caf\xe9\n"})
        assert tree.problems == (
            Problem("a", 2, "this file has a byte here that is not UTF-8 (0xe9); save the file as "
                    "UTF-8"),
        )  # fmt: skip
        assert searched == [root, "ok;\n# caf\udce9\n"]

    @pytest.mark.parametrize("text", ["x {", "ok;"])
    def test_parsing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        parsed = []

        def counting(source: SourceFile, rendered: Rendered | None) -> ParsedFile:
            parsed.append(source.name)
            return parse.parse_file(source, rendered)

        monkeypatch.setattr(file_parser, "parse_file", counting)
        tree = load(tmp_path, {"nginx.conf": "http { include a; include a; }", "a": text})
        assert parsed == ["nginx.conf", "a"]
        assert len(tree.problems) == (text != "ok;")


class TestBounds:
    def test_depth(self, tmp_path: Path) -> None:
        files = {f"f{n}": f"include f{n + 1};" for n in range(80)} | {"f80": "x;"}
        tree = load(tmp_path, {"nginx.conf": "include f0;\nhttp { }", **files})
        assert [problem.message for problem in tree.problems] == [
            "files include each other more than 64 deep"
        ]

    def test_blocks_over_several_files(self, tmp_path: Path) -> None:
        inside = "location / {" * 90
        files = {f"f{n}": f"{inside} include f{n + 1}; {'}' * 90}" for n in range(3)} | {"f3": "x;"}
        tree = load(tmp_path, {"nginx.conf": "http { server { include f0; } }", **files})
        assert {problem.message for problem in tree.problems} == {
            "blocks are nested more than 200 levels deep"
        }

    def test_includes_and_directives(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        files = {"nginx.conf": "http { include a; include a; include a; }", "a": "x; y;"}
        monkeypatch.setattr(growth, "MAX_INCLUDES", 2)
        monkeypatch.setattr(growth, "_WORDS_OF_AN_INCLUDE", 100)
        (problem,) = load(tmp_path, files).problems
        assert problem.message == "more than 2 includes once all are expanded; lint502 stops here"
        monkeypatch.setattr(growth, "_WORDS_OF_AN_INCLUDE", 1)
        monkeypatch.setattr(growth, "MAX_DIRECTIVES", 4)
        files["a"] = "x;" * 20
        (problem,) = load(tmp_path, files).problems
        message = "more than 52 directives once all are expanded; lint502 stops here"
        assert problem.message == message  # as many as there are words in the two files


@pytest.mark.slow
def test_nginx_reads_the_same_files_in_the_same_order(tmp_path: Path) -> None:
    """``nginx -T`` lists each file once, in the order in which it opens them."""
    import subprocess

    files = {
        "nginx.conf": "pid p; events { }\ninclude top/*.conf;\nhttp { " + HTTP + "include "
        "d/[^x]*.conf; server { include snip; } include [bB]*/?; include none/*; }",
        "top/a.conf": "worker_processes 1;",
        "d/B.conf": "server { listen unix:b; include snip; }",
        "d/a.conf": "server { listen unix:a; include deep/*; }",
        "d/x.conf": "broken",
        "d/.h.conf": "broken",
        "deep/2": "location /2 { include leaf; }",
        "deep/10": "location /10 { include leaf; }",
        "leaf": "return 200;",
        "snip": "location /s { return 200; }",
        "b/1": "server_tokens off;",
        "B/1": "sendfile on;",
    }
    tree = load(tmp_path, files)
    assert tree.problems == ()
    said = subprocess.run(
        [*nginx_command(), "-T", "-q", "-p", f"{tmp_path}/", "-c", f"{tmp_path}/nginx.conf"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert said.returncode == 0, said.stderr
    theirs = re.findall(rf"^# configuration file {tmp_path}/(.*):$", said.stdout, re.MULTILINE)
    ours = dict.fromkeys(["nginx.conf"])

    def collect(context: Context) -> None:
        for item in context.items:
            place = item.opener if isinstance(item, Context) else item
            assert place is not None
            ours.setdefault(place.source.name)
            if isinstance(item, Context):
                collect(item)

    collect(tree.main)
    assert list(ours) == theirs


def test_the_folder_of_nginx_is_that_of_the_root(tmp_path: Path) -> None:
    files = {
        "nginx/conf.d/app.conf": "server { location / { proxy_pass http://a:1; } }",
        "nginx/nginx.conf": (
            "http {\n include /etc/nginx/conf.d/*.conf;\n include /etc/nginx/none/*.conf;\n"
            " include /opt/conf.d/*.conf;\n}"
        ),
    }
    tree = load(tmp_path, files, "nginx/nginx.conf")
    outside = (
        "lies outside the tree that lint502 may read; bring it in with --map FROM=TO or "
        "allow_paths, or name it in allow_missing"
    )
    assert [problem.message for problem in tree.problems] == [
        f"include /etc/nginx/none/*.conf: {outside}",
        f"include /opt/conf.d/*.conf: {outside} (here: --map /opt=nginx)",
    ]
    assert [note.message for note in tree.notes] == [
        "/etc/nginx is taken to be nginx, where the root stands"
    ]
    (server,) = contexts(tree, "http", "server")
    assert server.opener is not None and server.opener.source.name == "nginx/conf.d/app.conf"


def test_what_is_mapped_comes_before_that(tmp_path: Path) -> None:
    files = {
        "nginx/conf.d/app.conf": "server { location / { proxy_pass http://a:1; } }",
        "other/conf.d/own.conf": "server { location / { proxy_pass http://b:1; } }",
        "nginx/nginx.conf": "http { include /etc/nginx/conf.d/*.conf; }",
    }
    write(tmp_path, files)
    there = Files(tmp_path, [PathMap("/etc/nginx", str(tmp_path / "other"))])
    tree = RootLoader(there, (), lambda: b"").load(str(tmp_path / "nginx/nginx.conf"))
    (server,) = contexts(tree, "http", "server")
    assert server.opener is not None and server.opener.source.name == "other/conf.d/own.conf"
