"""The roots of a repository that names none."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment import search as module
from lint502.deployment import walk
from lint502.deployment.search import Found, search
from tests.support.cli import Run
from tests.support.sites import write

PASS = "server { location / { proxy_pass http://app:3000; } }\n"


def found(folder: Path, files: dict[str, str]) -> Found:
    write(folder, files)
    return search(folder)


def roots(folder: Path, *names: str, **files: str) -> list[str]:
    return sorted(found(folder, {**dict.fromkeys(names, PASS), **files}).roots)


@pytest.mark.parametrize(
    "name",
    ["default.conf", "docker/web/nginx.conf", "deploy/nginx.conf.template", "a/b/c/site.nginx",
     "nginx/default", "etc/nginx/sites-available/shop", "conf/nginx.prod.conf", "x.conf.dist"],
)  # fmt: skip
def test_what_may_be_one(tmp_path: Path, name: str) -> None:
    assert roots(tmp_path, name) == [name]


@pytest.mark.parametrize(
    "name",
    ["README.md", "nginx.md", "src/default", "app.py", ".git/nginx.conf", ".cache/x.conf",
     "node_modules/p/nginx.conf", "a/vendor/nginx.conf", "venv/nginx.conf", "nginx.conf.bak",
     "nginx/Dockerfile.nginx.yaml", "nginx/start.sh"],
)  # fmt: skip
def test_what_is_none(tmp_path: Path, name: str) -> None:
    assert roots(tmp_path, name) == []


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("location / { fastcgi_pass php:9000; }", True),
        ("proxy_pass http://a:1;", True),
        ("# proxy_pass http://a:1;", False),
        ('set $x "{ proxy_pass http://a; }";', False),
        ("server { root /srv; }", False),
        ("http { server { root /srv; } }", False),
        ("<VirtualHost *:80> ProxyPass / http://a:1/ </VirtualHost>", False),
        ("server { proxy_pass http://a:1;", True),  # nginx refuses it, which is to be said
        ("", False),
    ],
)
def test_by_what_it_says(tmp_path: Path, text: str, is_one: bool) -> None:
    assert found(tmp_path, {"a/site.conf": text}).roots == (("a/site.conf",) if is_one else ())


def test_what_a_main_file_includes_is_no_root(tmp_path: Path) -> None:
    files = {
        "web/nginx.conf": (
            "events {} http { include mime.types; include /etc/nginx/conf.d/*.conf;\n"
            "include sites/on.conf; }"
        ),
        "web/conf.d/a.conf": f"include snippets/deep.conf; {PASS}",
        "web/templates/b.conf.template": PASS,
        "web/sites/on.conf": PASS,
        "web/sites/off.conf": PASS,
        "web/snippets/deep.conf": "proxy_pass http://a:1;",
        "web/snippets/other.conf": "proxy_set_header Host a;",
        "elsewhere/conf.d/c.conf": PASS,
    }
    assert sorted(found(tmp_path, files).roots) == [
        "elsewhere/conf.d/c.conf", "web/nginx.conf", "web/sites/off.conf",
    ]  # fmt: skip


def test_a_main_file_that_leads_to_no_pass(tmp_path: Path) -> None:
    files = {"nginx.main.conf": "events {} http { include conf.d/*.conf; }", "app/x.conf": PASS}
    assert found(tmp_path, files).roots == ("app/x.conf",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("roles/nginx/templates/site.conf.j2", PASS),
        ("nginx.conf.erb", PASS),
        ("site.conf", "server { location / { proxy_pass http://{{ app }}; } }"),
        ("site.conf", "server { location / { proxy_pass http://<%= app %>; } }"),
    ],
)
def test_other_templates(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path, {name: text}) == Found((name,), True)


@pytest.mark.parametrize(
    ("name", "text", "is_one"),
    [
        ("deploy/vhost.j2", PASS, True),
        ("app/site-conf.ejs", "<% if (x) { %> server { proxy_pass <%= y %>; } <% } %>", True),
        ("roles/nginx/templates/vhost.j2", "proxy_pass http://{{ app }};", True),
        ("deploy/vhost.j2", "proxy_pass http://{{ app }};", False),
        ("deploy/notes.j2", "server { proxy_pass http://{{ app }};", False),
        ("roles/nginx/templates/vhost.j2", "server { proxy_pass http://{{ app }};", True),
        ("nginx/start.sh.j2", PASS, False),
        ("nginx/values.yaml.tpl", PASS, False),
    ],
)
def test_templates_by_their_names(tmp_path: Path, name: str, text: str, is_one: bool) -> None:
    """One that nginx refuses is said to be so only where its name says that it is nginx's."""
    assert found(tmp_path, {name: text}).roots == ((name,) if is_one else ())


def test_what_a_template_includes_is_no_root(tmp_path: Path) -> None:
    files = {
        "web/nginx.conf.j2": "events {} http { include {{ x }}; include /etc/nginx/conf.d/*.conf;}",
        "web/conf.d/a.conf.j2": PASS,
        "web/other/b.conf.j2": PASS,
    }
    assert sorted(found(tmp_path, files).roots) == ["web/nginx.conf.j2", "web/other/b.conf.j2"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside, {"nginx.conf": PASS})
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "folder").symlink_to(outside)
    (inside / "a.conf").symlink_to(outside / "nginx.conf")
    assert search(inside).roots == ()


def test_no_more_is_looked_at_than_a_repository_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {f"{number}/a.conf": PASS for number in range(9)})
    monkeypatch.setattr(walk, "MOST_LOOKED_AT", 15)
    cut = search(tmp_path)
    assert (len(cut.roots) < 9, cut.whole) == (True, False)
    monkeypatch.setattr(walk, "MOST_LOOKED_AT", 50)
    monkeypatch.setattr(module, "MOST_BYTES", 3 * len(PASS))
    assert (len(search(tmp_path).roots), search(tmp_path).whole) == (3, False)
    monkeypatch.undo()
    monkeypatch.setattr(module, "MOST_ROOTS", 8)
    assert (len(search(tmp_path).roots), search(tmp_path).whole) == (8, False)
    monkeypatch.setattr(module, "MOST_ROOTS", 9)
    assert (len(search(tmp_path).roots), search(tmp_path).whole) == (9, True)
    monkeypatch.setattr(module, "LARGEST", len(PASS) - 1)
    assert search(tmp_path) == Found((), True)


def test_no_more_globs_are_compared_than_a_repository_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path,
        {
            "nginx.conf": "http { include b*.conf; include c*.conf; include a.conf; }",
            **{f"{name}.conf": PASS for name in "abc"},
        },
    )
    monkeypatch.setattr(module, "MOST_COMPARED", 6)
    assert search(tmp_path) == Found(("nginx.conf",), True)
    monkeypatch.setattr(module, "MOST_COMPARED", 4)
    cut = search(tmp_path)
    assert (len(cut.roots), cut.whole) == (2, False)


def test_the_command_says_what_it_took(run: Run) -> None:
    write(Path.cwd(), {"deploy/site.conf": PASS})
    code, out, err = run("check", "--format", "concise", "--ignore", "unstated-version")
    assert code == 0
    assert "deploy/site.conf:1:" in out
    assert "note: nothing names a root; taken for what has a pass: deploy/site.conf\n" in err


def test_a_search_that_is_cut_short_is_a_problem(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROOTS", 1)
    write(Path.cwd(), {"a.conf": PASS})
    assert run("check").code == 0
    write(Path.cwd(), {"b.conf": PASS})
    code, out, err = run("check", "--format", "concise")
    assert code == 2
    assert "a.conf:1:" in out
    assert err.endswith(
        "error: .: there are too many files, or includes, below this folder to look at them all; "
        "name the roots\n"
    )


def test_nothing_but_templates(run: Run) -> None:
    write(Path.cwd(), {"nginx.conf.j2": PASS})
    code, out, err = run("check", "--format", "concise", "--ignore", "unstated-version")
    assert (code, "nginx.conf.j2:1:" in out) == (0, True)
    assert "note: nothing names a root; taken for what has a pass: nginx.conf.j2\n" in err


def test_a_folder_that_nginx_reads_whole_is_one_root(tmp_path: Path) -> None:
    files = {
        "a/conf.d/up.conf": "upstream app { server app:1; }",
        "a/conf.d/site.conf": PASS,
        "a/conf.d/snippet.conf": "proxy_pass http://a:1;",
        "b/conf.d/only.conf": PASS,
        "c/sites-available/one": PASS,
        "c/sites-available/two": PASS,
        "d/conf.d/up.conf": "upstream app { server app:1; }",
        "d/conf.d/more.conf": "upstream other { server app:2; }",
    }
    assert sorted(found(tmp_path, files).roots) == [
        "a/conf.d", "a/conf.d/snippet.conf", "b/conf.d/only.conf", "c/sites-available/one",
        "c/sites-available/two",
    ]  # fmt: skip
