"""Templates from the command line: where values come from, and what is shown of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.cli import Asked, Run
from tests.support.sites import write

MAIN = "events {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n"
SITE = """\
server {
    listen ${PORT};
    location / {
        proxy_pass http://${API_HOST}:${API_PORT}/;
        proxy_set_header X-Key "${API_KEY}";
        proxy_set_header Host $host;
    }
}
"""
SETTINGS = """\
map = { "/etc/nginx" = "nginx" }

[env]
API_HOST = "api"
API_PORT = "3000"
API_KEY = "s3cret"
PORT = "80"
"""
FILES = {
    "nginx/nginx.conf": MAIN,
    "nginx/templates/default.conf.template": SITE,
    "lint502.toml": SETTINGS,
    "upstreams.toml": "[upstream.api]\nport = 3000\n",
}
READ_FROM = (
    "note: nginx/nginx.conf:3: include /etc/nginx/conf.d/*.conf: nothing is there; read from "
    "nginx/templates/default.conf.template, as if rendered when nginx starts\n"
)
PASSED = (
    "checked nginx/nginx.conf\n"
    "1 hop: 1 passed · 0 errors, 0 warnings · nginx 1.31.6 (newest known)\n"
    "1 hop: 1 compared with upstreams.toml\n"
)
FAILED = """\
nginx/templates/default.conf.template:4:20  error  port-mismatch  ·  502 on every request
    4 │         proxy_pass http://${API_HOST}:${API_PORT}/;
      │                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ nginx connects to api:3001
upstreams.toml:2
    2 │ port = 3000
      │ ^^^^^^^^^^^ api listens on port 3000
  hop   /
  log   connect() failed (111: Connection refused) while connecting to upstream
  more  lint502 explain port-mismatch

checked nginx/nginx.conf
1 hop: 1 failed · 1 error, 0 warnings · nginx 1.31.6 (newest known)
1 hop: 1 compared with upstreams.toml
"""


@pytest.fixture
def site(run: Run, tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    return tmp_path


def test_values_of_the_settings(run: Run, site: Path) -> None:
    assert run("check", "nginx") == (0, PASSED, READ_FROM)


def test_a_flag_beats_the_file_and_that_the_settings(run: Run, site: Path) -> None:
    (site / "a.env").write_text("API_PORT=3001\n")
    (site / "b.env").write_text("API_PORT=3002\n")
    files = ("--env-file", "b.env", "--env-file", "a.env")
    assert run("check", "nginx", *files) == (1, FAILED, READ_FROM)
    assert run("check", "nginx", *files, "--env", "API_PORT=1", "--env", "API_PORT=3000") == (
        0, PASSED, READ_FROM,
    )  # fmt: skip


def test_the_environment_only_where_it_is_asked_for(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_PORT", "3001")
    assert run("check", "nginx") == (0, PASSED, READ_FROM)
    assert run("check", "nginx", "--env", "API_PORT") == (1, FAILED, READ_FROM)


def test_without_values(run: Run, site: Path) -> None:
    (site / "lint502.toml").write_text(SETTINGS.partition("[env]")[0])
    said = (
        "note: nginx/templates/default.conf.template: without a value: ${PORT}, ${API_HOST}, "
        "${API_PORT}, ${API_KEY}; what they reach is unknown. Give values with --env NAME=VALUE, "
        "with --env-file, or in [env] of lint502.toml\n"
    )
    assert run("check", "nginx") == (
        0,
        "checked nginx/nginx.conf\n"
        "1 hop: 1 undecidable · 0 errors, 0 warnings · nginx 1.31.6 (newest known)\n"
        "1 hop: none was compared with anything, for no file says what stands behind; lint502 init "
        "writes an upstreams.toml to fill in\n",
        READ_FROM + said,
    )


@pytest.mark.parametrize("command", ["check", "hops", "upgrade"])
def test_each_command_takes_them(run: Run, site: Path, command: str) -> None:
    (site / "lint502.toml").write_text(SETTINGS.partition("[env]")[0])
    (site / "a.env").write_text(
        SETTINGS.partition("[env]\n")[2].replace(" = ", "=").replace('"', "")
    )
    told = ("--from", "1.26", "--to", "1.28") if command == "upgrade" else ()
    result = run(command, "nginx", *told, "--env-file", "a.env", "--env", "API_HOST=api")
    assert (result.code, result.err) == (0, READ_FROM)


def test_values_of_one_root(run: Run, site: Path) -> None:
    write(
        site,
        {
            "lint502.toml": SETTINGS
            + '[[root]]\npath = "nginx/nginx.conf"\nenv = { API_PORT = "3001" }\n'
            + '[[root]]\npath = "other.conf"\n',
            "other.conf": MAIN,
        },
    )
    report = json.loads(run("check", "--format", "json").out)
    assert [(one["rule"], one["roots"]) for one in report["findings"]] == [
        ("port-mismatch", ["nginx/nginx.conf"])
    ]
    assert [hop["value"] for hop in report["hops"]] == ["http://api:3001/", "http://api:3000/"]


@pytest.mark.parametrize("form", ["text", "concise", "json"])
def test_other_values_are_not_shown(run: Run, site: Path, form: str) -> None:
    spec = (
        FILES["upstreams.toml"] + 'http_versions = ["2"]\n[upstream.api.limits]\nrequest_body = 1\n'
    )
    (site / "upstreams.toml").write_text(spec)
    result = run("check", "nginx", "--format", form)
    assert result.code == 1
    assert "s3cret" not in result.out + result.err


def test_a_value_in_quotes(run: Run, site: Path) -> None:
    (site / "a.env").write_text("API_KEY='s3cret'\n")
    assert run("check", "nginx", "--env-file", "a.env") == (
        0,
        PASSED,
        "note: a.env: the quotes of API_KEY belong to its value, as in docker run --env-file; "
        "Compose takes them off\n" + READ_FROM,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--env", "1=2"), '"1" is no name that envsubst takes'),
        (("--env", "LINT502_IS_NOT_SET"), "the environment has no LINT502_IS_NOT_SET"),
        (("--env-file", "gone.env"), "gone.env: there is no such file"),
        (("--env-file", "bad.env"), "bad.env:2 has no name before the ="),
    ],
)
def test_bad_arguments(run: Run, site: Path, arguments: tuple[str, str], message: str) -> None:
    (site / "bad.env").write_text("A=1\n=s3cret\n")
    result = run("check", "nginx", *arguments)
    said = " ".join(result.err.replace("│", " ").split())
    assert (result.code, result.out) == (2, "")
    assert message in said
    assert f"Invalid value for {arguments[0]}" in said
    assert "s3cret" not in said


def test_values_that_cannot_be_used(run: Run, site: Path) -> None:
    result = run("check", "nginx", "--env", "NGINX_ENVSUBST_FILTER=(A+)+")
    assert result.code == 2
    assert (
        'error: the values for templates: NGINX_ENVSUBST_FILTER is "(A+)+"; lint502 reads only '
        "simple patterns of names, such as ^APP_ or ^(API|WEB)_\n"
    ) in result.err


def test_what_a_run_is_told(run: Run, asked: Asked, site: Path) -> None:
    (site / "a.env").write_text("PORT=81\nNEW=2\n")
    run("check", "nginx", "--env-file", "a.env", "--env", "NEW=3")
    (options,) = asked
    assert options.env == {
        "API_HOST": "api", "API_PORT": "3000", "API_KEY": "s3cret", "PORT": "81", "NEW": "3",
    }  # fmt: skip


def test_comments_that_ignore_are_the_template_s_own(run: Run, tmp_path: Path) -> None:
    template = (
        "${HEAD}\nserver {\n    location / {\n"
        "        # lint502: ignore[port-mismatch] ${API_PORT} is not for us to say\n"
        "        proxy_pass http://${API_HOST}:${API_PORT};\n    }\n"
        "    location /b { proxy_pass http://${API_HOST}:${API_PORT}; } "
        "# lint502: ignore[port-mismatch] as above\n"
        "    location /c { proxy_pass http://${API_HOST}:${API_PORT}; }\n}\n"
    )
    write(tmp_path, {**FILES, "nginx/templates/default.conf.template": template})
    head = "map $host $x {\n}\n# lint502: ignore[zero-timeout] is not heeded\n"
    result = run("check", "nginx", "--env", "API_PORT=1", "--env", f"HEAD={head}", "--format=json")
    report = json.loads(result.out)
    assert [(one["rule"], one["line"], one["column"]) for one in report["findings"]] == [
        ("port-mismatch", 8, 30)
    ]
    assert report["summary"]["suppressed"] == 2


def test_fixes_change_what_is_the_template_s_own(run: Run, tmp_path: Path) -> None:
    template = (
        "upstream pool {\n    server ${API_HOST}:${API_PORT};\n    keepalive 8;\n}\n"
        "server {\n    location / {\n        proxy_pass http://pool;\n    }\n}\n"
    )
    spec = '[upstream.api]\nport = 3000\nkeepalive = { idle_timeout = "5s" }\n'
    write(tmp_path, {**FILES, "nginx/templates/default.conf.template": template})
    (tmp_path / "upstreams.toml").write_text(spec)
    path = tmp_path / "nginx/templates/default.conf.template"
    result = run("check", "nginx", "--env", "API_PORT=3001", "--fix")
    assert (result.code, path.read_text()) == (1, template)
    assert "2:12  error  port-mismatch" in result.out
    assert run("check", "nginx", "--fix").code == 0
    assert path.read_text() == template.replace(
        "    keepalive 8", "    keepalive_timeout 4s;\n    keepalive 8"
    )


def test_the_documentation_shows_what_is_said(run: Run, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/templates.md").read_text()
    template, shown = re.findall(r"^```(?:nginx)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^    lint502 (.*)$", text, re.MULTILINE)
    (note,) = re.findall(r"^    (note: .*)$", text, re.MULTILINE)
    write(
        tmp_path,
        {
            "nginx/nginx.conf": MAIN,
            "nginx/templates/default.conf.template": template,
            "upstreams.toml": FILES["upstreams.toml"],
        },
    )
    result = run(*commands[0].split())
    assert (result.code, result.out.startswith(shown)) == (1, True)
    without = commands[0].replace(" --env API_PORT=3001", "")
    assert run(*without.split()).err == READ_FROM + note + "\n"
