"""What is found in a checkout, and what its own settings name, stays in it: links and settings are
part of what is checked, and may come from anybody."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lint502 import api
from lint502.checkout import Checkout
from tests.support.cli import Run, run
from tests.support.sites import http, write

__all__ = ["run"]

SECRET = "p4ssw0rd-of-somebody-else"
NGINX = http("server { location / { proxy_pass http://10.0.0.1:3001; } }")
SPEC = 'complete = true\n[upstream.api]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
LED_OUT = (
    "error: {name}: this file is reached by a link that leads out of the checkout; name what it "
    "leads to on the command line, or allow that with --allow-path\n"
)


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that are nobody's business, though each is one that lint502 can read."""
    outside = tmp_path_factory.mktemp("out")
    secret = f"http://{SECRET}"
    files = {
        "nginx.conf": http(f"server {{ location / {{ proxy_pass {secret}:1; }} }}"),
        "upstreams.toml": f'[upstream.{SECRET}]\nhosts = ["10.0.0.1"]\nport = 3000\n',
        "lint502.toml": f'nginx_version = "{SECRET}"\n',
        "pyproject.toml": f'[tool.lint502]\nnginx_version = "{SECRET}"\n',
        "snippet.conf": f"upstream api {{ server {SECRET}:1; }}",
        "broken.conf": f"{SECRET}",
        "known.json": json.dumps(
            {
                "schema_version": 1,
                "roots": ["nginx.conf"],
                "findings": [{"fingerprint": "1", "rule": "port-mismatch", "where": SECRET}],
            }
        ),
    }
    write(outside, files)
    return outside


@pytest.fixture
def site(run: Run) -> Path:
    """The working directory: a repository with a wrong port."""
    here = Path.cwd()
    write(here, {"nginx.conf": NGINX, "upstreams.toml": SPEC})
    return here


def link(site: Path, outside: Path, name: str) -> None:
    (site / name).unlink(missing_ok=True)
    (site / name).symlink_to(outside / name)


@pytest.mark.parametrize("name", ["nginx.conf", "upstreams.toml", "lint502.toml", "pyproject.toml"])
@pytest.mark.parametrize("repository", [True, False])
@pytest.mark.parametrize("command", ["check", "hops"])
def test_a_link_that_is_found(
    name: str, repository: bool, command: str, site: Path, outside: Path, run: Run
) -> None:
    if not repository:
        (site / ".git").rmdir()
    link(site, outside, name)
    code, out, err = run(command)
    assert code == 2
    assert LED_OUT.format(name=name) in err
    assert SECRET not in out + err
    code, out, err = run(command, "--allow-path", str(outside / name), "--format=json")
    assert "leads out" not in err
    if command == "check":
        assert SECRET in out + err


def test_a_folder_that_is_a_link(site: Path, outside: Path, run: Run) -> None:
    (site / "nginx.conf").unlink()
    (site / "nginx").symlink_to(outside)
    for arguments in ([], ["nginx"], ["nginx/"]):
        code, out, err = run("check", *arguments)
        assert code == 2
        assert LED_OUT.format(name="nginx/nginx.conf") in err
        assert SECRET not in out + err
    assert SECRET in run("check", "nginx/nginx.conf").out


def test_a_link_within_the_checkout(site: Path, run: Run) -> None:
    """Also where lint502 runs further below."""
    write(site, {"real/nginx.conf": NGINX, "real/up.toml": SPEC, "real/set.toml": "ignore = []\n"})
    (site / "deploy").mkdir()
    (site / "deploy/nginx.conf").symlink_to("../real/nginx.conf")
    (site / "deploy/upstreams.toml").symlink_to("../real/up.toml")
    (site / "deploy/lint502.toml").symlink_to("../real/set.toml")
    report = api.check(folder=site / "deploy")
    assert [finding.rule for finding in report.findings] == ["port-mismatch"]
    assert report.problems == ()


def test_a_repository_elsewhere(site: Path, outside: Path, run: Run, tmp_path: Path) -> None:
    """Of which the working directory is no part."""
    other = tmp_path / "other"
    (other / "deploy").mkdir(parents=True)
    write(other, {"deploy/nginx.conf": NGINX})
    link(other / "deploy", outside, "upstreams.toml")
    (tmp_path / ".git").rmdir()
    (other / ".git").mkdir()
    (site / "below").mkdir()
    report = api.check(str(other / "deploy"), folder=site / "below")
    assert [problem.file for problem in report.problems] == [f"{other}/deploy/upstreams.toml"]
    allowed = api.check(str(other / "deploy"), folder=site / "below", allow_paths=[outside])
    assert allowed.problems == ()


SETTINGS: list[tuple[str, str, str, str]] = [
    ("roots", 'roots = ["{}"]', "nginx.conf", "name it on the command line"),
    ("roots", '[[root]]\npath = "{}"', "nginx.conf", "name it on the command line"),
    ("specs", 'specs = ["{}"]', "upstreams.toml", "give it with --specs"),
    ("specs", '[[root]]\npath = "nginx.conf"\nspecs = ["{}"]', "a.toml", "give it with --specs"),
    ("allow_paths", 'allow_paths = ["{}"]', "", "allow it with --allow-path"),
    ("map", '[map]\n"/etc/nginx" = "{}"', "", "give it with --map"),
    ("map", '[[root]]\npath = "nginx.conf"\nmap."/etc/nginx" = "{}"', "", "give it with --map"),
    ("baseline", 'baseline = "{}"', "known.json", "give it with --baseline"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "text", "name", "instead"), SETTINGS)
@pytest.mark.parametrize("linked", [True, False])
def test_what_settings_name(
    key: str, text: str, name: str, instead: str, linked: bool, site: Path, outside: Path, run: Run
) -> None:
    (site / "link").symlink_to(outside)
    include = str(outside / "snippet.conf") if key == "allow_paths" else "/etc/nginx/snippet.conf"
    wanted = f"http {{ include {include}; " if key in ("allow_paths", "map") else "http { "
    write(site, {"nginx.conf": NGINX.replace("http {", wanted, 1)})
    named = site / "link" / name if linked else outside / name
    (site / "lint502.toml").write_text(text.format(f"link/{name}" if linked else named))
    code, out, err = run("check")
    assert code == 2
    (said,) = [line for line in err.splitlines() if f'lint502.toml: "{key}" names "/' in line]
    assert said.endswith(
        ", which lies outside the checkout, or is a link that leads there; only whoever runs "
        f"lint502 can allow that: {instead}"
    )
    assert SECRET not in out + err
    assert "only whoever" not in run("check", "--allow-path", str(outside)).err


def test_settings_of_a_pyproject(site: Path, run: Run) -> None:
    (site / "pyproject.toml").write_text('[tool.lint502]\nallow_paths = ["/", "..", "conf"]\n')
    code, _, err = run("check")
    assert code == 2
    assert re.findall('pyproject.toml: "allow_paths" names "(.*?)[…"]', err)[0] == "/"
    assert err.count("names") == 2


def test_a_fix_writes_nothing_that_settings_alone_allow(
    site: Path, outside: Path, run: Run
) -> None:
    snippet = outside / "wrong.conf"
    snippet.write_text("server { location / { proxy_pass http://10.0.0.1:3001; } }\n")
    write(site, {"nginx.conf": http(f"include {snippet};")})
    (site / "lint502.toml").write_text('allow_paths = ["/"]\n')
    code, _, err = run("check", "--fix")
    assert (code, "nothing is fixed" in err) == (2, True)
    assert "3001" in snippet.read_text()
    assert run("check", "--fix", "--allow-path", "/").code == 0
    assert "3000" in snippet.read_text()


def test_what_a_checkout_holds(tmp_path: Path) -> None:
    (tmp_path / "repository/.git").mkdir(parents=True)
    (tmp_path / "repository/a/b").mkdir(parents=True)
    (tmp_path / "repository2").mkdir()
    checkout = Checkout.around(tmp_path / "repository/a/b", (str(tmp_path / "c"),))
    top = f"{tmp_path}/repository"
    assert checkout == Checkout(top, (f"{tmp_path}/c",))
    held = {
        name: checkout.holds(f"{tmp_path}/{name}")
        for name in ("repository", "repository/x", "repository2", "repository2/x", "c/x", "cx", "")
    }
    assert [name for name, holds in held.items() if holds] == [
        "repository",
        "repository/x",
        "c/x",
    ]
    assert Checkout("/").holds("/etc")
    assert Checkout.around(tmp_path / "repository2") == Checkout(f"{tmp_path}/repository2")


@pytest.mark.parametrize("name", ["nginx.conf", "upstreams.toml", "lint502.toml"])
def test_git_s_own_folder_is_no_part_of_it(name: str, site: Path, outside: Path, run: Run) -> None:
    """There a job keeps its token."""
    (site / ".git/config").write_text((outside / name).read_text())
    (site / name).unlink(missing_ok=True)
    (site / name).symlink_to(".git/config")
    code, out, err = run("check")
    assert code == 2
    assert LED_OUT.format(name=name) in err
    assert SECRET not in out + err


@pytest.mark.parametrize("include", [".git/config", ".git/*", "link", "*/config", ".g*/c*"])
def test_git_s_own_folder_is_not_included(
    include: str, site: Path, outside: Path, run: Run
) -> None:
    (site / ".git/config").write_text((outside / "snippet.conf").read_text())
    (site / "link").symlink_to(".git/config")
    write(
        site,
        {
            "nginx.conf": http(
                f"include {include}; server {{ location / {{ proxy_pass http://api; }} }}"
            )
        },
    )
    code, out, err = run("check")
    assert SECRET not in out + err
    assert code == 2 or include == "*/config"  # which finds no folder with a dot
    (site / "lint502.toml").write_text('allow_paths = [".git"]\n')
    code, out, err = run("check")
    assert code == 2
    assert SECRET not in out + err
