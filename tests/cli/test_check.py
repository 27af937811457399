from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502.checkout import Checkout
from lint502.findings import Finding, Problem, Severity
from lint502.nginx import installed
from lint502.nginx.derivatives import Named
from lint502.nginx.files import PathMap
from lint502.nginx.version import NEWEST, OLDEST, Version
from lint502.options import Options
from lint502.report import Style, renderer
from lint502.report_model import Report
from tests.support.canned import CLEAN, FINDINGS, REPORT
from tests.support.cli import Asked, Run

NOTES = """\
note: nginx/nginx.conf:4: include conf.d/*.conf matches no file here
note: stock files that are not here were passed over: mime.types
"""
PROBLEMS = """\
error: nginx/conf.d/\\x1bx.conf:3: include "missing.conf": there is no such file
error: upstreams.toml: cannot be read: permission denied
"""


def output(format: str, report: Report = REPORT, style: Style | None = None) -> str:
    return renderer(format)(report, style or Style())


def only(*severities: Severity) -> Report:
    """The canned report with findings of these severities, and no problems."""
    findings: tuple[Finding, ...] = tuple(f for f in FINDINGS if f.severity in severities)
    return replace(REPORT, findings=findings, problems=())


def test_text(run: Run, asked: Asked) -> None:
    assert run("check", "a.conf") == (2, output("text"), NOTES + PROBLEMS)


def test_concise(run: Run, asked: Asked) -> None:
    assert run("check", "a.conf", "--format", "concise") == (
        2,
        output("concise"),
        NOTES + PROBLEMS,
    )


def test_json(run: Run, asked: Asked) -> None:
    assert run("check", "a.conf", "--format", "json") == (
        2,
        output("json"),
        NOTES + PROBLEMS,
    )


def test_files_beside_standard_output(run: Run, asked: Asked, tmp_path: Path) -> None:
    arguments = ("--format", "concise", "--format=json:out.json", "--format", "text:out.txt")
    assert run("check", "a.conf", *arguments) == (2, output("concise"), NOTES + PROBLEMS)
    assert (tmp_path / "out.json").read_text() == output("json")
    assert (tmp_path / "out.txt").read_text() == output("text")


def test_a_file_alone_leaves_standard_output_empty(run: Run, asked: Asked, tmp_path: Path) -> None:
    result = run("check", "a.conf", "--format", "text:out.txt", "--color", "always")
    assert result == (2, "", NOTES + PROBLEMS)
    assert (tmp_path / "out.txt").read_text() == output("text", style=Style(colour=True))
    assert run("check", "a.conf", "--format=json:out.json") == (2, "", NOTES + PROBLEMS)
    assert (tmp_path / "out.json").read_text() == output("json")


def test_very_many_problems_of_one_file(run: Run, asked: Asked) -> None:
    many = [Problem("a.conf", line, f"m{line}") for line in range(1, 251)]
    other = Problem("b.conf", None, "x")
    asked.report = replace(CLEAN, problems=(*many, other))
    assert run("check", "a.conf", "--format=concise") == (
        2,
        "",
        "".join(f"error: a.conf:{line}: m{line}\n" for line in range(1, 201))
        + "error: b.conf: x\nerror: a.conf: and 50 more problems\n",
    )
    assert len(json.loads(run("check", "a.conf", "--format=json").out)["problems"]) == 251


def test_a_file_that_cannot_be_written(run: Run, asked: Asked) -> None:
    asked.report = CLEAN
    assert run("check", "a.conf", "--format", "json:no/out.json") == (
        2,
        "",
        "error: cannot write no/out.json: No such file or directory\n",
    )


@pytest.mark.parametrize(
    ("report", "fail_on", "code"),
    [
        (CLEAN, "info", 0),
        (only(Severity.INFO), None, 0),
        (only(Severity.INFO), "warning", 0),
        (only(Severity.INFO), "info", 1),
        (only(Severity.WARNING, Severity.INFO), None, 0),
        (only(Severity.WARNING), "warning", 1),
        (only(Severity.WARNING), "info", 1),
        (only(Severity.ERROR), None, 1),
        (only(Severity.ERROR), "error", 1),
        (only(Severity.ERROR), "never", 0),
        (REPORT, None, 2),
        (REPORT, "never", 2),
        (replace(REPORT, findings=()), None, 2),
    ],
)
def test_exit_codes(
    run: Run, asked: Asked, tmp_path: Path, report: Report, fail_on: str | None, code: int
) -> None:
    asked.report = report
    told = [] if fail_on is None else ["--fail-on", fail_on]
    assert run("check", "a.conf", *told).code == code
    if fail_on is not None:
        (tmp_path / "lint502.toml").write_text(f'fail_on = "{fail_on}"')
        assert run("check", "a.conf").code == code
        (tmp_path / "lint502.toml").write_text('fail_on = "info"')
        assert run("check", "a.conf", *told).code == code


def test_flags(run: Run, asked: Asked, tmp_path: Path) -> None:
    run(
        *("check", "a.conf", "b", "-", "a.conf"),
        *("--specs", "one.toml", "--specs", "/two.toml"),
        *("--nginx-version", "1.22", "--map", "/etc/nginx=deploy", "--map", "/usr=/opt"),
        *("--select", "port-mismatch, tls-mismatch", "--select", "keepalive-race,"),
        *("--ignore", "tls-mismatch"),
    )
    assert asked == [
        Options(
            tmp_path,
            ("a.conf", "b", "-"),
            (tmp_path / "one.toml", Path("/two.toml")),
            Version.parse("1.22"),
            "option",
            None,
            (PathMap("/etc/nginx", f"{tmp_path}/deploy"), PathMap("/usr", "/opt")),
            select=("port-mismatch", "tls-mismatch", "keepalive-race"),
            ignore=("tls-mismatch",),
            checkout=Checkout(str(tmp_path)),
        )
    ]


SETTINGS = """\
roots = ["a.conf"]
specs = ["one.toml"]
nginx_version = "1.22.1"
select = ["port-mismatch"]
ignore = ["tls-mismatch"]
allow_missing = ["x/*"]
allow_paths = ["shared"]
known_directives = ["corp_*"]
map = { "/etc/nginx" = "deploy" }
rules.keepalive-race.margin = "2s"
"""


def test_settings(run: Run, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lint502.toml").write_text(SETTINGS)
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    run("check")
    expected = Options(
        below,
        (f"{tmp_path}/a.conf",),
        (tmp_path / "one.toml",),
        Version(1, 22, 1),
        "config",
        f"{tmp_path}/lint502.toml",
        (PathMap("/etc/nginx", f"{tmp_path}/deploy"),),
        ("x/*",),
        (f"{tmp_path}/shared",),
        ("port-mismatch",),
        ("tls-mismatch",),
        {"keepalive-race": {"margin": 2000}},
        checkout=Checkout(str(tmp_path)),
        named_roots=False,
        known_directives=("corp_*",),
    )
    assert asked == [expected]
    run(
        *("check", "b.conf", "--specs", "two.toml", "--nginx-version", "1.26.0"),
        *("--map", "/a=/b", "--select", "tls-mismatch", "--ignore", "port-mismatch"),
    )
    assert asked[1] == replace(
        expected,
        roots=("b.conf",),
        specs=(below / "two.toml",),
        version=Version(1, 26, 0),
        version_origin="option",
        version_source=None,
        maps=(PathMap("/a", "/b"),),
        select=("tls-mismatch",),
        ignore=("port-mismatch",),
        named_roots=True,
    )


def test_mistakes_in_the_settings(run: Run, asked: Asked, tmp_path: Path) -> None:
    asked.report = CLEAN
    (tmp_path / "lint502.toml").write_text('rots = "a"\nignore = ["tls-mismatch"]\n')
    message = 'unknown key "rots"; did you mean "roots"?'
    result = run("check", "a.conf", "--format=json")
    assert (result.code, json.loads(result.out)["problems"]) == (
        2,
        [{"file": "lint502.toml", "line": 1, "column": 1, "message": message}],
    )
    assert asked[0].ignore == ("tls-mismatch",)
    assert run("check", "a.conf") == (
        2,
        "checked a.conf, b.conf, c.conf and 2 more\n"
        "1 hop: 1 passed · 0 errors, 0 warnings · nginx 1.26 (newest known) "
        "(could not check everything: 1 problem)\n"
        "1 hop: 1 compared with upstreams.toml\n",
        f"error: lint502.toml:1: {message}\n",
    )


def test_mistakes_in_the_settings_are_said_where_no_root_is_left(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lint502.toml").write_text('roots = ["a\\u0000"]\n')
    code, out, err = run("check", "--format=json")
    assert (code, out) == (2, "")
    first, second = err.splitlines()
    assert first == 'error: lint502.toml:1: "roots" must not have a NUL byte'
    assert second.startswith("error: no nginx configuration is named")


def test_settings_that_cannot_be_read(run: Run, asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "lint502.toml").write_text("roots = [")
    result = run("check", "a.conf", "--format=json")
    problems = json.loads(result.out)["problems"]
    assert (result.code, [p["file"] for p in problems], asked) == (2, ["lint502.toml"], [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--select", "prot-mismatch"],
            'Invalid value for --select: there is no rule "prot-mismatch"; '
            'did you mean "port-mismatch"?',
        ),
        (
            ["--ignore", "tls-mismatch,\x1bzzz"],
            'Invalid value for --ignore: there is no rule "\\x1bzzz"; see "lint502 rules"',
        ),
        (
            ["--format", "jsn"],
            'Invalid value for --format: there is no format "jsn"; did you mean "json"?',
        ),
        (
            ["--format", "x"],
            'Invalid value for --format: there is no format "x"; '
            'known are "text", "concise", "json", "sarif", "github", "gitlab", "junit", '
            '"checkstyle", "rdjson", "sonarqube", "markdown" or "auto"',
        ),
        (
            ["--format", "json:"],
            'Invalid value for --format: "json:" names no file after the colon',
        ),
        (
            ["--format", "json", "--format", "text"],
            "Invalid value for --format: two reports would go to standard output; "
            "name a file for one: text:FILE",
        ),
        (
            ["--format", "json:a", "--format", "text:a"],
            'Invalid value for --format: two reports would go to "a"; '
            "name a file for one: text:FILE",
        ),
        (
            ["--map", "/etc/nginx"],
            "Invalid value for --map: '/etc/nginx' is not FROM=TO, such as /etc/nginx=deploy/nginx",
        ),
        (
            ["--map", "/etc/nginx=a\0"],
            "Invalid value for --map: '/etc/nginx=a\\x00' has a NUL byte, which no path can have",
        ),
        (
            ["--nginx-version", "new"],
            "Invalid value for --nginx-version: 'new' is not an nginx version such as 1.26.3, "
            "nor auto",
        ),
    ],
)
def test_bad_arguments(run: Run, asked: Asked, arguments: list[str], message: str) -> None:
    code, out, err = run("check", "a.conf", *arguments)
    assert (code, out, err.splitlines()[-1]) == (2, "", f"Error: {message}")
    assert asked == []


@pytest.mark.parametrize(
    "arguments", [["--fail-on", "eror"], ["--color", "x"], ["--jobs", "0"], ["--map"]]
)
def test_arguments_that_typer_refuses(run: Run, asked: Asked, arguments: list[str]) -> None:
    code, out, err = run("check", "a.conf", *arguments)
    assert (code, out) == (2, "")
    assert arguments[0] in err
    assert asked == []


@pytest.mark.parametrize(
    "root", ["nginx.conf", "nginx/nginx.conf", "conf/nginx.conf", "etc/nginx/nginx.conf"]
)
def test_default_roots(run: Run, asked: Asked, tmp_path: Path, root: str) -> None:
    assert run("check") == (
        2,
        "",
        "error: no nginx configuration is named, and no file below this folder is one with a pass; "
        "name one, for example: lint502 check deploy/nginx.conf\n",
    )
    (tmp_path / root).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / root).touch()
    run("check")
    checkout = Checkout(str(tmp_path))
    assert asked == [Options(tmp_path, (root,), checkout=checkout, named_roots=False)]


def test_version_auto(
    run: Run, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "installed_version", lambda: Named(Version(1, 24, 0)))
    run("check", "a.conf", "--nginx-version", "auto")
    (tmp_path / "lint502.toml").write_text('nginx_version = "auto"')
    run("check", "a.conf")
    checkout = Checkout(str(tmp_path))
    version = Version(1, 24, 0)
    expected = Options(tmp_path, ("a.conf",), None, version, "binary", checkout=checkout)
    assert asked == [expected, expected]
    monkeypatch.setattr(installed, "installed_version", lambda: None)
    assert run("check", "a.conf") == (
        2,
        "",
        "error: the nginx version is auto, but there is no nginx on the PATH that tells its own; "
        "name the version, for example: --nginx-version 1.26.3\n",
    )
    run("check", "a.conf", "--nginx-version", "1.18.0")
    assert asked[2].version == Version(1, 18, 0)


@pytest.mark.parametrize(
    ("version", "note"),
    [
        ("1.10.3", f"note: lint502 knows nginx from {OLDEST} on, and takes 1.10.3 for that\n"),
        ("1.18", ""),
        (f"{NEWEST.major}.{NEWEST.minor}", ""),
        (str(NEWEST), ""),
        ("1.30", ""),
        (
            "9.1",
            f"note: lint502 knows nginx up to {NEWEST} (2026-09-15); it takes 9.1 for that\n",
        ),
        (
            "1.31.999",
            f"note: lint502 knows nginx up to {NEWEST} (2026-09-15); it takes 1.31.999 for that\n",
        ),
        (
            "1.24.7",
            "note: lint502 knows nginx 1.24 up to 1.24.0 (2023-04-11); it takes 1.24.7 for that\n",
        ),
    ],
)
def test_versions_that_lint502_does_not_know(
    run: Run, asked: Asked, version: str, note: str
) -> None:
    asked.report = CLEAN
    result = run("check", "a.conf", "--nginx-version", version)
    assert (result.code, result.err) == (0, note)
    assert asked[0].version == Version.parse(version)


@pytest.mark.parametrize(
    ("written", "version", "note"),
    [
        (
            "angie/1.10.1",
            "1.27.5",
            "note: Angie/1.10.1 is made from nginx 1.27.5, which lint502 goes by\n",
        ),
        (
            "1.27.1.2",
            "1.27.1",
            "note: openresty/1.27.1.2 is made from nginx 1.27.1, which lint502 goes by\n",
        ),
        (
            "angie/1.99.0",
            "1.31.2",
            "note: the newest Angie that lint502 knows is 1.12.1; like that it takes Angie/1.99.0 "
            "for nginx 1.31.2\n",
        ),
        ("nginx/1.26.3", "1.26.3", ""),
    ],
)
def test_what_is_made_from_nginx(
    run: Run, asked: Asked, tmp_path: Path, written: str, version: str, note: str
) -> None:
    asked.report = CLEAN
    result = run("check", "a.conf", "--nginx-version", written)
    assert (result.code, result.err) == (0, note)
    (tmp_path / "lint502.toml").write_text(f'nginx_version = "{written}"')
    assert run("check", "a.conf").err == note
    assert [one.version for one in asked] == [Version.parse(version)] * 2


def test_newest_version_by_default(run: Run, asked: Asked) -> None:
    run("check", "a.conf")
    assert (asked[0].version, asked[0].version_origin) == (NEWEST, "newest")


def test_names_that_are_not_utf8(run: Run, asked: Asked) -> None:
    name = os.fsdecode(b"\xff.conf")
    asked.report = replace(CLEAN, roots=(name,))
    assert run("check", name) == (
        0,
        "checked \\xff.conf\n"
        "1 hop: 1 passed · 0 errors, 0 warnings · nginx 1.26 (newest known)\n"
        "1 hop: 1 compared with upstreams.toml\n",
        "",
    )


def test_a_working_directory_that_is_gone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert run("check") == (
        2, "", "error: the working directory is gone or cannot be read\n"
    )  # fmt: skip


SITE = """\
events {}
http {
    server {
        listen 80;
        server_name shop.example.com;
        location / {
            proxy_pass http://127.0.0.1:3001;
        }
    }
}
"""


@pytest.fixture
def site(tmp_path: Path) -> Callable[[int], None]:
    def write(port: int) -> None:
        (tmp_path / "nginx.conf").write_text(SITE)
        (tmp_path / "upstreams.toml").write_text(
            f'complete = true\n[upstream.api]\nhosts = ["127.0.0.1"]\nport = {port}\n'
        )

    return write


def test_end_to_end(run: Run, site: Callable[[int], None]) -> None:
    site(3001)
    assert run("check") == (
        0,
        "checked nginx.conf\n"
        f"1 hop: 1 passed · 0 errors, 0 warnings · nginx {NEWEST} (newest known)\n"
        "1 hop: 1 compared with upstreams.toml\n",
        "",
    )
    site(3000)
    code, out, err = run("check", "--format", "json")
    value = json.loads(out)
    assert (code, err) == (1, "")
    assert [(f["rule"], f["line"], f["upstream"]) for f in value["findings"]] == [
        ("port-mismatch", 7, "api")
    ]
    assert value["summary"]["hops"] == {
        "passed": 0, "failed": 1, "undeclared": 0, "undecidable": 0
    }  # fmt: skip
    assert run("check", "--ignore", "port-mismatch").code == 0


@pytest.mark.parametrize("format", ["text", "concise", "json", "json:out.json"])
def test_no_spec_is_said_in_every_format(
    run: Run, site: Callable[[int], None], tmp_path: Path, format: str
) -> None:
    site(3000)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "nginx.conf").rename(tmp_path / "deploy/nginx.conf")
    (tmp_path / "upstreams.toml").rename(tmp_path / "misplaced.toml")
    code, _, err = run("check", "deploy", "--format", format)
    assert (code, err) == (
        0,
        "note: deploy/nginx.conf: no upstreams.toml was found from deploy upwards: only rules that "
        "need no declaration can find anything\n",
    )
    assert run("check", "deploy", "--specs", "misplaced.toml", "--format", format)[::2] == (1, "")


def test_no_spec_is_said_once_a_folder(
    run: Run, site: Callable[[int], None], tmp_path: Path
) -> None:
    site(3000)
    (tmp_path / "upstreams.toml").unlink()
    (tmp_path / "other.conf").write_text(SITE)
    (tmp_path / "d").mkdir()
    (tmp_path / "d/nginx.conf").write_text(SITE)
    said = run("check", "nginx.conf", "other.conf", "d").err.splitlines()
    end = "upwards: only rules that need no declaration can find anything"
    assert said == [
        f"note: nginx.conf: no upstreams.toml was found from . {end}",
        f"note: d/nginx.conf: no upstreams.toml was found from d {end}",
    ]
    (tmp_path / "lint502.toml").write_text("specs = []")
    assert run("check", "nginx.conf").err == ""


@pytest.mark.parametrize(
    ("root", "shown", "reason"),
    [("a" * 300, "a" * 300, "cannot be read: File name too long"),
     ("a\0", "a\\x00", "has a NUL byte in its name")],
)  # fmt: skip
def test_a_root_whose_name_no_file_can_have(run: Run, root: str, shown: str, reason: str) -> None:
    assert run("check", root) == (
        2,
        f"checked {shown}\n"
        f"0 hops · 0 errors, 0 warnings · nginx {NEWEST} (newest known) "
        "(could not check everything: 1 problem)\n",
        f"error: {shown}: this file {reason}\n",
    )


def test_the_order_of_the_roots_changes_nothing(run: Run, tmp_path: Path) -> None:
    for name, included in (("a", "../b/s.conf"), ("b", "s.conf")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "nginx.conf").write_text(f"events {{}}\nhttp {{ include {included}; }}")
    (tmp_path / "b/s.conf").write_text("server { location / { proxy_pass http://h; } }")
    assert run("check", "a/nginx.conf", "b/nginx.conf").code == 0
    assert run("check", "b/nginx.conf", "a/nginx.conf").code == 0


def test_what_is_the_same_at_many_places_is_said_once(run: Run, asked: Asked) -> None:
    same = [Problem(f"{name}.conf", 3, "there is no such file") for name in "abcdefgh"]
    asked.report = replace(REPORT, problems=(*same, Problem("z.conf", None, "cannot be read")))
    said = run("check", "a.conf", "--quiet").err.splitlines()
    assert said == [
        "error: a.conf:3: there is no such file",
        "error: b.conf:3: there is no such file",
        "error: c.conf:3: there is no such file",
        "error: z.conf: cannot be read",
        "error: d.conf:3, e.conf:3, f.conf:3 and 2 more: the same as at a.conf:3",
    ]
