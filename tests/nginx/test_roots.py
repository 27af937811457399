"""What ``lint502 check ROOT`` can be given."""

from __future__ import annotations

import subprocess
from itertools import permutations
from pathlib import Path

import pytest

from lint502.findings import Note, Problem
from lint502.nginx.dump import is_dump
from lint502.nginx.files import Files, PathMap
from lint502.nginx.hops import find_hops
from lint502.nginx.roots import RootLoader, default_roots
from lint502.nginx.symbols import written
from lint502.nginx.tree import Tree
from lint502.nginx.version import NEWEST
from tests.support.real_nginx import HTTP, nginx_command
from tests.support.sites import contexts, hops_of, http, write

SITE = "server { location / { proxy_pass http://10.0.0.1; } }"


def load(folder: Path, root: str, *, maps: tuple[PathMap, ...] = (), stdin: bytes = b"") -> Tree:
    loader = RootLoader(Files(folder, maps), (), lambda: stdin)
    return loader.load(root if root == "-" else str(folder / root))


def hops(tree: Tree) -> list[tuple[str, int, str]]:
    return [
        (hop.directive.source.name, hop.directive.line, hop.value)
        for hop in find_hops(tree, NEWEST, {})[0]
    ]


class TestFilesAndDirectories:
    def test_a_main_file(self, tmp_path: Path) -> None:
        write(tmp_path, {"my.conf": http(SITE)})
        tree = load(tmp_path, "my.conf")
        assert (tree.name, tree.fragment, tree.problems, tree.notes) == ("my.conf", False, (), ())
        assert hops(tree) == [("my.conf", 1, "http://10.0.0.1")]

    def test_a_directory_with_nginx_conf(self, tmp_path: Path) -> None:
        write(tmp_path, {"d/nginx.conf": http("include a;"), "d/a": SITE, "a": "wrong"})
        tree = load(tmp_path, "d")
        assert tree.name == "d/nginx.conf"
        assert hops(tree) == [("d/a", 1, "http://10.0.0.1")]

    def test_a_directory_without(self, tmp_path: Path) -> None:
        (tmp_path / "d").mkdir()
        assert load(tmp_path, "d").problems == (
            Problem(
                "d", None, "this directory has no nginx.conf, and no servers or upstreams in files "
                "of its own; name the file that nginx starts from, or the fragments to check",
            ),
        )  # fmt: skip

    def test_what_is_not_there(self, tmp_path: Path) -> None:
        assert load(tmp_path, "gone.conf").problems == (
            Problem("gone.conf", None, "there is no such file or directory"),
        )

    @pytest.mark.parametrize("text", ["", " \n\n\t", "\r\n"])
    def test_an_empty_file(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, {"a.conf": text})
        assert load(tmp_path, "a.conf").problems == (
            Problem("a.conf", 1, "this file is empty: there is nothing to check"),
        )

    def test_nothing_but_comments(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.conf": "# nothing\n"})
        tree = load(tmp_path, "a.conf")
        assert (tree.problems, tree.fragment) == ((), True)

    @pytest.mark.parametrize("text", ["brotli on;", "more_clear_headers Server;", "http2 on;"])
    def test_directives_of_other_modules(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, {"a.conf": text})
        tree = load(tmp_path, "a.conf")
        assert (tree.problems, tree.fragment) == ((), True)

    def test_placeholders_that_nginx_takes_for_blocks(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.conf": "server {\n listen {HTTP_PORT};\n}\n"})
        tree = load(tmp_path, "a.conf")
        assert tree.problems == ()
        (server,) = contexts(tree, "http", "server")
        ((listen,),) = server.uncertain.values()
        assert written(listen.args[0]) == "{HTTP_PORT}"

    def test_a_syntax_error(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.conf": "http {\n server {\n}\n"})
        assert load(tmp_path, "a.conf").problems == (
            Problem("a.conf", 3, 'the file ends before the "}" of the block that opens on line 1'),
        )

    def test_a_tree_with_a_problem_has_no_hops_but_is_a_tree(self, tmp_path: Path) -> None:
        assert hops(load(tmp_path, "gone.conf")) == []

    def test_outside_the_working_directory(self, tmp_path: Path) -> None:
        write(tmp_path, {"other/nginx.conf": http("include a;"), "other/a": SITE})
        (tmp_path / "work").mkdir()
        tree = load(tmp_path / "work", str(tmp_path / "other"))
        assert tree.name == str(tmp_path / "other/nginx.conf")
        assert hops(tree) == [(str(tmp_path / "other/a"), 1, "http://10.0.0.1")]


class TestSeveral:
    """What may be read does not depend on their order."""

    @pytest.mark.parametrize("order", list(permutations(["a", "b", "c/conf.d/x.conf"])))
    def test_all_folders_are_in_the_tree(self, tmp_path: Path, order: tuple[str, ...]) -> None:
        write(
            tmp_path,
            {
                "a/nginx.conf": http("include ../b/s; include ../c/s;"),
                "b/nginx.conf": http("include ../a/s;"),
                "c/nginx.conf": http(""),
                "c/conf.d/x.conf": SITE,
                **{f"{folder}/s": f"{folder};" for folder in "abc"},
            },
        )
        loader = RootLoader(Files(tmp_path), (), lambda: b"")
        trees = {tree.name: tree for tree in loader.load_all(order)}
        assert {name: tree.problems for name, tree in trees.items()} == {
            "a/nginx.conf": (),
            "b/nginx.conf": (),
            "c/conf.d/x.conf": (),
        }
        (http_of_a,) = contexts(trees["a/nginx.conf"], "http")
        assert list(http_of_a.by_name) == ["b", "c"]

    @pytest.mark.parametrize("order", [("a", "link"), ("link", "a")])
    def test_a_root_that_is_a_link_brings_in_no_more(
        self, tmp_path: Path, order: tuple[str, ...]
    ) -> None:
        write(tmp_path, {"a/nginx.conf": http("include ../b/c;"), "b/c": http("")})
        (tmp_path / "work").mkdir()
        (tmp_path / "work/link").symlink_to("../b/c")
        (tmp_path / "work/a").symlink_to("../a")
        loader = RootLoader(Files(tmp_path / "work"), (), lambda: b"")
        trees = {tree.name: tree for tree in loader.load_all(order)}
        assert [len(trees[name].problems) for name in ("link", "a/nginx.conf")] == [0, 1]

    def test_their_folders(self, tmp_path: Path) -> None:
        write(tmp_path, {"a/nginx.conf": ""})
        loader = RootLoader(Files(tmp_path), (), lambda: b"")
        roots = ["a", "a/nginx.conf", "a/../b", "-", f"{'x' * 300}/y", "n\0"]
        assert [loader.folder(root) for root in roots] == [
            f"{tmp_path}/a",
            f"{tmp_path}/a",
            str(tmp_path),
            str(tmp_path),
            f"{tmp_path}/{'x' * 300}",
            str(tmp_path),
        ]


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("x" * 300, "this file cannot be read: File name too long"),
        ("n\0", "this file has a NUL byte in its name"),
        ("n\0/m", "this file has a NUL byte in its name"),
    ],
)
def test_names_that_no_file_can_have(tmp_path: Path, root: str, message: str) -> None:
    shown = root.replace("\0", "\\x00")
    assert load(tmp_path, root).problems == (Problem(shown, None, message),)


class TestFragments:
    @pytest.mark.parametrize(
        ("text", "around"),
        [
            (SITE, ("http",)),
            ("upstream a { server b; }", ("http",)),
            ("map $a $b { default c; } " + SITE, ("http",)),
            ("location / { proxy_pass http://10.0.0.1; }", ("http", "server")),
            ("listen 80; server_name x; location / { }", ("http", "server")),
            ("proxy_set_header A b; proxy_pass http://10.0.0.1;", ("http", "server", "location")),
            ("fastcgi_pass unix:/run/a; fastcgi_index b;", ("http", "server", "location")),
            ("proxy_set_header A b; proxy_read_timeout 5s;", ("http",)),
            ("least_conn; server 10.0.0.1; server 10.0.0.2 backup;", ("http", "upstream")),
            ("server { listen 1; proxy_pass 10.0.0.1:2; }", ("stream",)),
            ("server { listen 1; proxy_pass 10.0.0.1:2; } " + SITE, ("http",)),
            ("listen 1; proxy_pass 10.0.0.1:2; proxy_timeout 5s;", ("stream", "server")),
            ("include a; include b;", ("http",)),
            ("user x; worker_processes 2;", ()),
            ("user x; worker_processes 2; include http.conf;", ()),
            # a comment says it
            ("# lint502: context http,server\nproxy_set_header A b;", ("http", "server")),
            ("#lint502: context  http , server , location \nreturn 200;",
             ("http", "server", "location")),
            ("a; # lint502: context stream\n", ("stream",)),
            ("# lint502: context main\nserver { }", ()),
            ("# not lint502: context stream\n" + SITE, ("http",)),
        ],
    )  # fmt: skip
    def test_the_context_is_told_from_the_first_directives(
        self, tmp_path: Path, text: str, around: tuple[str, ...]
    ) -> None:
        write(tmp_path, {"conf.d/a.conf": text, "http.conf": "", "a": "x;", "b": "x;"})
        tree = load(tmp_path, "conf.d/a.conf")
        inner, found = tree.main, []
        while any(context.partial for context in inner.children):
            inner = next(context for context in inner.children if context.partial)
            found.append(inner.name)
        assert tuple(found) == around
        assert tree.fragment is bool(around)
        assert tree.main.partial is bool(around)
        if around:
            assert tree.notes[0] == Note(
                "conf.d/a.conf", None, f"a fragment, read as the contents of {' { '.join(around)}"
            )

    @pytest.mark.parametrize(
        ("comment", "message"),
        [
            ("server", "the comment on line 2 has to name every context from the outside in, for "
             "example: # lint502: context http,server"),
            ("http,sever", 'the comment on line 2 names a context "sever"; write for example: '
             "# lint502: context http,server"),
            ("http server", 'the comment on line 2 names a context "http server"; write for '
             "example: # lint502: context http,server"),
        ],
    )  # fmt: skip
    def test_a_comment_that_is_wrong(self, tmp_path: Path, comment: str, message: str) -> None:
        write(tmp_path, {"a.conf": f"\n# lint502: context {comment}\n{SITE}"})
        assert load(tmp_path, "a.conf").problems == (Problem("a.conf", 1, message),)

    def test_its_hops_are_found(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "1.conf": SITE,
                "2.conf": "location / { proxy_pass http://10.0.0.1; }",
                "3.conf": "proxy_pass http://10.0.0.1; proxy_set_header A b;",
                "4.conf": "server { listen 1; proxy_pass 10.0.0.1:1; }",
            },
        )
        for name in ("1.conf", "2.conf", "3.conf", "4.conf"):
            assert len(hops(load(tmp_path, name))) == 1

    def test_its_includes_start_beside_it_or_one_folder_above(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "nginx/nginx.conf": http("include conf.d/*.conf;"),
                "nginx/conf.d/a.conf": "server { include snippets/s; include beside; }",
                "nginx/snippets/s": "location /s { proxy_pass http://10.0.0.1; }",
                "nginx/conf.d/beside": "location /b { proxy_pass http://10.0.0.2; }",
            },
        )
        alone = load(tmp_path, "nginx/conf.d/a.conf")
        assert [problem.message for problem in alone.problems] == []
        assert ("nginx/conf.d/beside", 1, "http://10.0.0.2") in hops(alone)
        files = Files(tmp_path)
        loader = RootLoader(files, (), lambda: b"")
        loader.load(str(tmp_path / "nginx"))
        tree = loader.load(str(tmp_path / "nginx/conf.d/a.conf"))
        assert hops(tree) == [
            ("nginx/snippets/s", 1, "http://10.0.0.1"),
            ("nginx/conf.d/beside", 1, "http://10.0.0.2"),
        ]


def test_a_folder_with_a_template_of_its_main_file(tmp_path: Path) -> None:
    text = "events {} http { include conf.d/*.conf; }"
    write(tmp_path, {"d/nginx.conf.j2": text, "d/conf.d/a.conf.erb": SITE, "d/b.conf": SITE})
    tree = load(tmp_path, "d")
    assert (tree.name, tree.fragment, tree.problems) == ("d/nginx.conf.j2", False, ())
    found, _ = find_hops(tree, NEWEST, {})
    assert [hop.directive.source.name for hop in found] == ["d/conf.d/a.conf.erb"]
    alone = load(tmp_path, "d/b.conf")
    assert (alone.fragment, alone.problems) == (True, ())


class TestNotNginx:
    @pytest.mark.parametrize(
        "text",
        [
            "# {{ comment }}\n" + SITE,
            "server { location ~ ^/a{2}/ { return 200; } }",
            'server { return 200 "${host}"; }',
            "server { location / { rewrite ^/(.{3})$ /$1; proxy_pass http://${host}; } }",
        ],
    )
    def test_what_only_looks_like_one(self, tmp_path: Path, text: str) -> None:
        write(
            tmp_path,
            {"a.conf": text.replace("^/a{2}/", '"^/a{2}/"').replace("^/(.{3})$", '"^/(.{3})$"')},
        )
        assert load(tmp_path, "a.conf").problems == ()

    @pytest.mark.parametrize(
        "text", ["hello world;", "key = value;\nother { x; }", "import os;", "a b c {}"]
    )
    def test_no_nginx_file_at_all(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, {"a.conf": text})
        assert load(tmp_path, "a.conf").problems == (
            Problem(
                "a.conf",
                1,
                "this does not look like an nginx configuration: no directive at its top is one "
                "that nginx knows",
            ),
        )


class TestStandardInput:
    def load(self, folder: Path, text: str | bytes, monkeypatch: pytest.MonkeyPatch) -> Tree:
        monkeypatch.chdir(folder)
        return load(folder, "-", stdin=text if isinstance(text, bytes) else text.encode())

    def test_a_main_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(tmp_path, {"a": SITE})
        tree = self.load(tmp_path, http("include a;\n" + SITE), monkeypatch)
        assert (tree.name, tree.problems) == ("<stdin>", ())
        assert hops(tree) == [("a", 1, "http://10.0.0.1"), ("<stdin>", 2, "http://10.0.0.1")]

    def test_a_fragment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        tree = self.load(tmp_path, SITE, monkeypatch)
        assert (tree.fragment, hops(tree)) == (True, [("<stdin>", 1, "http://10.0.0.1")])

    @pytest.mark.parametrize(
        ("data", "problem"),
        [
            (b"", Problem("<stdin>", 1, "this file is empty: there is nothing to check")),
            (b"a;\n\0",
             Problem("<stdin>", 2, "standard input has a NUL byte here: this is no text file")),
            (b"x" * (64 * 1024**2 + 1),
             Problem("<stdin>", 1, "standard input has more than 64 MB")),
        ],
        ids=["empty", "nul", "large"],
    )  # fmt: skip
    def test_what_cannot_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, problem: Problem
    ) -> None:
        assert self.load(tmp_path, data, monkeypatch).problems == (problem,)


class TestMaps:
    def test_several_with_whole_components(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "nginx.conf": http(
                    "include /etc/nginx/conf.d/*.conf; include /etc/nginx-extra/x; "
                    "include /opt/app/y;"
                ),
                "deploy/nginx/conf.d/a.conf": SITE,
                "extra/x": "server { location /x { proxy_pass http://10.0.0.2; } }",
                "app/y": "server { location /y { proxy_pass http://10.0.0.3; } }",
            },
        )
        maps = tuple(
            PathMap.parse(text, tmp_path)
            for text in ("/etc/nginx=deploy/nginx", "/etc/nginx-extra=extra", "/opt/app=app")
        )
        tree = load(tmp_path, "nginx.conf", maps=maps)
        assert tree.problems == ()
        assert hops(tree) == [
            ("deploy/nginx/conf.d/a.conf", 1, "http://10.0.0.1"),
            ("extra/x", 1, "http://10.0.0.2"),
            ("app/y", 1, "http://10.0.0.3"),
        ]
        assert len(contexts(tree, "http", "server")) == 3


class TestDumps:
    DUMP = """\
# configuration file /etc/nginx/nginx.conf:
events { }
http {
    include mime.types;
    include /etc/nginx/conf.d/*.conf;
}

# configuration file /etc/nginx/mime.types:
types { }

# configuration file /etc/nginx/conf.d/a.conf:
# a comment
server { location / { proxy_pass http://10.0.0.1; } }

# configuration file /etc/nginx/conf.d/b.conf:
server { location / {
    proxy_pass http://10.0.0.2;
} }

"""
    BANNER = (
        "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
        "nginx: configuration file /etc/nginx/nginx.conf test is successful\n"
    )
    HOPS = (
        ("/etc/nginx/conf.d/a.conf", 2, "http://10.0.0.1"),
        ("/etc/nginx/conf.d/b.conf", 2, "http://10.0.0.2"),
    )

    @pytest.mark.parametrize("before", ["", BANNER, "\n", "nginx: [warn] conflicting\n" + BANNER])
    def test_it_is_recognised(self, tmp_path: Path, before: str) -> None:
        write(tmp_path, {"dump.txt": before + self.DUMP})
        tree = load(tmp_path, "dump.txt")
        assert (tree.name, tree.problems, tree.notes) == ("/etc/nginx/nginx.conf", (), ())
        assert hops(tree) == [*self.HOPS]

    def test_on_standard_input(self, tmp_path: Path) -> None:
        tree = load(tmp_path, "-", stdin=self.DUMP.encode())
        assert hops(tree) == [*self.HOPS]

    @pytest.mark.parametrize(
        "text",
        [
            SITE + "\n# configuration file /etc/nginx/nginx.conf:\n",
            "# configuration file: nginx\n" + SITE,
            "#configuration file /etc/nginx/nginx.conf:\n" + SITE,
        ],
    )
    def test_what_is_no_dump(self, text: str) -> None:
        assert not is_dump(text)

    def test_a_file_that_it_lacks(self, tmp_path: Path) -> None:
        write(tmp_path, {"dump": "# configuration file /a/n.conf:\nhttp {\ninclude gone;\n}\n"})
        (problem,) = load(tmp_path, "dump").problems
        assert (problem.file, problem.line) == ("/a/n.conf", 2)
        assert "the dump does not have this file" in problem.message

    def test_nothing_is_read_from_the_disk(self, tmp_path: Path) -> None:
        text = f"# configuration file {tmp_path}/n.conf:\nhttp {{ include a; include *.b; }}\n"
        write(tmp_path, {"dump": text, "a": SITE, "x.b": SITE})
        assert hops(load(tmp_path, "dump")) == []

    def test_a_syntax_error_names_the_original_file_and_line(self, tmp_path: Path) -> None:
        write(tmp_path, {"dump": self.DUMP.replace("10.0.0.1;", "10.0.0.1")})
        assert [(p.file, p.line) for p in load(tmp_path, "dump").problems] == [
            ("/etc/nginx/conf.d/a.conf", 2)
        ]
        write(tmp_path, {"dump": self.DUMP.replace("events { }", "}")})
        assert [(p.file, p.line) for p in load(tmp_path, "dump").problems] == [
            ("/etc/nginx/nginx.conf", 1)
        ]

    @pytest.mark.slow
    def test_of_a_real_nginx(self, tmp_path: Path) -> None:
        files = {
            "nginx.conf": f"pid p;\nevents {{ }}\nhttp {{\n{HTTP}  include conf.d/*.conf;\n"
            "  include ./x/../y;\n}",
            "conf.d/a.conf": "upstream up { server 10.0.0.9:1; }\n",
            "conf.d/b.conf": "\nserver {\n  listen unix:b;\n  include snip;\n}",
            "snip": "location / { proxy_pass http://up; }",
            "y": "server { listen unix:y; include snip; }\n\n\n",
        }
        write(tmp_path, files)
        (tmp_path / "x").mkdir()
        done = subprocess.run(
            [*nginx_command(), "-T", "-p", f"{tmp_path}/", "-c", f"{tmp_path}/nginx.conf"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=20,
        )
        assert done.returncode == 0, done.stdout
        tree = load(Path("/"), "-", stdin=done.stdout)
        assert (tree.problems, tree.notes) == ((), ())
        from_disk, _ = hops_of(tmp_path, files["nginx.conf"])
        assert [(Path(file).name, line, value) for file, line, value in hops(tree)] == [
            (hop.directive.source.name, hop.directive.line, hop.value) for hop in from_disk
        ]
        assert [(Path(file).name, line) for file, line, _ in hops(tree)] == [("snip", 1)] * 2


class TestDefaults:
    @pytest.mark.parametrize(
        "name", ["nginx.conf", "nginx/nginx.conf", "conf/nginx.conf", "etc/nginx/nginx.conf"]
    )
    def test_the_usual_places(self, tmp_path: Path, name: str) -> None:
        write(tmp_path, {name: ""})
        assert default_roots(tmp_path) == [name]

    def test_the_first_of_them(self, tmp_path: Path) -> None:
        write(tmp_path, {"etc/nginx/nginx.conf": "", "nginx/nginx.conf": ""})
        assert default_roots(tmp_path) == ["nginx/nginx.conf"]

    def test_none(self, tmp_path: Path) -> None:
        assert default_roots(tmp_path) == []
        assert default_roots(tmp_path / ("x" * 300)) == []


DUMPED = """\
# configuration file /srv/nginx/nginx.conf:
http {
    include sites/*;
}

# configuration file /srv/nginx/sites/shop:
server { location / { proxy_pass http://a:1; } }

"""


@pytest.mark.parametrize(
    "text",
    [
        DUMPED,
        "nginx: the configuration file /srv/nginx/nginx.conf syntax is ok\n" + DUMPED,
        "/docker-entrypoint.sh: Configuration complete; ready for start up\n" + DUMPED,
        "$ nginx -T\n2026/11/22 10:00:00 [warn] 7#7: conflicting server name\n" + DUMPED,
        DUMPED.replace("\n", "\r\n"),
        DUMPED + "nginx: configuration file /srv/nginx/nginx.conf test is successful\n",
        DUMPED.replace("/srv/nginx", "srv/nginx"),
    ],
)
def test_dumps_as_people_get_them(tmp_path: Path, text: str) -> None:
    loader = RootLoader(Files(tmp_path), (), lambda: text.encode())
    tree = loader.load("-")
    (http,) = tree.main.children
    (server,) = http.children
    assert (tree.problems, tree.name.strip("/")) == ((), "srv/nginx/nginx.conf")
    assert server.opener is not None
    assert server.opener.source.name.strip("/") == "srv/nginx/sites/shop"
    assert server.opener.line == 1


def test_a_dump_of_files_below_the_working_directory(tmp_path: Path) -> None:
    text = DUMPED.replace("/srv", str(tmp_path))
    tree = RootLoader(Files(tmp_path), (), lambda: text.encode()).load("-")
    assert tree.name == "nginx/nginx.conf"


def test_a_heading_in_the_middle_of_a_configuration_is_a_comment(tmp_path: Path) -> None:
    text = "events {}\n# configuration file /srv/nginx.conf:\nhttp {}\n"
    tree = RootLoader(Files(tmp_path), (), lambda: text.encode()).load("-")
    assert (tree.name, [child.name for child in tree.main.children]) == ("<stdin>", ["http"])


class TestFoldersOfFragments:
    def test_all_of_them_stand_in_one_http(self, tmp_path: Path) -> None:
        files = {
            "conf.d/up.conf": "upstream api { server 127.0.0.1:3000; }",
            "conf.d/site.conf": "server { location / { proxy_pass http://api; } }",
            "conf.d/snippet": "proxy_set_header Host a;",
            "conf.d/README": "how to use it",
            "conf.d/inner/x.conf": "server { }",
        }
        write(tmp_path, files)
        tree = load(tmp_path, "conf.d")
        assert (tree.name, tree.fragment, tree.problems) == ("conf.d", True, ())
        (http,) = tree.main.children
        assert [(one.name, one.opener.source.name) for one in http.children if one.opener] == [
            ("server", "conf.d/site.conf"), ("upstream", "conf.d/up.conf"),
        ]  # fmt: skip

    def test_what_cannot_be_read_is_said(self, tmp_path: Path) -> None:
        files = {"conf.d/a.conf": "server { location / { } }", "conf.d/b.conf": "server {"}
        write(tmp_path, files)
        (problem,) = load(tmp_path, "conf.d").problems
        assert (problem.file, problem.line) == ("conf.d/b.conf", 1)

    def test_links_out_of_the_checkout_are_left_out(self, tmp_path: Path) -> None:
        write(tmp_path, {"secret/a.conf": "server { }", "here/conf.d/b.conf": "server { }"})
        (tmp_path / "here/conf.d/a.conf").symlink_to(tmp_path / "secret/a.conf")
        files = Files(tmp_path / "here")
        tree = RootLoader(files, (), lambda: b"").load(str(tmp_path / "here/conf.d"))
        (http,) = tree.main.children
        assert [one.opener.source.name for one in http.children if one.opener] == ["conf.d/b.conf"]
