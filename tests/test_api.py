"""The surface for programs in Python, and the workspace behind it."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from lint502 import api
from lint502.api import Report, WorkspaceError, check
from lint502.nginx.tree import Context
from lint502.workspace import CheckRequest, Workspace
from tests.support.sites import http, write

SPEC = '[upstream.api]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
FILES = {
    "nginx.conf": http("include conf.d/*.conf;"),
    "conf.d/api.conf": "server { location / { proxy_pass http://10.0.0.1:3001; } }\n",
    "upstreams.toml": SPEC,
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site in a folder that is not the working directory."""
    folder = tmp_path / "site"
    write(folder, FILES)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


def rules(report: Report) -> list[str]:
    assert report.problems == ()
    return [finding.rule for finding in report.findings]


def test_a_folder(site: Path) -> None:
    report = check(folder=site)
    assert rules(report) == ["port-mismatch"]
    (finding,) = report.findings
    assert (finding.place.file, finding.place.line) == ("conf.d/api.conf", 1)
    assert report.specs == ("upstreams.toml",)


def test_everything_that_it_exports_is_there() -> None:
    assert list(api.__all__) == sorted(api.__all__, key=lambda name: (name.islower(), name))
    assert all(hasattr(api, name) for name in api.__all__)


def test_arguments_come_before_the_settings(site: Path) -> None:
    write(site, {"lint502.toml": 'ignore = ["port-mismatch"]\nnginx_version = "1.22.1"\n'})
    assert rules(check(folder=site)) == []
    assert rules(check(folder=site, ignore=["tls-mismatch"])) == ["port-mismatch"]
    assert str(check(folder=site).version) == "1.22.1"
    assert str(check(folder=site, nginx_version="1.26.3").version) == "1.26.3"
    assert rules(check(folder=site, select=["tls-mismatch"])) == []


def test_values_and_maps(site: Path) -> None:
    write(
        site,
        {
            "nginx.conf": http("include /etc/nginx/templates/*.template;"),
            "t/a.conf.template": "server { location / { proxy_pass http://10.0.0.1:${PORT}; } }\n",
        },
    )
    maps = {"/etc/nginx/templates": "t"}
    assert rules(check(folder=site, maps=maps, env={"PORT": "3000"})) == []
    assert rules(check(folder=site, maps=maps, env={"PORT": "3001"})) == ["port-mismatch"]


def test_standard_input(site: Path) -> None:
    text = http("server { location / { proxy_pass http://10.0.0.1:3001; } }")
    report = check("-", folder=site, standard_input=text.encode())
    assert (report.roots, rules(report)) == (("<stdin>",), ["port-mismatch"])


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("conf.d/api.conf", FILES["conf.d/api.conf"].replace("3001", "3000"), []),
        ("upstreams.toml", SPEC.replace("3000", "3001"), []),
        ("lint502.toml", 'ignore = ["port-mismatch"]\n', []),
        ("upstreams.toml", "", ["undeclared-upstream"]),
    ],
)
def test_what_an_editor_has_counts_for_every_file(
    file: str, text: str, expected: list[str], site: Path
) -> None:
    assert rules(check(folder=site, overlay={file: text})) == expected
    assert rules(check(folder=site)) == ["port-mismatch"]  # nothing stays


def test_a_file_that_is_not_saved_yet(site: Path) -> None:
    (site / "upstreams.toml").unlink()
    report = check(folder=site)
    assert (rules(report), report.specs) == (["undeclared-upstream"], ())
    report = check(folder=site, overlay={str(site / "upstreams.toml"): SPEC})
    assert (rules(report), report.specs) == (["port-mismatch"], ("upstreams.toml",))


def test_roots_that_are_not_saved_yet(site: Path) -> None:
    text = http("server { location / { proxy_pass http://10.0.0.1:3001; } }")
    (site / "nginx.conf").unlink()
    report = check(folder=site, overlay={"nginx.conf": text})
    assert (report.roots, rules(report)) == (("nginx.conf",), ["port-mismatch"])
    (site / "conf.d/api.conf").write_text("# nothing yet\n")
    fragment = "server { location / { proxy_pass http://10.0.0.1:3001; } }\n"
    report = check(folder=site, overlay={"conf.d/api.conf": fragment})
    assert (report.roots, rules(report)) == (("conf.d/api.conf",), ["port-mismatch"])


def test_a_file_that_an_include_finds_before_it_is_saved(site: Path) -> None:
    write(site, {"nginx.conf": http("include conf.d/*.conf;"), "conf.d/api.conf": "# none\n"})
    fragment = "server { location / { proxy_pass http://10.0.0.1:3001; } }\n"
    report = check(folder=site, overlay={"conf.d/new.conf": fragment})
    assert [one.place.file for one in report.findings] == ["conf.d/new.conf"]


def test_an_env_file_in_an_editor(site: Path) -> None:
    write(site, {"a.template": "server { location / { proxy_pass http://10.0.0.1:${PORT}; } }\n"})
    real = os.path.realpath(site / ".env")
    workspace = Workspace.at(site, {real: "PORT=3001\n"})
    job = workspace.job(CheckRequest(("a.template",), env_files=[Path(".env")]))
    assert rules(job.run().report) == ["port-mismatch"]


def test_mistakes_of_an_editor_have_their_place(site: Path) -> None:
    for file, text, line, column in (
        ("conf.d/api.conf", "server {\n  location / }\n", 2, 14),
        ("conf.d/api.conf", 'server { a "b"c; }\n', 1, 15),
        ("conf.d/api.conf", "include gone.conf;\n", 1, 1),
        ("upstreams.toml", "[upstream.api]\n  prot = 1\n", 2, 3),
        ("upstreams.toml", "[upstream.api]\nport = x\n", 2, 8),
        ("lint502.toml", 'fail_on = "x"\n', 1, 1),
    ):
        (problem,) = check(folder=site, overlay={file: text}).problems
        assert (problem.file, problem.line, problem.column) == (file, line, column)


@pytest.mark.parametrize(
    ("arguments", "argument", "message"),
    [
        ({"select": ["port-mismatsch"]}, "select", 'did you mean "port-mismatch"?'),
        ({"ignore": ["x"]}, "ignore", 'there is no rule "x"'),
        ({"nginx_version": "new"}, "nginx_version", "nor auto"),
        ({"maps": {"": "x"}}, "maps", "is not FROM=TO"),
        ({"env": {"1A": "x"}}, "env", "is no name that envsubst takes"),
    ],
)
def test_what_cannot_be_asked(
    arguments: dict[str, object], argument: str, message: str, site: Path
) -> None:
    with pytest.raises(WorkspaceError) as raised:
        check(folder=site, **arguments)  # type: ignore[arg-type]
    assert raised.value.argument == argument
    assert message in str(raised.value)


def test_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no nginx configuration is named"):
        check(folder=tmp_path)


def test_settings_that_cannot_be_read_are_a_problem(site: Path) -> None:
    write(site, {"lint502.toml": "["})
    report = check(folder=site)
    assert [problem.file for problem in report.problems] == ["lint502.toml"]
    assert report.hops == ()


def test_nothing_grows_from_check_to_check(site: Path) -> None:
    """A process such as an editor's checks many times."""

    def contexts() -> int:
        gc.collect()
        return sum(isinstance(one, Context) for one in gc.get_objects())

    write(
        site,
        {
            "conf.d/api.conf": "server { error_page 502 /e; auth_request /a;\n"
            "location / { proxy_pass http://10.0.0.1:3001; }\n"
            "location = /a { internal; proxy_pass http://10.0.0.1:3001; } }\n"
        },
    )
    check(folder=site)
    first = contexts()
    for _ in range(5):
        check(folder=site)
    assert contexts() == first
