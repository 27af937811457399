"""The hooks, tried with pre-commit itself in a repository made for the test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.test_foreign_modules import NAMES, Traps

CHECKOUT = Path(__file__).parents[1]
HOOKS = CHECKOUT / ".pre-commit-hooks.yaml"

CONFIG = """\
repos:
- repo: {hooks}
  rev: v1
  hooks:
  - id: lint502
  - id: lint502-changed
"""
SITE = """\
events {}
http {
    include conf.d/api.conf;
}
"""
API = """\
server {
    location / { proxy_pass http://127.0.0.1:3000; }
}
"""
COMPOSE = """\
services:
  nginx:
    image: nginx:1.26
    configs: [{ source: web, target: /etc/nginx/conf.d/a.conf }]
  web:
    image: python:3.13
    command: gunicorn --bind 0.0.0.0:8000 shop.wsgi
configs:
  web:
    file: web/a.conf
"""
SPEC = 'complete = true\n[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\n'


class Result(NamedTuple):
    code: int
    output: str


class Repository:
    """A git repository, and the environment in which git and pre-commit run there."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT", "PYTHON"))}
        self._environment = {
            **kept,
            "PRE_COMMIT_HOME": str(home),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.com",
            "PRE_COMMIT_COLOR": "never",
        }
        self.run("git", "init", "--quiet")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *command: str) -> Result:
        result = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return Result(result.returncode, result.stdout)

    def done(self, *command: str) -> None:
        result = self.run(*command)
        assert result.code == 0, result.output

    def commit(self) -> Result:
        """Commit everything, which runs the hooks that are installed."""
        self.done("git", "add", "--all")
        return self.run("git", "commit", "--message", "x")


def states(output: str) -> list[str]:
    """What pre-commit says of each hook: Passed, Failed, or Skipped."""
    return re.findall(r"^lint502.*(Passed|Failed|Skipped)$", output, re.MULTILINE)


@pytest.fixture
def site(tmp_path: Path) -> Repository:
    """A site that uses the hooks of this working tree, not committed yet."""
    pre_commit = shutil.which("pre-commit", path=str(Path(sys.executable).parent))
    if pre_commit is None:
        pytest.fail("pre-commit is missing; install it with: pip install -e '.[dev]'")
    hooks = Repository(tmp_path / "hooks", tmp_path / "home")
    for name in ("lint502", "rules"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / name, hooks.folder / name, ignore=ignored)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", HOOKS.name):
        shutil.copy(CHECKOUT / name, hooks.folder / name)
    assert hooks.commit().code == 0
    hooks.done("git", "tag", "v1")

    site = Repository(tmp_path / "site", tmp_path / "home")
    site.write(".pre-commit-config.yaml", CONFIG.format(hooks=hooks.folder))
    site.write("nginx/nginx.conf", SITE)
    site.write("nginx/conf.d/api.conf", API)
    site.write("nginx/upstreams.toml", SPEC)
    installed = site.run(pre_commit, "install", "--install-hooks")
    assert installed.code == 0, (
        "the hooks could not be installed; this takes a package index that pip can reach (set "
        f"PIP_INDEX_URL for one of your own):\n{installed.output}"
    )
    return site


def test_hooks(site: Repository, tmp_path: Path) -> None:
    """One test, for the hooks take long to install."""
    first = site.commit()
    assert (first.code, states(first.output)) == (0, ["Passed", "Passed"]), first.output

    site.write("nginx/conf.d/api.conf", API.replace("3000", "3001"))
    changed = site.commit()
    assert (changed.code, states(changed.output)) == (1, ["Failed", "Failed"])
    assert "nginx/conf.d/api.conf:2:29  error  port-mismatch" in changed.output
    site.done("git", "reset", "--quiet", "--hard")

    site.write("nginx/upstreams.toml", SPEC.replace("3000", "3001"))
    declared = site.commit()
    assert (declared.code, states(declared.output)) == (1, ["Failed", "Failed"])
    site.done("git", "reset", "--quiet", "--hard")

    (site.folder / "nginx/conf.d/api.conf").unlink()
    deleted = site.commit()
    assert (deleted.code, states(deleted.output)) == (1, ["Failed", "Skipped"])
    assert "include conf.d/api.conf" in deleted.output
    site.done("git", "reset", "--quiet", "--hard")

    site.write("web/a.conf", "server { location / { proxy_pass http://web:8000; } }\n")
    site.write("compose.yaml", COMPOSE)
    deployed = site.commit()
    assert (deployed.code, states(deployed.output)) == (0, ["Passed", "Passed"])
    site.write("compose.yaml", COMPOSE.replace("--bind 0.0.0.0:8000", "--bind 0.0.0.0:8001"))
    moved = site.commit()
    assert (moved.code, states(moved.output)) == (1, ["Failed", "Failed"])
    assert "web/a.conf:1:34  error  port-mismatch" in moved.output
    site.done("git", "reset", "--quiet", "--hard")

    site.write("README.md", "hello\n")
    other = site.commit()
    assert (other.code, states(other.output)) == (0, ["Passed", "Skipped"])

    traps = Traps(site.folder, tmp_path / "ran")
    traps.disarm(*sys.stdlib_module_names)  # pre-commit itself runs python -c there
    pre_commit = str(Path(sys.executable).with_name("pre-commit"))
    again = site.run(pre_commit, "run", "--all-files")
    assert (again.code, states(again.output), traps.sprung()) == (0, ["Passed", "Passed"], [])
    traps.disarm(*(NAMES - {"crossplane", "lint502", "pydantic", "rich", "tomli", "typer"}))
    led = site.run("env", f"PYTHONPATH={site.folder}", pre_commit, "run", "--all-files")
    assert (led.code, states(led.output), traps.sprung()) == (0, ["Passed", "Passed"], [])


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("nginx.conf", True),
        ("deploy/nginx/mime.types", True),
        ("conf.d/api", True),
        ("sites-available/shop", True),
        ("sites-enabled/shop", True),
        ("etc/snippets/tls", True),
        ("upstreams/api.yaml", True),
        ("shop.vhost", True),
        ("upstreams.toml", True),
        ("deploy/lint502.toml", True),
        ("my-upstreams.toml", False),
        ("pyproject.toml", True),
        ("src/nginx.py", False),
        ("sites/shop", False),
        ("a.conf.j2", True),
        ("templates/default.conf.template", True),
        # what is run
        ("compose.yaml", True),
        ("docker/default.yml", True),
        ("k8s/web.yaml", True),
        ("Dockerfile", True),
        ("api.Dockerfile", True),
        ("deploy/Dockerfile.prod", True),
        ("Containerfile", True),
        ("web/.dockerignore", True),
        ("docs/dockerfiles.md", False),
        ("deploy/web.service", True),
        ("deploy/web.socket", True),
        # variables
        (".env", True),
        (".env.example", True),
        ("env.sample", True),
        ("api.env", True),
        ("envs/api.env.dist", True),
        ("environment.py", False),
        ("venv/x.py", False),
        # start scripts
        ("docker/start.sh", True),
        ("docker-entrypoint", True),
        ("Procfile", True),
        ("Procfile.dev", True),
        ("Makefile", True),
        # settings of servers
        ("gunicorn.conf.py", True),
        ("config/gunicorn_config.py", True),
        ("uwsgi.ini", True),
        ("php/www.conf", True),
        ("supervisord.conf", True),
        ("Caddyfile", True),
        ("src/main/resources/application-prod.properties", True),
        ("config/puma.rb", True),
        ("config/puma/production.rb", True),
        ("app/models/user.rb", False),
        ("web/next.config.mjs", True),
        ("appsettings.Production.json", True),
        ("tsconfig.json", False),
        # versions
        ("requirements.txt", True),
        ("requirements/base.txt", True),
        ("dev-requirements.txt", True),
        ("notes.txt", False),
        ("package.json", True),
        ("package-lock.json", True),
        ("pnpm-lock.yaml", True),
        ("yarn.lock", True),
        ("uv.lock", True),
        ("Gemfile.lock", True),
        ("Cargo.toml", True),
        ("go.mod", True),
        ("go.sum", False),
        ("build.gradle.kts", True),
        ("README.md", False),
        ("src/app.js", False),
    ],
)
def test_which_files_count_as_changed(name: str, matches: bool) -> None:
    (hook,) = [h for h in yaml.safe_load(HOOKS.read_text()) if h["id"] == "lint502-changed"]
    assert bool(re.search(hook["files"], name)) is matches
